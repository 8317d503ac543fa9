// RUN: reccc-opt %s --reccc-stage-kernels | reccc-opt --reccc-verify-kernels | FileCheck %s
// What stage `kernels` makes passes its check, again and again; the stage is recorded.

// CHECK: module attributes {recsys.stage = "kernels"}
// CHECK: recsys.model @rank
// CHECK-SAME: rectile.plan
// CHECK: rectile.kernel rows
// CHECK-SAME: rectile.places
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %0 = recsys.silu %x : (!row) -> !row
  recsys.output %0 : !row
}
