// SPDX-License-Identifier: Apache-2.0
// Verifiers of the operations on fragments.
#include "reccc/Dialect/RecTile/IR/RecTile.h"

using namespace mlir;
using namespace mlir::rectile;

/// Rows must not overlap: a stride is at least the number of columns. One row needs no stride.
static LogicalResult verifyStride(Operation *op, FragmentType type, int64_t stride) {
  if (type.getRows() > 1 && stride < type.getColumns())
    return op->emitOpError("expects a stride of at least ")
           << type.getColumns() << " (the columns of " << type << "), got " << stride;
  return success();
}

LogicalResult LoadOp::verify() { return verifyStride(*this, getType(), getStride()); }

LogicalResult StoreOp::verify() { return verifyStride(*this, getValue().getType(), getStride()); }

LogicalResult DotOp::verify() {
  for (Type type : {getAType(), getBType()})
    if (!type.isF32() && !type.isBF16())
      return emitOpError("expects operands stored as f32 or bf16, got ") << type;
  for (int64_t stride : {getARow(), getAK(), getBK()})
    if (stride < 0)
      return emitOpError("expects strides that are not negative, got ") << stride;
  int64_t columns = getType().getColumns();
  if (std::optional<int64_t> valid = getBColumns(); valid && (*valid < 1 || *valid > columns))
    return emitOpError("expects 1 to ") << columns << " columns of b, got " << *valid;
  return success();
}
