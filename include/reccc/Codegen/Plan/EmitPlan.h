// SPDX-License-Identifier: Apache-2.0
// Turns the models of a module, whose kernels are functions by now, into the constants of recrt/module.h.
#ifndef RECCC_CODEGEN_PLAN_EMITPLAN_H
#define RECCC_CODEGEN_PLAN_EMITPLAN_H

#include "mlir/IR/BuiltinOps.h"
#include "reccc/Codegen/Plan/Weights.h"
#include "reccc/Support/LLVM.h"
#include <string>

namespace reccc {

struct PlanOptions {
  /// The exported symbol: `recrt_module` in shared objects.
  std::string symbol = "recrt_module";
  std::string toolVersion;
  /// Bit set of 1 << recrt_isa.
  uint32_t isaLevels = 0;
  uint64_t weightsHash = 0;
  /// The blob is a global `kWeightsSymbol` of the object; otherwise it lies in a file of its own.
  bool embedWeights = true;
};

/// The blob's symbol: declared by the plan, defined when the object is emitted. Weights never stand in the IR.
constexpr StringRef kWeightsSymbol = "reccc_weights";

/// In: `recsys.model` ops of `rectile.dispatch` and views, kernels as `llvm.func`. Out: `llvm.mlir.global`s; models and
/// parameters are gone.
LogicalResult emitPlan(ModuleOp module, const PlanOptions &options);

} // namespace reccc

#endif // RECCC_CODEGEN_PLAN_EMITPLAN_H
