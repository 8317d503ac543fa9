// SPDX-License-Identifier: Apache-2.0
// Family dense: norms over the record of a row.
#include "Families.h"

#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

/// (x - mean) / sqrt(variance + eps), in place.
template <typename Real> static void normalize(MutableArrayRef<Real> part, Real eps) {
  Real count = static_cast<Real>(part.size()), mean = 0, variance = 0;
  for (Real x : part)
    mean += x;
  mean /= count;
  for (Real x : part)
    variance += (x - mean) * (x - mean);
  variance /= count;
  Real deviation = std::sqrt(variance + eps);
  for (Real &x : part)
    x = (x - mean) / deviation;
}

LogicalResult evaluate(LayerNormOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t width = input.type.getRowElements(), groups = op.getGroups(), size = width / groups;
  ArrayRef<double> weight, bias;
  if (op.getWeight()) {
    weight = evaluation.getParameter(op.getWeight()).stored();
    bias = evaluation.getParameter(op.getBias()).stored();
  }
  bool perGroup = groups > 1 && static_cast<int64_t>(weight.size()) == groups;
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    std::vector<Real> record(width);
    for (int64_t row = 0; row < input.numRows(); ++row) {
      std::copy_n(input.floats.begin() + row * width, width, record.begin());
      for (int64_t group = 0; group < groups; ++group)
        normalize<Real>(MutableArrayRef(record).slice(group * size, size),
                        static_cast<Real>(op.getEps().convertToDouble()));
      for (int64_t d = 0; d < width; ++d) {
        if (!weight.empty()) {
          int64_t index = perGroup ? d / size : d;
          record[d] = record[d] * static_cast<Real>(weight[index]) + static_cast<Real>(bias[index]);
        }
        result.floats[row * width + d] = record[d];
      }
    }
  });
  return success();
}

LogicalResult evaluate(L2NormOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t width = input.type.getRowElements() / op.getGroups();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (int64_t begin = 0, end = input.floats.size(); begin < end; begin += width) {
      Real squares = 0;
      for (double element : ArrayRef(input.floats).slice(begin, width))
        squares += static_cast<Real>(element) * static_cast<Real>(element);
      Real length = std::sqrt(squares), eps = static_cast<Real>(op.getEps().convertToDouble());
      // A NaN compares false and stays.
      length = length < eps ? eps : length;
      for (int64_t i = begin; i < begin + width; ++i)
        result.floats[i] = static_cast<Real>(input.floats[i]) / length;
    }
  });
  return success();
}

LogicalResult evaluate(RmsNormOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t width = input.type.getRowElements();
  ArrayRef<double> weight;
  if (op.getWeight())
    weight = evaluation.getParameter(op.getWeight()).stored();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (int64_t begin = 0; begin < input.numRows() * width; begin += width) {
      Real squares = 0;
      for (double element : ArrayRef(input.floats).slice(begin, width))
        squares += static_cast<Real>(element) * static_cast<Real>(element);
      Real root = std::sqrt(squares / static_cast<Real>(width) + static_cast<Real>(op.getEps().convertToDouble()));
      for (int64_t d = 0; d < width; ++d) {
        Real x = static_cast<Real>(input.floats[begin + d]) / root;
        result.floats[begin + d] = weight.empty() ? x : x * static_cast<Real>(weight[d]);
      }
    }
  });
  return success();
}

} // namespace reccc
