// SPDX-License-Identifier: Apache-2.0
// Runs the stages on a module.
#ifndef RECCC_TOOLS_RECCC_COMPILE_H
#define RECCC_TOOLS_RECCC_COMPILE_H

#include "Explain.h"

namespace reccc {

/// Runs the stages that the module has not reached yet, up to `options.stopAfter`; `explanation` (or null) listens. An
/// exit code on failure; messages are printed.
std::optional<int> runStages(const Options &options, ModuleOp module, Explanation *explanation);

/// Every stage, what it leaves and its passes.
void printStages();

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_COMPILE_H
