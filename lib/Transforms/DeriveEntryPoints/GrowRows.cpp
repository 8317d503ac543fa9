// SPDX-License-Identifier: Apache-2.0
// Splits each segment of growing rows in two, and with it masks, lengths and numbers of segments.
#include "GrowRows.h"
#include "EntryClones.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

InFlightDiagnostic GrowRows::refuse(Operation *op) const {
  return op->emitError() << "entry points: no rows can be appended to '" << rows.getName().getValue() << "', because ";
}

/// The segment of new rows behind one of old rows; null where there is none.
Attribute GrowRows::getAdded(Attribute segment) const {
  if (segment == rows)
    return added;
  if (auto bags = dyn_cast<BagsAttr>(segment); bags && bags.getOf() == rows)
    return getBagsSpace((bags.getName().getValue() + ".new").str(), added, bags.getMax());
  auto interleave = dyn_cast<InterleaveAttr>(segment);
  Attribute of = interleave ? getAdded(interleave.getOf()) : Attribute();
  return of ? getInterleaveSpace(of, interleave.getTimes()) : Attribute();
}

Attribute GrowRows::grow(Attribute space) const {
  if (!mentionsSpace(space, rows))
    return space;
  if (Attribute behind = getAdded(space))
    return getConcatSpace({space, behind});
  auto concat = dyn_cast<ConcatAttr>(space);
  if (!concat)
    return {};
  SmallVector<Attribute> parts;
  for (Attribute part : concat.getSpaces()) {
    Attribute grown = grow(part);
    if (!grown)
      return {};
    parts.push_back(grown);
  }
  return getConcatSpace(parts);
}

LogicalResult GrowRows::growInputs(ModelOp model) {
  OpBuilder builder = OpBuilder::atBlockBegin(&model.getBody().front());
  Builder attrs(model.getContext());
  for (unsigned index = 0, e = model.getNumArguments(); index < e; ++index) {
    BlockArgument old = model.getArgument(index);
    if (!mentionsSpace(spaceOf(old), rows))
      continue;
    Attribute behind = getAdded(spaceOf(old));
    if (!behind)
      return refuse(model) << "the input '" << model.getInputName(index) << "' has rows that are made of them";
    // The old rows keep the place, the new ones the name.
    auto type = cast<JaggedType>(old.getType()).withSpace(behind);
    DictionaryAttr described = model.getArgAttrDict(index);
    std::string name = model.getInputName(index).str();
    if (failed(model.insertArgument(model.getNumArguments(), type, described, old.getLoc())))
      return failure();
    model.setArgAttr(index, ModelOp::kNameAttr, attrs.getStringAttr(name + ".old"));
    auto whole = ConcatRowsOp::create(builder, old.getLoc(), ValueRange{old, model.getArguments().back()});
    old.replaceAllUsesExcept(whole, whole);
    joined.push_back(whole);
  }
  return success();
}

FailureOr<SmallVector<Attribute>> GrowRows::growLengths(Operation *op, ArrayRef<Attribute> lengths) const {
  SmallVector<Attribute> grown;
  for (Attribute space : lengths) {
    grown.push_back(grow(space));
    if (!grown.back())
      return refuse(op) << "it names the length of rows that are made of them", failure();
  }
  return grown;
}

//===-- Attention ----------------------------------------------------------------------------===//

/// Whether no row of `numRows` has a column: one of the upper limits is never above 0.
static bool isEmptyForAll(AffineMap upper, AffineExpr numRows) {
  return llvm::any_of(upper.getResults(), [&](AffineExpr limit) {
    std::optional<int64_t> least = findLeast(-limit, numRows, upper.getNumSymbols());
    return least && *least >= 0;
  });
}

/// Whether every row sees `numColumns` columns.
static bool isFullForAll(AffineMap lower, AffineMap upper, AffineExpr numColumns) {
  AffineExpr anyRows = getAffineConstantExpr(1, upper.getContext()); // only limits that do not fall count
  auto never = [&](AffineExpr expr) {
    std::optional<int64_t> least = findLeast(expr, anyRows, upper.getNumSymbols());
    return least && *least >= 0 && findLeast(expr, anyRows + 1, upper.getNumSymbols()).value_or(-1) >= *least;
  };
  return lower.getNumResults() == 0 &&
         llvm::all_of(upper.getResults(), [&](AffineExpr limit) { return never(limit - numColumns); });
}

/// A segment of queries or sources as it was, or the new rows behind it.
struct GrowRows::Place {
  Attribute segment;
  bool isNew;
};

/// The interval of a segment that is new, or of one next to which another is.
FailureOr<Attribute> GrowRows::moveInterval(AttentionOp op, IntervalAttr interval, const Place &query,
                                            const Place &source) const {
  MLIRContext *context = op.getContext();
  FailureOr<SmallVector<Attribute>> lengths = growLengths(op, interval.getLengths());
  if (failed(lengths))
    return failure();
  auto getNumRows = [&](Attribute segment) {
    int64_t times = 1;
    if (auto interleave = dyn_cast<InterleaveAttr>(segment)) {
      times = interleave.getTimes();
      segment = interleave.getOf();
    }
    if (std::optional<int64_t> constant = cast<RowSpace>(segment).getConstantRows())
      return getAffineConstantExpr(*constant * times, context);
    unsigned position = llvm::find(*lengths, segment) - lengths->begin();
    if (position == lengths->size())
      lengths->push_back(segment);
    return getAffineSymbolExpr(position, context) * times;
  };
  AffineExpr row = getAffineDimExpr(0, context), numQueries, numSources;
  if (query.isNew || source.isNew) {
    numQueries = getNumRows(query.segment);
    numSources = getNumRows(source.segment);
  }
  auto move = [&](AffineMap map) {
    SmallVector<AffineExpr> results;
    for (AffineExpr result : map.getResults()) {
      if (query.isNew)
        result = result.replaceDims({row + numQueries});
      if (source.isNew)
        result = result - numSources;
      results.push_back(simplifyAffineExpr(result, 1, lengths->size()));
    }
    return AffineMap::get(1, lengths->size(), results, context);
  };
  AffineMap lower = move(interval.getLower()), upper = move(interval.getUpper());
  if (!query.isNew && source.isNew && isEmptyForAll(upper, numQueries))
    return Attribute(NoMaskAttr::get(context));
  if (query.isNew && !source.isNew && isFullForAll(lower, upper, numSources))
    return Attribute(FullMaskAttr::get(context));
  return Attribute(IntervalAttr::get(context, lower, upper, *lengths));
}

FailureOr<Attribute> GrowRows::growMask(AttentionOp op, Attribute mask, const Place &query, const Place &source) const {
  MLIRContext *context = op.getContext();
  if (isa<FullMaskAttr, NoMaskAttr>(mask))
    return mask;
  if (isa<SelfMaskAttr>(mask))
    return query.isNew == source.isNew ? mask : Attribute(NoMaskAttr::get(context));
  if (isa<TableMaskAttr>(mask))
    return refuse(op) << "its masks are tables, which count the columns of the whole history", failure();
  SmallVector<IntervalAttr> intervals, moved;
  if (auto several = dyn_cast<IntervalsAttr>(mask))
    llvm::append_range(intervals, several.getIntervals());
  else
    intervals.push_back(cast<IntervalAttr>(mask));
  for (IntervalAttr interval : intervals) {
    FailureOr<Attribute> kept = moveInterval(op, interval, query, source);
    if (failed(kept) || isa<FullMaskAttr>(*kept))
      return kept;
    if (auto some = dyn_cast<IntervalAttr>(*kept))
      moved.push_back(some);
  }
  if (moved.empty())
    return Attribute(NoMaskAttr::get(context));
  return moved.size() == 1 ? Attribute(moved.front()) : IntervalsAttr::get(context, moved);
}

LogicalResult GrowRows::growAttention(AttentionOp op) const {
  if (op.getPlaces() || op.getLastAtOnePlace())
    return refuse(op) << "its bias gives some of them places of their own";
  // Segments as they were: operands have the grown types already, the result has not.
  SmallVector<Attribute> lists;
  unsigned querySegment = 0, sourceSegments = op.getMasks().empty() ? 0 : cast<ArrayAttr>(op.getMasks()[0]).size();
  SmallVector<Attribute> sources = op.getSourceSegments(), queries = op.getQuerySegments();
  for (Attribute query : queries) {
    if (isAdded(query))
      continue; // with the segment before
    for (bool newQuery : {false, true}) {
      if (newQuery && !getAdded(query))
        continue;
      SmallVector<Attribute> masks;
      unsigned sourceSegment = 0;
      for (Attribute source : sources) {
        if (isAdded(source))
          continue;
        for (bool newSource : {false, true}) {
          if (newSource && !getAdded(source))
            continue;
          FailureOr<Attribute> mask = growMask(op, cast<ArrayAttr>(op.getMasks()[querySegment])[sourceSegment],
                                               {query, newQuery}, {source, newSource});
          if (failed(mask))
            return failure();
          masks.push_back(*mask);
        }
        ++sourceSegment;
      }
      if (sourceSegment != sourceSegments)
        return refuse(op) << "it reads rows in an order of their own";
      lists.push_back(ArrayAttr::get(op.getContext(), masks));
    }
    ++querySegment;
  }
  op.setMasksAttr(ArrayAttr::get(op.getContext(), lists));
  if (std::optional<Attribute> counted = op.getDivisorRows()) {
    Attribute grown = grow(*counted);
    if (!grown)
      return refuse(op) << "its divisor counts rows that are made of them";
    op.setDivisorRowsAttr(grown);
  }
  return success();
}

//===-- Other ops ----------------------------------------------------------------------------===//

/// How many segments the first `count` segments of a space that is `grown` now were made into.
static unsigned countGrown(const GrowRows &rows, Attribute grown, unsigned count) {
  unsigned before = 0, position = 0;
  SmallVector<Attribute> segments = getSegments(grown);
  while (position < segments.size() && before < count) {
    before += !rows.isAdded(segments[position]);
    ++position;
  }
  while (position < segments.size() && rows.isAdded(segments[position]))
    ++position;
  return count == 0 ? 0 : position;
}

/// The map of a row index without results that another one is never above: positions of a history are the least of the
/// row and the number of rows.
static AffineMap dropGreaterResults(RowIndexOp op) {
  AffineMap map = op.getMap();
  SmallVector<Attribute> lengths = llvm::to_vector(*op.getLengths());
  AffineExpr numRows = getAffineConstantExpr(0, op.getContext());
  for (Attribute segment : getSegments(spaceOf(op.getResult()))) {
    auto *it = llvm::find(lengths, segment);
    if (std::optional<int64_t> constant = cast<RowSpace>(segment).getConstantRows())
      numRows = numRows + *constant;
    else if (it != lengths.end())
      numRows = numRows + getAffineSymbolExpr(it - lengths.begin(), op.getContext());
    else
      return map;
  }
  SmallVector<AffineExpr> kept(map.getResults());
  for (unsigned index = kept.size(); index-- > 0;)
    if (llvm::any_of(llvm::enumerate(kept), [&](auto other) {
          return other.index() != index &&
                 findLeast(kept[index] - other.value(), numRows, map.getNumSymbols()).value_or(-1) >= 0;
        }))
      kept.erase(kept.begin() + index);
  return AffineMap::get(1, map.getNumSymbols(), kept, op.getContext());
}

/// An op that takes one segment, once for the old rows and once for the new.
LogicalResult GrowRows::growParts(Operation *op) {
  Value result = op->getResult(0);
  Attribute behind = getAdded(spaceOf(result));
  if (!behind)
    return refuse(op) << "its rows are made of several of them";
  OpBuilder builder(op);
  SmallVector<Value> before, after;
  for (Value operand : op->getOperands()) {
    before.push_back(isJagged(operand) ? SliceRowsOp::create(builder, op->getLoc(), operand, 0, 1) : operand);
    after.push_back(isJagged(operand) ? SliceRowsOp::create(builder, op->getLoc(), operand, 1, 1) : operand);
  }
  op->setOperands(before);
  builder.setInsertionPointAfter(op);
  Operation *ofNew = builder.clone(*op);
  ofNew->setOperands(after);
  ofNew->getResult(0).setType(cast<JaggedType>(result.getType()).withSpace(behind));
  auto whole = ConcatRowsOp::create(builder, op->getLoc(), ValueRange{result, ofNew->getResult(0)});
  result.replaceAllUsesExcept(whole, whole);
  joined.push_back(whole);
  return success();
}

LogicalResult GrowRows::growOp(Operation *op) {
  if (isa<InterleaveOp, DeinterleaveOp, EmbeddingBagsOp>(op) && isAdded(getSegments(spaceOf(op->getOperand(0))).back()))
    return growParts(op);
  if (auto filter = dyn_cast<FilterRowsOp>(op); filter && mentionsSpace(spaceOf(filter.getKeep()), added))
    return refuse(op) << "how many of them it keeps is known only while it runs";
  if (auto repeat = dyn_cast<RepeatRowsOp>(op); repeat && mentionsSpace(repeat.getOuter(), rows))
    return refuse(op) << "it repeats others for each of them";
  if (auto slice = dyn_cast<SliceRowsOp>(op)) {
    Attribute whole = spaceOf(slice.getInput());
    unsigned first = countGrown(*this, whole, slice.getFirst());
    unsigned last = countGrown(*this, whole, slice.getFirst() + slice.getCount());
    slice.setFirst(first);
    slice.setCount(last - first);
  } else if (auto attention = dyn_cast<AttentionOp>(op)) {
    if (failed(growAttention(attention)))
      return failure();
  } else if (auto index = dyn_cast<RowIndexOp>(op); index && index.getLengths()) {
    AffineMap map = dropGreaterResults(index);
    index.setMapAttr(AffineMapAttr::get(map));
    // Lengths that are not read any more say nothing about the rows.
    FailureOr<SmallVector<Attribute>> lengths = growLengths(op, llvm::to_vector(*index.getLengths()));
    if (failed(lengths))
      return failure();
    for (unsigned symbol = 0; symbol < lengths->size(); ++symbol)
      if (!map.isFunctionOfSymbol(symbol))
        (*lengths)[symbol] = getRequestSpace(op->getContext());
    index.setLengthsAttr(ArrayAttr::get(op->getContext(), *lengths));
  } else if (auto mask = dyn_cast<MaskShortOp>(op)) {
    SmallVector<Attribute> spaces;
    for (Attribute space : mask.getSpaces()) {
      Attribute grown = grow(space);
      if (!grown)
        return refuse(op) << "it names the length of rows that are made of them";
      llvm::append_range(spaces, getSegments(grown));
    }
    mask.setSpacesAttr(ArrayAttr::get(op->getContext(), spaces));
  }
  for (Value result : op->getResults()) {
    if (!isJagged(result))
      continue;
    Attribute grown = grow(spaceOf(result));
    if (!grown && isa<TakeFirstAttr, TakeLastAttr>(spaceOf(result)))
      return refuse(op) << "it keeps some of them, and others when rows follow: what lies above a truncation must be "
                           "computed again";
    if (!grown)
      return refuse(op) << "its rows are made of several of them";
    result.setType(cast<JaggedType>(result.getType()).withSpace(grown));
  }
  return success();
}

LogicalResult GrowRows::run(ModelOp model) {
  SmallVector<Operation *> ops = llvm::map_to_vector(model.getBody().front(), [](Operation &op) { return &op; });
  if (failed(growInputs(model)))
    return failure();
  return success(llvm::all_of(ops, [&](Operation *op) { return succeeded(growOp(op)); }));
}
