// SPDX-License-Identifier: Apache-2.0
// Builders of row spaces in normal form, and the questions passes ask about them.
#ifndef RECCC_DIALECT_RECSYS_IR_ROWSPACES_H
#define RECCC_DIALECT_RECSYS_IR_ROWSPACES_H

#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

#include "mlir/IR/Diagnostics.h"

namespace mlir::recsys {

/// Row counts and maxima stay below this, so that row numbers fit 32 bits.
constexpr int64_t kRowLimit = int64_t(1) << 31;

/// Spaces are built from at most this many spaces, so that questions about them stay cheap.
constexpr int64_t kSpaceSizeLimit = 256;

/// With an `EmitError` the builders below report a space that cannot exist (a count out of range) and return null;
/// without one the caller vouches for it.
using EmitError = llvm::function_ref<InFlightDiagnostic()>;

Attribute getBaseSpace(MLIRContext *context, StringRef name, int64_t max, EmitError emitError = nullptr);
/// `count` rows in every request; `#recsys.request` for one.
Attribute getRowsSpace(MLIRContext *context, int64_t count, EmitError emitError = nullptr);
Attribute getRequestSpace(MLIRContext *context);
/// At least one part.
Attribute getConcatSpace(ArrayRef<Attribute> parts, EmitError emitError = nullptr);
Attribute getInterleaveSpace(Attribute of, int64_t times, EmitError emitError = nullptr);
Attribute getGroupSpace(Attribute of, int64_t size, Remainder remainder, EmitError emitError = nullptr);
Attribute getTakeFirstSpace(Attribute of, int64_t count, EmitError emitError = nullptr);
Attribute getTakeLastSpace(Attribute of, int64_t count, EmitError emitError = nullptr);
Attribute getNestSpace(Attribute outer, Attribute inner, EmitError emitError = nullptr);

/// The parts of a concat; the space itself otherwise.
SmallVector<Attribute> getSegments(Attribute space);

/// Whether `part` is `space` or one of the spaces it is built from.
bool mentionsSpace(Attribute space, Attribute part);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_ROWSPACES_H
