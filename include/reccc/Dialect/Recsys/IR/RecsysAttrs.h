// SPDX-License-Identifier: Apache-2.0
// Attributes of the recsys dialect: row spaces, masks, bucket rules, enumerations.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSATTRS_H
#define RECCC_DIALECT_RECSYS_IR_RECSYSATTRS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

#include "reccc/Dialect/Recsys/IR/RecsysEnums.h.inc"

#include "reccc/Dialect/Recsys/IR/RecsysAttrInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h.inc"

namespace mlir::recsys {

/// The bucket of `value` by an `EdgesAttr`, `SqrtBucketAttr` or `VocabularyAttr`; exact on every machine.
int64_t getBucket(Attribute rule, int64_t value);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSATTRS_H
