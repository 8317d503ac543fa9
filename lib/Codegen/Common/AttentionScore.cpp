// SPDX-License-Identifier: Apache-2.0
// From scores to weights: bias, scale, mask, then SiLU, or softmax in its online form.
#include "AttentionKernel.h"
#include "reccc/Codegen/Common/Buckets.h"
#include "reccc/Codegen/Common/VectorMath.h"

using namespace mlir;
using namespace reccc;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace {
/// What both kinds share: a row of scores is one key, its lanes are the queries.
class ScoreBase : public AttentionScore {
public:
  ScoreBase(KernelFrame &frame, recsys::AttentionOp op, Value scores)
      : frame(frame), b(frame.b), op(op), scores(scores) {
    if (op.getLastAtOnePlace())
      queryPlaces = frame.scratch(kQueryTile * sizeof(int64_t));
    else if (op.getToeplitz())
      toeplitz = frame.scratch((b.target.keyBlock + 2 * kQueryTile) * sizeof(float));
    if (op.getBucketWeights())
      queryTimes = frame.scratch(kQueryTile * sizeof(int64_t));
  }
  void beginTile(const AttentionItem &item) override;

protected:
  /// Before the rows of a block.
  void beginBlock(const KeyBlock &block);
  /// The vector of `key` at lanes [lane, lane + lanes), scaled and biased.
  Value scaled(const KeyBlock &block, Value key, int64_t lane);
  Value scorePlace(const KeyBlock &block, Value key, int64_t lane);
  /// `value` where lanes see the key, `otherwise` elsewhere; without `masked` all lanes do, unless its key mask hides
  /// it.
  Value hide(const KeyBlock &block, Value key, int64_t lane, bool masked, Value value, Value otherwise);
  /// Calls body(key, masked) in three loops: before, in and after the keys that all lanes see.
  void forKeys(const KeyBlock &block, ValueRange init, function_ref<SmallVector<Value>(Value, bool, ValueRange)> body,
               SmallVectorImpl<Value> &results);
  Value bias(const KeyBlock &block, Value key, int64_t lane);
  /// The place of a row of the source in its sequence, and of a row of the query in that of the source.
  Value placeOfKey(Value row) {
    return b.sub(row, frame.offsetOf(recsys::spaceOf(op.getKeys().front()), item.instance));
  }
  Value placeOfQuery(Value row);

  KernelFrame &frame;
  TileBuilder &b;
  recsys::AttentionOp op;
  Value scores, toeplitz, queryTimes, queryPlaces;
  Value lastPlace; // with queryPlaces: that of all rows of the last segment
  AttentionItem item;
};

class SiluScore : public ScoreBase {
public:
  using ScoreBase::ScoreBase;
  void apply(const KeyBlock &block) override;
  Value divisor(const AttentionItem &item, Value lane) override;
  Value initialWeight(const AttentionItem &item, Value lane) override { return divisor(item, lane); }
};

/// Keeps for each query the greatest score so far and the sum of exp(score - greatest).
class SoftmaxScore : public ScoreBase {
public:
  SoftmaxScore(KernelFrame &frame, recsys::AttentionOp op, Value scores, Value out, int64_t outStride)
      : ScoreBase(frame, op, scores), out(out), outStride(outStride) {
    greatest = frame.scratch(kQueryTile * sizeof(float));
    sums = frame.scratch(kQueryTile * sizeof(float));
    rescale = frame.scratch(kQueryTile * sizeof(float));
  }
  void beginTile(const AttentionItem &item) override;
  void apply(const KeyBlock &block) override;
  Value divisor(const AttentionItem &item, Value lane) override;
  Value initialWeight(const AttentionItem &item, Value lane) override;
  void storeState(const AttentionItem &item) override;

private:
  /// The greatest score of a query, or at 1 its sum, in a value that holds both for each head.
  Value statePlace(KernelOperand &state, const AttentionItem &item, Value lane, int64_t number);

  Value out, greatest, sums, rescale;
  int64_t outStride;
};
} // namespace

//===-- Shared -------------------------------------------------------------------------------===//

void ScoreBase::beginTile(const AttentionItem &tile) {
  item = tile;
  Value lastLane = b.add(item.count, -1), begin = b.add(item.begin, item.first);
  auto forLanes = [&](Value memory, function_ref<Value(Value)> ofRow) {
    b.forTiles(b.i64(0), b.i64(kQueryTile), 1, [&](Value lane) {
      b.storeScalar(ofRow(b.add(begin, b.min(lane, lastLane))), b.at(memory, lane, b.getI64Type()));
    });
  };
  if (queryTimes)
    forLanes(queryTimes, [&](Value row) {
      return b.loadScalar(frame.rowPointer(frame.operand(op.getQueryTimes()), row), b.getI64Type());
    });
  if (!queryPlaces)
    return;
  lastPlace = b.i64(0);
  SmallVector<Attribute> segments = op.getSourceSegments();
  for (Attribute segment : ArrayRef(segments).drop_back())
    lastPlace = b.add(lastPlace, frame.rowsOf(segment, item.instance));
  forLanes(queryPlaces, [&](Value row) { return b.min(placeOfQuery(row), lastPlace); });
}

Value ScoreBase::placeOfQuery(Value row) {
  Value place = b.sub(row, frame.offsetOf(recsys::spaceOf(op.getQuery()), item.instance));
  if (!op.getPlaces())
    return place;
  return frame.affineResults(*op.getPlaces(), op.getPlaceSpaces(), place, item.instance.request).front();
}

void ScoreBase::beginBlock(const KeyBlock &block) {
  if (!toeplitz)
    return;
  // The weights that the block needs, in descending order of their index: lane q of key j reads place
  // (last key - j) + q. Weights that only masked pairs would read need not exist: those indices are clamped.
  KernelOperand &weights = frame.operand(op.getToeplitz());
  Value lastKey = b.add(b.add(block.keyBegin, b.add(block.first, block.count)), -1);
  Value firstQuery = placeOfQuery(b.add(item.begin, item.first));
  Value top = b.add(b.sub(placeOfKey(lastKey), firstQuery), *op.getToeplitzCenter());
  b.forTiles(b.i64(0), b.add(block.count, kQueryTile - 1), 1, [&](Value place) {
    Value index = b.max(b.min(b.sub(top, place), b.i64(weights.elements - 1)), b.i64(0));
    Value weight = b.loadScalar(b.at(weights.data, index, weights.element), weights.element);
    b.storeScalar(weight, b.at(toeplitz, place, b.getF32Type()));
  });
}

Value ScoreBase::bias(const KeyBlock &block, Value key, int64_t lane) {
  Type f32 = b.getF32Type(), i64 = b.getI64Type();
  auto splat = [&](int64_t value) -> Value {
    return b.make<arith::ConstantOp>(DenseElementsAttr::get(b.vectorOf(i64), value));
  };
  auto ofLanes = [&](Value memory) -> Value {
    return b.make<LLVM::LoadOp>(b.vectorOf(i64), b.at(memory, lane, i64), 8u);
  };
  Value keyRow = b.add(block.keyBegin, key);
  // Indices that only masked pairs have are clamped.
  auto weightAt = [&](KernelOperand &weights, Value index) {
    index = b.max(b.min(index, splat(weights.elements - 1)), splat(0));
    return gather(b, weights.data, weights.element, index);
  };
  Value sum;
  if (queryPlaces) {
    Value place = b.broadcast(b.add(b.min(placeOfKey(keyRow), lastPlace), *op.getToeplitzCenter()));
    sum = weightAt(frame.operand(op.getToeplitz()), b.sub(place, ofLanes(queryPlaces)));
  }
  if (toeplitz) {
    Value lastKey = b.add(b.add(block.first, block.count), -1);
    Value place = b.add(b.sub(lastKey, key), lane);
    sum = b.loadVector(b.at(toeplitz, place, f32), f32);
  }
  if (queryTimes) {
    KernelOperand &times = frame.operand(op.getKeyTimes());
    Value keyTime = b.broadcast(b.loadScalar(frame.rowPointer(times, keyRow), i64));
    Value queryTime = ofLanes(queryTimes);
    // |q - k|, or the largest number where that has no 64 bits.
    Value apart = b.sub(b.max(queryTime, keyTime), b.min(queryTime, keyTime));
    Value overflows = b.cmp(CmpIPredicate::slt, apart, splat(0));
    apart = b.select(overflows, splat(std::numeric_limits<int64_t>::max()), apart);
    Value weight = weightAt(frame.operand(op.getBucketWeights()), buildBucket(b, *op.getBucketRule(), apart));
    sum = sum ? b.addf(sum, weight) : weight;
  }
  return sum;
}

Value ScoreBase::scorePlace(const KeyBlock &block, Value key, int64_t lane) {
  Value row = b.mul(b.sub(key, block.first), kQueryTile);
  return b.at(scores, b.add(row, lane), b.getF32Type());
}

Value ScoreBase::scaled(const KeyBlock &block, Value key, int64_t lane) {
  Value score = b.loadVector(scorePlace(block, key, lane), b.getF32Type());
  Value scale = b.splat(op.getScale().convertToDouble());
  Value addend = bias(block, key, lane);
  if (!addend)
    return b.mulf(score, scale);
  if (op.getOrder() == recsys::ScoreOrder::add_then_scale)
    return b.mulf(b.addf(score, addend), scale);
  return b.addf(b.mulf(score, scale), addend);
}

Value ScoreBase::hide(const KeyBlock &block, Value key, int64_t lane, bool masked, Value value, Value otherwise) {
  Type i32 = b.getI32Type();
  if (block.keyMask) {
    Value pointer = frame.rowPointer(*block.keyMask, b.add(block.keyBegin, key));
    Value isValid = b.cmp(CmpIPredicate::ne, b.loadScalar(pointer, block.keyMask->element), b.i64(0));
    value = b.select(isValid, value, otherwise);
  }
  if (!masked)
    return value;
  auto bound = [&](Value memory) {
    return b.make<LLVM::LoadOp>(b.i32Vector(), b.at(memory, lane, i32), 4u).getResult();
  };
  Value number = b.broadcast(b.make<arith::TruncIOp>(i32, key));
  Value isVisible = b.make<arith::AndIOp>(b.cmp(CmpIPredicate::sge, number, bound(block.laneLow)),
                                          b.cmp(CmpIPredicate::slt, number, bound(block.laneHigh)));
  return b.select(isVisible, value, otherwise);
}

void ScoreBase::forKeys(const KeyBlock &block, ValueRange init,
                        function_ref<SmallVector<Value>(Value, bool, ValueRange)> body,
                        SmallVectorImpl<Value> &results) {
  Value end = b.add(block.first, block.count);
  auto clamp = [&](Value key) { return b.min(b.max(key, block.first), end); };
  Value fullLow = clamp(block.fullLow), fullHigh = clamp(block.fullHigh);
  SmallVector<Value> carried(init);
  auto run = [&](Value low, Value high, bool masked) {
    carried =
        b.forCarry(low, high, 1, carried, [&](Value key, ValueRange values) { return body(key, masked, values); });
  };
  run(block.first, fullLow, true);
  run(fullLow, fullHigh, false);
  run(fullHigh, end, true);
  results.assign(carried);
}

//===-- SiLU ---------------------------------------------------------------------------------===//

void SiluScore::apply(const KeyBlock &block) {
  beginBlock(block);
  SmallVector<Value> none;
  forKeys(
      block, {},
      [&](Value key, bool masked, ValueRange) {
        for (int64_t lane = 0; lane < kQueryTile; lane += b.lanes) {
          Value weight = buildSilu(b, scaled(block, key, lane));
          weight = hide(block, key, lane, masked, weight, b.splat(0.0));
          b.storeVector(weight, scorePlace(block, key, lane), b.getF32Type());
        }
        return SmallVector<Value>();
      },
      none);
}

Value SiluScore::divisor(const AttentionItem &tile, Value) {
  if (!op.getDivisorRows())
    return b.splat(op.getDivisor()->convertToDouble());
  Value rows = frame.rowsOf(*op.getDivisorRows(), tile.instance.request);
  return b.broadcast(b.make<arith::SIToFPOp>(b.getF32Type(), rows));
}

//===-- Softmax ------------------------------------------------------------------------------===//

void SoftmaxScore::beginTile(const AttentionItem &tile) {
  ScoreBase::beginTile(tile);
  Type f32 = b.getF32Type();
  if (op.getInitialState()) {
    KernelOperand &state = frame.operand(op.getInitialState());
    Value lastLane = b.add(item.count, -1), memories[] = {greatest, sums};
    b.forTiles(b.i64(0), b.i64(kQueryTile), 1, [&](Value lane) {
      for (auto [number, memory] : llvm::enumerate(memories)) {
        Value place = statePlace(state, item, b.min(lane, lastLane), number);
        b.storeScalar(b.loadScalar(place, state.element), b.at(memory, lane, f32));
      }
    });
    return;
  }
  for (int64_t lane = 0; lane < kQueryTile; lane += b.lanes) {
    b.storeVector(b.splat(-INFINITY), b.at(greatest, lane, f32), f32);
    b.storeVector(b.splat(0.0), b.at(sums, lane, f32), f32);
  }
}

void SoftmaxScore::apply(const KeyBlock &block) {
  Type f32 = b.getF32Type();
  beginBlock(block);
  Value minusInfinity = b.splat(-INFINITY);
  SmallVector<Value> before, after;
  for (int64_t lane = 0; lane < kQueryTile; lane += b.lanes)
    before.push_back(b.loadVector(b.at(greatest, lane, f32), f32));
  // 1. Scores, and their greatest. A NaN is never the greatest; it comes back in the exponential.
  forKeys(
      block, before,
      [&](Value key, bool masked, ValueRange carried) {
        SmallVector<Value> next;
        for (auto [i, most] : llvm::enumerate(carried)) {
          int64_t lane = i * b.lanes;
          Value score = hide(block, key, lane, masked, scaled(block, key, lane), minusInfinity);
          b.storeVector(score, scorePlace(block, key, lane), f32);
          next.push_back(b.select(b.cmpf(CmpFPredicate::OGT, score, most), score, most));
        }
        return next;
      },
      after);
  // 2. What was summed before counts in the new unit. A query that has seen nothing has no greatest: any will do.
  SmallVector<Value> units, totals;
  for (auto [i, most] : llvm::enumerate(after)) {
    int64_t lane = i * b.lanes;
    Value none = b.cmpf(CmpFPredicate::OEQ, most, minusInfinity);
    units.push_back(b.select(none, b.splat(0.0), most));
    Value factor = buildExp(b, b.subf(before[i], units.back()));
    b.storeVector(factor, b.at(rescale, lane, f32), f32);
    b.storeVector(most, b.at(greatest, lane, f32), f32);
    totals.push_back(b.mulf(b.loadVector(b.at(sums, lane, f32), f32), factor));
  }
  b.forTiles(b.i64(0), b.i64(kQueryTile), 1, [&](Value query) {
    Value factor = b.broadcast(b.loadScalar(b.at(rescale, query, f32), f32));
    Value row = b.at(out, b.mul(query, outStride), f32);
    b.forVectors(outStride, [&](Value offset, int64_t) {
      Value place = b.at(row, offset, f32);
      b.storeVector(b.mulf(b.loadVector(place, f32), factor), place, f32);
    });
  });
  // 3. Weights.
  totals = b.forCarry(block.first, b.add(block.first, block.count), 1, totals, [&](Value key, ValueRange carried) {
    SmallVector<Value> next;
    for (auto [i, total] : llvm::enumerate(carried)) {
      Value place = scorePlace(block, key, i * b.lanes);
      Value weight = buildExp(b, b.subf(b.loadVector(place, f32), units[i]));
      b.storeVector(weight, place, f32);
      next.push_back(b.addf(total, weight));
    }
    return next;
  });
  for (auto [i, total] : llvm::enumerate(totals))
    b.storeVector(total, b.at(sums, i * b.lanes, f32), f32);
}

Value SoftmaxScore::divisor(const AttentionItem &, Value lane) {
  // A query that saw nothing is 0 / 1.
  Value sum = b.loadScalar(b.at(sums, lane, b.getF32Type()), b.getF32Type());
  Value isZero = b.cmpf(CmpFPredicate::OEQ, sum, b.f32(0.0));
  return b.broadcast(b.select(isZero, b.f32(1.0), sum));
}

Value SoftmaxScore::initialWeight(const AttentionItem &, Value lane) {
  return b.broadcast(b.loadScalar(b.at(sums, lane, b.getF32Type()), b.getF32Type()));
}

Value SoftmaxScore::statePlace(KernelOperand &state, const AttentionItem &item, Value lane, int64_t number) {
  Value row = frame.rowPointer(state, b.add(b.add(item.begin, item.first), lane));
  return b.at(row, b.add(b.mul(item.head, 2), number), state.element);
}

void SoftmaxScore::storeState(const AttentionItem &item) {
  KernelOperand &state = frame.result(1);
  Value memories[] = {greatest, sums};
  b.forTiles(b.i64(0), item.count, 1, [&](Value lane) {
    for (auto [number, memory] : llvm::enumerate(memories)) {
      Value value = b.loadScalar(b.at(memory, lane, b.getF32Type()), b.getF32Type());
      b.storeScalar(value, statePlace(state, item, lane, number));
    }
  });
}

std::unique_ptr<AttentionScore> reccc::makeAttentionScore(KernelFrame &frame, recsys::AttentionOp op, Value scores,
                                                          Value out, int64_t outStride) {
  if (op.getScore() == recsys::ScoreKind::silu)
    return std::make_unique<SiluScore>(frame, op, scores);
  return std::make_unique<SoftmaxScore>(frame, op, scores, out, outStride);
}
