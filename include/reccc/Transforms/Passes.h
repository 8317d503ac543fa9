// SPDX-License-Identifier: Apache-2.0
// Passes on models, stages `optimized` and `quantized`.
#ifndef RECCC_TRANSFORMS_PASSES_H
#define RECCC_TRANSFORMS_PASSES_H

#include "reccc/Support/LLVM.h"
#include "mlir/Pass/Pass.h"

namespace reccc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "reccc/Transforms/Passes.h.inc"

} // namespace reccc

#endif // RECCC_TRANSFORMS_PASSES_H
