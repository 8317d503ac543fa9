// SPDX-License-Identifier: Apache-2.0
// Builders of row spaces in normal form, and the questions passes ask about them.
#ifndef RECCC_DIALECT_RECSYS_IR_ROWSPACES_H
#define RECCC_DIALECT_RECSYS_IR_ROWSPACES_H

#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SetVector.h"

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
/// The concat, within each row of `frame`, of parts that are all within it.
Attribute getFramedConcatSpace(Attribute frame, ArrayRef<Attribute> parts, EmitError emitError = nullptr);
Attribute getInterleaveSpace(Attribute of, int64_t times, EmitError emitError = nullptr);
Attribute getGroupSpace(Attribute of, int64_t size, Remainder remainder, EmitError emitError = nullptr);
Attribute getTakeFirstSpace(Attribute of, int64_t count, EmitError emitError = nullptr);
Attribute getTakeLastSpace(Attribute of, int64_t count, EmitError emitError = nullptr);
Attribute getNestSpace(Attribute outer, Attribute inner, EmitError emitError = nullptr);
/// A bag of at most `max` rows for each row of the base space `of`.
Attribute getBagsSpace(StringRef name, Attribute of, int64_t max, EmitError emitError = nullptr);

/// The name of rows that are made of no others: of a base space, bags or an opaque space; empty for all others.
StringRef getRowsName(Attribute space);

/// The parts of a concat; those of what a nest holds, each as a nest; the space itself otherwise.
SmallVector<Attribute> getSegments(Attribute space);

/// What the rows of a space are grouped by: the outer space of a nest, `request` for all others. Ops that say "of the
/// same request", "first" or "after one another" mean the rows of one row of the frame.
Attribute getFrame(Attribute space);

/// The rows of `space` that one row of `frame` has: what a nest holds (at any depth), `request` for the frame itself;
/// null when `space` is not grouped by `frame`.
Attribute getSpaceWithin(Attribute frame, Attribute space);

/// The segments of the rows that one row of `frame` has: one for the frame itself.
SmallVector<Attribute> getSegmentsWithin(Attribute frame, Attribute space);

/// The deepest of the frames of several spaces: that of an op which reads them together.
Attribute findFrame(ArrayRef<Attribute> spaces);

/// A remainder that becomes a group of its own.
bool isPadded(Remainder remainder);

/// How many rows a take leaves, and at which end.
struct Take {
  bool isLast;
  int64_t count;
};

/// The take that leaves `to` of `from`; nullopt when there is none, or when first and last rows look alike.
std::optional<Take> findTake(Attribute from, Attribute to);

/// The opaque spaces that an op and those inside of it name, and those that they bind.
llvm::SetVector<Attribute> findOpaqueSpaces(Operation *op);
llvm::SetVector<Attribute> findBoundSpaces(Operation *op);

/// Whether `part` is `space` or one of the spaces it is built from.
bool mentionsSpace(Attribute space, Attribute part);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_ROWSPACES_H
