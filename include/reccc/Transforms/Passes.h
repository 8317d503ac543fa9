// SPDX-License-Identifier: Apache-2.0
// Passes on models, stages `optimized` and `quantized`.
#ifndef RECCC_TRANSFORMS_PASSES_H
#define RECCC_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

/// What floats are stored in; arithmetic is fp32.
enum class Precision { fp32, bf16 };

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "reccc/Transforms/Passes.h.inc"

} // namespace reccc

#endif // RECCC_TRANSFORMS_PASSES_H
