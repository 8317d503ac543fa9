// SPDX-License-Identifier: Apache-2.0
// The jagged type.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_H
#define RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeRange.h"
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

#define GET_TYPEDEF_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysTypes.h.inc"

namespace mlir::recsys {

/// Equal but for the storage type of floats.
bool equalUpToStorage(Type a, Type b);
bool equalUpToStorage(TypeRange a, TypeRange b);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_H
