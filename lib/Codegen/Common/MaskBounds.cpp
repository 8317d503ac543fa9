// SPDX-License-Identifier: Apache-2.0
// Bounds of masks from affine maps.
#include "reccc/Codegen/Common/MaskBounds.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

unsigned reccc::countIntervals(Attribute mask) {
  if (isa<NoMaskAttr>(mask))
    return 0;
  if (auto several = dyn_cast<IntervalsAttr>(mask))
    return several.getIntervals().size();
  return 1;
}

static std::pair<Value, Value> buildInterval(KernelFrame &frame, IntervalAttr interval, Value row, Value columns,
                                             Value request) {
  TileBuilder &b = frame.b;
  Value low = b.i64(0), high = columns;
  for (Value bound : frame.affineResults(interval.getLower(), interval.getLengths(), row, request))
    low = b.max(low, bound);
  for (Value bound : frame.affineResults(interval.getUpper(), interval.getLengths(), row, request))
    high = b.min(high, bound);
  return {low, high};
}

SmallVector<std::pair<Value, Value>> reccc::buildIntervals(KernelFrame &frame, Attribute mask, Value row, Value columns,
                                                           Value request, function_ref<Value(unsigned)> boundOf) {
  TileBuilder &b = frame.b;
  if (isa<FullMaskAttr>(mask))
    return {{b.i64(0), columns}};
  if (isa<SelfMaskAttr>(mask))
    return {{row, b.min(b.add(row, 1), columns)}};
  if (auto interval = dyn_cast<IntervalAttr>(mask))
    return {buildInterval(frame, interval, row, columns, request)};
  if (auto table = dyn_cast<TableMaskAttr>(mask)) {
    bool hasLower = boundOf && table.getLower() >= 0, hasUpper = boundOf && table.getUpper() >= 0;
    return {{hasLower ? b.max(boundOf(table.getLower()), b.i64(0)) : b.i64(0),
             hasUpper ? b.min(boundOf(table.getUpper()), columns) : columns}};
  }
  SmallVector<std::pair<Value, Value>> result;
  if (auto several = dyn_cast<IntervalsAttr>(mask)) {
    // An interval begins where the last one that was not empty ended, at the earliest.
    Value end = b.i64(0);
    for (IntervalAttr interval : several.getIntervals()) {
      auto [low, high] = buildInterval(frame, interval, row, columns, request);
      low = b.max(low, end);
      end = b.select(b.cmp(arith::CmpIPredicate::slt, low, high), high, end);
      result.push_back({low, high});
    }
  }
  return result;
}
