// SPDX-License-Identifier: Apache-2.0
// Stage 3: quantized.
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"
#include "reccc/Transforms/Passes.h"

/// In: floats are f32. Out: every float value and parameter has the type it is stored in; inputs and outputs keep f32.
/// No op is added or removed: an op converts what it reads and what it writes.
void reccc::buildQuantizedStage(OpPassManager &pm, const PipelineOptions &options) {
  AssignPrecisionPassOptions precision;
  precision.precision = options.precision;
  pm.addPass(createAssignPrecisionPass(precision));
  pm.addPass(createVerifyQuantizedPass());
}
