// SPDX-License-Identifier: Apache-2.0
// Imports the names of MLIR and LLVM that all of reccc uses.
#ifndef RECCC_SUPPORT_LLVM_H
#define RECCC_SUPPORT_LLVM_H

#include "mlir/Support/LLVM.h"

namespace reccc {
using namespace mlir; // NOLINT: the one place
} // namespace reccc

#endif // RECCC_SUPPORT_LLVM_H
