// RUN: reccc-opt %s --reccc-stage-kernels --reccc-lower-kernels | reccc-opt --reccc-lower-kernels | FileCheck %s
// Lowering what is lowered changes nothing.

// CHECK: rectile.dispatch rows
// CHECK-COUNT-2: func.func
// CHECK-NOT: func.func
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %0 = recsys.silu %x : (!row) -> !row
  recsys.output %0 : !row
}
