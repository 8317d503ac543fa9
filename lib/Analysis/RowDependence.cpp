// SPDX-License-Identifier: Apache-2.0
// Dependence per segment, in one walk forwards: RowReads says what a segment of a result reads.
#include "reccc/Analysis/RowDependence.h"

#include "reccc/Analysis/RowReads.h"

#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

RowDependence::RowDependence(ModelOp model, Attribute rows, ArrayRef<BlockArgument> inputs) : rows(rows) {
  Block &block = model.getBody().front();
  for (BlockArgument argument : block.getArguments()) {
    SmallVector<bool> &segments = varying[argument];
    for (Attribute segment : recsys::getSegments(spaceOf(argument)))
      segments.push_back(isMadeOfRows(segment) || llvm::is_contained(inputs, argument));
  }
  for (Operation &op : block)
    visit(&op);
}

bool RowDependence::isMadeOfRows(Attribute space) const {
  return mentionsSpace(space, rows) || llvm::any_of(filtered, [&](Attribute of) { return mentionsSpace(space, of); });
}

ArrayRef<bool> RowDependence::getSegments(Value value) const { return varying.find(value)->second; }

bool RowDependence::isVarying(Value value) const { return llvm::is_contained(getSegments(value), true); }

bool RowDependence::isVarying(Operation *op) const {
  if (isa<OutputOp>(op))
    return llvm::any_of(op->getOperands(), [&](Value value) { return isVarying(value); });
  return llvm::any_of(op->getResults(),
                      [&](Value value) { return isa<JaggedType>(value.getType()) && isVarying(value); });
}

/// Whether what `op` says about a query segment, or about all its rows, names the length of the rows in question, or
/// numbers rows behind them.
bool RowDependence::countsRows(Operation *op, unsigned segment) const {
  bool found = false;
  AttrTypeWalker walker;
  walker.addWalk([&](BaseSpaceAttr base) { found |= base == rows; });
  auto attention = dyn_cast<AttentionOp>(op);
  auto index = dyn_cast<RowIndexOp>(op);
  auto isAnyMadeOfRows = [&](ArrayRef<Attribute> segments) {
    return llvm::any_of(segments, [&](Attribute before) { return isMadeOfRows(before); });
  };
  if (!attention) {
    SmallVector<Attribute> segments = recsys::getSegments(spaceOf(op->getResult(0)));
    if (index && index.getMap().isFunctionOfDim(0))
      found = isAnyMadeOfRows(ArrayRef(segments).take_front(segment));
    walker.walk(op->getAttrDictionary());
    return found;
  }
  if (attention.getToeplitz()) // which counts the rows between a row and what it sees
    found = isAnyMadeOfRows(ArrayRef(attention.getSourceSegments()).drop_back());
  for (Attribute length : attention.getPlaceSpaces())
    walker.walk(length);
  walker.walk(attention.getMasks()[segment]);
  return found || (attention.getDivisorRows() && isMadeOfRows(*attention.getDivisorRows()));
}

/// What one segment of the results of `op` reads of each operand.
static SmallVector<RowDemand> getReads(Operation *op, Attribute space, unsigned segment) {
  // A row of a shift may come from the segment next to its own.
  RowDemand demand = RowDemand::all(space);
  if (!isa<ShiftOp>(op)) {
    SmallVector<SegmentDemand> parts(recsys::getSegments(space).size(), {SegmentDemand::None, 0});
    parts[segment] = {SegmentDemand::All, 0};
    demand = RowDemand(space, parts);
  }
  return getOperandDemands(op, demand);
}

bool RowDependence::readsBoth(OpOperand &operand) const {
  Operation *op = operand.getOwner();
  Value value = operand.get();
  if (!isJagged(value) || !isVarying(value) || !llvm::is_contained(getSegments(value), false))
    return false;
  if (isa<OutputOp>(op))
    return true;
  Value result = op->getResult(0);
  for (auto [segment, varies] : llvm::enumerate(getSegments(result))) {
    if (!varies)
      continue;
    SmallVector<RowDemand> reads = getReads(op, spaceOf(result), segment);
    for (auto [part, ofPart] : llvm::zip_equal(reads[operand.getOperandNumber()].getParts(), getSegments(value)))
      if (part.kind != SegmentDemand::None && !ofPart)
        return true;
  }
  return false;
}

void RowDependence::visit(Operation *op) {
  if (op->getNumResults() == 0 || !isa<JaggedType>(op->getResult(0).getType()))
    return;
  Attribute space = spaceOf(op->getResult(0));
  SmallVector<Attribute> segments = recsys::getSegments(space);
  SmallVector<bool> found(segments.size(), false);
  for (auto [index, segment] : llvm::enumerate(segments)) {
    found[index] = isMadeOfRows(segment);
    VaryingCause cause{op, {}, 0};
    SmallVector<RowDemand> reads = getReads(op, space, index);
    for (auto [operand, read] : llvm::zip_equal(op->getOperands(), reads)) {
      if (!isa<JaggedType>(operand.getType()))
        continue;
      for (auto [number, part] : llvm::enumerate(read.getParts()))
        if (part.kind != SegmentDemand::None && getSegments(operand)[number]) {
          found[index] = true;
          if (!cause.operand)
            cause = {op, operand, static_cast<unsigned>(number)};
        }
    }
    found[index] = found[index] || countsRows(op, index);
    if (found[index])
      for (Value result : op->getResults())
        causes[{result, static_cast<unsigned>(index)}] = cause;
  }
  for (Value result : op->getResults())
    varying[result] = found;
  if (auto filter = dyn_cast<FilterRowsOp>(op); filter && found.front())
    filtered.push_back(filter.getBoundRows());
}

VaryingCause RowDependence::findCause(Value value, unsigned segment) const {
  VaryingCause cause = causes.lookup({value, segment});
  while (cause.operand && !isa<BlockArgument>(cause.operand) &&
         !isMadeOfRows(recsys::getSegments(spaceOf(cause.operand))[cause.operandSegment]))
    cause = causes.lookup({cause.operand, cause.operandSegment});
  return cause;
}
