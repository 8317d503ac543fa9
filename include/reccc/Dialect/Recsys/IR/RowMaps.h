// SPDX-License-Identifier: Apache-2.0
// Affine maps of a row (d0) and the lengths of row spaces (s0, s1, …): bounds of masks, numbers of rows.
#ifndef RECCC_DIALECT_RECSYS_IR_ROWMAPS_H
#define RECCC_DIALECT_RECSYS_IR_ROWMAPS_H

#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

namespace mlir::recsys {

/// Checks that the map has a value that fits 62 bits for every row and all lengths: it divides by positive constants
/// only, and no intermediate value can be too large.
LogicalResult checkRowMap(EmitError emitError, AffineMap map);

/// The value of a checked expression.
int64_t evaluateRowExpr(AffineExpr expr, int64_t row, ArrayRef<int64_t> lengths);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_ROWMAPS_H
