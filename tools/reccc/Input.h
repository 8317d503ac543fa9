// SPDX-License-Identifier: Apache-2.0
// From the input file to a module.
#ifndef RECCC_TOOLS_RECCC_INPUT_H
#define RECCC_TOOLS_RECCC_INPUT_H

#include "Options.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace reccc {

/// Reads and parses the model. An exit code when it is refused; messages are printed. `sources` gets the text, for messages later on.
std::optional<int> readModel(const Options &options, llvm::SourceMgr &sources, MLIRContext *context, OwningOpRef<ModuleOp> &module);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_INPUT_H
