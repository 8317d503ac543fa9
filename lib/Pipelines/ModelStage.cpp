// SPDX-License-Identifier: Apache-2.0
// Stage 1: model.
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

/// In: what the frontend made of a description, or a `.mlir` file. Out: `recsys` ops that say what to compute, in the
/// order of the description, float values in f32. Nothing is rewritten here, so that locations and names are still the
/// user's.
void reccc::buildModelStage(OpPassManager &pm, const PipelineOptions &) { pm.addPass(createVerifyModelPass()); }
