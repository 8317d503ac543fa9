// SPDX-License-Identifier: Apache-2.0
// The passes that close the stages: each names what its stage does not allow.
#ifndef RECCC_PIPELINES_PASSES_TD
#define RECCC_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyKernelsPass : Pass<"reccc-verify-kernels", "::mlir::ModuleOp"> {
  let summary = "Close stage `kernels`";
  let description = [{
    Code generation sees one kernel at a time and trusts its layouts. Reports ops between kernels that are neither views nor parameter expressions, and
    kernels or models without a memory plan; then records the stage.

    Needs: nothing. Guarantees: the form of stage `kernels`. Idempotent: yes.
    (* example: test/Pipelines/verify-kernels-example.mlir *)
  }];
}

def VerifyModelPass : Pass<"recsys-verify-model", "::mlir::ModuleOp"> {
  let summary = "Close stage `model`";
  let description = [{
    The stages after this one rely on what the frontend promises, and a `.mlir` file may promise nothing. Reports ops that are not of the
    recsys dialect and float values that are not f32; then writes the stage's name to the attribute `recsys.stage` of the module.

    Needs: nothing. Guarantees: the form of stage `model`. Idempotent: yes.
    (* example: test/Pipelines/verify-model-example.mlir *)
  }];
}

#endif // RECCC_PIPELINES_PASSES_TD
