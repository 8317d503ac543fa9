// SPDX-License-Identifier: Apache-2.0
// linear(norm(x) * g + b) = linear'(norm(x)), with g and b in the linear's own weights.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

namespace reccc {
#define GEN_PASS_DEF_FOLDNORMAFFINEPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;

/// What keeps the gain and bias in the norm; nothing when every use is the input of a linear, so that nobody sees the
/// norm's own values.
static StringRef getObstacle(LayerNormOp norm) {
  if (norm.getGroups() != 1)
    return "it has several groups";
  bool feedsLinears = llvm::all_of(norm->getUses(), [](OpOperand &use) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    return linear && use.getOperandNumber() == linear.getInputMutable().getOperandNumber();
  });
  return feedsLinears && !norm->use_empty() ? "" : "not every use is the input of a linear";
}

/// Parameters of a norm may have other shapes of as many elements.
static Value asVector(OpBuilder &builder, Value parameter) {
  auto type = cast<RankedTensorType>(parameter.getType());
  if (type.getRank() == 1)
    return parameter;
  auto flat = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  return ParamReshapeOp::create(builder, parameter.getLoc(), flat, parameter);
}

/// W -> diag(g) W, bias -> b W + bias.
static void foldInto(OpBuilder &builder, LinearOp linear, Value gain, Value shift) {
  builder.setInsertionPoint(linear);
  Location loc = linear.getLoc();
  Value weight = linear.getWeight();
  if (linear.getTransposed())
    weight = ParamTransposeOp::create(builder, loc, weight);
  Value bias = ParamVecmatOp::create(builder, loc, shift, weight);
  if (linear.getBias())
    bias = ParamAddOp::create(builder, loc, linear.getBias(), bias);
  linear.getWeightMutable().assign(ParamScaleRowsOp::create(builder, loc, weight, gain));
  linear.getBiasMutable().assign(bias);
  linear.setTransposed(false);
}

namespace {
struct FoldNormAffine : reccc::impl::FoldNormAffinePassBase<FoldNormAffine> {
  void runOnOperation() override {
    getOperation().walk([&](LayerNormOp norm) {
      if (!norm.getWeight())
        return;
      if (StringRef obstacle = getObstacle(norm); !obstacle.empty()) {
        remark::missed(norm.getLoc(), remark::RemarkOpts::name("affine kept").category("recsys-fold-norm-affine"))
            << ("the norm keeps its gain and bias: " + obstacle).str();
        return;
      }
      remark::passed(norm.getLoc(), remark::RemarkOpts::name("affine folded").category("recsys-fold-norm-affine"))
          << "the norm's gain and bias went into what follows";
      OpBuilder builder(norm);
      Value gain = asVector(builder, norm.getWeight()), shift = asVector(builder, norm.getBias());
      for (Operation *user : norm->getUsers()) {
        foldInto(builder, cast<LinearOp>(user), gain, shift);
        ++numLinears;
      }
      norm.getWeightMutable().clear();
      norm.getBiasMutable().clear();
      ++numNorms;
    });
  }
};
} // namespace
