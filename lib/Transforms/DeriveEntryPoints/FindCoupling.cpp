// SPDX-License-Identifier: Apache-2.0
// Whether candidates of one request know of one another.
#include "EntryClones.h"

#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

std::optional<int64_t> reccc::findLeast(AffineExpr expr, AffineExpr numRows, unsigned numSymbols) {
  AffineExpr row = getAffineDimExpr(0, expr.getContext());
  auto slope = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expr.replaceDims({row + 1}) - expr, 1, numSymbols));
  if (!slope)
    return std::nullopt;
  AffineExpr end = slope.getValue() < 0 ? numRows - 1 : getAffineConstantExpr(0, expr.getContext());
  auto least = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expr.replaceDims({end}), 1, numSymbols));
  return least ? std::optional(least.getValue()) : std::nullopt;
}

/// Whether columns depend on which row of its segment a row is.
static bool dependsOnRow(Attribute mask) {
  auto of = [](IntervalAttr interval) {
    return interval.getLower().isFunctionOfDim(0) || interval.getUpper().isFunctionOfDim(0);
  };
  if (auto interval = dyn_cast<IntervalAttr>(mask))
    return of(interval);
  auto several = dyn_cast<IntervalsAttr>(mask);
  return several && llvm::any_of(several.getIntervals(), of);
}

/// A candidate sees itself, and of others what all candidates see.
static bool isCoupled(AttentionOp op, Attribute candidates) {
  if (mentionsSpace(op.getFrame(), candidates))
    return false; // rows of its own
  for (auto [query, querySpace] : llvm::enumerate(op.getQuerySegments()))
    for (auto [source, sourceSpace] : llvm::enumerate(op.getSourceSegments())) {
      Attribute mask = op.getMask(query, source);
      bool ofCandidate = mentionsSpace(querySpace, candidates), seesCandidates = mentionsSpace(sourceSpace, candidates);
      if (isa<NoMaskAttr>(mask) || (isa<SelfMaskAttr>(mask) && ofCandidate))
        continue;
      if (seesCandidates || (ofCandidate && dependsOnRow(mask)))
        return true;
    }
  // A bias counts places: those of candidates are all the same, or other ones in another slice.
  SmallVector<Attribute> sources = op.getSourceSegments();
  bool atOnePlace = op.getLastAtOnePlace() && mentionsSpace(sources.back(), candidates) &&
                    llvm::none_of(ArrayRef(sources).drop_back(),
                                  [&](Attribute segment) { return mentionsSpace(segment, candidates); });
  return op.getToeplitz() && mentionsSpace(spaceOf(op.getQuery()), candidates) && !atOnePlace;
}

/// Whether the number of a row is another one in another slice: the least result depends on the row.
static bool isCoupled(RowIndexOp op, Attribute candidates) {
  Attribute space = spaceOf(op.getResult());
  if (!mentionsSpace(space, candidates) || mentionsSpace(getFrame(space), candidates))
    return false;
  AffineMap map = op.getMap();
  AffineExpr oneRow = getAffineConstantExpr(1, op.getContext());
  for (AffineExpr least : map.getResults())
    if (!least.isFunctionOfDim(0) && llvm::all_of(map.getResults(), [&](AffineExpr other) {
          // Not below it in the first row, nor in any other when it does not fall.
          return other == least || (findLeast(other - least, oneRow, map.getNumSymbols()).value_or(-1) >= 0 &&
                                    findLeast(other - least, oneRow + 1, map.getNumSymbols()).value_or(-1) >= 0);
        }))
      return false;
  return map.isFunctionOfDim(0);
}

Operation *reccc::findCoupling(ModelOp score, BaseSpaceAttr candidates) {
  bool counts = false;
  AttrTypeWalker walker;
  walker.addWalk([&](BaseSpaceAttr base) { counts |= base == candidates; });
  for (Operation &op : score.getBody().front()) {
    if (op.getNumResults() == 0 || !isJagged(op.getResult(0)))
      continue;
    walker.walk(op.getAttrDictionary());
    if (counts)
      return &op;
    if (auto attention = dyn_cast<AttentionOp>(op)) {
      if (isCoupled(attention, candidates))
        return &op;
    } else if (auto index = dyn_cast<RowIndexOp>(op)) {
      if (isCoupled(index, candidates))
        return &op;
    } else if (!isa<RowWise, SliceRowsOp, ConcatRowsOp, InterleaveOp, DeinterleaveOp, RepeatRowsOp, BroadcastRowsOp,
                    SplatRowsOp, EmbeddingBagsOp, RequestLinearOp>(op)) {
      for (Value operand : op.getOperands())
        if (isJagged(operand) && mentionsSpace(spaceOf(operand), candidates) &&
            !mentionsSpace(getFrame(spaceOf(operand)), candidates))
          return &op;
    }
  }
  return nullptr;
}
