// SPDX-License-Identifier: Apache-2.0
// Masks by the names that papers give them.
//
// Places are counted from the first history row: row i of a history segment stands at `before + i`,
// every context row at -1, a candidate at the length of the history (or i rows behind it). Row x
// sees column c when x - c <= past; all bounds below are that inequality solved for the row of the
// column in its segment.
#include "reccc/Dialect/Recsys/IR/MaskConstructors.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::recsys;

namespace {

/// Lengths of row spaces as affine expressions: constants where they are constant, else symbols.
class Lengths {
public:
  explicit Lengths(MLIRContext *context) : context(context) {}

  AffineExpr of(Attribute space) {
    if (std::optional<int64_t> rows = cast<RowSpace>(space).getConstantRows())
      return getAffineConstantExpr(*rows, context);
    auto it = llvm::find(spaces, space);
    unsigned symbol = it - spaces.begin();
    if (it == spaces.end())
      spaces.push_back(space);
    return getAffineSymbolExpr(symbol, context);
  }

  /// [greatest of lower, least of upper); no bounds are no bound.
  IntervalAttr interval(ArrayRef<AffineExpr> lower, ArrayRef<AffineExpr> upper) {
    // Simplified, so that what is printed parses back to itself.
    auto map = [&](ArrayRef<AffineExpr> bounds) {
      return simplifyAffineMap(AffineMap::get(1, spaces.size(), bounds, context));
    };
    return IntervalAttr::get(context, map(lower), map(upper), spaces);
  }
  /// A null bound is no bound.
  IntervalAttr interval(AffineExpr lower, AffineExpr upper) {
    auto list = [](AffineExpr &bound) { return bound ? ArrayRef(bound) : ArrayRef<AffineExpr>(); };
    return interval(list(lower), list(upper));
  }

private:
  MLIRContext *context;
  SmallVector<Attribute> spaces;
};

} // namespace

/// What candidates see of one another.
static Attribute candidatesMask(MLIRContext *context, const CausalRule &rule, bool isReversed) {
  if (!rule.candidatesSeeThemselves)
    return NoMaskAttr::get(context);
  if (rule.candidateGroup == 1)
    return SelfMaskAttr::get(context);
  AffineExpr row = getAffineDimExpr(0, context);
  AffineExpr first = row.floorDiv(rule.candidateGroup) * rule.candidateGroup, end = first + rule.candidateGroup;
  SmallVector<AffineExpr> lower = {isReversed && !rule.seesWholeGroup ? row : first};
  if (rule.past && rule.candidateWindow == CandidateWindow::FromOwnRow)
    lower.push_back(row - rule.past);
  return Lengths(context).interval(lower, isReversed || rule.seesWholeGroup ? end : row + 1);
}

namespace {

class CausalBuilder {
public:
  CausalBuilder(ArrayRef<Attribute> segments, ArrayRef<SegmentRole> roles, const CausalRule &rule)
      : segments(segments), roles(roles), rule(rule), context(segments.front().getContext()) {}

  Attribute mask(size_t query, size_t key) {
    if (rule.candidatesAreSeen && roles[query] != SegmentRole::Candidates && roles[key] == SegmentRole::Candidates)
      return full();
    switch (roles[query]) {
    case SegmentRole::Context:
      return roles[key] == SegmentRole::Candidates ? none() : full();
    case SegmentRole::History:
      return history(query, key);
    case SegmentRole::Candidates:
      return candidates(query, key);
    }
    llvm_unreachable("a role");
  }

private:
  Attribute none() { return NoMaskAttr::get(context); }
  Attribute full() { return FullMaskAttr::get(context); }
  AffineExpr row() { return getAffineDimExpr(0, context); }
  AffineExpr constant(int64_t value) { return getAffineConstantExpr(value, context); }

  /// Rows of the history segments [first, last).
  AffineExpr historyRows(Lengths &lengths, size_t first, size_t last) {
    AffineExpr sum = constant(0);
    for (size_t i = first; i < last; ++i)
      if (roles[i] == SegmentRole::History)
        sum = sum + lengths.of(segments[i]);
    return sum;
  }

  /// Rows that stand before segment `end`, candidates not counted.
  AffineExpr rowsBefore(Lengths &lengths, size_t end) {
    AffineExpr sum = constant(0);
    for (size_t i = 0; i < end; ++i)
      if (roles[i] != SegmentRole::Candidates)
        sum = sum + lengths.of(segments[i]);
    return sum;
  }

  /// The part of segment `key` that a row sees whose local rows end before the row `end` of the sequence.
  Attribute semiLocal(size_t query, size_t key, AffineExpr (CausalBuilder::*endOf)(Lengths &, size_t)) {
    SmallVector<AffineExpr> upper;
    if (key == query)
      upper.push_back(row() + 1);
    const SemiLocalRule &semi = *rule.semiLocal;
    Lengths lengths(context);
    if (key < semi.keptSegments)
      return upper.empty() ? full() : Attribute(lengths.interval({}, upper));
    AffineExpr first = rowsBefore(lengths, key), prefix = constant(semi.prefix) - first;
    AffineExpr local = (this->*endOf)(lengths, query) - semi.local - first;
    auto known = dyn_cast<AffineConstantExpr>(prefix);
    if (known && known.getValue() <= 0)
      return lengths.interval(local, upper);
    SmallVector<AffineExpr> inPrefix(upper);
    inPrefix.push_back(prefix);
    return IntervalsAttr::get(context, {lengths.interval({}, inPrefix), lengths.interval({prefix, local}, upper)});
  }
  AffineExpr endOfRow(Lengths &lengths, size_t query) { return rowsBefore(lengths, query) + row() + 1; }
  AffineExpr endOfHistory(Lengths &lengths, size_t) { return rowsBefore(lengths, segments.size()) + 1; }

  /// More than any place, distance or full row there is.
  int64_t aboveAll() {
    int64_t most = std::max(rule.past, rule.minFull);
    int64_t rows = 0;
    for (auto [segment, role] : llvm::zip(segments, roles))
      if (role == SegmentRole::History)
        rows += cast<RowSpace>(segment).getMaxRows().value_or(int64_t(1) << 40);
    return std::max(most, rows) + 1;
  }

  /// 1 for the last `minFull` history rows, 0 for those before: a quotient of -1 becomes 0.
  AffineExpr isFull(AffineExpr place, AffineExpr end) { return (place - end + rule.minFull).floorDiv(aboveAll()) + 1; }

  /// The part of segment `key` that a row at `place` sees in its window, which `widen` (0 or 1)
  /// lifts.
  Attribute windowed(Lengths &lengths, size_t key, AffineExpr place, AffineExpr widen, AffineExpr upper) {
    AffineExpr extra = widen ? widen * aboveAll() : constant(0);
    if (roles[key] == SegmentRole::Context) {
      // All or nothing: place + 1 <= past.
      int64_t rows = *cast<RowSpace>(segments[key]).getMaxRows();
      return lengths.interval(AffineExpr(), (constant(rule.past) - place + extra) * rows);
    }
    return lengths.interval(place - historyRows(lengths, 0, key) - rule.past - extra, upper);
  }

  Attribute history(size_t query, size_t key) {
    if (roles[key] == SegmentRole::Candidates)
      return none();
    if (rule.bidirectional)
      return full();
    if (roles[key] == SegmentRole::History && key > query)
      return none();
    if (rule.semiLocal)
      return semiLocal(query, key, &CausalBuilder::endOfRow);
    AffineExpr upper = key == query ? row() + 1 : AffineExpr();
    Lengths lengths(context);
    if (!rule.past)
      return upper ? lengths.interval(AffineExpr(), upper) : full();
    AffineExpr place = historyRows(lengths, 0, query) + row();
    AffineExpr widen = rule.minFull ? isFull(place, historyRows(lengths, 0, segments.size())) : AffineExpr();
    return windowed(lengths, key, place, widen, upper);
  }

  Attribute candidates(size_t query, size_t key) {
    if (roles[key] == SegmentRole::Candidates)
      return key == query ? candidatesMask(context, rule, /*isReversed=*/false) : none();
    if ((!rule.past && !rule.semiLocal) || rule.minFull || rule.candidateWindow == CandidateWindow::AllHistory)
      return full();
    if (rule.semiLocal)
      return semiLocal(query, key,
                       rule.candidateWindow == CandidateWindow::FromOwnRow ? &CausalBuilder::endOfRow
                                                                           : &CausalBuilder::endOfHistory);
    Lengths lengths(context);
    AffineExpr place = historyRows(lengths, 0, segments.size());
    if (rule.candidateWindow == CandidateWindow::FromOwnRow)
      place = place + row();
    return windowed(lengths, key, place, AffineExpr(), AffineExpr());
  }

  ArrayRef<Attribute> segments;
  ArrayRef<SegmentRole> roles;
  const CausalRule &rule;
  MLIRContext *context;
};

} // namespace

SmallVector<SmallVector<Attribute>> recsys::buildCausalMasks(ArrayRef<Attribute> segments, ArrayRef<SegmentRole> roles,
                                                             const CausalRule &rule) {
  CausalBuilder builder(segments, roles, rule);
  SmallVector<SmallVector<Attribute>> masks(segments.size());
  for (size_t query = 0; query < segments.size(); ++query)
    for (size_t key = 0; key < segments.size(); ++key)
      masks[query].push_back(builder.mask(query, key));
  return masks;
}

SmallVector<SmallVector<Attribute>> recsys::buildFullMasks(MLIRContext *context, size_t querySegments,
                                                           size_t keySegments) {
  return SmallVector<SmallVector<Attribute>>(querySegments,
                                             SmallVector<Attribute>(keySegments, FullMaskAttr::get(context)));
}

SmallVector<SmallVector<Attribute>> recsys::buildReverseCausalMasks(MLIRContext *context, ArrayRef<SegmentRole> roles,
                                                                    const CausalRule &rule) {
  Attribute none = NoMaskAttr::get(context), full = FullMaskAttr::get(context);
  AffineMap own = AffineMap::get(1, 0, getAffineDimExpr(0, context));
  Attribute fromOwn = IntervalAttr::get(context, own, AffineMap::get(1, 0, {}, context), {});
  SmallVector<SmallVector<Attribute>> masks;
  for (auto [query, role] : llvm::enumerate(roles)) {
    SmallVector<Attribute> &list = masks.emplace_back();
    for (auto [key, column] : llvm::enumerate(roles)) {
      if (column == SegmentRole::Candidates)
        list.push_back(role == SegmentRole::Candidates ? candidatesMask(context, rule, /*isReversed=*/true) : none);
      else if (role == SegmentRole::Candidates || key > query)
        list.push_back(full);
      else
        list.push_back(key == query ? fromOwn : none);
    }
  }
  return masks;
}

Attribute recsys::getOwnColumnMask(MLIRContext *context) {
  AffineExpr row = getAffineDimExpr(0, context);
  return IntervalAttr::get(context, AffineMap::get(1, 0, row), AffineMap::get(1, 0, row + 1), {});
}

ArrayAttr recsys::toArrayAttr(MLIRContext *context, ArrayRef<SmallVector<Attribute>> masks) {
  SmallVector<Attribute> rows;
  for (const SmallVector<Attribute> &list : masks)
    rows.push_back(ArrayAttr::get(context, list));
  return ArrayAttr::get(context, rows);
}
