// SPDX-License-Identifier: Apache-2.0
// Family dense: result types, checks, folds.
#include "OpChecks.h"

using namespace mlir;
using namespace mlir::recsys;

//===-- linear -------------------------------------------------------------------------------===//

LogicalResult LinearOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getInput()})) ||
      failed(checkWeights(location, {adaptor.getWeight(), adaptor.getBias()})))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  auto weight = cast<RankedTensorType>(adaptor.getWeight().getType());
  if (weight.getRank() != 2) // linear_c2
    return failAt(location, context) << "expected a weight of rank 2, got " << weight;
  int64_t in = weight.getDimSize(adaptor.getTransposed() ? 1 : 0),
          out = weight.getDimSize(adaptor.getTransposed() ? 0 : 1);
  if (input.getDims().size() != 1 || input.getDims()[0] != in) // linear_c1
    return failAt(location, context) << "expected records of " << in << " numbers, as the weight " << weight
                                     << (adaptor.getTransposed() ? " (transposed)" : "") << " takes, got " << input;
  if (Value bias = adaptor.getBias()) { // linear_c3
    auto type = cast<RankedTensorType>(bias.getType());
    if (type.getRank() != 1 || type.getDimSize(0) != out)
      return failAt(location, context) << "expected a bias of " << out << " numbers, got " << type;
  }
  return inferJagged(location, input.getSpace(), {out}, input.getElementType(), types);
}

namespace {
/// A transposed weight is the transpose of a weight that is not.
struct LinearOfTranspose : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LinearOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getWeight().getDefiningOp<ParamTransposeOp>();
    if (!transpose)
      return rewriter.notifyMatchFailure(op, "the weight is no transpose");
    if (transpose.getType().getElementType() != transpose.getInput().getType().getElementType())
      return rewriter.notifyMatchFailure(op, "the transpose rounds");
    rewriter.modifyOpInPlace(op, [&] {
      op.getWeightMutable().assign(transpose.getInput());
      op.setTransposed(!op.getTransposed());
    });
    return success();
  }
};
} // namespace

void LinearOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<LinearOfTranspose>(context);
}

LogicalResult RequestLinearOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getInput(), adaptor.getWeight(), adaptor.getBias()})))
    return failure();
  JaggedType input = jagged(adaptor.getInput()), weight = jagged(adaptor.getWeight());
  bool ok = isa<RequestAttr>(weight.getSpace()) && weight.getDims().size() == 2 && input.getDims().size() == 1 &&
            input.getDims()[0] == weight.getDims()[0];
  if (ok && adaptor.getBias()) {
    JaggedType bias = jagged(adaptor.getBias());
    ok = isa<RequestAttr>(bias.getSpace()) && bias.getDims() == weight.getDims().drop_front();
  }
  if (!ok) // request_linear_c1
    return failAt(location, context)
           << "expected records of `in` numbers, a weight [in, out] and a bias [out] over #recsys.request, got "
           << input << " and weight " << weight;
  types.push_back(input.withDims({weight.getDims()[1]}));
  return success();
}

//===-- norms --------------------------------------------------------------------------------===//

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult LayerNormOp::verify() {
  if (!(getEps().convertToDouble() >= 0)) // layer_norm_c1
    return emitOpError() << "expected eps >= 0, got " << getEps().convertToDouble();
  int64_t groups = getGroups(), elements = getInput().getType().getRowElements();
  if (groups < 1 || elements % groups != 0) // layer_norm_c2
    return emitOpError() << "expected groups that divide the " << elements << " numbers of a row, got " << groups;
  if (!getWeight() != !getBias()) // layer_norm_c3
    return emitOpError("expected weight and bias, or neither");
  for (Value affine : {getWeight(), getBias()}) {
    if (!affine)
      continue;
    int64_t size = cast<RankedTensorType>(affine.getType()).getNumElements();
    if (size != elements && !(groups > 1 && size == groups))
      return emitOpError() << "expected weight and bias of " << elements << " numbers"
                           << (groups > 1 ? " or one a group" : "") << ", got " << affine.getType();
  }
  return success();
}

LogicalResult L2NormOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult L2NormOp::verify() {
  if (!(getEps().convertToDouble() > 0)) // l2_norm_c1
    return emitOpError() << "expected eps > 0, got " << getEps().convertToDouble();
  int64_t groups = getGroups(), elements = getInput().getType().getRowElements();
  if (groups >= 1 && elements % groups == 0) // l2_norm_c2
    return success();
  return emitOpError() << "expected groups that divide the " << elements << " numbers of a row, got " << groups;
}

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult RmsNormOp::verify() {
  if (!(getEps().convertToDouble() >= 0)) // rms_norm_c1
    return emitOpError() << "expected eps >= 0, got " << getEps().convertToDouble();
  int64_t elements = getInput().getType().getRowElements();
  if (getWeight() && getWeight().getType().getNumElements() != elements) // rms_norm_c2
    return emitOpError() << "expected a weight of " << elements << " numbers, got " << getWeight().getType();
  return success();
}

//===-- elementwise --------------------------------------------------------------------------===//

/// add_c1, sub_c1, mul_c1, div_c1
static LogicalResult inferBinary(std::optional<Location> location, Value lhs, Value rhs, SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, lhs)) || failed(checkJagged(location, rhs)) ||
      failed(checkSameSpace(location, jagged(lhs), jagged(rhs))) ||
      failed(checkSameRecord(location, jagged(lhs), jagged(rhs))))
    return failure();
  types.push_back(lhs.getType());
  return success();
}

LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(location, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult SubOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(location, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult MulOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(location, adaptor.getLhs(), adaptor.getRhs(), types);
}

LogicalResult DivOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(location, adaptor.getLhs(), adaptor.getRhs(), types);
}

static LogicalResult inferSame(Value input, SmallVectorImpl<Type> &types) {
  types.push_back(input.getType());
  return success();
}

LogicalResult ScaleOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
OpFoldResult ScaleOp::fold(FoldAdaptor) {
  bool isIdentity = getFactor().convertToDouble() == 1.0 && getPlus().convertToDouble() == 0.0;
  return isIdentity && getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
LogicalResult SiluOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult SigmoidOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult GeluOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult ReluOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult TanhOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult LeakyReluOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult ClampOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult ExpOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
LogicalResult LogOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}

LogicalResult ClampOp::verify() {
  if (getLow().convertToDouble() <= getHigh().convertToDouble()) // clamp_c1
    return success();
  return emitOpError() << "expected low <= high, got " << getLow().convertToDouble() << " and "
                       << getHigh().convertToDouble();
}
