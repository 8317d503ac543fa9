// SPDX-License-Identifier: Apache-2.0
// The list of the stages.
#include "reccc/Pipelines/Stages.h"

#include "llvm/ADT/STLExtras.h"

using namespace reccc;

static const StageInfo kStages[] = {
    {"model", "recsys ops on jagged values, f32 and i64: what to compute, as the description says it.",
     "recsys-verify-model", buildModelStage},
    {"optimized",
     "The same ops: attention reads single segments, only rows that are read are computed, norms have no gain or bias "
     "that a linear can take, one "
     "linear for each range of columns that is used apart.",
     "recsys-verify-optimized", buildOptimizedStage},
    {"quantized",
     "The same ops: every float value and parameter has the type it is stored in; inputs and outputs stay f32.",
     "recsys-verify-quantized", buildQuantizedStage},
    {"kernels", "rectile.kernel ops, views and parameter expressions, with a memory plan.", "reccc-verify-kernels",
     buildKernelsStage},
    {"tiles",
     "A function for each kernel and ISA level, of loops, vectors and fragments; rectile.dispatch ops in the models.",
     "reccc-verify-tiles", buildTilesStage},
    {"target", "The llvm dialect: kernels of all levels, the plan as constants.", "reccc-verify-target",
     buildTargetStage},
};

ArrayRef<StageInfo> reccc::getStages() { return kStages; }

const StageInfo *reccc::findStage(StringRef name) {
  const auto *it = llvm::find_if(kStages, [&](const StageInfo &stage) { return stage.name == name; });
  return it == std::end(kStages) ? nullptr : it;
}

static const StringRef kOptionalPasses[] = {
    "recsys-fold-linear-affine", "recsys-amortize-nests",       "recsys-split-linear",        "recsys-remove-dead-rows",
    "recsys-fold-norm-affine",   "recsys-share-attention-sums", "recsys-split-concat-linear", "recsys-fold-linears"};

ArrayRef<StringRef> reccc::getOptionalPasses() { return kOptionalPasses; }

const StageInfo *reccc::getReachedStage(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>(kStageAttr);
  return name ? findStage(name.getValue()) : nullptr;
}

void reccc::registerPipelines() {
  for (const StageInfo &stage : kStages)
    PassPipelineRegistration<>(("reccc-stage-" + stage.name).str(), stage.form,
                               [&stage](OpPassManager &pm) { stage.build(pm, PipelineOptions()); });
  PassPipelineRegistration<>("reccc-cleanup", "Canonical ops, no duplicates, no unused parameters.",
                             buildCleanupPipeline);
}
