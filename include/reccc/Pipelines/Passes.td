// SPDX-License-Identifier: Apache-2.0
// The passes that close the stages: each names what its stage does not allow.
#ifndef RECCC_PIPELINES_PASSES_TD
#define RECCC_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

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
