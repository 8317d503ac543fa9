// SPDX-License-Identifier: Apache-2.0
// Files appear whole or not at all.
#ifndef RECCC_TOOLS_RECCC_OUTPUT_H
#define RECCC_TOOLS_RECCC_OUTPUT_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace reccc {

/// Writes `content` to the file, or to standard output for `-`. An exit code on failure; the message is printed.
std::optional<int> writeOutput(const std::string &path, llvm::StringRef content);

/// The text of `op`, as MLIR's printing switches want it.
std::string printOperation(mlir::Operation *op);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_OUTPUT_H
