// SPDX-License-Identifier: Apache-2.0
// Kind attention. An item is 32 queries of one head. Scores are computed transposed: fragments of keys x queries, the
// queries in the lanes, so neither keys nor values are packed; only the queries are transposed, once. The scores of a
// block of keys stay in scratch ([key][32]) until they have been multiplied with the values. Masks are an interval for
// each lane: keys that all lanes see are processed by a loop that tests nothing, keys that no lane sees are not
// visited.
#include "AttentionKernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "reccc/Codegen/CPU/LowerFragments.h"
#include "reccc/Codegen/Common/MaskBounds.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "recrt/module.h"
#include <cstddef>

using namespace mlir;
using namespace reccc;

/// Rows of values that are asked for ahead of their use.
static constexpr int64_t kValuePrefetch = 12;

//===-- Items and segments -------------------------------------------------------------------===//

AttentionItem AttentionBuilder::readItem(Value pointer) {
  auto field = [&](size_t offset, Type type) { return b.loadScalar(b.at(pointer, offset, b.getI8Type()), type); };
  auto wide = [&](size_t offset) {
    return b.make<arith::ExtSIOp>(b.getI64Type(), field(offset, b.getI32Type())).getResult();
  };
  AttentionItem item;
  item.instance = frame.instance(op.getFrame(), wide(offsetof(recrt_attention_item, request)));
  item.segment = wide(offsetof(recrt_attention_item, segment));
  item.first = field(offsetof(recrt_attention_item, first), b.getI64Type());
  item.head = wide(offsetof(recrt_attention_item, head));
  // Where the segment begins and how long it is.
  Value begin = frame.offsetOf(querySpace, item.instance);
  item.begin = begin;
  item.rows = b.i64(0);
  for (auto [number, space] : llvm::enumerate(querySegments)) {
    Value rows = frame.rowsOf(space, item.instance);
    Value isIt = b.cmp(arith::CmpIPredicate::eq, item.segment, b.i64(number));
    item.begin = b.select(isIt, begin, item.begin);
    item.rows = b.select(isIt, rows, item.rows);
    begin = b.add(begin, rows);
  }
  item.count = b.min(b.i64(kQueryTile), b.sub(item.rows, item.first));
  return item;
}

void AttentionBuilder::findSegments() {
  querySpace = op.getQuery().getType().getSpace();
  querySegments = op.getQuerySegments();
  unsigned number = 0;
  for (auto [source, key] : llvm::enumerate(op.getKeys())) {
    Attribute space = cast<recsys::JaggedType>(key.getType()).getSpace();
    for (auto [place, segment] : llvm::enumerate(recsys::getSegmentsWithin(op.getFrame(), space))) {
      SourceSegment entry;
      entry.source = source;
      entry.space = space;
      entry.segment = segment;
      entry.place = place;
      entry.firstSlot = numSlots;
      for (unsigned query = 0; query < querySegments.size(); ++query) {
        entry.masks.push_back(op.getMask(query, number));
        entry.slots = std::max(entry.slots, countIntervals(entry.masks.back()));
      }
      numSlots += entry.slots;
      sourceSegments.push_back(entry);
      ++number;
    }
  }
}

void AttentionBuilder::forMasks(const AttentionItem &item, SourceSegment &segment, function_ref<void(Attribute)> body) {
  for (auto [number, mask] : llvm::enumerate(segment.masks)) {
    if (isa<recsys::NoMaskAttr>(mask))
      continue;
    Value isIt = b.cmp(arith::CmpIPredicate::eq, item.segment, b.i64(number));
    b.ifThen(isIt, [&, mask = mask] { body(mask); });
  }
}

//===-- Bounds -------------------------------------------------------------------------------===//

/// i64 fields of a slot: the interval of one mask for all lanes of the tile.
enum SlotField { kKeyBegin, kLow, kHigh, kFullLow, kFullHigh, kSlotFields };

Value AttentionBuilder::slotField(Value slot, int64_t field) {
  return b.at(slotFields, b.add(b.mul(slot, kSlotFields), field), b.getI64Type());
}

void AttentionBuilder::buildBounds(const AttentionItem &item) {
  for (SourceSegment &segment : sourceSegments) {
    if (segment.slots == 0)
      continue;
    Value columns = frame.rowsOf(segment.segment, item.instance);
    Value begin = frame.offsetOf(segment.space, item.instance);
    SmallVector<Attribute> parts = recsys::getSegmentsWithin(op.getFrame(), segment.space);
    for (Attribute part : ArrayRef(parts).take_front(segment.place))
      begin = b.add(begin, frame.rowsOf(part, item.instance));
    for (unsigned slot = 0; slot < segment.slots; ++slot)
      for (int64_t field : {kKeyBegin, kLow, kHigh, kFullLow, kFullHigh})
        b.storeScalar(field == kKeyBegin ? begin : b.i64(0), slotField(b.i64(segment.firstSlot + slot), field));
    forMasks(item, segment, [&](Attribute mask) { buildLaneBounds(item, segment, mask, columns); });
  }
}

void AttentionBuilder::buildLaneBounds(const AttentionItem &item, SourceSegment &segment, Attribute mask,
                                       Value columns) {
  Type i32 = b.getI32Type();
  unsigned count = countIntervals(mask);
  Value most = b.i64(std::numeric_limits<int32_t>::max()), zero = b.i64(0);
  // Of each interval: least low, greatest high, greatest low, least high over the lanes.
  SmallVector<Value> init;
  for (unsigned i = 0; i < count; ++i)
    init.append({most, zero, zero, most});
  Value lastLane = b.add(item.count, -1);
  SmallVector<Value> extents = b.forCarry(b.i64(0), b.i64(kQueryTile), 1, init, [&](Value lane, ValueRange carried) {
    // Lanes behind the end of the segment do what the last query does; nothing of it is stored.
    Value row = b.add(item.first, b.min(lane, lastLane));
    SmallVector<Value> next;
    auto boundOf = [&](unsigned number) {
      KernelOperand &bound = frame.operand(op.getBounds()[number]);
      return b.loadScalar(frame.rowPointer(bound, b.add(item.begin, row)), bound.element);
    };
    for (auto [i, interval] :
         llvm::enumerate(buildIntervals(frame, mask, row, columns, item.instance.request, boundOf))) {
      auto [low, high] = interval;
      // An empty interval: no key is in it, and none is in all lanes.
      Value isEmpty = b.cmp(arith::CmpIPredicate::sge, low, high);
      low = b.select(isEmpty, most, low);
      high = b.select(isEmpty, zero, high);
      Value place = b.add(lane, (segment.firstSlot + i) * kQueryTile);
      b.storeScalar(b.make<arith::TruncIOp>(i32, low), b.at(laneLow, place, i32));
      b.storeScalar(b.make<arith::TruncIOp>(i32, high), b.at(laneHigh, place, i32));
      next.append({b.min(carried[4 * i], low), b.max(carried[4 * i + 1], high), b.max(carried[4 * i + 2], low),
                   b.min(carried[4 * i + 3], high)});
    }
    return next;
  });
  for (unsigned i = 0; i < count; ++i) {
    Value slot = b.i64(segment.firstSlot + i);
    Value low = extents[4 * i], high = extents[4 * i + 1];
    low = b.min(low, high);
    Value fullLow = b.min(extents[4 * i + 2], high);
    Value fullHigh = b.max(b.min(extents[4 * i + 3], high), fullLow);
    Value values[] = {low, high, fullLow, fullHigh};
    for (auto [field, value] : llvm::enumerate(values))
      b.storeScalar(value, slotField(slot, kLow + field));
  }
}

//===-- Tile ---------------------------------------------------------------------------------===//

void AttentionBuilder::buildTile(const AttentionItem &item) {
  Type f32 = b.getF32Type();
  KernelOperand &query = frame.operand(op.getQuery());
  Value lastLane = b.add(item.count, -1);
  Value firstRow = b.add(item.begin, item.first);
  SmallVector<Value> rows;
  for (int64_t lane = 0; lane < kQueryTile; ++lane) {
    Value row = b.add(firstRow, b.min(b.i64(lane), lastLane));
    rows.push_back(b.at(frame.rowPointer(query, row), b.mul(item.head, width), query.element));
  }
  b.transpose(query.element, rows, width, queries, kQueryTile);
  score->beginTile(item);
  if (op.getInitial())
    loadInitial(item);
  else
    b.forTiles(b.i64(0), b.i64(kQueryTile * outStride), b.lanes,
               [&](Value offset) { b.storeVector(b.splat(0.0), b.at(out, offset, f32), f32); });
  for (unsigned source = 0; source < op.getKeys().size(); ++source)
    buildSource(item, source);
  storeResult(item);
  if (op.getState())
    score->storeState(item);
}

void AttentionBuilder::loadInitial(const AttentionItem &item) {
  Type f32 = b.getF32Type();
  KernelOperand &initial = frame.operand(op.getInitial());
  Value firstRow = b.add(item.begin, item.first), lastLane = b.add(item.count, -1);
  b.forTiles(b.i64(0), b.i64(kQueryTile), 1, [&](Value lane) {
    Value row = b.add(firstRow, b.min(lane, lastLane));
    Value pointer = b.at(frame.rowPointer(initial, row), b.mul(item.head, valueWidth), initial.element);
    Value weight = score->initialWeight(item, lane);
    b.forVectors(valueWidth, [&](Value offset, int64_t valid) {
      Value before = b.loadVector(b.at(pointer, offset, initial.element), initial.element, valid);
      b.storeVector(b.mulf(before, weight), b.at(out, b.add(b.mul(lane, outStride), offset), f32), f32);
    });
  });
}

void AttentionBuilder::buildSource(const AttentionItem &item, unsigned source) {
  unsigned first = numSlots, end = 0;
  for (SourceSegment &segment : sourceSegments)
    if (segment.source == source && segment.slots) {
      first = std::min(first, segment.firstSlot);
      end = segment.firstSlot + segment.slots;
    }
  if (first >= end)
    return;
  auto begin = [&](Value value, Value key, Value &pointer) {
    KernelOperand &operand = frame.operand(value);
    auto dims = cast<recsys::JaggedType>(value.getType()).getDims();
    Value head = b.floorDiv(item.head, op.getHeads() / dims[0]);
    pointer = b.at(frame.rowPointer(operand, key), b.mul(head, dims[1]), operand.element);
    return &operand;
  };
  Type i64 = b.getI64Type();
  b.forTiles(b.i64(first), b.i64(end), 1, [&](Value slot) {
    auto field = [&](int64_t number) { return b.loadScalar(slotField(slot, number), i64); };
    Value low = field(kLow), high = field(kHigh);
    Value isVisible = b.cmp(arith::CmpIPredicate::slt, low, high);
    b.ifThen(isVisible, [&] {
      KeyBlock block;
      block.keyBegin = field(kKeyBegin);
      Value keyMask = op.getKeyMask(source);
      block.keyMask = keyMask ? &frame.operand(keyMask) : nullptr;
      block.fullLow = field(kFullLow);
      block.fullHigh = field(kFullHigh);
      Value lanes = b.mul(slot, kQueryTile);
      block.laneLow = b.at(laneLow, lanes, b.getI32Type());
      block.laneHigh = b.at(laneHigh, lanes, b.getI32Type());
      Value keys, values;
      KernelOperand *key = begin(op.getKeys()[source], block.keyBegin, keys);
      KernelOperand *value = begin(op.getValues()[source], block.keyBegin, values);
      b.forTiles(low, high, target.keyBlock, [&](Value firstKey) {
        block.first = firstKey;
        block.count = b.min(b.i64(target.keyBlock), b.sub(high, firstKey));
        auto strideOf = [](KernelOperand &operand) { return operand.layout.getStride() * operand.layout.getStep(); };
        auto atKey = [&](Value pointer, KernelOperand &operand) {
          return b.at(pointer, b.mul(firstKey, strideOf(operand)), operand.element);
        };
        buildScores(block, *key, atKey(keys, *key), strideOf(*key));
        score->apply(block);
        buildSums(block, *value, atKey(values, *value), strideOf(*value));
      });
    });
  });
}

void AttentionBuilder::buildScores(const KeyBlock &block, KernelOperand &key, Value keys, int64_t stride) {
  Type f32 = b.getF32Type();
  b.forRows(b.i64(0), block.count, [&](Value row, int64_t height) {
    Value a = b.at(keys, b.mul(row, stride), key.element);
    int64_t aStride = stride;
    if (!key.element.isF32()) {
      // A broadcast of a converted element would cost more than the product: convert the rows once.
      aStride = llvm::alignTo(width, 16) + 16;
      for (int64_t i = 0; i < height; ++i)
        b.forVectors(width, [&](Value offset, int64_t valid) {
          Value vector = b.loadVector(b.at(a, b.add(offset, i * stride), key.element), key.element, valid);
          b.storeVector(vector, b.at(converted, b.add(offset, i * aStride), f32), f32);
        });
      a = converted;
    }
    auto type = rectile::FragmentType::get(b.getContext(), height, target.fragmentColumns);
    for (int64_t lane = 0; lane < kQueryTile; lane += target.fragmentColumns) {
      Value sums = b.make<rectile::ZeroOp>(type);
      sums = b.make<rectile::DotOp>(type, sums, a, b.getI64IntegerAttr(aStride), b.getI64IntegerAttr(1),
                                    TypeAttr::get(f32), b.at(queries, lane, f32), b.getI64IntegerAttr(kQueryTile),
                                    TypeAttr::get(f32), b.i64(width), IntegerAttr());
      b.make<rectile::StoreOp>(sums, b.at(scores, b.add(b.mul(row, kQueryTile), lane), f32),
                               b.getI64IntegerAttr(kQueryTile));
    }
  });
}

void AttentionBuilder::buildSums(const KeyBlock &block, KernelOperand &value, Value values, int64_t stride) {
  Type f32 = b.getF32Type();
  // One fragment: `height` queries from `row` on times the columns from `column` on, of which `valid` may be read.
  auto fragment = [&](Value row, int64_t height, Value column, int64_t valid) {
    int64_t vectors = llvm::alignTo(valid, b.lanes);
    bool mayReadAll = value.layout.getPadded() || vectors == valid;
    auto type = rectile::FragmentType::get(b.getContext(), height, vectors);
    Value place = b.at(out, b.add(b.mul(row, outStride), column), f32);
    Value sums = b.make<rectile::LoadOp>(type, place, b.getI64IntegerAttr(outStride));
    auto dot = b.make<rectile::DotOp>(
        type, sums, b.at(scores, row, f32), b.getI64IntegerAttr(1), b.getI64IntegerAttr(kQueryTile), TypeAttr::get(f32),
        b.at(values, column, value.element), b.getI64IntegerAttr(stride), TypeAttr::get(value.element), block.count,
        mayReadAll ? IntegerAttr() : b.getI64IntegerAttr(valid));
    dot->setAttr(kPrefetchAttr, b.getI64IntegerAttr(kValuePrefetch));
    b.make<rectile::StoreOp>(dot, place, b.getI64IntegerAttr(outStride));
  };
  int64_t fullRows = kQueryTile / target.fragmentRows * target.fragmentRows;
  int64_t fullColumns = valueWidth / target.fragmentColumns * target.fragmentColumns;
  auto columnPanel = [&](Value column, int64_t valid) {
    b.forTiles(b.i64(0), b.i64(fullRows), target.fragmentRows,
               [&](Value row) { fragment(row, target.fragmentRows, column, valid); });
    if (fullRows < kQueryTile)
      fragment(b.i64(fullRows), kQueryTile - fullRows, column, valid);
  };
  if (fullColumns > 0)
    b.forTiles(b.i64(0), b.i64(fullColumns), target.fragmentColumns,
               [&](Value column) { columnPanel(column, target.fragmentColumns); });
  if (fullColumns < valueWidth)
    columnPanel(b.i64(fullColumns), valueWidth - fullColumns);
}

void AttentionBuilder::storeResult(const AttentionItem &item) {
  Type f32 = b.getF32Type();
  KernelOperand &result = frame.result(0);
  Value firstRow = b.add(item.begin, item.first);
  b.forTiles(b.i64(0), item.count, 1, [&](Value lane) {
    Value pointer = b.at(frame.rowPointer(result, b.add(firstRow, lane)), b.mul(item.head, valueWidth), result.element);
    Value divisor = score->divisor(item, lane);
    Value row = b.at(out, b.mul(lane, outStride), f32);
    b.forVectors(valueWidth, [&](Value offset, int64_t valid) {
      Value sum = b.loadVector(b.at(row, offset, f32), f32);
      b.storeVector(b.divf(sum, divisor), b.at(pointer, offset, result.element), result.element, valid);
    });
  });
}

KernelFacts AttentionBuilder::build() {
  findSegments();
  int64_t bytes = sizeof(float);
  outStride = llvm::alignTo(valueWidth, b.lanes);
  queries = frame.scratch(width * kQueryTile * bytes);
  out = frame.scratch(kQueryTile * outStride * bytes);
  scores = frame.scratch(target.keyBlock * kQueryTile * bytes);
  converted = frame.scratch(target.fragmentRows * (llvm::alignTo(width, 16) + 16) * bytes);
  slotFields = frame.scratch(std::max(numSlots, 1u) * kSlotFields * sizeof(int64_t));
  laneLow = frame.scratch(std::max(numSlots, 1u) * kQueryTile * sizeof(int32_t));
  laneHigh = frame.scratch(std::max(numSlots, 1u) * kQueryTile * sizeof(int32_t));
  score = makeAttentionScore(frame, op, scores, out, outStride);
  Value items = frame.items();
  b.forTiles(frame.first(), frame.last(), 1, [&](Value number) {
    Value place = b.mul(number, sizeof(recrt_attention_item));
    AttentionItem item = readItem(b.at(items, place, b.getI8Type()));
    buildBounds(item);
    buildTile(item);
  });
  frame.finish();
  return KernelFacts{frame.scratchBytes(), 0, 0};
}

void AttentionBuilder::buildArea(Value pointer) {
  findSegments();
  AttentionItem item = readItem(pointer);
  Value total = b.i64(0);
  for (SourceSegment &segment : sourceSegments)
    for (auto [number, mask] : llvm::enumerate(segment.masks)) {
      if (isa<recsys::NoMaskAttr>(mask))
        continue;
      Value columns = frame.rowsOf(segment.segment, item.instance);
      Value isIt = b.cmp(arith::CmpIPredicate::eq, item.segment, b.i64(number));
      // No lanes when the item is in another segment.
      Value count = b.select(isIt, item.count, b.i64(0));
      Value sum = b.forCarry(b.i64(0), count, 1, b.i64(0), [&, mask = mask](Value lane, ValueRange carried) {
        Value area = carried[0];
        Value row = b.add(item.first, lane);
        for (auto [low, high] : buildIntervals(frame, mask, row, columns, item.instance.request))
          area = b.add(area, b.max(b.sub(high, low), b.i64(0)));
        return SmallVector<Value>{area};
      })[0];
      total = b.add(total, sum);
    }
  frame.finish(total);
}

FailureOr<KernelFacts> reccc::buildAttentionKernel(rectile::KernelOp kernel, func::FuncOp function, func::FuncOp area,
                                                   SpaceList &spaces, const TargetDescription &target) {
  auto op = cast<recsys::AttentionOp>(kernel.getBody().front().front());
  KernelFrame areaFrame(kernel, area, spaces, target);
  AttentionBuilder(areaFrame, op).buildArea(area.getArgument(1));
  KernelFrame frame(kernel, function, spaces, target);
  return AttentionBuilder(frame, op).build();
}
