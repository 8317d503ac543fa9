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
/// An op of a linear and a parameter becomes a linear.
template <typename Op> struct JoinToLinear : OpRewritePattern<Op> {
  JoinToLinear(MLIRContext *context, Pass::Statistic &numFolded)
      : OpRewritePattern<Op>(context), numFolded(numFolded) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    FailureOr<Joined> joined = matchJoined(rewriter, op);
    if (failed(joined))
      return failure();
    join(op, joined->linear, joined->parameter, rewriter);
    ++numFolded;
    return success();
  }
  virtual void join(Op op, LinearOp linear, Value parameter, PatternRewriter &rewriter) const = 0;

  Pass::Statistic &numFolded;
};

struct MulOfLinear : JoinToLinear<MulOp> {
  using JoinToLinear::JoinToLinear;

  void join(MulOp op, LinearOp linear, Value gain, PatternRewriter &rewriter) const override {
    tell(op, "parameters that multiply a linear's result went into its weights");
    Location loc = linear.getLoc();
    // Rows of the weight as [out, in].
    Value weight = linear.getWeight();
    if (!linear.getTransposed())
      weight = ParamTransposeOp::create(rewriter, loc, weight);
    weight = ParamScaleRowsOp::create(rewriter, loc, weight, gain);
    Value bias = linear.getBias();
    if (bias)
      bias = ParamMulOp::create(rewriter, loc, bias, gain);
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), linear.getInput(), weight, bias, /*transposed=*/true);
  }
};

struct AddToLinear : JoinToLinear<AddOp> {
  using JoinToLinear::JoinToLinear;

  void join(AddOp op, LinearOp linear, Value bias, PatternRewriter &rewriter) const override {
    tell(op, "parameters that are added to a linear's result went into its bias");
    if (linear.getBias())
      bias = ParamAddOp::create(rewriter, linear.getLoc(), linear.getBias(), bias);
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), linear.getInput(), linear.getWeight(), bias,
                                          linear.getTransposed());
  }
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
