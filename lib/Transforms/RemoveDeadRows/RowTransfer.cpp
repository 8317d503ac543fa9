// SPDX-License-Identifier: Apache-2.0
// Rows read and rows made, op by op. An op that is not named here reads and makes all rows.
#include "RowTransfer.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

/// The parts of a concat's demand that belong to each operand; nothing when operands and segments do not match one to
/// one, because neighbouring constants were merged.
static std::optional<SmallVector<RowDemand>> splitDemand(ConcatRowsOp op, const RowDemand &demand) {
  SmallVector<RowDemand> demands;
  ArrayRef<SegmentDemand> rest = demand.getParts();
  for (Value input : op.getInputs()) {
    SmallVector<Attribute> segments = getSegmentsWithin(getFrame(demand.getWholeSpace()), spaceOf(input));
    if (segments.size() > rest.size() ||
        !llvm::equal(segments, ArrayRef(getSegments(demand.getWholeSpace()))
                                   .slice(demand.getParts().size() - rest.size(), segments.size())))
      return std::nullopt;
    demands.push_back(RowDemand(spaceOf(input), rest.take_front(segments.size())));
    rest = rest.drop_front(segments.size());
  }
  if (!rest.empty())
    return std::nullopt;
  return demands;
}

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

static SmallVector<bool> findLiveSources(AttentionOp op, const RowDemand &demand);

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
    return attention.getToeplitz() || attention.getBucketWeights() ? "its bias is between the rows of one space" : "";
  }
  if (auto concat = dyn_cast<ConcatRowsOp>(op))
    return splitDemand(concat, demand) ? "" : "constant rows of two operands were merged into one segment";
  if (auto interleave = dyn_cast<InterleaveOp>(op))
    return isPhaseOfOperand(interleave, demand) ? "" : "the rows read are not those of one operand";
  if (auto shift = dyn_cast<ShiftOp>(op))
    return isCutWhereItReads(shift, demand) ? "" : "the rows read take values of rows that are not";
  if (isa<RowIndexOp>(op))
    return getRowInRequest(demand) ? "" : "the rows read do not follow one another";
  if (isa<RowWise, SliceRowsOp, TakeRowsOp, DeinterleaveOp, RequestLinearOp, BroadcastRowsOp, SplatRowsOp, TopKOp,
          NearestRowsOp>(op))
    return "";
  return "it makes all its rows at once";
}

//===-- Rows read ----------------------------------------------------------------------------===//

/// The source segments that rows of the wanted query segments see; the first when they see none, because an attention
/// has a source.
static SmallVector<bool> findSeenSources(AttentionOp op, const RowDemand &demand) {
  SmallVector<bool> seen(op.getSourceSegments().size(), false);
  for (unsigned segment = 0, e = op.getMasks().size(); segment < e; ++segment)
    for (unsigned source = 0; source < seen.size(); ++source)
      seen[source] = seen[source] || (demand.getParts()[segment].kind != SegmentDemand::None &&
                                      !isa<NoMaskAttr>(op.getMask(segment, source)));
  if (!llvm::is_contained(seen, true))
    seen[0] = true;
  return seen;
}

/// Per source: whether one of its segments is seen.
static SmallVector<bool> findLiveSources(AttentionOp op, const RowDemand &demand) {
  SmallVector<bool> seen = findSeenSources(op, demand), live;
  ArrayRef<bool> rest = seen;
  for (Value key : op.getKeys()) {
    unsigned segments = getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
    live.push_back(llvm::is_contained(rest.take_front(segments), true));
    rest = rest.drop_front(segments);
  }
  // A query over the frame itself has its rows grouped by a source.
  if (!isa<RequestAttr>(op.getFrame()) && spaceOf(op.getQuery()) == op.getFrame())
    live[op.findGroupedSource()] = true;
  return live;
}

static RowDemand allOf(Value value) { return isJagged(value) ? RowDemand::all(spaceOf(value)) : RowDemand(); }

/// The last or first row of a request lies in its last or first segment, when that one has rows in every request.
static RowDemand getPoolDemand(PoolOp op) {
  Attribute space = spaceOf(op.getInput());
  bool isLast = op.getKind() == PoolKind::last;
  if (!isLast && op.getKind() != PoolKind::first)
    return RowDemand::all(space);
  SmallVector<Attribute> segments = getSegments(space);
  if (segments.size() == 1)
    return RowDemand::take(space, isLast ? SegmentDemand::Last : SegmentDemand::First, 1);
  unsigned end = isLast ? segments.size() - 1 : 0;
  if (!cast<RowSpace>(getSpaceWithin(getFrame(space), segments[end])).getConstantRows())
    return RowDemand::all(space);
  SmallVector<SegmentDemand> parts(segments.size(), {SegmentDemand::None, 0});
  parts[end] = {SegmentDemand::All, 0};
  return RowDemand(space, parts);
}

SmallVector<RowDemand> reccc::getOperandDemands(Operation *op, const RowDemand &demand) {
  SmallVector<RowDemand> demands;
  for (Value operand : op->getOperands())
    demands.push_back(allOf(operand));

  if (isa<RowWise>(op)) {
    for (auto [operand, read] : llvm::zip(op->getOperands(), demands))
      if (isJagged(operand) && spaceOf(operand) == demand.getWholeSpace())
        read = demand;
    return demands;
  }
  if (auto slice = dyn_cast<SliceRowsOp>(op)) {
    Attribute space = spaceOf(slice.getInput());
    SmallVector<SegmentDemand> parts(getSegments(space).size(), {SegmentDemand::None, 0});
    llvm::copy(demand.getParts(), parts.begin() + slice.getFirst());
    demands[0] = RowDemand(space, parts);
  } else if (auto take = dyn_cast<TakeRowsOp>(op)) {
    Attribute space = spaceOf(take.getInput());
    Take rows = *findTake(space, spaceOf(take.getResult()));
    demands[0] = RowDemand::take(space, rows.isLast ? SegmentDemand::Last : SegmentDemand::First, rows.count);
  } else if (auto deinterleave = dyn_cast<DeinterleaveOp>(op)) {
    demands[0] = RowDemand::phase(spaceOf(deinterleave.getInput()), deinterleave.getPhase());
  } else if (auto concat = dyn_cast<ConcatRowsOp>(op)) {
    if (std::optional<SmallVector<RowDemand>> split = splitDemand(concat, demand))
      return *split;
  } else if (auto interleave = dyn_cast<InterleaveOp>(op); interleave && !demand.isAll()) {
    for (auto [phase, read] : llvm::enumerate(demands))
      if (static_cast<int64_t>(phase) != demand.getParts()[0].number)
        read = RowDemand::none(read.getWholeSpace());
  } else if (isa<ShiftOp>(op)) {
    demands[0] = demand;
  } else if (isa<RequestLinearOp, TopKOp, NearestRowsOp>(op)) {
    demands[0] = demand;
  } else if (auto pool = dyn_cast<PoolOp>(op)) {
    demands[0] = getPoolDemand(pool);
  } else if (auto pad = dyn_cast<PadRowsOp>(op)) {
    // A take leaves at least one row.
    int64_t rows =
        *cast<RowSpace>(getSpaceWithin(getFrame(spaceOf(pad.getInput())), spaceOf(pad.getResult()))).getConstantRows();
    demands[0] = RowDemand::take(spaceOf(pad.getInput()), SegmentDemand::First, std::max<int64_t>(rows, 1));
  } else if (auto attention = dyn_cast<AttentionOp>(op)) {
    for (OpOperand *operand : attention.getQueryRowOperands())
      demands[operand->getOperandNumber()] = demand;
    for (auto [index, live] : llvm::enumerate(findLiveSources(attention, demand)))
      if (!live)
        for (OperandRange sources : {attention.getKeys(), attention.getValues()})
          demands[sources.getBeginOperandIndex() + index] = RowDemand::none(spaceOf(sources[index]));
    for (auto [number, source] : llvm::enumerate(attention.getMaskedSources()))
      demands[attention.getKeyMasks().getBeginOperandIndex() + number] =
          demands[attention.getKeys().getBeginOperandIndex() + source];
  }
  return demands;
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
  SmallVector<bool> live = findLiveSources(op, demand);
  SmallVector<Value> keys, values, keyMasks;
  SmallVector<int64_t> maskedSources;
  SmallVector<bool> keptSegments;
  for (unsigned source = 0; source < live.size(); ++source) {
    keptSegments.append(getSegmentsWithin(op.getFrame(), spaceOf(op.getKeys()[source])).size(), live[source]);
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
  return builder.create<RowIndexOp>(op.getLoc(), type, AffineMapAttr::get(map), attr);
}

/// The rows of the operands that have some.
static Value narrowConcat(OpBuilder &builder, ConcatRowsOp op, ValueRange operands, const RowDemand &demand) {
  SmallVector<Value> inputs;
  for (auto [operand, read] : llvm::zip(operands, getOperandDemands(op, demand)))
    if (!read.isNone())
      inputs.push_back(operand);
  return inputs.size() == 1 ? inputs.front() : builder.create<ConcatRowsOp>(op.getLoc(), inputs).getResult();
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
  bool losesSources = attention && llvm::is_contained(findLiveSources(attention, demand), false);
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
