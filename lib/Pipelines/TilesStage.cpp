// SPDX-License-Identifier: Apache-2.0
// Stage 5: tiles.
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

/// In: kernels with layouts. Out: one function for each kernel signature and ISA level, of `scf`, `vector`, `arith` and
/// `rectile` fragments on raw pointers; models hold `rectile.dispatch` ops, views and parameter expressions.
void reccc::buildTilesStage(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createLowerKernelsPass(options));
  pm.addPass(createVerifyTilesPass());
}
