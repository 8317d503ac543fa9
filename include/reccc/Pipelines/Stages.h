// SPDX-License-Identifier: Apache-2.0
// The stages of the compiler, in order. A stage is a pipeline with one paragraph about the form it leaves; it ends with
// a pass that names what this form does not allow and records the stage in the module.
#ifndef RECCC_PIPELINES_STAGES_H
#define RECCC_PIPELINES_STAGES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "reccc/Codegen/CPU/TargetDescription.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/LLVM.h"
#include "reccc/Transforms/Passes.h"
#include "llvm/ADT/ArrayRef.h"
#include <functional>
#include <string>
#include <vector>

namespace reccc {

struct PipelineOptions {
  Precision precision = Precision::fp32;
  /// Leave out every rewrite that may change the bits of a result.
  bool strictFp = false;
  /// Arguments of optional passes to leave out, of those that getOptionalPasses() names.
  std::vector<std::string> skippedPasses;
  /// ISA levels to generate code for, weakest first.
  SmallVector<IsaLevel> levels = {IsaLevel::X86_64_V3, IsaLevel::X86_64_V4};
  /// The symbol that the object exports.
  std::string symbol = "recrt_module";
  std::string toolVersion;
  /// Values of the parameters. Without it (reccc-opt) stage `target` knows sizes, but no hash and no bytes.
  std::function<LogicalResult(recsys::ParameterOp, std::vector<double> &)> readParameter;
  /// Where stage `target` leaves the packed weights.
  std::vector<char> *packedWeights = nullptr;
  /// The weights become part of the object; otherwise they come in a file beside it.
  bool embedWeights = true;
};

struct StageInfo {
  /// As `--stop-after` takes it and `recsys.stage` records it.
  StringRef name;
  /// What goes in and what comes out, for people.
  StringRef form;
  /// The pass that closes the stage: its argument.
  StringRef verifyPass;
  void (*build)(OpPassManager &pm, const PipelineOptions &options);
};

/// Every stage, first to last.
ArrayRef<StageInfo> getStages();
const StageInfo *findStage(StringRef name);

/// Passes that only make a model faster: their arguments.
ArrayRef<StringRef> getOptionalPasses();

/// The attribute of a module that names the last stage it went through.
inline constexpr StringLiteral kStageAttr = "recsys.stage";
/// That stage; null when the module is fresh or the name is unknown.
const StageInfo *getReachedStage(ModuleOp module);

void buildModelStage(OpPassManager &pm, const PipelineOptions &options);
void buildOptimizedStage(OpPassManager &pm, const PipelineOptions &options);
void buildQuantizedStage(OpPassManager &pm, const PipelineOptions &options);
void buildKernelsStage(OpPassManager &pm, const PipelineOptions &options);
void buildTilesStage(OpPassManager &pm, const PipelineOptions &options);
void buildTargetStage(OpPassManager &pm, const PipelineOptions &options);

/// Canonical ops, no duplicates, no unused parameters.
void buildCleanupPipeline(OpPassManager &pm);

/// `reccc-stage-<name>` for each stage and `reccc-cleanup`, for textual pipelines.
void registerPipelines();

} // namespace reccc

#endif // RECCC_PIPELINES_STAGES_H
