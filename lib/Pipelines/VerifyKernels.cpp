// SPDX-License-Identifier: Apache-2.0
// Closes stage `kernels`: between kernels there are views and parameter expressions only, and all memory is planned.
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

#include "StageChecks.h"

namespace reccc {
#define GEN_PASS_DEF_VERIFYKERNELSPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace reccc;

static LogicalResult checkModel(recsys::ModelOp model) {
  if (!model->getAttrOfType<rectile::PlanAttr>("rectile.plan"))
    return model.emitOpError("has no memory plan (rectile.plan) after stage `kernels`");
  for (Operation &op : model.getBody().front()) {
    if (isa<recsys::ConcatFeaturesOp>(op) ||
        !isa<rectile::KernelOp, recsys::View, recsys::ParameterExpression, recsys::OutputOp>(op))
      return op.emitOpError(
          "is not allowed in stage `kernels`, expected rectile.kernel, views and parameter expressions");
    if (isa<rectile::KernelOp>(op) && !op.getAttr("rectile.places"))
      return op.emitOpError("has no places (rectile.places) after stage `kernels`");
  }
  return success();
}

namespace {
struct VerifyKernels : reccc::impl::VerifyKernelsPassBase<VerifyKernels> {
  void runOnOperation() override {
    for (auto model : getOperation().getOps<recsys::ModelOp>())
      if (failed(checkModel(model)))
        return signalPassFailure();
    recordStage(getOperation(), "kernels");
  }
};
} // namespace
