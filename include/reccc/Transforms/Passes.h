// SPDX-License-Identifier: Apache-2.0
// Passes on models, stages `optimized` and `quantized`.
#ifndef RECCC_TRANSFORMS_PASSES_H
#define RECCC_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

/// What floats are stored in; arithmetic is fp32.
enum class Precision { fp32, bf16 };

/// An op whose result is one of several sums that make a value: it stays f32 whatever values are stored in, so that
/// only the value is rounded.
inline constexpr StringLiteral kPartialSumAttr = "recsys.partial_sum";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "reccc/Transforms/Passes.h.inc"

} // namespace reccc

#endif // RECCC_TRANSFORMS_PASSES_H
