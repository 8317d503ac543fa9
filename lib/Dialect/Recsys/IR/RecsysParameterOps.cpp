// SPDX-License-Identifier: Apache-2.0
// Expressions over parameters: result types and folds.
#include "OpChecks.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

static LogicalResult checkRank(std::optional<Location> location, RankedTensorType type, int64_t rank) {
  if (type.getRank() == rank)
    return success();
  return failAt(location, type.getContext()) << "expected a parameter of rank " << rank << ", got " << type;
}

LogicalResult GetParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr()); // get_parameter_c1
  if (!parameter)
    return emitOpError() << "expected a recsys.parameter named '" << getParameter() << "'";
  if (parameter.getType() != getType())
    return (emitOpError() << "expected the parameter's type " << parameter.getType() << ", got " << getType())
               .attachNote(parameter.getLoc())
           << "declared here";
  return success();
}

LogicalResult ParamSliceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getInput()})))
    return failure();
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  int64_t dim = adaptor.getDim(), offset = adaptor.getOffset(), size = adaptor.getSize();
  if (dim < 0 || dim >= type.getRank() || offset < 0 || size < 1 ||
      offset > type.getDimSize(dim) - size) // param_slice_c1
    return failAt(location, context) << "expected a part inside " << type << ", got [" << offset << ", " << offset
                                     << " + " << size << ") of dimension " << dim;
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = size;
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

LogicalResult ParamTransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getInput()})))
    return failure();
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  if (failed(checkRank(location, type, 2))) // param_transpose_c1
    return failure();
  types.push_back(RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType()));
  return success();
}

OpFoldResult ParamTransposeOp::fold(FoldAdaptor) {
  if (auto inner = getInput().getDefiningOp<ParamTransposeOp>())
    if (inner.getInput().getType() == getType() && getInput().getType().getElementType() == getType().getElementType())
      return inner.getInput();
  return {};
}

LogicalResult ParamReshapeOp::verify() {
  if (getInput().getType().getNumElements() != getType().getNumElements()) // param_reshape_c1
    return emitOpError() << "expected " << getInput().getType().getNumElements() << " elements, got " << getType();
  return success();
}

OpFoldResult ParamReshapeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}

LogicalResult ParamConcatOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty()) // param_concat_c1
    return failAt(location, context) << "expected at least one parameter";
  for (Value input : adaptor.getInputs())
    if (failed(checkWeights(location, {input})))
      return failure();
  auto first = cast<RankedTensorType>(adaptor.getInputs().front().getType());
  int64_t dim = adaptor.getDim(), size = 0;
  if (dim < 0 || dim >= first.getRank())
    return failAt(location, context) << "expected a dimension of " << first << ", got " << dim;
  SmallVector<int64_t> shape(first.getShape());
  for (Value input : adaptor.getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    SmallVector<int64_t> other(type.getShape());
    if (type.getRank() == first.getRank()) {
      if (llvm::AddOverflow(size, other[dim], size))
        return failAt(location, context) << "expected a result of fewer than 2^63 elements";
      other[dim] = shape[dim];
    }
    if (other != shape)
      return failAt(location, context) << "expected shapes equal to " << first << " but for dimension " << dim
                                       << ", got " << type;
  }
  shape[dim] = size;
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

/// param_add_c1, param_sub_c1, param_mul_c1
static LogicalResult inferEqualShapes(std::optional<Location> location, Value lhs, Value rhs,
                                      SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {lhs, rhs})))
    return failure();
  if (!equalUpToStorage(lhs.getType(), rhs.getType()))
    return failAt(location, lhs.getContext())
           << "expected equal shapes, got " << lhs.getType() << " and " << rhs.getType();
  types.push_back(lhs.getType());
  return success();
}

LogicalResult ParamAddOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return inferEqualShapes(location, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult ParamSubOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return inferEqualShapes(location, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult ParamMulOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return inferEqualShapes(location, adaptor.getLhs(), adaptor.getRhs(), types);
}

LogicalResult ParamRsqrtOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getInput()})))
    return failure();
  if (!(adaptor.getEps().convertToDouble() >= 0)) // param_rsqrt_c1
    return failAt(location, context) << "expected eps >= 0, got " << adaptor.getEps().convertToDouble();
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult ParamScaleRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                                 Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getMatrix(), adaptor.getFactors()})))
    return failure();
  auto matrix = cast<RankedTensorType>(adaptor.getMatrix().getType());
  auto factors = cast<RankedTensorType>(adaptor.getFactors().getType());
  if (matrix.getRank() != 2 || factors.getRank() != 1 ||
      factors.getDimSize(0) != matrix.getDimSize(0)) // param_scale_rows_c1
    return failAt(location, context) << "expected a matrix and a factor for each of its rows, got " << matrix << " and "
                                     << factors;
  types.push_back(matrix);
  return success();
}

LogicalResult ParamVecmatOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getVector(), adaptor.getMatrix()})))
    return failure();
  auto vector = cast<RankedTensorType>(adaptor.getVector().getType());
  auto matrix = cast<RankedTensorType>(adaptor.getMatrix().getType());
  if (matrix.getRank() != 2 || vector.getRank() != 1 || vector.getDimSize(0) != matrix.getDimSize(0)) // param_vecmat_c1
    return failAt(location, context) << "expected a vector as long as the matrix has rows, got " << vector << " and "
                                     << matrix;
  types.push_back(RankedTensorType::get({matrix.getDimSize(1)}, matrix.getElementType()));
  return success();
}

LogicalResult ParamMatmulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getLeft(), adaptor.getRight()})))
    return failure();
  auto left = cast<RankedTensorType>(adaptor.getLeft().getType());
  auto right = cast<RankedTensorType>(adaptor.getRight().getType());
  if (left.getRank() != 2 || right.getRank() != 2 || left.getDimSize(1) != right.getDimSize(0)) // param_matmul_c1
    return failAt(location, context) << "expected a matrix with as many columns as the other has rows, got " << left
                                     << " and " << right;
  types.push_back(RankedTensorType::get({left.getDimSize(0), right.getDimSize(1)}, left.getElementType()));
  return success();
}

LogicalResult ParamL2NormOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (failed(checkWeights(location, {adaptor.getInput()})))
    return failure();
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  if (failed(checkRank(location, type, 2))) // param_l2_norm_c1
    return failure();
  if (!(adaptor.getEps().convertToDouble() > 0))
    return failAt(location, context) << "expected eps > 0, got " << adaptor.getEps().convertToDouble();
  types.push_back(type);
  return success();
}
