// SPDX-License-Identifier: Apache-2.0
// Rows read, op by op. An op that is not named here reads all rows.
#include "reccc/Analysis/RowReads.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

std::optional<SmallVector<RowDemand>> reccc::splitDemand(ConcatRowsOp op, const RowDemand &demand) {
  SmallVector<RowDemand> demands;
  ArrayRef<SegmentDemand> rest = demand.getParts();
  for (Value input : op.getInputs()) {
    SmallVector<Attribute> segments = getSegmentsWithin(getFrame(demand.getWholeSpace()), spaceOf(input));
    if (segments.size() > rest.size() ||
        !llvm::equal(segments, ArrayRef(getSegments(demand.getWholeSpace()))
                                   .slice(demand.getParts().size() - rest.size(), segments.size())))
      return std::nullopt;
    if (spaceOf(input) == getFrame(demand.getWholeSpace())) // one segment, whatever segments it has as a space
      demands.push_back(rest.front().kind == SegmentDemand::None ? RowDemand::none(spaceOf(input))
                                                                 : RowDemand::all(spaceOf(input)));
    else
      demands.push_back(RowDemand(spaceOf(input), rest.take_front(segments.size())));
    rest = rest.drop_front(segments.size());
  }
  if (!rest.empty())
    return std::nullopt;
  return demands;
}

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

SmallVector<bool> reccc::findLiveSources(AttentionOp op, const RowDemand &demand) {
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

SmallVector<bool> reccc::findLiveSegments(AttentionOp op, const RowDemand &demand) {
  SmallVector<bool> segments;
  for (auto [key, live] : llvm::zip_equal(op.getKeys(), findLiveSources(op, demand)))
    segments.append(getSegmentsWithin(op.getFrame(), spaceOf(key)).size(), live);
  // Candidates at one place are told by the last segment, which stays for them.
  bool isBiased = op.getToeplitz() || op.getBucketWeights();
  bool needsLast = op.getLastAtOnePlace() && (op.getPlaces() || demand.getParts().back().kind != SegmentDemand::None);
  if (!isBiased || needsLast || spaceOf(op.getKeys().front()) == op.getFrame())
    return segments;
  SmallVector<bool> seen = findSeenSources(op, demand);
  for (unsigned segment = segments.size(); segment-- > 0 && !seen[segment];)
    segments[segment] = false;
  return segments;
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
    // One row for each row of the frame: the segments of the result are those of the frame.
    if (spaceOf(slice.getResult()) == getFrame(space))
      std::fill_n(parts.begin() + slice.getFirst(), slice.getCount(), SegmentDemand{SegmentDemand::All, 0});
    else
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
    SmallVector<bool> live = findLiveSegments(attention, demand);
    ArrayRef<bool> rest = live;
    unsigned firstKey = attention.getKeys().getBeginOperandIndex();
    for (auto [index, key] : llvm::enumerate(attention.getKeys())) {
      ArrayRef<bool> ofKey = rest.take_front(getSegmentsWithin(attention.getFrame(), spaceOf(key)).size());
      rest = rest.drop_front(ofKey.size());
      if (!llvm::is_contained(ofKey, false))
        continue;
      RowDemand read = RowDemand::none(spaceOf(key));
      if (llvm::is_contained(ofKey, true))
        read = RowDemand(spaceOf(key), llvm::map_to_vector(ofKey, [](bool stays) {
                           return SegmentDemand{stays ? SegmentDemand::All : SegmentDemand::None, 0};
                         }));
      demands[firstKey + index] = demands[attention.getValues().getBeginOperandIndex() + index] = read;
    }
    for (auto [number, source] : llvm::enumerate(attention.getMaskedSources()))
      demands[attention.getKeyMasks().getBeginOperandIndex() + number] = demands[firstKey + source];
    if (attention.getKeyTimes())
      demands[attention.getKeyTimesMutable()[0].getOperandNumber()] = demands[firstKey];
  }
  return demands;
}
