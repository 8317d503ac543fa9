// SPDX-License-Identifier: Apache-2.0
// Runs a model at once as machine code.
#ifndef RECCC_TOOLS_RECCC_RUNCOMPILED_H
#define RECCC_TOOLS_RECCC_RUNCOMPILED_H

#include "Options.h"

namespace reccc {

/// Compiles the module, which went through all stages, to a shared object that lives as long as the call, and runs it
/// on the requests of `options.run` with the runtime that serving programs use. Returns the exit code; messages are
/// printed.
int runCompiled(const Options &options, ModuleOp module, ArrayRef<char> packedWeights);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_RUNCOMPILED_H
