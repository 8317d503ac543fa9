// SPDX-License-Identifier: Apache-2.0
// Family dense: products with matrices, elementwise arithmetic.
#include "Families.h"

#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

/// result = row · weight (+ bias), every sum in order of the inner dimension. `weight` is [in,
/// out].
template <typename Real>
static void multiplyRow(ArrayRef<double> row, ArrayRef<Real> weight, ArrayRef<Real> bias,
                        MutableArrayRef<double> result) {
  std::vector<Real> sums(result.size());
  for (size_t in = 0; in < row.size(); ++in) {
    Real factor = static_cast<Real>(row[in]);
    for (size_t out = 0; out < sums.size(); ++out)
      sums[out] += factor * weight[in * sums.size() + out];
  }
  for (size_t out = 0; out < sums.size(); ++out)
    result[out] = bias.empty() ? sums[out] : sums[out] + bias[out];
}

template <typename Real> static std::vector<Real> toReal(ArrayRef<double> values) {
  return std::vector<Real>(values.begin(), values.end());
}

LogicalResult evaluate(LinearOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  ArrayRef<double> stored = evaluation.getParameter(op.getWeight()).stored();
  int64_t in = op.getInFeatures(), out = op.getOutFeatures();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    std::vector<Real> weight = toReal<Real>(stored), bias;
    if (op.getTransposed())
      for (int64_t i = 0; i < in; ++i)
        for (int64_t o = 0; o < out; ++o)
          weight[i * out + o] = static_cast<Real>(stored[o * in + i]);
    if (op.getBias())
      bias = toReal<Real>(evaluation.getParameter(op.getBias()).stored());
    for (int64_t row = 0; row < input.numRows(); ++row)
      multiplyRow<Real>(ArrayRef(input.floats).slice(row * in, in), weight, bias,
                        MutableArrayRef(result.floats).slice(row * out, out));
  });
  return success();
}

LogicalResult evaluate(RequestLinearOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  const JaggedValue &weights = evaluation.get(op.getWeight());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t in = weights.type.getDims()[0], out = weights.type.getDims()[1];
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (int64_t request = 0; request < input.numRequests(); ++request) {
      std::vector<Real> bias, weight = toReal<Real>(ArrayRef(weights.floats).slice(request * in * out, in * out));
      if (op.getBias())
        bias = toReal<Real>(ArrayRef(evaluation.get(op.getBias()).floats).slice(request * out, out));
      for (int64_t row = input.offsets[request]; row < input.offsets[request + 1]; ++row)
        multiplyRow<Real>(ArrayRef(input.floats).slice(row * in, in), weight, bias,
                          MutableArrayRef(result.floats).slice(row * out, out));
    }
  });
  return success();
}

//===-- elementwise
//--------------------------------------------------------------------------------------------------===//

/// Integers wrap: they are computed without sign.
template <typename Op, typename Function>
static LogicalResult evaluateBinary(Op op, Evaluation &evaluation, Function function) {
  const JaggedValue &lhs = evaluation.get(op.getLhs()), &rhs = evaluation.get(op.getRhs());
  JaggedValue &result = evaluation.get(op.getResult());
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (size_t i = 0; i < result.floats.size(); ++i)
      result.floats[i] = function(static_cast<Real>(lhs.floats[i]), static_cast<Real>(rhs.floats[i]));
  });
  for (size_t i = 0; i < result.integers.size(); ++i)
    result.integers[i] =
        static_cast<int64_t>(function(static_cast<uint64_t>(lhs.integers[i]), static_cast<uint64_t>(rhs.integers[i])));
  return success();
}

LogicalResult evaluate(AddOp op, Evaluation &evaluation) {
  return evaluateBinary(op, evaluation, [](auto a, auto b) { return a + b; });
}

LogicalResult evaluate(SubOp op, Evaluation &evaluation) {
  return evaluateBinary(op, evaluation, [](auto a, auto b) { return a - b; });
}

LogicalResult evaluate(MulOp op, Evaluation &evaluation) {
  return evaluateBinary(op, evaluation, [](auto a, auto b) { return a * b; });
}

template <typename Op, typename Function>
static LogicalResult evaluateUnary(Op op, Evaluation &evaluation, Function function) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (size_t i = 0; i < result.floats.size(); ++i)
      result.floats[i] = function(static_cast<Real>(input.floats[i]));
  });
  return success();
}

LogicalResult evaluate(DivOp op, Evaluation &evaluation) {
  bool zero = op.getByZero() == ByZero::zero;
  return evaluateBinary(op, evaluation, [&](auto a, auto b) { return zero && b == 0 ? decltype(a)(0) : a / b; });
}

LogicalResult evaluate(ScaleOp op, Evaluation &evaluation) {
  double factor = op.getFactor().convertToDouble(), plus = op.getPlus().convertToDouble();
  return evaluateUnary(op, evaluation, [&](auto x) {
    using Real = decltype(x);
    return (x + static_cast<Real>(plus)) * static_cast<Real>(factor);
  });
}

LogicalResult evaluate(SiluOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [](auto x) { return x / (1 + std::exp(-x)); });
}

LogicalResult evaluate(SigmoidOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [](auto x) { return 1 / (1 + std::exp(-x)); });
}

LogicalResult evaluate(GeluOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [&](auto x) {
    using Real = decltype(x);
    if (op.getTanh())
      return x / 2 * (1 + std::tanh(std::sqrt(Real(2) / Real(M_PI)) * (x + Real(0.044715) * x * x * x)));
    return x / 2 * (1 + std::erf(x / std::sqrt(Real(2))));
  });
}

LogicalResult evaluate(ReluOp op, Evaluation &evaluation) {
  // NaN compares false and stays.
  return evaluateUnary(op, evaluation, [](auto x) { return x < 0 ? decltype(x)(0) : x; });
}

LogicalResult evaluate(TanhOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [](auto x) { return std::tanh(x); });
}

LogicalResult evaluate(LeakyReluOp op, Evaluation &evaluation) {
  double slope = op.getSlope().convertToDouble();
  return evaluateUnary(op, evaluation, [&](auto x) { return x > 0 ? x : x * static_cast<decltype(x)>(slope); });
}

LogicalResult evaluate(ClampOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [&](auto x) {
    using Real = decltype(x);
    // NaN compares false and stays.
    Real low = static_cast<Real>(op.getLow().convertToDouble()),
         high = static_cast<Real>(op.getHigh().convertToDouble());
    return x < low ? low : x > high ? high : x;
  });
}

LogicalResult evaluate(ExpOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [](auto x) { return std::exp(x); });
}

LogicalResult evaluate(LogOp op, Evaluation &evaluation) {
  return evaluateUnary(op, evaluation, [](auto x) { return std::log(x); });
}

} // namespace reccc
