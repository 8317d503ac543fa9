// SPDX-License-Identifier: Apache-2.0
// Closes stage `target`: nothing but the llvm dialect.
#include "StageChecks.h"
#include "reccc/Pipelines/Passes.h"

namespace reccc {
#define GEN_PASS_DEF_VERIFYTARGETPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace reccc;

namespace {
struct VerifyTarget : reccc::impl::VerifyTargetPassBase<VerifyTarget> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (isa<ModuleOp>(op) || isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        return WalkResult::advance();
      op->emitOpError("is not allowed after stage `target`, expected ops of the llvm dialect");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    recordStage(getOperation(), "target");
  }
};
} // namespace
