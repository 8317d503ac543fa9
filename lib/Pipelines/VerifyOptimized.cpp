// SPDX-License-Identifier: Apache-2.0
// Closes stage `optimized`: sources of one segment that are seen, but for the one source of a bias.
#include "StageChecks.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Pipelines/Passes.h"

namespace reccc {
#define GEN_PASS_DEF_VERIFYOPTIMIZEDPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static LogicalResult checkAttention(AttentionOp op) {
  bool isBiased = op.getToeplitz() || op.getBucketWeights();
  for (Value key : op.getKeys())
    if (!isBiased && getSegmentsWithin(op.getFrame(), cast<JaggedType>(key.getType()).getSpace()).size() > 1)
      return op.emitOpError()
             << "has a source over " << cast<JaggedType>(key.getType()).getSpace()
             << " in stage `optimized`, expected sources of one segment (recsys-split-attention-sources)";
  // One that nobody sees may group the rows of a query over the frame itself.
  bool isGroupedBySource = op.getQuery().getType().getSpace() == op.getFrame();
  for (unsigned source = 0, e = op.getKeys().size(); source < e && e > 1; ++source)
    if (!(isGroupedBySource && source == op.findGroupedSource()) &&
        llvm::all_of(llvm::seq(op.getMasks().size()),
                     [&](size_t segment) { return isa<NoMaskAttr>(op.getMask(segment, source)); }))
      return op.emitOpError()
             << "has source " << source
             << " that no row sees in stage `optimized`, expected none (recsys-split-attention-sources)";
  return success();
}

static LogicalResult checkOptimized(Operation *op) {
  if (auto attention = dyn_cast<AttentionOp>(op))
    return checkAttention(attention);
  return success();
}

namespace {
struct VerifyOptimized : reccc::impl::VerifyOptimizedPassBase<VerifyOptimized> {
  void runOnOperation() override {
    if (failed(checkOps(getOperation(), "optimized", checkOptimized)))
      return signalPassFailure();
    recordStage(getOperation(), "optimized");
  }
};
} // namespace
