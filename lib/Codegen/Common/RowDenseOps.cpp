// SPDX-License-Identifier: Apache-2.0
// Row-wise operators on whole records: norms, and weights that are activations.
#include "mlir/Dialect/Math/IR/Math.h"
#include "reccc/Codegen/Common/RowProgram.h"
#include "reccc/Codegen/Common/VectorMath.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

/// Sums that run side by side on every ISA level: norms have the same bits on all of them.
static constexpr int64_t kPartialSums = 16;

Value RowProgram::sum(int64_t size, function_ref<Value(Value offset, int64_t valid)> vector) {
  // Sum p adds the columns p, p + 16, …; the sums are added as a tree.
  int64_t vectors = kPartialSums / b.lanes, full = size / kPartialSums * kPartialSums;
  SmallVector<Value> sums(vectors, b.splat(0.0));
  if (full > 0)
    sums = llvm::to_vector(b.forCarry(b.i64(0), b.i64(full), kPartialSums, sums, [&](Value offset, ValueRange carried) {
      SmallVector<Value> next;
      for (int64_t i = 0; i < vectors; ++i)
        next.push_back(b.addf(carried[i], vector(b.add(offset, i * b.lanes), b.lanes)));
      return next;
    }));
  for (int64_t i = 0; i < vectors; ++i) {
    int64_t column = full + i * b.lanes, valid = std::min(b.lanes, size - column);
    if (valid <= 0)
      break;
    sums[i] = b.addf(sums[i], b.select(b.laneMask(valid), vector(b.i64(column), valid), b.splat(0.0)));
  }
  for (; vectors > 1; vectors /= 2)
    for (int64_t i = 0; i < vectors / 2; ++i)
      sums[i] = b.addf(sums[i], sums[i + vectors / 2]);
  return buildLaneSum(b, sums[0]);
}

Value RowProgram::reduce(const RowValue &value, Value first, int64_t size, function_ref<Value(Value)> f) {
  return sum(size, [&](Value offset, int64_t valid) { return f(value.vector(b.add(first, offset), valid)); });
}

void RowProgram::emitLayerNorm(LayerNormOp op) {
  RowValue x = inMemory(get(op.getInput()));
  int64_t groups = op.getGroups(), size = x.size / groups;
  Value count = b.f32(size), eps = b.f32(op.getEps().convertToDouble());
  struct Statistics {
    Value mean, inverse;
  };
  auto compute = [&](int64_t first) -> Statistics {
    Value mean = b.divf(reduce(x, b.i64(first), size, [](Value v) { return v; }), count);
    Value means = b.broadcast(mean);
    Value squares = reduce(x, b.i64(first), size, [&](Value v) {
      Value centered = b.subf(v, means);
      return b.mulf(centered, centered);
    });
    Value deviation = b.make<math::SqrtOp>(b.addf(b.divf(squares, count), eps));
    return {means, b.broadcast(b.divf(b.f32(1.0), deviation))};
  };
  RowValue weight, bias;
  if (op.getWeight()) {
    auto parameter = [&](Value tensor) {
      KernelOperand &operand = frame.operand(tensor);
      return inMemory(operand.data, operand.element, operand.elements, /*padded=*/true);
    };
    weight = parameter(op.getWeight());
    bias = parameter(op.getBias());
  }
  if (groups == 1) {
    Statistics s = compute(0);
    RowValue result;
    result.size = x.size;
    result.vector = [this, x, s, weight, bias](Value offset, int64_t valid) {
      Value y = b.mulf(b.subf(x.vector(offset, valid), s.mean), s.inverse);
      return weight.memory ? b.addf(b.mulf(y, weight.vector(offset, valid)), bias.vector(offset, valid)) : y;
    };
    return defineFloats(op, std::move(result));
  }
  // A group has one weight, or one for each element; the groups are written one after another, each tail before the
  // next group.
  Value joined = scratchRow(x.size);
  for (int64_t group = 0; group < groups; ++group) {
    int64_t first = group * size;
    Statistics s = compute(first);
    b.forVectors(size, [&](Value offset, int64_t valid) {
      Value place = b.add(offset, first);
      Value y = b.mulf(b.subf(x.vector(place, valid), s.mean), s.inverse);
      if (weight.memory) {
        auto factor = [&](const RowValue &parameter) {
          if (parameter.size > groups)
            return parameter.vector(place, valid);
          return b.broadcast(b.loadScalar(b.at(parameter.memory, group, parameter.element), parameter.element));
        };
        y = b.addf(b.mulf(y, factor(weight)), factor(bias));
      }
      b.storeVector(y, b.at(joined, place, b.getF32Type()), b.getF32Type(), valid);
    });
  }
  define(op, inMemory(joined, b.getF32Type(), x.size, /*padded=*/true));
}

void RowProgram::emitL2Norm(L2NormOp op) {
  RowValue x = inMemory(get(op.getInput()));
  int64_t groups = op.getGroups(), size = x.size / groups;
  auto divisorOf = [&](Value first) {
    Value length = b.make<math::SqrtOp>(reduce(x, first, size, [&](Value v) { return b.mulf(v, v); }));
    Value eps = b.f32(op.getEps().convertToDouble());
    // A NaN is not below eps: it stays.
    return b.broadcast(b.select(b.cmpf(arith::CmpFPredicate::OLT, length, eps), eps, length));
  };
  if (groups == 1) {
    Value divisor = divisorOf(b.i64(0));
    RowValue result;
    result.size = x.size;
    result.vector = [this, x, divisor](Value offset, int64_t valid) {
      return b.divf(x.vector(offset, valid), divisor);
    };
    return defineFloats(op, std::move(result));
  }
  Value joined = scratchRow(x.size);
  b.forTiles(b.i64(0), b.i64(x.size), size, [&](Value first) {
    Value divisor = divisorOf(first);
    b.forVectors(size, [&](Value offset, int64_t valid) {
      Value place = b.add(first, offset);
      b.storeVector(b.divf(x.vector(place, valid), divisor), b.at(joined, place, b.getF32Type()), b.getF32Type(),
                    valid);
    });
  });
  define(op, inMemory(joined, b.getF32Type(), x.size, /*padded=*/true));
}

void RowProgram::emitRmsNorm(RmsNormOp op) {
  RowValue x = inMemory(get(op.getInput()));
  Value squares = reduce(x, b.i64(0), x.size, [&](Value v) { return b.mulf(v, v); });
  Value mean = b.divf(squares, b.f32(x.size));
  Value root = b.make<math::SqrtOp>(b.addf(mean, b.f32(op.getEps().convertToDouble())));
  Value divisor = b.broadcast(root);
  RowValue result, weight;
  if (op.getWeight()) {
    KernelOperand &operand = frame.operand(op.getWeight());
    weight = inMemory(operand.data, operand.element, operand.elements, /*padded=*/true);
  }
  result.size = x.size;
  result.vector = [this, x, divisor, weight](Value offset, int64_t valid) {
    Value y = b.divf(x.vector(offset, valid), divisor);
    return weight.memory ? b.mulf(y, weight.vector(offset, valid)) : y;
  };
  defineFloats(op, std::move(result));
}

void RowProgram::emitRequestLinear(RequestLinearOp op) {
  RowValue x = get(op.getInput());
  if (!x.memory || !x.element.isF32())
    x = materialize(x);
  KernelOperand &weight = frame.operand(op.getWeight());
  int64_t out = op.getWeight().getType().getDims()[1];
  Value matrix = frame.rowPointer(weight, request());
  RowValue bias;
  if (op.getBias())
    bias = operandRow(op.getBias(), request());
  Value result = scratchRow(out);
  b.forVectors(out, [&](Value offset, int64_t valid) {
    Value sum = b.forCarry(b.i64(0), b.i64(x.size), 1, b.splat(0.0), [&](Value k, ValueRange carried) {
      Value factor = b.broadcast(b.loadScalar(b.at(x.memory, k, b.getF32Type()), b.getF32Type()));
      Value place = b.at(matrix, b.add(b.mul(k, out), offset), weight.element);
      Value vector = b.loadVector(place, weight.element, valid);
      return SmallVector<Value>{b.fma(factor, vector, carried[0])};
    })[0];
    if (op.getBias())
      sum = b.addf(sum, bias.vector(offset, valid));
    b.storeVector(sum, b.at(result, offset, b.getF32Type()), b.getF32Type());
  });
  define(op, inMemory(result, b.getF32Type(), out, /*padded=*/true));
}

LogicalResult RowProgram::emitDense(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](LayerNormOp norm) { return emitLayerNorm(norm), success(); })
      .Case([&](L2NormOp norm) { return emitL2Norm(norm), success(); })
      .Case([&](RmsNormOp norm) { return emitRmsNorm(norm), success(); })
      .Case([&](RequestLinearOp linear) { return emitRequestLinear(linear), success(); })
      .Default([](Operation *) { return failure(); });
}
