// SPDX-License-Identifier: Apache-2.0
// Runs the lowering of kernels to the llvm dialect and the emission of the plan as one pass: the plan names the
// functions.
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Codegen/Plan/EmitPlan.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"
#include "reccc/Support/Checksum.h"

namespace reccc {
#define GEN_PASS_DEF_LOWERTOLLVMPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace reccc;

namespace {
struct LowerToLLVM : reccc::impl::LowerToLLVMPassBase<LowerToLLVM> {
  LowerToLLVM() = default;
  explicit LowerToLLVM(const PipelineOptions &options) : options(options) {}

  void runOnOperation() override {
    PlanOptions plan;
    plan.symbol = options.symbol;
    plan.toolVersion = options.toolVersion;
    plan.embedWeights = options.embedWeights;
    for (IsaLevel level : options.levels)
      plan.isaLevels |= 1u << static_cast<unsigned>(level);
    if (options.readParameter) {
      FailureOr<std::vector<char>> weights = packWeights(WeightLayout(getOperation()), options.readParameter);
      if (failed(weights))
        return signalPassFailure();
      plan.weightsHash = checksum64(weights->data(), weights->size());
      if (options.packedWeights)
        *options.packedWeights = std::move(*weights);
    }
    // What is lowered already has its plan.
    bool hasModels = !getOperation().getOps<recsys::ModelOp>().empty();
    if (failed(lowerToLLVM(getOperation())) || (hasModels && failed(emitPlan(getOperation(), plan))))
      signalPassFailure();
  }

  PipelineOptions options;
};
} // namespace

std::unique_ptr<Pass> reccc::createLowerToLLVMPass(const PipelineOptions &options) {
  return std::make_unique<LowerToLLVM>(options);
}
