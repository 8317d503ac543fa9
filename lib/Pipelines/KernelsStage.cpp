// SPDX-License-Identifier: Apache-2.0
// Stage 4: kernels.
#include "reccc/Codegen/Plan/Passes.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

/// In: `recsys` ops with storage types. Out: models of `rectile.kernel` ops, views and parameter expressions; every
/// kernel knows where its operands and results lie, every input which ids it may hold.
void reccc::buildKernelsStage(OpPassManager &pm, const PipelineOptions &) {
  // Before kernels hide the look-ups.
  pm.addNestedPass<recsys::ModelOp>(createRecordIdLimitsPass());
  pm.addNestedPass<recsys::ModelOp>(createFormKernelsPass());
  pm.addNestedPass<recsys::ModelOp>(createPlanMemoryPass());
  pm.addPass(createVerifyKernelsPass());
}
