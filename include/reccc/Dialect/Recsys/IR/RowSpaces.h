// SPDX-License-Identifier: Apache-2.0
// Builders of row spaces in normal form, and the questions passes ask about them.
#ifndef RECCC_DIALECT_RECSYS_IR_ROWSPACES_H
#define RECCC_DIALECT_RECSYS_IR_ROWSPACES_H

#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

namespace mlir::recsys {

/// Row counts and maxima stay below this, so that row numbers fit 32 bits.
constexpr int64_t kRowLimit = int64_t(1) << 31;

Attribute getBaseSpace(MLIRContext *context, StringRef name, int64_t max);
/// `count` rows in every request; `#recsys.request` for one.
Attribute getRowsSpace(MLIRContext *context, int64_t count);
Attribute getRequestSpace(MLIRContext *context);
/// At least one part.
Attribute getConcatSpace(ArrayRef<Attribute> parts);
Attribute getInterleaveSpace(Attribute of, int64_t times);
Attribute getGroupSpace(Attribute of, int64_t size, Remainder remainder);
Attribute getTakeFirstSpace(Attribute of, int64_t count);
Attribute getTakeLastSpace(Attribute of, int64_t count);
Attribute getNestSpace(Attribute outer, Attribute inner);

/// The parts of a concat; the space itself otherwise.
SmallVector<Attribute> getSegments(Attribute space);

/// Whether `part` is `space` or one of the spaces it is built from.
bool mentionsSpace(Attribute space, Attribute part);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_ROWSPACES_H
