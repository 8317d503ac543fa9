// RUN: reccc-opt %s --reccc-stage-kernels --reccc-lower-kernels | FileCheck %s

// [LowerKernels]  IN: two kernels   OUT: a dispatch for each; a function for each level, whose panels are multiplied by rectile.dot
// CHECK-LABEL: recsys.model @rank
// CHECK-NOT: rectile.kernel
// CHECK: rectile.dispatch gemm(%{{.*}}) entries [@[[V3:[a-z0-9_]+]], @[[V4:[a-z0-9_]+]]]
// CHECK-SAME: packings = [unit, #rectile.packing<
// CHECK: rectile.dispatch gemm
// CHECK: func.func @[[V3]]({{.*}}) attributes {reccc.level = "x86-64-v3"}
// CHECK: rectile.dot {{.*}} : !rectile.fragment<6x16>
// CHECK: func.func @[[V4]]({{.*}}) attributes {reccc.level = "x86-64-v4"}
// CHECK: rectile.dot {{.*}} : !rectile.fragment<12x32>
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.parameter private @w : tensor<8x8xf32> from "w"
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %0 = recsys.linear %x, %w : (!row, tensor<8x8xf32>) -> !row
  %1 = recsys.silu %0 : (!row) -> !row
  %n = recsys.l2_norm %1 eps 1.0 : (!row) -> !row
  %2 = recsys.linear %n, %w : (!row, tensor<8x8xf32>) -> !row
  %3 = recsys.silu %2 : (!row) -> !row
  recsys.output %3 : !row
}
