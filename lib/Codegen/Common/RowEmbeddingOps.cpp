// SPDX-License-Identifier: Apache-2.0
// Row-wise operators on ids and times.
#include "mlir/Dialect/Math/IR/Math.h"
#include "reccc/Codegen/Common/Buckets.h"
#include "reccc/Codegen/Common/RowProgram.h"
#include "reccc/Codegen/Common/VectorMath.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

void RowProgram::selectOrZero(Value result, Value keep, RowValue value) {
  RowValue chosen;
  chosen.size = value.size;
  chosen.vector = [this, keep, value](Value offset, int64_t valid) {
    return b.select(keep, value.vector(offset, valid), b.splat(0.0));
  };
  defineFloats(result, std::move(chosen));
}

void RowProgram::emitActionBits(ActionBitsOp op) {
  KernelOperand &table = frame.operand(op.getTable());
  Value actions = getScalar(op.getActions());
  int64_t width = op.getTable().getType().getDimSize(1);
  Value joined = scratchRow(width * op.getWeights().size());
  for (auto [k, weight] : llvm::enumerate(op.getWeights())) {
    Value bits = b.make<arith::AndIOp>(actions, b.i64(weight));
    Value isSet = b.cmp(arith::CmpIPredicate::ne, bits, b.i64(0));
    RowValue tableRow = inMemory(b.at(table.data, k * width, table.element), table.element, width, true);
    Value part = b.at(joined, k * width, b.getF32Type());
    b.forVectors(width, [&](Value offset, int64_t valid) {
      Value vector = b.select(isSet, tableRow.vector(offset, valid), b.splat(0.0));
      b.storeVector(vector, b.at(part, offset, b.getF32Type()), b.getF32Type(), valid);
    });
  }
  define(op, inMemory(joined, b.getF32Type(), width * op.getWeights().size(), true));
}

/// x mod y in [0, y).
static Value buildRemainder(TileBuilder &b, Value x, int64_t y) {
  Value rest = b.make<arith::RemSIOp>(x, b.i64(y));
  return b.select(b.cmp(arith::CmpIPredicate::slt, rest, b.i64(0)), b.add(rest, y), rest);
}

/// The row that an id reads.
static Value getTableRow(TileBuilder &b, Value id, OutOfRange outOfRange, int64_t rows) {
  return outOfRange == OutOfRange::clamp ? b.max(b.min(id, b.i64(rows - 1)), b.i64(0)) : id;
}

template <typename Op> void RowProgram::joinBag(Op op, Value first, Value end, function_ref<Value(Value)> loadId) {
  KernelOperand &table = frame.operand(op.getTable());
  Value pooled = scratchRow(op.getType().getRowElements());
  int64_t rows = op.getTable().getType().getDimSize(0), width = op.getTable().getType().getDimSize(1);
  beginPool(op.getKind(), pooled, width);
  auto add = [&](Value id) {
    Value at = b.mul(getTableRow(b, id, op.getOutOfRange(), rows), width);
    addToPool(op.getKind(), pooled, inMemory(b.at(table.data, at, table.element), table.element, width, true));
  };
  Value count = b.forCarry(first, end, 1, b.i64(0), [&](Value k, ValueRange carried) {
    Value id = loadId(k);
    if (!op.getPadding()) {
      add(id);
      return SmallVector<Value>{b.add(carried[0], 1)};
    }
    Value counts = b.cmp(arith::CmpIPredicate::ne, id, b.i64(*op.getPadding()));
    b.ifThen(counts, [&] { add(id); });
    return SmallVector<Value>{b.add(carried[0], b.select(counts, b.i64(1), b.i64(0)))};
  })[0];
  defineFloats(op, endPool(op.getKind(), pooled, width, count));
}

void RowProgram::emitEmbeddingBag(EmbeddingBagOp op) {
  Type i64 = b.getI64Type();
  Value ids = getIntegers(op.getIds());
  joinBag(op, b.i64(0), b.i64(op.getIds().getType().getRowElements()),
          [&](Value k) { return b.loadScalar(b.at(ids, k, i64), i64); });
}

LogicalResult RowProgram::emitEmbeddingBags(EmbeddingBagsOp op) {
  if (!isa<BlockArgument>(op.getIds()))
    return op.emitOpError("in a kernel expects ids that are an operand of the kernel");
  KernelOperand &ids = frame.operand(op.getIds());
  Attribute bags = op.getIds().getType().getSpace();
  joinBag(op, frame.bagOffset(bags, row), frame.bagOffset(bags, b.add(row, 1)),
          [&](Value at) { return b.loadScalar(frame.rowPointer(ids, at), ids.element); });
  return success();
}

void RowProgram::emitToFloat(ToFloatOp op) {
  Type f32 = b.getF32Type(), i64 = b.getI64Type();
  int64_t size = op.getType().getRowElements();
  Value floats = scratchRow(size);
  if (size == 1) {
    b.storeScalar(b.make<arith::SIToFPOp>(f32, getScalar(op.getInput())), floats);
  } else {
    Value from = getIntegers(op.getInput());
    b.forTiles(b.i64(0), b.i64(size), 1, [&](Value k) {
      Value integer = b.loadScalar(b.at(from, k, i64), i64);
      b.storeScalar(b.make<arith::SIToFPOp>(f32, integer), b.at(floats, k, f32));
    });
  }
  define(op, inMemory(floats, f32, size, /*padded=*/true));
}

/// floor(x / y) for y > 0 though the division rounds, and the rest.
static std::pair<Value, Value> floorDivide(TileBuilder &b, Value x, Value y) {
  auto constant = [&](double value) -> Value { return b.make<arith::ConstantOp>(b.getF64FloatAttr(value)); };
  Value whole = b.make<math::FloorOp>(b.divf(x, y));
  auto rest = [&](Value quotient) { return b.fma(b.make<arith::NegFOp>(quotient), y, x); };
  Value tooGreat = b.cmpf(arith::CmpFPredicate::OLT, rest(whole), constant(0.0));
  whole = b.select(tooGreat, b.subf(whole, constant(1.0)), whole);
  Value tooSmall = b.cmpf(arith::CmpFPredicate::OGE, rest(whole), y);
  whole = b.select(tooSmall, b.addf(whole, constant(1.0)), whole);
  return {whole, rest(whole)};
}

void RowProgram::emitCalendar(CalendarFeaturesOp op) {
  Type f32 = b.getF32Type(), f64 = b.getF64Type();
  auto constant = [&](double value) -> Value { return b.make<arith::ConstantOp>(b.getF64FloatAttr(value)); };
  Value seconds = b.make<arith::SIToFPOp>(f32, getScalar(op.getTimestamps()));
  seconds = b.make<arith::ExtFOp>(f64, seconds);
  int64_t size = 2 * op.getPeriods().size();
  Value features = scratchRow(size);
  for (auto [k, pair] : llvm::enumerate(llvm::zip_equal(op.getPeriods(), op.getUnits()))) {
    auto [period, units] = pair;
    Value whole = floorDivide(b, seconds, constant(period)).first;
    // From here on the model's arithmetic is fp32.
    whole = b.make<arith::TruncFOp>(f32, whole).getResult();
    whole = b.make<arith::ExtFOp>(f64, whole).getResult();
    Value phase = floorDivide(b, whole, constant(static_cast<float>(units))).second;
    phase = b.make<arith::TruncFOp>(f32, phase).getResult();
    phase = b.divf(phase, b.f32(units));
    Value angle = b.mulf(phase, b.f32(op.getTwoPi().convertToDouble()));
    auto [cosine, sine] = buildCosSin(b, angle);
    b.storeScalar(cosine, b.at(features, 2 * k, f32));
    b.storeScalar(sine, b.at(features, 2 * k + 1, f32));
  }
  define(op, inMemory(features, f32, size, true));
}

void RowProgram::emitRowIndex(RowIndexOp op) {
  Value place = b.sub(row, frame.offsetOf(space, instanceIn(getFrame(space))));
  SmallVector<Attribute> lengths;
  if (op.getLengths())
    llvm::append_range(lengths, *op.getLengths());
  Value least;
  for (Value result : frame.affineResults(op.getMap(), lengths, place, request()))
    least = least ? b.min(least, result) : result;
  scalars[op] = least;
}

LogicalResult RowProgram::emitEmbedding(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](EmbeddingOp embedding) {
        KernelOperand &table = frame.operand(embedding.getTable());
        ArrayRef<int64_t> shape = embedding.getTable().getType().getShape();
        Value id = getTableRow(b, getScalar(embedding.getIds()), embedding.getOutOfRange(), shape[0]);
        Value pointer = b.at(table.data, b.mul(id, shape[1]), table.element);
        define(embedding, inMemory(pointer, table.element, shape[1], /*padded=*/true));
        return success();
      })
      .Case([&](EmbeddingBagOp bag) { return emitEmbeddingBag(bag), success(); })
      .Case([&](EmbeddingBagsOp bags) { return emitEmbeddingBags(bags); })
      .Case([&](ToFloatOp convert) { return emitToFloat(convert), success(); })
      .Case([&](ActionBitsOp bits) { return emitActionBits(bits), success(); })
      .Case([&](ThresholdBitsOp bits) {
        Value actions = getScalar(bits.getActions()), values = getScalar(bits.getValues());
        for (auto [threshold, weight] : llvm::zip_equal(bits.getThresholds(), bits.getWeights())) {
          Value reached = b.cmp(arith::CmpIPredicate::sge, values, b.i64(threshold));
          actions = b.make<arith::OrIOp>(actions, b.select(reached, b.i64(weight), b.i64(0)));
        }
        scalars[bits] = actions;
        return success();
      })
      .Case([&](HashIdsOp hash) {
        Value sum = b.add(b.mul(getScalar(hash.getIds()), hash.getMultiplier()), hash.getAddend());
        scalars[hash] = buildRemainder(b, buildRemainder(b, sum, hash.getModulus()), hash.getRows());
        return success();
      })
      .Case([&](BucketizeOp bucketize) {
        integerwise(bucketize, bucketize.getInput(),
                    [&](ArrayRef<Value> x) { return buildBucket(b, bucketize.getRule(), x[0]); });
        return success();
      })
      .Case([&](RowIndexOp index) { return emitRowIndex(index), success(); })
      .Case([&](CalendarFeaturesOp calendar) { return emitCalendar(calendar), success(); })
      .Default([](Operation *) { return failure(); });
}
