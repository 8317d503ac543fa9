// SPDX-License-Identifier: Apache-2.0
// Stage 2: optimized.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"
#include "reccc/Transforms/Passes.h"

using namespace mlir;
using namespace reccc;

/// Adds a pass of getOptionalPasses(), unless it is to be left out.
static void addOptional(OpPassManager &pm, const PipelineOptions &options, std::unique_ptr<Pass> pass) {
  if (!llvm::is_contained(options.skippedPasses, pass->getArgument()))
    pm.addNestedPass<recsys::ModelOp>(std::move(pass));
}

/// In: what to compute, as the description says it. Out: the same with less work, still in recsys ops: an attention
/// source is one segment, what every candidate would compute alike is computed once, only rows that are read are
/// computed, a norm's gain and bias lie in the linears that follow it, those of a batch norm in the linear before it,
/// a linear of a linear is one, and columns of a linear that are used apart are linears of their own. All rewrites are
/// exact but for the rounding of folded weights; under `strictFp` nothing is folded.
void reccc::buildOptimizedStage(OpPassManager &pm, const PipelineOptions &options) {
  // Views of views and folds of the description's own making are in the way of every pattern below.
  buildCleanupPipeline(pm);
  // Before the split: slices of a batch norm would each fold on their own.
  if (!options.strictFp)
    addOptional(pm, options, createFoldLinearAffinePass());
  // Before dead rows: a source that nobody sees keeps its rows alive.
  pm.addNestedPass<recsys::ModelOp>(createSplitAttentionSourcesPass());
  // After the split, so that a segment is not held by a source it does not see; before dead rows, which then see what
  // nobody reads.
  addOptional(pm, options, createAmortizeNestsPass());
  // Before dead rows: one matrix for keys, values and queries would keep the queries of all rows.
  addOptional(pm, options, createSplitLinearPass());
  addOptional(pm, options, createRemoveDeadRowsPass());
  // After the split, because a norm whose linear is used in slices is still one norm; after dead rows, which repeat
  // norms.
  if (!options.strictFp)
    addOptional(pm, options, createFoldNormAffinePass());
  // Last of all: partial sums are in the way of the rewrites above.
  if (!options.strictFp) {
    addOptional(pm, options, createShareAttentionSumsPass());
    addOptional(pm, options, createSplitConcatLinearPass());
    // Behind what takes linears apart: parts of a joined value may be linears themselves.
    addOptional(pm, options, createFoldLinearsPass());
  }
  buildCleanupPipeline(pm);
  // Last: what the entry points share is the same ops, and gives the same bits.
  pm.addPass(createDeriveEntryPointsPass());
  pm.addPass(createVerifyOptimizedPass());
}
