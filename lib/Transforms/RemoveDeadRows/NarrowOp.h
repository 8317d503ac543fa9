// SPDX-License-Identifier: Apache-2.0
// The op that makes just some of the rows that another makes.
#ifndef RECCC_LIB_TRANSFORMS_REMOVEDEADROWS_NARROWOP_H
#define RECCC_LIB_TRANSFORMS_REMOVEDEADROWS_NARROWOP_H

#include "reccc/Analysis/RowDemand.h"

namespace reccc {

/// Why `op` cannot be given the rows `demand` (some, not all) alone; nothing when it can.
StringRef getObstacle(Operation *op, const RowDemand &demand);

/// The results of `op` for the rows `demand`; `operands` hold the rows of getOperandDemands, in the order of the op's
/// operands. `op` itself is changed when all rows are wanted and `inPlace` is set.
SmallVector<Value> narrowOp(OpBuilder &builder, Operation *op, ValueRange operands, const RowDemand &demand,
                            bool inPlace = true);

/// The rows `to` of a value that holds the rows `from`, as views.
Value selectRows(OpBuilder &builder, Location loc, Value value, const RowDemand &from, const RowDemand &to);

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_REMOVEDEADROWS_NARROWOP_H
