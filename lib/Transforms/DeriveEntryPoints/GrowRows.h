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

  /// Rewrites the model in place; an input over the rows becomes two, the new rows under the old name. Reports the op
  /// whose rows cannot be told apart.
  LogicalResult run(recsys::ModelOp model) const;

private:
  LogicalResult growInputs(recsys::ModelOp model) const;
  LogicalResult growOp(Operation *op) const;
  LogicalResult growAttention(recsys::AttentionOp op) const;
  FailureOr<SmallVector<Attribute>> growLengths(Operation *op, ArrayRef<Attribute> lengths) const;
  FailureOr<Attribute> growMask(recsys::AttentionOp op, Attribute mask, bool newQuery, bool newSource) const;
  InFlightDiagnostic refuse(Operation *op) const;

  recsys::BaseSpaceAttr rows, added;
};

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_GROWROWS_H
