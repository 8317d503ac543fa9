// SPDX-License-Identifier: Apache-2.0
// What each op reads of its operands when some of its rows are wanted, and the op that makes just those rows.
#ifndef RECCC_LIB_TRANSFORMS_REMOVEDEADROWS_ROWTRANSFER_H
#define RECCC_LIB_TRANSFORMS_REMOVEDEADROWS_ROWTRANSFER_H

#include "RowDemand.h"

namespace reccc {

/// Why `op` cannot be given the rows `demand` (some, not all) alone; nothing when it can.
StringRef getObstacle(Operation *op, const RowDemand &demand);

/// For each operand the rows that `op` reads when the rows `demand` of its results are wanted. Operands without rows
/// have an empty demand.
SmallVector<RowDemand> getOperandDemands(Operation *op, const RowDemand &demand);

/// The results of `op` for the rows `demand`; `operands` hold the rows of getOperandDemands, in the order of the op's
/// operands. `op` itself is changed when all rows are wanted and `inPlace` is set.
SmallVector<Value> narrowOp(OpBuilder &builder, Operation *op, ValueRange operands, const RowDemand &demand,
                            bool inPlace = true);

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_REMOVEDEADROWS_ROWTRANSFER_H
