// SPDX-License-Identifier: Apache-2.0
// Rows made, op by op. An op that is not named here makes all rows.
#include "NarrowOp.h"

#include "reccc/Analysis/RowReads.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

/// The demand is one phase, and one operand holds it.
static bool isPhaseOfOperand(InterleaveOp op, const RowDemand &demand) {
  return demand.getParts().size() == 1 && demand.getParts()[0].kind == SegmentDemand::Phase &&
         cast<InterleaveAttr>(demand.getWholeSpace()).getOf() == spaceOf(op.getInputs().front());
}

/// Which end a shift can be cut at: the rows that are left read one another and the fill.
static bool isCutWhereItReads(ShiftOp op, const RowDemand &demand) {
  return demand.getParts().size() == 1 &&
         demand.getParts()[0].kind ==
             (static_cast<int64_t>(op.getBy()) < 0 ? SegmentDemand::Last : SegmentDemand::First);
}

namespace {
/// A map of rows, and the lengths that are its symbols.
struct Places {
  AffineMap map;
  SmallVector<Attribute> lengths;
};
} // namespace

/// Where the wanted rows of a query stand among the rows of the source, for a toeplitz bias; nothing when they do not
/// follow one another.
static std::optional<Places> findPlaces(AttentionOp op, const RowDemand &demand) {
  Places places{AffineMap::getMultiDimIdentityMap(1, op.getContext()), {}};
  if (op.getPlaces())
    places = {*op.getPlaces(), SmallVector<Attribute>(op.getPlaceSpaces())};
  if (demand.isAll() || demand.isNone())
    return places;
  std::optional<RowMap> rows = getRowInRequest(demand);
  if (!rows)
    return std::nullopt;
  places.map = composeWithRows(places.map, places.lengths, *rows);
  AffineExpr apart = places.map.getResult(0) - getAffineDimExpr(0, op.getContext());
  if (simplifyAffineExpr(apart, 1, places.lengths.size()).isFunctionOfDim(0))
    return std::nullopt;
  return places;
}

/// Whether a source that stays says what the op works within.
static bool hasGroupedSource(AttentionOp op, const RowDemand &demand) {
  return llvm::any_of(llvm::zip_equal(op.getKeys(), findLiveSources(op, demand)), [&](auto source) {
    return std::get<1>(source) && getFrame(spaceOf(std::get<0>(source))) == op.getFrame();
  });
}

StringRef reccc::getObstacle(Operation *op, const RowDemand &demand) {
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    Attribute frame = attention.getFrame();
    if (!isa<RequestAttr>(frame) && spaceOf(attention.getQuery()) == frame)
      return "each of its rows has keys of its own";
    if (!isa<RequestAttr>(frame) && demand.getSpace() == frame && !hasGroupedSource(attention, demand))
      return "its rows would be grouped no more";
    return attention.getToeplitz() && !findPlaces(attention, demand)
               ? "its bias counts rows that do not follow one another"
               : "";
  }
  if (auto concat = dyn_cast<ConcatRowsOp>(op))
    return splitDemand(concat, demand) ? "" : "constant rows of two operands were merged into one segment";
  if (auto interleave = dyn_cast<InterleaveOp>(op))
    return isPhaseOfOperand(interleave, demand) ? "" : "the rows read are not those of one operand";
  if (auto shift = dyn_cast<ShiftOp>(op))
    return isCutWhereItReads(shift, demand) ? "" : "the rows read take values of rows that are not";
  if (auto slice = dyn_cast<SliceRowsOp>(op);
      slice && spaceOf(slice.getResult()) == getFrame(spaceOf(slice.getInput())))
    return "it has a row for each row of others";
  if (isa<RowIndexOp>(op))
    return getRowInRequest(demand) ? "" : "the rows read do not follow one another";
  if (isa<RowWise, SliceRowsOp, TakeRowsOp, DeinterleaveOp, RequestLinearOp, BroadcastRowsOp, SplatRowsOp, TopKOp,
          NearestRowsOp>(op))
    return "";
  return "it makes all its rows at once";
}

//===-- Views --------------------------------------------------------------------------------===//

/// A view of one segment that holds `from` and shall hold `to`.
static Value selectInSegment(OpBuilder &builder, Location loc, Value value, SegmentDemand from, SegmentDemand to,
                             Attribute space) {
  if (from == to)
    return value;
  if (to.kind == SegmentDemand::Phase)
    return DeinterleaveOp::create(builder, loc, value, to.number);
  return TakeRowsOp::create(builder, loc, cast<JaggedType>(value.getType()).withSpace(space), value);
}

Value reccc::selectRows(OpBuilder &builder, Location loc, Value value, const RowDemand &from, const RowDemand &to) {
  // 1. Runs of segments that stay as they are, and single segments that are cut. `position` counts the segments that
  // `value` has.
  unsigned present =
      llvm::count_if(from.getParts(), [](const SegmentDemand &part) { return part.kind != SegmentDemand::None; });
  SmallVector<Value> pieces;
  unsigned position = 0, runStart = 0, runLength = 0;
  auto slice = [&](unsigned first, unsigned count) -> Value {
    return count == present ? value : SliceRowsOp::create(builder, loc, value, first, count).getResult();
  };
  auto endRun = [&] {
    if (runLength)
      pieces.push_back(slice(runStart, runLength));
    runLength = 0;
  };
  for (auto [index, parts] : llvm::enumerate(llvm::zip_equal(from.getParts(), to.getParts()))) {
    auto [have, want] = parts;
    if (have.kind == SegmentDemand::None)
      continue;
    if (want == have) {
      if (runLength == 0)
        runStart = position;
      ++runLength;
    } else {
      endRun();
      if (want.kind != SegmentDemand::None)
        pieces.push_back(selectInSegment(builder, loc, slice(position, 1), have, want, to.getPartSpace(index)));
    }
    ++position;
  }
  endRun();

  // 2. Their concatenation.
  return pieces.size() == 1 ? pieces.front() : ConcatRowsOp::create(builder, loc, pieces).getResult();
}

//===-- Rows made ----------------------------------------------------------------------------===//

static IntervalAttr composeInterval(IntervalAttr interval, const RowMap &rows) {
  SmallVector<Attribute> lengths(interval.getLengths());
  AffineMap lower = composeWithRows(interval.getLower(), lengths, rows);
  AffineMap upper = composeWithRows(interval.getUpper(), lengths, rows);
  return IntervalAttr::get(interval.getContext(), lower, upper, lengths);
}

/// `mask` for the rows that are left of a query segment; `isWhole` when these are all.
static Attribute composeMask(Attribute mask, const RowMap &rows, bool isWhole) {
  MLIRContext *context = mask.getContext();
  if (auto interval = dyn_cast<IntervalAttr>(mask))
    return composeInterval(interval, rows);
  if (auto intervals = dyn_cast<IntervalsAttr>(mask)) {
    SmallVector<IntervalAttr> composed;
    for (IntervalAttr interval : intervals.getIntervals())
      composed.push_back(composeInterval(interval, rows));
    return IntervalsAttr::get(context, composed);
  }
  if (isa<SelfMaskAttr>(mask) && !isWhole) { // `self` is between equal segments
    AffineMap lower = AffineMap::get(1, rows.lengths.size(), rows.expr),
              upper = AffineMap::get(1, rows.lengths.size(), rows.expr + 1);
    return IntervalAttr::get(context, lower, upper, rows.lengths);
  }
  return mask;
}

static SmallVector<Value> narrowAttention(OpBuilder &builder, AttentionOp op, ValueRange operands,
                                          const RowDemand &demand) {
  auto copy = cast<AttentionOp>(builder.clone(*op));
  SmallVector<bool> live = findLiveSources(op, demand), keptSegments = findLiveSegments(op, demand);
  SmallVector<Value> keys, values, keyMasks;
  SmallVector<int64_t> maskedSources;
  for (unsigned source = 0; source < live.size(); ++source) {
    if (!live[source])
      continue;
    const auto *masked = llvm::find(op.getMaskedSources(), source);
    if (masked != op.getMaskedSources().end()) {
      keyMasks.push_back(operands[op.getKeyMasks().getBeginOperandIndex() + (masked - op.getMaskedSources().begin())]);
      maskedSources.push_back(keys.size());
    }
    keys.push_back(operands[op.getKeys().getBeginOperandIndex() + source]);
    values.push_back(operands[op.getValues().getBeginOperandIndex() + source]);
  }
  SmallVector<Attribute> lists;
  for (unsigned segment = 0, e = op.getMasks().size(); segment < e; ++segment) {
    if (demand.getParts()[segment].kind == SegmentDemand::None)
      continue;
    RowMap rows = getRowInSegment(demand, segment);
    bool isWhole = demand.getParts()[segment].kind == SegmentDemand::All;
    SmallVector<Attribute> masks;
    for (unsigned source = 0; source < keptSegments.size(); ++source)
      if (keptSegments[source])
        masks.push_back(composeMask(op.getMask(segment, source), rows, isWhole));
    lists.push_back(builder.getArrayAttr(masks));
  }
  for (OpOperand *operand : copy.getQueryRowOperands())
    operand->set(operands[operand->getOperandNumber()]);
  copy.getKeysMutable().assign(keys);
  copy.getValuesMutable().assign(values);
  copy.getKeyMasksMutable().assign(keyMasks);
  copy.setMaskedSources(maskedSources);
  copy.setMasksAttr(builder.getArrayAttr(lists));
  if (op.getKeyTimes())
    copy.getKeyTimesMutable().assign(operands[op.getKeyTimesMutable()[0].getOperandNumber()]);
  if (!keptSegments.back())
    copy.setLastAtOnePlace(false);
  if (op.getToeplitz() && (op.getPlaces() || demand.getSpace() != spaceOf(keys.front()))) {
    Places places = *findPlaces(op, demand);
    copy.setPlacesAttr(AffineMapAttr::get(places.map));
    copy.setPlaceLengthsAttr(places.lengths.empty() ? ArrayAttr() : builder.getArrayAttr(places.lengths));
  }
  for (Value result : copy->getResults())
    result.setType(jaggedTypeOf(result).withSpace(demand.getSpace()));
  return SmallVector<Value>(copy->getResults());
}

static Value narrowRowIndex(OpBuilder &builder, RowIndexOp op, const RowDemand &demand) {
  SmallVector<Attribute> lengths;
  if (op.getLengths())
    llvm::append_range(lengths, *op.getLengths());
  AffineMap map = composeWithRows(op.getMap(), lengths, *getRowInRequest(demand));
  ArrayAttr attr = lengths.empty() ? ArrayAttr() : builder.getArrayAttr(lengths);
  auto type = cast<JaggedType>(op.getResult().getType()).withSpace(demand.getSpace());
  return RowIndexOp::create(builder, op.getLoc(), type, AffineMapAttr::get(map), attr);
}

/// The rows of the operands that have some.
static Value narrowConcat(OpBuilder &builder, ConcatRowsOp op, ValueRange operands, const RowDemand &demand) {
  SmallVector<Value> inputs;
  for (auto [operand, read] : llvm::zip(operands, getOperandDemands(op, demand)))
    if (!read.isNone())
      inputs.push_back(operand);
  return inputs.size() == 1 ? inputs.front() : ConcatRowsOp::create(builder, op.getLoc(), inputs).getResult();
}

SmallVector<Value> reccc::narrowOp(OpBuilder &builder, Operation *op, ValueRange operands, const RowDemand &demand,
                                   bool inPlace) {
  // 1. Selections: the operand has been selected from already.
  if (isa<SliceRowsOp>(op))
    return {operands.front()};
  if (isa<TakeRowsOp, DeinterleaveOp>(op)) {
    RowDemand all = RowDemand::all(spaceOf(op->getResult(0)));
    if (spaceOf(operands.front()) == all.getWholeSpace())
      return {selectRows(builder, op->getLoc(), operands.front(), all, demand)};
    op->setOperands(operands);
    builder.setInsertionPointAfter(op);
    return {selectRows(builder, op->getLoc(), op->getResult(0), all, demand)};
  }
  // A row for each outer row is neither pooled nor broadcast.
  if (isa<PoolOp, BroadcastRowsOp>(op) && !demand.isNone() && spaceOf(operands.front()) == demand.getSpace())
    return {operands.front()};
  // 2. All rows of other ops.
  auto attention = dyn_cast<AttentionOp>(op);
  bool losesSources = attention && llvm::is_contained(findLiveSegments(attention, demand), false);
  if (op->getNumResults() == 0 || demand.getParts().empty() || (demand.isAll() && !losesSources)) {
    if (!inPlace)
      op = builder.clone(*op);
    op->setOperands(operands);
    return SmallVector<Value>(op->getResults());
  }
  // 3. Ops that say something about rows.
  if (attention)
    return narrowAttention(builder, attention, operands, demand);
  if (auto index = dyn_cast<RowIndexOp>(op))
    return {narrowRowIndex(builder, index, demand)};
  if (auto concat = dyn_cast<ConcatRowsOp>(op))
    return {narrowConcat(builder, concat, operands, demand)};
  if (isa<InterleaveOp>(op))
    return {operands[demand.getParts()[0].number]};
  // 4. Ops whose row space stands in their types alone.
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  for (Value result : copy->getResults())
    result.setType(cast<JaggedType>(result.getType()).withSpace(demand.getSpace()));
  return SmallVector<Value>(copy->getResults());
}
