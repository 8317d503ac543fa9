// SPDX-License-Identifier: Apache-2.0
// Family feature: result types, checks, folds.
#include "OpChecks.h"

using namespace mlir;
using namespace mlir::recsys;

//===-- views --------------------------------------------------------------------------------===//

LogicalResult ConcatFeaturesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                                 Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty()) // concat_features_c1
    return failAt(location, context) << "expected at least one value";
  if (failed(checkJagged(location, adaptor.getInputs().front())))
    return failure();
  JaggedType first = jagged(adaptor.getInputs().front());
  int64_t size = 0;
  for (Value input : adaptor.getInputs()) { // concat_features_c2
    if (failed(checkJagged(location, input)) || failed(checkSameSpace(location, first, jagged(input))))
      return failure();
    if (jagged(input).getDims().size() != 1)
      return failAt(location, context) << "expected records of one dimension, got " << input.getType();
    size += jagged(input).getDims()[0];
  }
  return inferJagged(location, first.getSpace(), {size}, first.getElementType(), types);
}

OpFoldResult ConcatFeaturesOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 && getInputs().front().getType() == getType() ? OpFoldResult(getInputs().front())
                                                                               : OpFoldResult();
}

LogicalResult SliceFeaturesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  int64_t offset = adaptor.getOffset(), size = adaptor.getSize();
  if (input.getDims().size() != 1 || offset < 0 || size < 1 || offset > input.getDims()[0] - size) // slice_features_c1
    return failAt(location, context) << "expected a part of a record of one dimension, got [" << offset << ", "
                                     << offset << " + " << size << ") of " << input;
  types.push_back(input.withDims({size}));
  return success();
}

OpFoldResult SliceFeaturesOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto concat = getInput().getDefiningOp<ConcatFeaturesOp>();
  if (!concat || concat.getType().getElementType() != getType().getElementType())
    return {};
  int64_t offset = 0;
  for (Value input : concat.getInputs()) {
    if (offset == static_cast<int64_t>(getOffset()) && input.getType() == getType())
      return input;
    offset += jagged(input).getDims()[0];
  }
  return {};
}

LogicalResult ReshapeFeaturesOp::verify() {
  JaggedType input = getInput().getType(), result = getType(); // reshape_features_c1
  if (failed(checkSameSpace(getLoc(), input, result)))
    return failure();
  if (input.getRowElements() != result.getRowElements())
    return emitOpError() << "expected " << input.getRowElements() << " numbers a row, got " << result;
  return success();
}

OpFoldResult ReshapeFeaturesOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto inner = getInput().getDefiningOp<ReshapeFeaturesOp>();
  bool rounds = getInput().getType().getElementType() != getType().getElementType();
  return inner && !rounds && inner.getInput().getType() == getType() ? OpFoldResult(inner.getInput()) : OpFoldResult();
}

//===-- parts --------------------------------------------------------------------------------===//

LogicalResult ScalePartsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getInput(), adaptor.getFactors()})))
    return failure();
  JaggedType input = jagged(adaptor.getInput()), factors = jagged(adaptor.getFactors());
  if (failed(checkSameSpace(location, input, factors))) // scale_parts_c1
    return failure();
  if (input.getRowElements() % factors.getRowElements() != 0) // scale_parts_c2
    return failAt(location, context) << "expected as many factors as a record of " << input.getRowElements()
                                     << " numbers has equal parts, got " << factors;
  types.push_back(input);
  return success();
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  if (jagged(adaptor.getInput()).getDims().empty()) // softmax_c1
    return failAt(location, context) << "expected records of at least one dimension, got "
                                     << adaptor.getInput().getType();
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult ReduceFeaturesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                                 Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  if (adaptor.getKind() == PoolKind::first || adaptor.getKind() == PoolKind::last) // reduce_features_c1
    return failAt(location, context) << "expected sum, mean or max, got " << stringifyEnum(adaptor.getKind());
  int64_t dim = adaptor.getDim(), rank = input.getDims().size();
  if (dim < 0 || dim >= rank) // reduce_features_c2
    return failAt(location, context) << "expected a dimension of " << input << ", got " << dim;
  SmallVector<int64_t> dims(input.getDims());
  dims.erase(dims.begin() + dim);
  types.push_back(input.withDims(dims));
  return success();
}

LogicalResult FeatureDotsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getLhs(), adaptor.getRhs()})))
    return failure();
  JaggedType lhs = jagged(adaptor.getLhs()), rhs = jagged(adaptor.getRhs());
  if (failed(checkSameSpace(location, lhs, rhs)))
    return failure();
  if (lhs.getDims().size() != 2 || rhs.getDims().size() != 2 || lhs.getDims()[1] != rhs.getDims()[1]) // feature_dots_c1
    return failAt(location, context) << "expected records [vectors, width] of one width, got " << lhs << " and " << rhs;
  int64_t left = lhs.getDims()[0], right = rhs.getDims()[0];
  if (adaptor.getPairs() == Pairs::all)
    return inferJagged(location, lhs.getSpace(), {left, right}, lhs.getElementType(), types);
  bool diagonal = adaptor.getPairs() == Pairs::lower_diagonal || adaptor.getPairs() == Pairs::upper_diagonal;
  if (left != right || left < (diagonal ? 1 : 2)) // feature_dots_c2
    return failAt(location, context) << "expected as many vectors in both records, at least " << (diagonal ? 1 : 2)
                                     << ", for a triangle of pairs, got " << lhs << " and " << rhs;
  // Fewer than 2^31 vectors: the product fits.
  return inferJagged(location, lhs.getSpace(), {left * (diagonal ? left + 1 : left - 1) / 2}, lhs.getElementType(),
                     types);
}
