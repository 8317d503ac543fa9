// SPDX-License-Identifier: Apache-2.0
// What the passes that close the stages on recsys ops share.
#ifndef RECCC_LIB_PIPELINES_STAGECHECKS_H
#define RECCC_LIB_PIPELINES_STAGECHECKS_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Pipelines/Stages.h"

namespace reccc {

/// The element type of a jagged value or a parameter; null for other types.
inline Type elementType(Type type) {
  if (auto jagged = dyn_cast<recsys::JaggedType>(type))
    return jagged.getElementType();
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getElementType() : Type();
}

/// The module holds parameters and models, a model recsys ops, and each op passes `check`.
inline LogicalResult checkOps(ModuleOp module, StringRef stage, function_ref<LogicalResult(Operation *)> check) {
  bool failedAny = false;
  for (Operation &top : *module.getBody()) {
    if (!isa<recsys::ParameterOp, recsys::ModelOp>(top)) {
      top.emitOpError() << "is not allowed at the top of a module in stage `" << stage
                        << "`, expected recsys.parameter and recsys.model";
      failedAny = true;
      continue;
    }
    top.walk([&](Operation *op) {
      if (!isa_and_nonnull<recsys::RecsysDialect>(op->getDialect())) {
        op->emitOpError() << "is not allowed in stage `" << stage << "`, expected ops of the recsys dialect";
        failedAny = true;
      } else if (failed(check(op))) {
        failedAny = true;
      }
    });
  }
  return failure(failedAny);
}

inline void recordStage(ModuleOp module, StringRef stage) {
  module->setAttr(kStageAttr, StringAttr::get(module.getContext(), stage));
}

} // namespace reccc

#endif // RECCC_LIB_PIPELINES_STAGECHECKS_H
