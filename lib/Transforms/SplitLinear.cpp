// SPDX-License-Identifier: Apache-2.0
// Slices of a linear's features become linears with slices of its weights.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Transforms/Passes.h"

namespace reccc {
#define GEN_PASS_DEF_SPLITLINEARPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;

/// All uses are slices, any two of them equal or disjoint: then slices of the work are the whole work.
static bool isUsedInSlices(Value value) {
  SmallVector<std::pair<int64_t, int64_t>> ranges;
  for (Operation *user : value.getUsers()) {
    auto slice = dyn_cast<SliceFeaturesOp>(user);
    if (!slice)
      return false;
    ranges.push_back({slice.getOffset(), slice.getOffset() + slice.getSize()});
  }
  llvm::sort(ranges);
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i] != ranges[i - 1] && ranges[i].first < ranges[i - 1].second)
      return false;
  return true;
}

namespace {
/// slice(linear(x, W, b)) -> linear(x, slice W, slice b)
struct SliceOfLinear : OpRewritePattern<SliceFeaturesOp> {
  SliceOfLinear(MLIRContext *context, Pass::Statistic &numSlices) : OpRewritePattern(context), numSlices(numSlices) {}

  LogicalResult matchAndRewrite(SliceFeaturesOp op, PatternRewriter &rewriter) const override {
    auto linear = op.getInput().getDefiningOp<LinearOp>();
    if (!linear)
      return rewriter.notifyMatchFailure(op, "not of a linear");
    if (!isUsedInSlices(linear))
      return rewriter.notifyMatchFailure(op, "the linear is used whole, or in slices that overlap");
    Location loc = linear.getLoc();
    // Behind the linear, where all its operands are defined.
    rewriter.setInsertionPointAfter(linear);
    Value weight = ParamSliceOp::create(rewriter, loc, linear.getWeight(), linear.getTransposed() ? 0 : 1,
                                        op.getOffset(), op.getSize());
    Value bias;
    if (linear.getBias())
      bias = ParamSliceOp::create(rewriter, loc, linear.getBias(), 0, op.getOffset(), op.getSize());
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), linear.getInput(), weight, bias, linear.getTransposed());
    ++numSlices;
    return success();
  }

  Pass::Statistic &numSlices;
};

/// slice(f(x, y)) -> f(slice x, slice y) for an elementwise f
struct SliceOfElementwise : OpRewritePattern<SliceFeaturesOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceFeaturesOp op, PatternRewriter &rewriter) const override {
    Operation *elementwise = op.getInput().getDefiningOp();
    if (!isa_and_nonnull<Elementwise>(elementwise))
      return rewriter.notifyMatchFailure(op, "not of an elementwise op");
    if (!isUsedInSlices(op.getInput()))
      return rewriter.notifyMatchFailure(op, "the value is used whole, or in slices that overlap");
    rewriter.setInsertionPointAfter(elementwise);
    IRMapping mapping;
    for (Value operand : elementwise->getOperands())
      mapping.map(operand, SliceFeaturesOp::create(rewriter, op.getLoc(), operand, op.getOffset(), op.getSize()));
    Operation *part = rewriter.clone(*elementwise, mapping);
    part->getResult(0).setType(op.getType());
    rewriter.replaceOp(op, part);
    return success();
  }
};

/// slice(slice(x)) -> slice(x)
struct SliceOfSlice : OpRewritePattern<SliceFeaturesOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceFeaturesOp op, PatternRewriter &rewriter) const override {
    auto outer = op.getInput().getDefiningOp<SliceFeaturesOp>();
    if (!outer)
      return rewriter.notifyMatchFailure(op, "not of a slice");
    rewriter.replaceOpWithNewOp<SliceFeaturesOp>(op, op.getType(), outer.getInput(), outer.getOffset() + op.getOffset(),
                                                 op.getSize());
    return success();
  }
};

struct SplitLinear : reccc::impl::SplitLinearPassBase<SplitLinear> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SliceOfLinear>(&getContext(), numSlices);
    patterns.add<SliceOfElementwise, SliceOfSlice>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("recsys-split-linear does not come to an end");
      signalPassFailure();
    }
  }
};
} // namespace
