// SPDX-License-Identifier: Apache-2.0
// Which rows vary with some rows and inputs of the request, per value and segment of its row space.
//
// A segment varies when its rows are made of those rows, when it reads a segment that varies, or when what it computes
// names how many of those rows there are, or numbers rows behind them. What does not vary can be computed before they
// are known.
#ifndef RECCC_ANALYSIS_ROWDEPENDENCE_H
#define RECCC_ANALYSIS_ROWDEPENDENCE_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

/// Why a segment varies: the operand that it reads, or null where the op itself names the rows or counts them.
struct VaryingCause {
  Operation *op = nullptr;
  Value operand;
  unsigned operandSegment = 0;
};

class RowDependence {
public:
  /// What varies with the rows of the base space `rows`, or with one of `inputs`.
  RowDependence(recsys::ModelOp model, Attribute rows, ArrayRef<BlockArgument> inputs);

  /// One word for each segment of the value's row space.
  ArrayRef<bool> getSegments(Value value) const;
  bool isVarying(Value value) const;
  /// Every result or, for the end of the model, every operand.
  bool isVarying(Operation *op) const;

  /// Whether what varies in the results of `op` reads segments of an operand that do not, in a value that has both.
  bool readsBoth(OpOperand &operand) const;

  /// Whether the rows of a space are made of the rows in question.
  bool isMadeOfRows(Attribute space) const;

  /// Follows the causes of a segment that varies though it is not made of the rows in question, up to the op that reads
  /// rows that are, or an input, or counts them.
  VaryingCause findCause(Value value, unsigned segment) const;

private:
  void visit(Operation *op);
  bool countsRows(Operation *op, unsigned segment) const;

  Attribute rows;
  /// Opaque spaces whose number of rows depends on them.
  SmallVector<Attribute> filtered;
  DenseMap<Value, SmallVector<bool>> varying;
  DenseMap<std::pair<Value, unsigned>, VaryingCause> causes;
};

} // namespace reccc

#endif // RECCC_ANALYSIS_ROWDEPENDENCE_H
