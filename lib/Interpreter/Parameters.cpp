// SPDX-License-Identifier: Apache-2.0
// Family parameter: exact in double; what other ops read is rounded once.
#include "Families.h"

#include "mlir/IR/SymbolTable.h"
#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

LogicalResult evaluate(GetParameterOp op, Evaluation &evaluation) {
  auto parameter = SymbolTable::lookupNearestSymbolFrom<ParameterOp>(op, op.getParameterAttr());
  if (!parameter)
    return op.emitError() << "expected a recsys.parameter " << op.getParameterAttr();
  auto type = cast<RankedTensorType>(op.getType());
  const FileTensor *tensor = evaluation.getWeights().find(parameter.getSource());
  if (!tensor)
    return parameter.emitError() << "weights '" << evaluation.getWeights().source() << "': expected the tensor '"
                                 << parameter.getSource() << "' of " << type << "; there is none";
  if (ArrayRef<int64_t>(tensor->shape) != type.getShape() ||
      isFloat(tensor->type) != isa<FloatType>(type.getElementType()))
    return parameter.emitError() << "weights '" << evaluation.getWeights().source() << "': expected '"
                                 << parameter.getSource() << "' to be " << type << ", got " << tensor->describe();
  if (type.getNumElements() > kMaxElements)
    return parameter.emitError() << "expected a parameter of at most " << kMaxElements << " numbers, got " << type
                                 << "; larger tables are not for the interpreter";
  std::vector<double> elements(type.getNumElements());
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    elements[i] = tensor->loadDouble(i);
  evaluation.setParameter(op.getResult(), type, std::move(elements));
  return success();
}

namespace {
/// A tensor seen along one dimension: `outer` blocks of `size` slices of `inner` elements.
struct AlongDim {
  int64_t outer = 1, size, inner = 1;

  AlongDim(RankedTensorType type, int64_t dim) : size(type.getDimSize(dim)) {
    for (int64_t before : type.getShape().take_front(dim))
      outer *= before;
    for (int64_t after : type.getShape().drop_front(dim + 1))
      inner *= after;
  }
};
} // namespace

LogicalResult evaluate(ParamSliceOp op, Evaluation &evaluation) {
  const ParameterValue &input = evaluation.getParameter(op.getInput());
  AlongDim from(input.type, op.getDim());
  std::vector<double> elements;
  for (int64_t outer = 0; outer < from.outer; ++outer) {
    auto begin = input.exact.begin() + (outer * from.size + op.getOffset()) * from.inner;
    elements.insert(elements.end(), begin, begin + op.getSize() * from.inner);
  }
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamTransposeOp op, Evaluation &evaluation) {
  const ParameterValue &input = evaluation.getParameter(op.getInput());
  int64_t rows = input.type.getDimSize(0), columns = input.type.getDimSize(1);
  std::vector<double> elements(input.exact.size());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      elements[column * rows + row] = input.exact[row * columns + column];
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamReshapeOp op, Evaluation &evaluation) {
  evaluation.setParameter(op.getResult(), op.getType(), evaluation.getParameter(op.getInput()).exact);
  return success();
}

LogicalResult evaluate(ParamConcatOp op, Evaluation &evaluation) {
  AlongDim to(op.getType(), op.getDim());
  std::vector<double> elements;
  for (int64_t outer = 0; outer < to.outer; ++outer)
    for (Value value : op.getInputs()) {
      const ParameterValue &input = evaluation.getParameter(value);
      int64_t block = AlongDim(input.type, op.getDim()).size * to.inner;
      auto begin = input.exact.begin() + outer * block;
      elements.insert(elements.end(), begin, begin + block);
    }
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

template <typename Op, typename Function>
static LogicalResult evaluateElements(Op op, Evaluation &evaluation, Function function) {
  std::vector<double> elements = evaluation.getParameter(op.getLhs()).exact;
  const std::vector<double> &rhs = evaluation.getParameter(op.getRhs()).exact;
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] = function(elements[i], rhs[i]);
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamAddOp op, Evaluation &evaluation) {
  return evaluateElements(op, evaluation, std::plus<>());
}

LogicalResult evaluate(ParamSubOp op, Evaluation &evaluation) {
  return evaluateElements(op, evaluation, std::minus<>());
}

LogicalResult evaluate(ParamMulOp op, Evaluation &evaluation) {
  return evaluateElements(op, evaluation, std::multiplies<>());
}

LogicalResult evaluate(ParamRsqrtOp op, Evaluation &evaluation) {
  std::vector<double> elements = evaluation.getParameter(op.getInput()).exact;
  for (double &element : elements)
    element = 1 / std::sqrt(element + op.getEps().convertToDouble());
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamScaleRowsOp op, Evaluation &evaluation) {
  const ParameterValue &matrix = evaluation.getParameter(op.getMatrix());
  const std::vector<double> &factors = evaluation.getParameter(op.getFactors()).exact;
  std::vector<double> elements = matrix.exact;
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] *= factors[i / matrix.type.getDimSize(1)];
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamVecmatOp op, Evaluation &evaluation) {
  const std::vector<double> &vector = evaluation.getParameter(op.getVector()).exact;
  const ParameterValue &matrix = evaluation.getParameter(op.getMatrix());
  int64_t columns = matrix.type.getDimSize(1);
  std::vector<double> elements(columns);
  for (size_t row = 0; row < vector.size(); ++row)
    for (int64_t column = 0; column < columns; ++column)
      elements[column] += vector[row] * matrix.exact[row * columns + column];
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamMatmulOp op, Evaluation &evaluation) {
  const ParameterValue &left = evaluation.getParameter(op.getLeft());
  const ParameterValue &right = evaluation.getParameter(op.getRight());
  int64_t rows = left.type.getDimSize(0), inner = left.type.getDimSize(1), columns = right.type.getDimSize(1);
  std::vector<double> elements(rows * columns);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t column = 0; column < columns; ++column)
        elements[row * columns + column] += left.exact[row * inner + k] * right.exact[k * columns + column];
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

LogicalResult evaluate(ParamL2NormOp op, Evaluation &evaluation) {
  const ParameterValue &input = evaluation.getParameter(op.getInput());
  int64_t columns = input.type.getDimSize(1);
  double eps = op.getEps().convertToDouble();
  std::vector<double> elements = input.exact;
  for (auto row = elements.begin(); row != elements.end(); row += columns) {
    double squares = 0;
    for (auto element = row; element != row + columns; ++element)
      squares += *element * *element;
    double length = std::max(std::sqrt(squares), eps);
    for (auto element = row; element != row + columns; ++element)
      *element /= length;
  }
  evaluation.setParameter(op.getResult(), op.getType(), std::move(elements));
  return success();
}

} // namespace reccc
