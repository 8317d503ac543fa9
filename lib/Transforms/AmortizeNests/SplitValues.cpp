// SPDX-License-Identifier: Apache-2.0
// Views between the forms of a value are made once, where the first reader stands.
#include "SplitValues.h"

#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

bool SplitValues::isWithinFrame(Value value) const {
  return isJagged(value) && static_cast<bool>(getSpaceWithin(frame, spaceOf(value)));
}

Value SplitValues::slice(Value value, unsigned segment, unsigned count) {
  if (count == 1)
    return value;
  Value &made = slices[{value, segment}];
  if (!made)
    made = SliceRowsOp::create(builder, value.getLoc(), value, segment, 1);
  return made;
}

SplitValues::Part SplitValues::getPart(Value value, unsigned segment) {
  unsigned count = getSegmentsWithin(frame, spaceOf(value)).size();
  auto it = held.find(value);
  if (it == held.end())
    return {slice(value, segment, count), false};
  if (!it->second.parts.empty())
    return it->second.parts[segment];
  return {slice(it->second.shared, segment, count), true};
}

Value SplitValues::repeat(Value shared) {
  Value &made = repeated[shared];
  if (made)
    return made;
  JaggedType type = jaggedTypeOf(shared);
  if (isa<RequestAttr>(type.getSpace()))
    made = BroadcastRowsOp::create(builder, shared.getLoc(), type.withSpace(frame), shared);
  else
    made = RepeatRowsOp::create(builder, shared.getLoc(), type.withSpace(getNestSpace(frame, type.getSpace())), shared,
                                frame);
  return made;
}

Value SplitValues::getVarying(Value value, unsigned segment) {
  Part part = getPart(value, segment);
  return part.isShared ? repeat(part.value) : part.value;
}

Value SplitValues::getShared(Value value) {
  Held &form = held[value];
  if (!form.shared) {
    SmallVector<Value> parts = llvm::map_to_vector(form.parts, [](Part part) { return part.value; });
    form.shared = parts.size() == 1 ? parts.front() : ConcatRowsOp::create(builder, value.getLoc(), parts).getResult();
  }
  return form.shared;
}

Value SplitValues::getWhole(Value value) {
  auto it = held.find(value);
  if (it == held.end())
    return value;
  if (it->second.whole)
    return it->second.whole;
  SmallVector<Value> parts;
  if (it->second.parts.empty())
    parts.push_back(repeat(it->second.shared));
  for (Part part : it->second.parts)
    parts.push_back(part.isShared ? repeat(part.value) : part.value);
  Value whole = parts.size() == 1 ? parts.front() : ConcatRowsOp::create(builder, value.getLoc(), parts).getResult();
  return held[value].whole = whole;
}
