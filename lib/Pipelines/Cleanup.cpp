// SPDX-License-Identifier: Apache-2.0
// The one cleanup that stages run.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Pipelines/Stages.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;

void reccc::buildCleanupPipeline(OpPassManager &pm) {
  pm.addNestedPass<recsys::ModelOp>(createCanonicalizerPass());
  pm.addNestedPass<recsys::ModelOp>(createCSEPass());
  // Last: parameters lose their uses in the two before.
  pm.addPass(createSymbolDCEPass());
}
