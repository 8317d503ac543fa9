// SPDX-License-Identifier: Apache-2.0
// Checks that the result types of several families share.
#ifndef RECCC_LIB_DIALECT_RECSYS_IR_OPCHECKS_H
#define RECCC_LIB_DIALECT_RECSYS_IR_OPCHECKS_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

namespace mlir::recsys {

/// Reports at `location`; inference may run without one.
inline InFlightDiagnostic failAt(std::optional<Location> location, MLIRContext *context) {
  return emitError(location.value_or(UnknownLoc::get(context)));
}

/// The type of a value as a jagged type; null when it is another type.
inline JaggedType jagged(Value value) { return dyn_cast<JaggedType>(value.getType()); }

inline LogicalResult checkJagged(std::optional<Location> location, Value value) {
  if (jagged(value))
    return success();
  return failAt(location, value.getContext()) << "expected a jagged value, got " << value.getType();
}

/// Inference runs before the operand constraints of an op are checked: these say what it relies on. Absent operands are
/// null.
inline LogicalResult checkJagged(std::optional<Location> location, std::initializer_list<Value> values) {
  for (Value value : values)
    if (value && failed(checkJagged(location, value)))
      return failure();
  return success();
}

inline LogicalResult checkWeights(std::optional<Location> location, std::initializer_list<Value> values) {
  for (Value value : values) {
    auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
    if (value && !(type && type.hasStaticShape()))
      return failAt(location, value.getContext())
             << "expected a parameter tensor of static shape, got " << value.getType();
  }
  return success();
}

/// Appends a jagged type to what an op infers; reports records that are too large.
inline LogicalResult inferJagged(std::optional<Location> location, Attribute space, ArrayRef<int64_t> dims,
                                 Type elementType, SmallVectorImpl<Type> &types) {
  MLIRContext *context = elementType.getContext();
  auto type = JaggedType::getChecked([&] { return failAt(location, context); }, context, space, dims, elementType);
  if (!type)
    return failure();
  types.push_back(type);
  return success();
}

inline LogicalResult checkScalar(std::optional<Location> location, StringRef what, JaggedType type) {
  if (type.getDims().empty())
    return success();
  return failAt(location, type.getContext()) << "expected " << what << " of one number a row, got " << type;
}

inline LogicalResult checkSameSpace(std::optional<Location> location, JaggedType a, JaggedType b) {
  if (a.getSpace() == b.getSpace())
    return success();
  return failAt(location, a.getContext()) << "expected one row space, got " << a.getSpace() << " and " << b.getSpace();
}

/// Equal dimensions, and both floats or both integers.
inline bool sameRecord(JaggedType a, JaggedType b) {
  return a.getDims() == b.getDims() && equalUpToStorage(a.getElementType(), b.getElementType());
}

inline LogicalResult checkSameRecord(std::optional<Location> location, JaggedType a, JaggedType b) {
  if (sameRecord(a, b))
    return success();
  return failAt(location, a.getContext()) << "expected equal records, got " << a << " and " << b;
}

} // namespace mlir::recsys

#endif // RECCC_LIB_DIALECT_RECSYS_IR_OPCHECKS_H
