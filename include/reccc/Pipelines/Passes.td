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

def LowerKernelsPass : Pass<"reccc-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Make each kernel a function for each ISA level";
  let description = [{
    What a kernel computes is known, and where its operands lie: now it becomes loops over tiles. Kernels of one signature become one
    function; `rectile.dispatch` takes the place of `rectile.kernel`.

    Needs: the form of stage `kernels`. Guarantees: `rectile.dispatch`, and functions of `scf`, `vector`, `arith` and `rectile` fragments.
    Idempotent: yes. (* example: test/Pipelines/lower-kernels-example.mlir *)
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::rectile::RecTileDialect", "::mlir::math::MathDialect"];
}

def LowerToLLVMPass : Pass<"reccc-lower-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Make the functions of kernels functions of the llvm dialect, and models constants";
  let description = [{
    Fragments become vectors in registers, all levels stay in one module: a function carries its own target. Each model becomes the constants of
    `recrt/module.h`; the weights are a symbol that the object brings.

    Needs: the form of stage `tiles`. Guarantees: the llvm dialect. Idempotent: yes.
    (* example: test/Pipelines/lower-to-llvm-example.mlir *)
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def VerifyTargetPass : Pass<"reccc-verify-target", "::mlir::ModuleOp"> {
  let summary = "Close stage `target`";
  let description = [{
    Reports ops that are not of the llvm dialect; then records the stage. Needs: nothing. Guarantees: the form of stage `target`. Idempotent: yes.
    (* example: test/Pipelines/verify-target-example.mlir *)
  }];
}

def VerifyTilesPass : Pass<"reccc-verify-tiles", "::mlir::ModuleOp"> {
  let summary = "Close stage `tiles`";
  let description = [{
    Reports kernels that are no function yet; then records the stage. Needs: nothing. Guarantees: the form of stage `tiles`. Idempotent: yes.
    (* example: test/Pipelines/verify-tiles-example.mlir *)
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

def VerifyOptimizedPass : Pass<"recsys-verify-optimized", "::mlir::ModuleOp"> {
  let summary = "Close stage `optimized`";
  let description = [{
    Kernels are formed from what this stage leaves, and attention kernels walk one buffer for each source. Reports attention over
    concatenated sources, and sources that no row sees; writes `recsys.stage`.

    Needs: the form of stage `model`. Guarantees: the form of stage `optimized`. Idempotent: yes.
    (* example: test/Pipelines/verify-optimized-example.mlir *)
  }];
}

def VerifyQuantizedPass : Pass<"recsys-verify-quantized", "::mlir::ModuleOp"> {
  let summary = "Close stage `quantized`";
  let description = [{
    Kernels read and write what the types say, and a view of bytes cannot convert them. Reports views whose operands and result have different storage types, inputs
    and outputs with floats that are not f32, and top-k over scores that are not; writes `recsys.stage`.

    Needs: the form of stage `optimized`. Guarantees: the form of stage `quantized`. Idempotent: yes.
    (* example: test/Pipelines/verify-quantized-example.mlir *)
  }];
}

#endif // RECCC_PIPELINES_PASSES_TD
