// SPDX-License-Identifier: Apache-2.0
// Rows that grow, as rows in two parts: every value over `history` becomes a value over `concat<history, history.new>`.
#ifndef RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_GROWROWS_H
#define RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_GROWROWS_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

class GrowRows {
public:
  GrowRows(recsys::BaseSpaceAttr rows, recsys::BaseSpaceAttr added) : rows(rows), added(added) {}

  /// The space with the new rows behind the old ones; null where they would not be a segment of their own.
  Attribute grow(Attribute space) const;
  /// Whether rows of a segment are new ones.
  bool isAdded(Attribute segment) const { return recsys::mentionsSpace(segment, added); }

  /// Rewrites the model in place; an input over the rows becomes two, the new rows under the old name. Reports the op
  /// whose rows cannot be told apart.
  LogicalResult run(recsys::ModelOp model);

  /// Values of which the model had the first operand, and now uses it with the new rows behind it.
  ArrayRef<recsys::ConcatRowsOp> getJoined() const { return joined; }

private:
  Attribute getAdded(Attribute segment) const;
  LogicalResult growInputs(recsys::ModelOp model);
  LogicalResult growOp(Operation *op);
  LogicalResult growParts(Operation *op);
  LogicalResult growAttention(recsys::AttentionOp op) const;
  FailureOr<SmallVector<Attribute>> growLengths(Operation *op, ArrayRef<Attribute> lengths) const;
  struct Place;
  FailureOr<Attribute> growMask(recsys::AttentionOp op, Attribute mask, const Place &query, const Place &source) const;
  FailureOr<Attribute> moveInterval(recsys::AttentionOp op, recsys::IntervalAttr interval, const Place &query,
                                    const Place &source) const;
  InFlightDiagnostic refuse(Operation *op) const;

  recsys::BaseSpaceAttr rows, added;
  SmallVector<recsys::ConcatRowsOp> joined;
};

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_GROWROWS_H
