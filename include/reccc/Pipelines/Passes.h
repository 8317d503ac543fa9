// SPDX-License-Identifier: Apache-2.0
// The passes that close the stages.
#ifndef RECCC_PIPELINES_PASSES_H
#define RECCC_PIPELINES_PASSES_H

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/Pass.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "reccc/Pipelines/Passes.h.inc"

struct PipelineOptions;
std::unique_ptr<Pass> createLowerKernelsPass(const PipelineOptions &options);
std::unique_ptr<Pass> createLowerToLLVMPass(const PipelineOptions &options);

} // namespace reccc

#endif // RECCC_PIPELINES_PASSES_H
