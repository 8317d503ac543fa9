// SPDX-License-Identifier: Apache-2.0
// Family feature: the parts of each record.
#include "Families.h"
#include "PoolSum.h"

#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

LogicalResult evaluate(ConcatFeaturesOp op, Evaluation &evaluation) {
  JaggedValue &result = evaluation.get(op.getResult());
  auto out = result.floats.begin();
  for (int64_t row = 0; row < result.numRows(); ++row)
    for (Value value : op.getInputs()) {
      const JaggedValue &input = evaluation.get(value);
      int64_t width = input.type.getRowElements();
      out = std::copy_n(input.floats.begin() + row * width, width, out);
    }
  return success();
}

LogicalResult evaluate(SliceFeaturesOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  auto out = result.floats.begin();
  for (int64_t row = 0; row < result.numRows(); ++row)
    out = std::copy_n(input.floats.begin() + row * input.type.getRowElements() + op.getOffset(), op.getSize(), out);
  return success();
}

LogicalResult evaluate(ReshapeFeaturesOp op, Evaluation &evaluation) {
  evaluation.get(op.getResult()).floats = evaluation.get(op.getInput()).floats;
  return success();
}

LogicalResult evaluate(ScalePartsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput()), &factors = evaluation.get(op.getFactors());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t size = input.type.getRowElements() / factors.type.getRowElements();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (size_t i = 0; i < result.floats.size(); ++i)
      result.floats[i] = static_cast<Real>(input.floats[i]) * static_cast<Real>(factors.floats[i / size]);
  });
  return success();
}

LogicalResult evaluate(SoftmaxOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  size_t width = input.type.getDims().back();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (size_t begin = 0; begin < input.floats.size(); begin += width) {
      auto x = [&](size_t i) { return static_cast<Real>(input.floats[begin + i]); };
      Real greatest = x(0), sum = 0;
      for (size_t i = 1; i < width; ++i)
        greatest = std::max(greatest, x(i));
      for (size_t i = 0; i < width; ++i)
        sum += std::exp(x(i) - greatest);
      for (size_t i = 0; i < width; ++i)
        result.floats[begin + i] = std::exp(x(i) - greatest) / sum;
    }
  });
  return success();
}

LogicalResult evaluate(ReduceFeaturesOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t count = input.type.getDims()[op.getDim()], inner = 1;
  for (int64_t dim : input.type.getDims().drop_front(op.getDim() + 1))
    inner *= dim;
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (size_t i = 0; i < result.floats.size(); ++i) {
      size_t first = i / inner * count * inner + i % inner;
      PoolSum<Real> sum(op.getKind());
      for (int64_t k = 0; k < count; ++k)
        sum.add(static_cast<Real>(input.floats[first + k * inner]));
      result.floats[i] = sum.get();
    }
  });
  return success();
}

static bool isPair(Pairs pairs, int64_t left, int64_t right) {
  switch (pairs) {
  case Pairs::all:
    return true;
  case Pairs::lower:
    return right < left;
  case Pairs::lower_diagonal:
    return right <= left;
  case Pairs::upper:
    return right > left;
  case Pairs::upper_diagonal:
    return right >= left;
  }
  llvm_unreachable("pairs are covered");
}

LogicalResult evaluate(FeatureDotsOp op, Evaluation &evaluation) {
  const JaggedValue &lhs = evaluation.get(op.getLhs()), &rhs = evaluation.get(op.getRhs());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t left = lhs.type.getDims()[0], right = rhs.type.getDims()[0], width = lhs.type.getDims()[1];
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    auto out = result.floats.begin();
    for (int64_t row = 0; row < result.numRows(); ++row)
      for (int64_t i = 0; i < left; ++i)
        for (int64_t j = 0; j < right; ++j) {
          if (!isPair(op.getPairs(), i, j))
            continue;
          Real sum = 0;
          for (int64_t k = 0; k < width; ++k)
            sum += static_cast<Real>(lhs.floats[(row * left + i) * width + k]) *
                   static_cast<Real>(rhs.floats[(row * right + j) * width + k]);
          *out++ = sum;
        }
  });
  return success();
}

} // namespace reccc
