// SPDX-License-Identifier: Apache-2.0
// linear(norm(x) * g + b) = linear'(norm(x)), with g and b in the linear's own weights.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Transforms/Passes.h"

namespace reccc {
#define GEN_PASS_DEF_FOLDNORMAFFINEPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;

/// Every use is the input of a linear, so that nobody sees the norm's own values.
static bool canFold(LayerNormOp norm) {
  if (!norm.getWeight() || norm.getGroups() != 1 || norm.getType().getDims().size() != 1 || norm->use_empty())
    return false;
  return llvm::all_of(norm->getUses(), [](OpOperand &use) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    return linear && use.getOperandNumber() == linear.getInputMutable().getOperandNumber();
  });
}

/// Parameters of a norm may have other shapes of as many elements.
static Value asVector(OpBuilder &builder, Value parameter) {
  auto type = cast<RankedTensorType>(parameter.getType());
  if (type.getRank() == 1)
    return parameter;
  auto flat = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  return builder.create<ParamReshapeOp>(parameter.getLoc(), flat, parameter);
}

/// W -> diag(g) W, bias -> b W + bias.
static void foldInto(OpBuilder &builder, LinearOp linear, Value gain, Value shift) {
  builder.setInsertionPoint(linear);
  Location loc = linear.getLoc();
  Value weight = linear.getWeight();
  if (linear.getTransposed())
    weight = builder.create<ParamTransposeOp>(loc, weight);
  Value bias = builder.create<ParamVecmatOp>(loc, shift, weight);
  if (linear.getBias())
    bias = builder.create<ParamAddOp>(loc, linear.getBias(), bias);
  linear.getWeightMutable().assign(builder.create<ParamScaleRowsOp>(loc, weight, gain));
  linear.getBiasMutable().assign(bias);
  linear.setTransposed(false);
}

namespace {
struct FoldNormAffine : reccc::impl::FoldNormAffinePassBase<FoldNormAffine> {
  void runOnOperation() override {
    getOperation().walk([&](LayerNormOp norm) {
      if (!canFold(norm))
        return;
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
