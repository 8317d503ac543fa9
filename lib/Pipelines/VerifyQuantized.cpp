// SPDX-License-Identifier: Apache-2.0
// Closes stage `quantized`: what has one place in memory has one storage type, and the signature is f32.
#include "StageChecks.h"
#include "reccc/Pipelines/Passes.h"

namespace reccc {
#define GEN_PASS_DEF_VERIFYQUANTIZEDPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static LogicalResult checkF32(Operation *op, StringRef what, Type type) {
  Type element = elementType(type);
  if (isa<FloatType>(element) && !element.isF32())
    return op->emitOpError() << "has " << what << " of type " << type
                             << " in stage `quantized`, expected floats of f32";
  return success();
}

static LogicalResult checkQuantized(Operation *op) {
  if (auto model = dyn_cast<ModelOp>(op)) {
    for (auto [index, type] : llvm::enumerate(model.getArgumentTypes()))
      if (!model.getInputState(index) && failed(checkF32(op, "an input", type)))
        return failure();
    for (auto [index, type] : llvm::enumerate(model.getResultTypes()))
      if (!model.getOutputState(index) && failed(checkF32(op, "an output", type)))
        return failure();
  } else if (isa<TopKOp>(op)) {
    for (Type type :
         llvm::concat<Type>(SmallVector<Type>(op->getOperandTypes()), SmallVector<Type>(op->getResultTypes())))
      if (failed(checkF32(op, "scores", type)))
        return failure();
  } else if (isa<View>(op)) {
    for (Type type : op->getOperandTypes())
      if (elementType(type) != elementType(op->getResult(0).getType()))
        return op->emitOpError() << "is a view that stores " << op->getResult(0).getType() << " and reads " << type
                                 << " in stage `quantized`, expected one element type";
  }
  return success();
}

namespace {
struct VerifyQuantized : reccc::impl::VerifyQuantizedPassBase<VerifyQuantized> {
  void runOnOperation() override {
    if (failed(checkOps(getOperation(), "quantized", checkQuantized)))
      return signalPassFailure();
    recordStage(getOperation(), "quantized");
  }
};
} // namespace
