// RUN: reccc-opt %s --reccc-stage-kernels --reccc-stage-tiles --reccc-lower-to-llvm | FileCheck %s

// [LowerToLLVM]  IN: functions of loops and fragments   OUT: functions that carry their target; the plan as constants, weights packed
// CHECK: llvm.func internal @gemm_{{.*}}_v3({{.*}}) attributes {{.*}}"x86-64-v3"
// CHECK: llvm.intr.fma{{.*}} vector<8xf32>
// CHECK: llvm.func internal @gemm_{{.*}}_v4({{.*}}) attributes {{.*}}"x86-64-v4"
// CHECK: llvm.intr.fma{{.*}} vector<16xf32>
// CHECK: llvm.mlir.global internal constant @{{.*}}("history\00")
// CHECK: llvm.mlir.global external hidden constant @reccc_weights() {{.*}}alignment = 64
// CHECK: llvm.mlir.global external constant @recrt_module
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.parameter private @w : tensor<8x8xf32> from "w"
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %0 = recsys.linear %x, %w : (!row, tensor<8x8xf32>) -> !row
  %1 = recsys.silu %0 : (!row) -> !row
  %2 = recsys.linear %1, %w : (!row, tensor<8x8xf32>) -> !row
  %3 = recsys.silu %2 : (!row) -> !row
  recsys.output %3 : !row
}
