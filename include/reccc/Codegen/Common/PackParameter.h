// SPDX-License-Identifier: Apache-2.0
// The bytes of a parameter as a kernel wants them: see #rectile.packing.
#ifndef RECCC_CODEGEN_COMMON_PACKPARAMETER_H
#define RECCC_CODEGEN_COMMON_PACKPARAMETER_H

#include "mlir/IR/BuiltinTypes.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

/// The packing in which an op of a kernel's body reads a parameter.
rectile::Packing getPacking(OpOperand &use);

/// Bytes of a parameter of `type` in a packing.
int64_t getPackedBytes(RankedTensorType type, rectile::Packing packing);

/// Rounds `values` (row-major) to the element type (f32 or bf16, to nearest even) and writes them to `to`, which holds
/// `getPackedBytes` zeros.
void packParameter(ArrayRef<double> values, RankedTensorType type, rectile::Packing packing, char *to);

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_PACKPARAMETER_H
