// SPDX-License-Identifier: Apache-2.0
// Row-wise operators on the parts of a record: joined and cut records, sums over parts, dots between them.
#include "reccc/Codegen/Common/RowProgram.h"
#include "reccc/Codegen/Common/VectorMath.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

void RowProgram::emitConcat(ConcatFeaturesOp op) {
  int64_t size = op.getResult().getType().getRowElements(), place = 0;
  Value joined = scratchRow(size);
  for (Value input : op.getInputs()) {
    RowValue part = get(input);
    copy(part, b.at(joined, place, b.getF32Type()), b.getF32Type());
    place += part.size;
  }
  define(op, inMemory(joined, b.getF32Type(), size, /*padded=*/true));
}

Value RowProgram::greatest(const RowValue &value, Value first, int64_t size) {
  Value none = b.splat(-std::numeric_limits<double>::infinity());
  int64_t full = size / b.lanes * b.lanes;
  Value most = none;
  if (full > 0)
    most = b.forCarry(b.i64(0), b.i64(full), b.lanes, none, [&](Value offset, ValueRange carried) {
      return SmallVector<Value>{buildMax(b, carried[0], value.vector(b.add(first, offset), b.lanes))};
    })[0];
  if (full < size) {
    Value rest = value.vector(b.add(first, full), size - full);
    most = buildMax(b, most, b.select(b.laneMask(size - full), rest, none));
  }
  return buildLaneMax(b, most);
}

void RowProgram::beginPool(PoolKind kind, Value pointer, int64_t size) {
  Type f32 = b.getF32Type();
  Value none = b.splat(kind == PoolKind::max ? -std::numeric_limits<double>::infinity() : 0.0);
  b.forVectors(size, [&](Value offset, int64_t) { b.storeVector(none, b.at(pointer, offset, f32), f32); });
}

void RowProgram::addToPool(PoolKind kind, Value pointer, const RowValue &value) {
  Type f32 = b.getF32Type();
  b.forVectors(value.size, [&](Value offset, int64_t valid) {
    Value place = b.at(pointer, offset, f32), before = b.loadVector(place, f32), x = value.vector(offset, valid);
    // Whole vectors: a load waits long for a store of a part of it.
    b.storeVector(kind == PoolKind::max ? buildMax(b, before, x) : b.addf(before, x), place, f32);
  });
}

RowValue RowProgram::endPool(PoolKind kind, Value pointer, int64_t size, Value count) {
  RowValue pooled = inMemory(pointer, b.getF32Type(), size, /*padded=*/true);
  if (kind == PoolKind::sum)
    return pooled;
  RowValue result;
  result.size = size;
  if (kind == PoolKind::max) {
    Value isEmpty = b.cmp(arith::CmpIPredicate::eq, count, b.i64(0));
    result.vector = [this, pooled, isEmpty](Value offset, int64_t valid) {
      return b.select(isEmpty, b.splat(0.0), pooled.vector(offset, valid));
    };
    return result;
  }
  // No rows: 0 / 1.
  Value divisor = b.broadcast(b.make<arith::SIToFPOp>(b.getF32Type(), b.max(count, b.i64(1))));
  result.vector = [this, pooled, divisor](Value offset, int64_t valid) {
    return b.divf(pooled.vector(offset, valid), divisor);
  };
  return result;
}

void RowProgram::emitScaleParts(ScalePartsOp op) {
  RowValue x = get(op.getInput()), factors = inMemory(get(op.getFactors()));
  auto factorAt = [&](Value part) {
    return b.broadcast(b.loadScalar(b.at(factors.memory, part, factors.element), factors.element));
  };
  int64_t size = x.size / factors.size;
  if (factors.size == 1) {
    Value factor = factorAt(b.i64(0));
    RowValue result;
    result.size = size;
    result.vector = [this, x, factor](Value offset, int64_t valid) { return b.mulf(x.vector(offset, valid), factor); };
    return defineFloats(op, std::move(result));
  }
  x = inMemory(x);
  Value joined = scratchRow(x.size);
  b.forTiles(b.i64(0), b.i64(factors.size), 1, [&](Value part) {
    Value factor = factorAt(part), first = b.mul(part, size);
    b.forVectors(size, [&](Value offset, int64_t valid) {
      Value place = b.add(first, offset);
      b.storeVector(b.mulf(x.vector(place, valid), factor), b.at(joined, place, b.getF32Type()), b.getF32Type(), valid);
    });
  });
  define(op, inMemory(joined, b.getF32Type(), x.size, /*padded=*/true));
}

void RowProgram::emitSoftmax(SoftmaxOp op) {
  RowValue x = inMemory(get(op.getInput()));
  Type f32 = b.getF32Type();
  int64_t size = op.getInput().getType().getDims().back();
  Value joined = scratchRow(x.size);
  RowValue weights = inMemory(joined, f32, x.size, /*padded=*/true);
  b.forTiles(b.i64(0), b.i64(x.size), size, [&](Value first) {
    Value most = b.broadcast(greatest(x, first, size));
    b.forVectors(size, [&](Value offset, int64_t valid) {
      Value place = b.add(first, offset);
      b.storeVector(buildExp(b, b.subf(x.vector(place, valid), most)), b.at(joined, place, f32), f32, valid);
    });
    Value sum = b.broadcast(reduce(weights, first, size, [](Value v) { return v; }));
    b.forVectors(size, [&](Value offset, int64_t valid) {
      Value place = b.add(first, offset);
      b.storeVector(b.divf(weights.vector(place, valid), sum), b.at(joined, place, f32), f32, valid);
    });
  });
  define(op, weights);
}

void RowProgram::emitReduceFeatures(ReduceFeaturesOp op) {
  RowValue x = inMemory(get(op.getInput()));
  Type f32 = b.getF32Type();
  ArrayRef<int64_t> dims = op.getInput().getType().getDims();
  int64_t count = dims[op.getDim()], size = op.getType().getRowElements(), inner = 1;
  for (int64_t dim : dims.drop_front(op.getDim() + 1))
    inner *= dim;
  Value joined = scratchRow(size);
  if (inner == 1) {
    // Sums across a vector.
    b.forTiles(b.i64(0), b.i64(size), 1, [&](Value part) {
      Value first = b.mul(part, count);
      Value number = op.getKind() == PoolKind::max ? greatest(x, first, count)
                                                   : reduce(x, first, count, [](Value v) { return v; });
      if (op.getKind() == PoolKind::mean)
        number = b.divf(number, b.f32(count));
      b.storeScalar(number, b.at(joined, part, f32));
    });
    return define(op, inMemory(joined, f32, size, /*padded=*/true));
  }
  b.forTiles(b.i64(0), b.i64(size), inner, [&](Value first) {
    Value pointer = b.at(joined, first, f32);
    beginPool(op.getKind(), pointer, inner);
    b.forTiles(b.i64(0), b.i64(count), 1, [&](Value k) {
      Value place = b.add(b.mul(first, count), b.mul(k, inner));
      addToPool(op.getKind(), pointer, inMemory(b.at(x.memory, place, x.element), x.element, inner, /*padded=*/false));
    });
  });
  defineFloats(op, endPool(op.getKind(), joined, size, b.i64(count)));
}

void RowProgram::emitFeatureDots(FeatureDotsOp op) {
  RowValue lhs = inMemory(get(op.getLhs())), rhs = inMemory(get(op.getRhs()));
  int64_t left = op.getLhs().getType().getDims()[0], right = op.getRhs().getType().getDims()[0];
  int64_t width = op.getLhs().getType().getDims()[1], size = op.getType().getRowElements();
  Pairs pairs = op.getPairs();
  Value dots = scratchRow(size), one = b.i64(1);
  b.forTiles(b.i64(0), b.i64(left), 1, [&](Value i) {
    // The vectors [low, high) of the other side, and how many dots stand before those of vector i: sums of row lengths.
    Value low = b.i64(0), high = b.i64(right), before = b.mul(i, right);
    auto triangle = [&](Value n) { return b.floorDiv(b.mul(n, b.sub(n, one)), 2); };
    if (pairs == Pairs::lower)
      high = i, before = triangle(i);
    else if (pairs == Pairs::lower_diagonal)
      high = b.add(i, one), before = triangle(high);
    else if (pairs == Pairs::upper)
      low = b.add(i, one), before = b.sub(b.mul(i, right - 1), triangle(i));
    else if (pairs == Pairs::upper_diagonal)
      low = i, before = b.sub(before, triangle(i));
    Value firstLeft = b.mul(i, width);
    b.forTiles(low, high, 1, [&](Value j) {
      Value firstRight = b.mul(j, width);
      Value dot = sum(width, [&](Value offset, int64_t valid) {
        return b.mulf(lhs.vector(b.add(firstLeft, offset), valid), rhs.vector(b.add(firstRight, offset), valid));
      });
      b.storeScalar(dot, b.at(dots, b.add(before, b.sub(j, low)), b.getF32Type()));
    });
  });
  define(op, inMemory(dots, b.getF32Type(), size, /*padded=*/true));
}

LogicalResult RowProgram::emitFeatures(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ConcatFeaturesOp concat) { return emitConcat(concat), success(); })
      .Case([&](ScalePartsOp scale) { return emitScaleParts(scale), success(); })
      .Case([&](SoftmaxOp softmax) { return emitSoftmax(softmax), success(); })
      .Case([&](ReduceFeaturesOp reduce) { return emitReduceFeatures(reduce), success(); })
      .Case([&](FeatureDotsOp dots) { return emitFeatureDots(dots), success(); })
      .Case([&](ReshapeFeaturesOp reshape) {
        define(reshape, get(reshape.getInput()));
        return success();
      })
      .Case([&](SliceFeaturesOp slice) {
        RowValue x = get(slice.getInput()), part;
        int64_t first = slice.getOffset();
        part.size = slice.getSize();
        part.vector = [this, x, first](Value offset, int64_t valid) { return x.vector(b.add(offset, first), valid); };
        if (x.memory) {
          part.memory = b.at(x.memory, first, x.element);
          part.element = x.element;
        }
        define(slice, std::move(part));
        return success();
      })
      .Default([](Operation *) { return failure(); });
}
