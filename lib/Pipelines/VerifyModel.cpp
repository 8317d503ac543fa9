// SPDX-License-Identifier: Apache-2.0
// Closes stage `model`: only recsys ops, floats in f32.
#include "StageChecks.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

namespace reccc {
#define GEN_PASS_DEF_VERIFYMODELPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace reccc;

/// Floats are f32 before storage types are assigned.
static LogicalResult checkFloats(Operation *op) {
  SmallVector<Type> types(op->getResultTypes());
  for (Region &region : op->getRegions())
    llvm::append_range(types, region.getArgumentTypes());
  if (auto parameter = dyn_cast<recsys::ParameterOp>(op))
    types.push_back(parameter.getType());
  for (Type type : types) {
    Type element = elementType(type);
    if (isa_and_nonnull<FloatType>(element) && !element.isF32())
      return op->emitOpError() << "has a value of type " << type
                               << " in stage `model`, expected floats of f32: stage `quantized` assigns "
                               << "storage types";
  }
  return success();
}

namespace {
struct VerifyModel : reccc::impl::VerifyModelPassBase<VerifyModel> {
  void runOnOperation() override {
    if (failed(checkOps(getOperation(), "model", checkFloats)))
      return signalPassFailure();
    recordStage(getOperation(), "model");
  }
};
} // namespace
