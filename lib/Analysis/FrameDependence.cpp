// SPDX-License-Identifier: Apache-2.0
// One walk forward: a segment varies when something that it is made of does.
#include "reccc/Analysis/FrameDependence.h"

#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

std::optional<SmallVector<SmallVector<ValueSegment, 1>>> reccc::findConcatParts(ConcatRowsOp op, Attribute frame) {
  SmallVector<SmallVector<ValueSegment, 1>> parts;
  SmallVector<Attribute> wanted = getSegmentsWithin(frame, spaceOf(op.getResult()));
  int64_t missing = 0; // rows of a constant segment that are still to come
  for (Value input : op.getInputs()) {
    for (auto [index, segment] : llvm::enumerate(getSegmentsWithin(frame, spaceOf(input)))) {
      Attribute inside = getSpaceWithin(frame, segment);
      if (!inside) // a concat whose result is the frame itself
        return std::nullopt;
      std::optional<int64_t> rows = cast<RowSpace>(inside).getConstantRows();
      if (rows && *rows == 0)
        continue;
      if (missing == 0) {
        if (parts.size() == wanted.size())
          return std::nullopt;
        Attribute within = getSpaceWithin(frame, wanted[parts.size()]);
        std::optional<int64_t> all = cast<RowSpace>(within).getConstantRows();
        if (all.has_value() != rows.has_value() || (!rows && wanted[parts.size()] != segment))
          return std::nullopt;
        missing = all.value_or(0);
        parts.emplace_back();
      } else if (!rows) {
        return std::nullopt;
      }
      missing -= rows.value_or(0);
      parts.back().push_back({input, static_cast<unsigned>(index)});
    }
  }
  if (missing != 0 || parts.size() != wanted.size())
    return std::nullopt;
  return parts;
}

/// Whether `operand` is a source that query segment `segment` does not see.
static bool isUnseen(AttentionOp op, OpOperand &operand, unsigned segment) {
  unsigned first = 0;
  bool isSource = false, isSeen = false;
  for (auto [number, key] : llvm::enumerate(op.getKeys())) {
    unsigned count = getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
    if (llvm::is_contained({key, op.getValues()[number], op.getKeyMask(number)}, operand.get())) {
      isSource = true;
      for (unsigned i = 0; i < count; ++i)
        isSeen |= !isa<NoMaskAttr>(op.getMask(segment, first + i));
    }
    first += count;
  }
  return isSource && !isSeen;
}

bool reccc::areSegmentsApart(AttentionOp op) {
  return !op.getToeplitz() && !op.getBucketWeights() && !op.getInitial() && !op.getWithState() &&
         op.getBounds().empty();
}

FrameDependence::FrameDependence(ModelOp model, Attribute frame) : frame(frame) {
  Block &block = model.getBody().front();
  for (BlockArgument argument : block.getArguments()) {
    if (isWithinFrame(argument))
      colours[argument].assign(countSegments(argument), Colour::own);
    else
      ofRequest.insert(argument);
  }
  for (Operation &op : block) {
    for (OpResult result : op.getResults()) {
      if (!isWithinFrame(result)) {
        if (llvm::any_of(op.getOperands(),
                         [&](Value operand) { return ofRequest.contains(operand) || isWithinFrame(operand); }))
          ofRequest.insert(result);
        continue;
      }
      // Rows of the request that are those of the frame would be read one for each of its rows, so they are not shared.
      auto isFrame = [&](Attribute space) { return getSpaceWithin(frame, space) == frame; };
      bool tellsRowsApart = this->tellsRowsApart(result) || isFrame(spaceOf(result));
      SmallVector<Colour> made;
      for (auto [segment, part] : llvm::enumerate(getSegmentsWithin(frame, spaceOf(result)))) {
        Colour colour = getReadColour(result, segment);
        made.push_back(tellsRowsApart || isFrame(part) ? join(colour, Colour::own) : colour);
      }
      colours[result] = std::move(made);
    }
  }
}

Colour FrameDependence::getReadColour(OpResult result, unsigned segment) const {
  Colour colour = Colour::constant;
  for (ValueSegment read : findReads(result, segment))
    if (isWithinFrame(read.value)) // not the rows that a slice leaves the request's for
      colour = join(colour, getColour(read.value, read.segment));
  auto attention = dyn_cast<AttentionOp>(result.getOwner());
  bool hasMasks = attention && attention.getFrame() == frame; // one list for each segment
  for (OpOperand &operand : result.getOwner()->getOpOperands())
    if (ofRequest.contains(operand.get()) && !(hasMasks && isUnseen(attention, operand, segment)))
      colour = join(colour, Colour::user);
  return colour;
}

bool FrameDependence::isWithinFrame(Value value) const {
  return isJagged(value) && static_cast<bool>(getSpaceWithin(frame, spaceOf(value)));
}

unsigned FrameDependence::countSegments(Value value) const { return getSegmentsWithin(frame, spaceOf(value)).size(); }

bool FrameDependence::varies(Value value, unsigned segment) const {
  auto it = colours.find(value);
  return it != colours.end() && join(it->second[segment], Colour::own) == it->second[segment];
}

bool FrameDependence::varies(Value value) const {
  return colours.contains(value) &&
         llvm::any_of(llvm::seq(countSegments(value)), [&](unsigned segment) { return varies(value, segment); });
}

/// An op that reads rows grouped by the frame works within each row of it, one after another. What other ops make
/// differs unless they are known to make it alike: the rows of the frame are rows of the request too, and groups are
/// made of its rows.
bool FrameDependence::tellsRowsApart(OpResult result) const {
  Operation *op = result.getOwner();
  // 1. Rows that the frame is itself grouped by.
  for (Attribute outer = getFrame(frame); !isa<RequestAttr>(outer); outer = getFrame(outer))
    for (Value operand : op->getOperands())
      if (isJagged(operand) && !isWithinFrame(operand) && getSpaceWithin(outer, spaceOf(operand)))
        return true;
  // 2. Ops that read any row of the request.
  if (isa<NearestRowsOp, GatherRowsOp>(op))
    return true;
  // 3. Rows that were nested before differ from one to the next, and those of all rows of the frame are more than its
  // own.
  if (auto repeat = dyn_cast<RepeatRowsOp>(op))
    return repeat.getOuter() != frame && !isa<RequestAttr>(repeat.getOuter());
  // 4. Rows of the request.
  if (isa<BroadcastRowsOp, SplatRowsOp>(op) || llvm::any_of(op->getOperands(), [&](Value operand) {
        return isWithinFrame(operand) && spaceOf(operand) != frame;
      }))
    return false;
  if (spaceOf(result) == frame)
    return !isa<RowWise>(op);
  // A row's number counts the rows of all segments before it, which are one value: none of them is shared alone.
  auto isFrame = [&](Attribute part) { return getSpaceWithin(frame, part) == frame; };
  return !isa<RowIndexOp>(op) || llvm::any_of(getSegmentsWithin(frame, spaceOf(result)), isFrame);
}

void FrameDependence::addReads(SmallVectorImpl<ValueSegment> &reads, Value value) const {
  if (value && isWithinFrame(value))
    for (unsigned segment = 0, e = countSegments(value); segment < e; ++segment)
      reads.push_back({value, segment});
}

void FrameDependence::addAttentionReads(SmallVectorImpl<ValueSegment> &reads, AttentionOp op, unsigned segment) const {
  for (OpOperand *operand : op.getQueryRowOperands())
    reads.push_back({operand->get(), segment});
  unsigned source = 0;
  for (auto [number, key] : llvm::enumerate(op.getKeys())) {
    unsigned segments = getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
    for (unsigned i = 0; i < segments; ++i, ++source) {
      if (isa<NoMaskAttr>(op.getMask(segment, source)))
        continue;
      for (Value read : {key, op.getValues()[number], op.getKeyMask(number)}) {
        if (!read || !isWithinFrame(read))
          continue;
        if (countSegments(read) == segments)
          reads.push_back({read, i});
        else
          addReads(reads, read);
      }
    }
  }
  addReads(reads, op.getKeyTimes());
}

SmallVector<ValueSegment> FrameDependence::findReads(OpResult result, unsigned segment) const {
  Operation *op = result.getOwner();
  SmallVector<ValueSegment> reads;
  if (auto attention = dyn_cast<AttentionOp>(op); attention && attention.getFrame() == frame) {
    for (unsigned other = 0, e = attention.getMasks().size(); other < e; ++other)
      if (other == segment || !areSegmentsApart(attention))
        addAttentionReads(reads, attention, other);
    return reads;
  }
  if (auto concat = dyn_cast<ConcatRowsOp>(op)) {
    if (auto parts = findConcatParts(concat, frame)) {
      llvm::append_range(reads, (*parts)[segment]);
      return reads;
    }
  }
  if (auto slice = dyn_cast<SliceRowsOp>(op); slice && spaceOf(slice.getInput()) != frame) {
    reads.push_back({slice.getInput(), static_cast<unsigned>(slice.getFirst()) + segment});
    return reads;
  }
  for (Value operand : op->getOperands()) {
    if (isa<RowWise>(op) && isJagged(operand) && spaceOf(operand) == spaceOf(result))
      reads.push_back({operand, segment});
    else if (isJagged(operand))
      addReads(reads, operand);
  }
  return reads;
}
