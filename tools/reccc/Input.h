// SPDX-License-Identifier: Apache-2.0
// From the input file to a module.
#ifndef RECCC_TOOLS_RECCC_INPUT_H
#define RECCC_TOOLS_RECCC_INPUT_H

#include "Options.h"
#include "mlir/IR/OwningOpRef.h"
#include "reccc/Support/Safetensors.h"
#include "llvm/Support/SourceMgr.h"

namespace reccc {

/// A model and what came with it.
struct Input {
  OwningOpRef<ModuleOp> module;
  std::optional<SafetensorsFile> weights;
  /// Of a description.
  ImportReport report;
};

/// Reads and parses the model and its weights. An exit code when they are refused; messages are printed. `sources` gets
/// the text, for messages later on.
std::optional<int> readInput(const Options &options, llvm::SourceMgr &sources, MLIRContext *context, Input &input);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_INPUT_H
