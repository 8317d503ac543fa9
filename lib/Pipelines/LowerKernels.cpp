// SPDX-License-Identifier: Apache-2.0
// Runs the code generator of kernels as a pass.
#include "reccc/Codegen/Common/Kernels.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"

namespace reccc {
#define GEN_PASS_DEF_LOWERKERNELSPASS
#include "reccc/Pipelines/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace reccc;

namespace {
struct LowerKernels : reccc::impl::LowerKernelsPassBase<LowerKernels> {
  LowerKernels() = default;
  explicit LowerKernels(const PipelineOptions &options) : levels(options.levels) {}
  void runOnOperation() override {
    if (failed(lowerKernels(getOperation(), levels)))
      signalPassFailure();
  }
  SmallVector<IsaLevel> levels = PipelineOptions().levels;
};
} // namespace

std::unique_ptr<Pass> reccc::createLowerKernelsPass(const PipelineOptions &options) {
  return std::make_unique<LowerKernels>(options);
}
