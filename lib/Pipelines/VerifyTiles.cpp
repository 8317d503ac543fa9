// SPDX-License-Identifier: Apache-2.0
// Closes stage `tiles`: every kernel is a function, every dispatch names one that exists.
#include "StageChecks.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Pipelines/Passes.h"

namespace reccc {
#define GEN_PASS_DEF_VERIFYTILESPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace reccc;

namespace {
struct VerifyTiles : reccc::impl::VerifyTilesPassBase<VerifyTiles> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (isa<rectile::KernelOp>(op)) {
        op->emitOpError("is not allowed after stage `tiles`, expected rectile.dispatch");
        return WalkResult::interrupt();
      }
      auto dispatch = dyn_cast<rectile::DispatchOp>(op);
      for (Attribute entry : dispatch ? dispatch.getEntries().getValue() : ArrayRef<Attribute>()) {
        auto symbol = dyn_cast<FlatSymbolRefAttr>(entry);
        if (symbol && !symbols.lookup<func::FuncOp>(symbol.getAttr())) {
          op->emitOpError() << "calls " << symbol << ", expected a function of that name";
          return WalkResult::interrupt();
        }
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    recordStage(getOperation(), "tiles");
  }
};
} // namespace
