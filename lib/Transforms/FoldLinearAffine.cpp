// SPDX-License-Identifier: Apache-2.0
// linear(x, W, b) * g + c = linear(x, W diag(g), b * g + c), for parameters g and c.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

namespace reccc {
#define GEN_PASS_DEF_FOLDLINEARAFFINEPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;

namespace {
/// The linear and the parameter, [out], that an op joins.
struct Joined {
  LinearOp linear;
  Value parameter;
};
} // namespace

static void tell(Operation *op, StringRef what) {
  remark::passed(op->getLoc(), remark::RemarkOpts::name("parameters folded").category("recsys-fold-linear-affine"))
      << what.str();
}

/// Matches op(linear, splat_rows) in either order, where nobody else reads the linear.
static FailureOr<Joined> matchJoined(PatternRewriter &rewriter, Operation *op) {
  for (unsigned side : {0, 1}) {
    auto linear = op->getOperand(side).getDefiningOp<LinearOp>();
    auto splat = op->getOperand(1 - side).getDefiningOp<SplatRowsOp>();
    if (!linear || !splat)
      continue;
    if (!linear->hasOneUse())
      return rewriter.notifyMatchFailure(op, "the linear is read elsewhere");
    if (op->getResult(0).getType() != linear.getType())
      return rewriter.notifyMatchFailure(op, "the storage types differ");
    auto type = RankedTensorType::get({linear.getOutFeatures()}, splat.getInput().getType().getElementType());
    return Joined{linear, rewriter.createOrFold<ParamReshapeOp>(splat.getLoc(), type, splat.getInput())};
  }
  return rewriter.notifyMatchFailure(op, "not of a linear and a parameter");
}

namespace {
struct MulOfLinear : OpRewritePattern<MulOp> {
  MulOfLinear(MLIRContext *context, Pass::Statistic &numFolded) : OpRewritePattern(context), numFolded(numFolded) {}

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    FailureOr<Joined> joined = matchJoined(rewriter, op);
    if (failed(joined))
      return failure();
    auto [linear, gain] = *joined;
    tell(op, "parameters that multiply a linear's result went into its weights");
    Location loc = linear.getLoc();
    // Rows of the weight as [out, in].
    Value weight = linear.getWeight();
    if (!linear.getTransposed())
      weight = rewriter.create<ParamTransposeOp>(loc, weight);
    weight = rewriter.create<ParamScaleRowsOp>(loc, weight, gain);
    Value bias = linear.getBias();
    if (bias)
      bias = rewriter.create<ParamMulOp>(loc, bias, gain);
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), linear.getInput(), weight, bias, /*transposed=*/true);
    ++numFolded;
    return success();
  }

  Pass::Statistic &numFolded;
};

struct AddToLinear : OpRewritePattern<AddOp> {
  AddToLinear(MLIRContext *context, Pass::Statistic &numFolded) : OpRewritePattern(context), numFolded(numFolded) {}

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    FailureOr<Joined> joined = matchJoined(rewriter, op);
    if (failed(joined))
      return failure();
    auto [linear, bias] = *joined;
    tell(op, "parameters that are added to a linear's result went into its bias");
    if (linear.getBias())
      bias = rewriter.create<ParamAddOp>(linear.getLoc(), linear.getBias(), bias);
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), linear.getInput(), linear.getWeight(), bias,
                                          linear.getTransposed());
    ++numFolded;
    return success();
  }

  Pass::Statistic &numFolded;
};

struct FoldLinearAffine : reccc::impl::FoldLinearAffinePassBase<FoldLinearAffine> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MulOfLinear, AddToLinear>(&getContext(), numFolded);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("recsys-fold-linear-affine does not come to an end");
      signalPassFailure();
    }
  }
};
} // namespace
