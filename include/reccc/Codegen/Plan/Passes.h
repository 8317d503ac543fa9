// SPDX-License-Identifier: Apache-2.0
// The passes of the stage "kernels".
#ifndef RECCC_CODEGEN_PLAN_PASSES_H
#define RECCC_CODEGEN_PLAN_PASSES_H

#include "mlir/Pass/Pass.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

#define GEN_PASS_DECL
#include "reccc/Codegen/Plan/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "reccc/Codegen/Plan/Passes.h.inc"

} // namespace reccc

#endif // RECCC_CODEGEN_PLAN_PASSES_H
