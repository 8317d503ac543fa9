// SPDX-License-Identifier: Apache-2.0
// The jagged type.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_H
#define RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeRange.h"
#include "mlir/IR/Value.h"
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

#define GET_TYPEDEF_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysTypes.h.inc"

namespace mlir::recsys {

/// Equal but for the storage type of floats.
bool equalUpToStorage(Type a, Type b);
bool equalUpToStorage(TypeRange a, TypeRange b);

inline bool isJagged(Value value) { return isa<JaggedType>(value.getType()); }
/// Of a jagged value.
inline JaggedType jaggedTypeOf(Value value) { return cast<JaggedType>(value.getType()); }
inline Attribute spaceOf(Value value) { return jaggedTypeOf(value).getSpace(); }

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_H
