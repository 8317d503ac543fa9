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

inline LogicalResult checkScalar(std::optional<Location> location, StringRef what, JaggedType type) {
  if (type.getDims().empty())
    return success();
  return failAt(location, type.getContext()) << "expected " << what << " of one number a row, got " << type;
}

inline LogicalResult checkSameSpace(std::optional<Location> location, JaggedType a, JaggedType b) {
  if (a.getSpace() == b.getSpace())
    return success();
  return failAt(location, a.getContext())
         << "expected one row space, got " << a.getSpace() << " and " << b.getSpace();
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
