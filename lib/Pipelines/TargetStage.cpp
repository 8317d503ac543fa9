// SPDX-License-Identifier: Apache-2.0
// Stage 6: target.
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

/// In: functions of tiles and models of dispatches. Out: the `llvm` dialect: functions that carry their instruction
/// set, the plan of every model as constants. Models and parameters are gone; the packed weights lie beside the module.
void reccc::buildTargetStage(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createLowerToLLVMPass(options));
  pm.addPass(createVerifyTargetPass());
}
