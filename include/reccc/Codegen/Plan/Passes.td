// SPDX-License-Identifier: Apache-2.0
// Passes of the stage "kernels": what runs as one kernel, and where its values lie.
#ifndef RECCC_CODEGEN_PLAN_PASSES_TD
#define RECCC_CODEGEN_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def FormKernelsPass : Pass<"reccc-form-kernels", "mlir::recsys::ModelOp"> {
  let summary = "Group the ops of a model into kernels";
  let description = [{
    A pass over memory for every op would leave a model bound by memory. Row-wise chains become prologues and epilogues of the linears
    next to them, linears of one input become one GEMM, other row-wise ops that feed each other become one kernel.
    Views and parameter expressions stay between kernels.

    Needs: `recsys` ops. Guarantees: `rectile.kernel`, views and parameter expressions only. Idempotent: yes.
    (* example: test/Codegen/Plan/form-kernels.mlir *)
  }];
  let statistics = [Statistic<"numKernels", "num-kernels", "Number of kernels formed">];
  let dependentDialects = ["::mlir::rectile::RecTileDialect"];
}

def PlanMemoryPass : Pass<"reccc-plan-memory", "mlir::recsys::ModelOp"> {
  let summary = "Give every value between kernels a place in memory";
  let description = [{
    A view is a place inside of what it views: a buffer, a row map and a column offset. A value that only feeds a `concat_rows`, an
    `interleave` or an output is written there by its kernel; where that cannot be, a copy kernel is added. Buffers whose
    lives do not meet share a slot of the arena. Sizes are formulas over the rows of a batch, so slots are placed by the runtime.

    Needs: the form that `reccc-form-kernels` guarantees. Guarantees: layouts and `rectile.places` on every kernel, `rectile.plan` on every model.
    Idempotent: yes. (* example: test/Codegen/Plan/plan-memory.mlir *)
  }];
  let dependentDialects = ["::mlir::rectile::RecTileDialect"];
}

def RecordIdLimitsPass : Pass<"reccc-record-id-limits", "mlir::recsys::ModelOp"> {
  let summary = "Write down which ids an input may hold";
  let description = [{
    An id outside of its table must reject the request before any kernel runs. Each `recsys.embedding` that rejects is traced through views
    to the inputs its ids come from; `recsys.id_limit` on an input is the rows of the smallest table that it reaches.

    Needs: `recsys` ops. Guarantees: `recsys.id_limit` on inputs that are looked up. Idempotent: yes. (* example: test/Codegen/Plan/record-id-limits.mlir *)
  }];
}

#endif // RECCC_CODEGEN_PLAN_PASSES_TD
