// RUN: reccc-opt %s --reccc-stage-kernels --reccc-stage-tiles | reccc-opt --reccc-verify-tiles | FileCheck %s

// CHECK: module attributes {recsys.stage = "tiles"}
// CHECK: rectile.dispatch rows(%{{.*}}) entries [@[[V3:[a-z0-9_]+]], @[[V4:[a-z0-9_]+]]]
// CHECK: func.func @[[V3]]
// CHECK: func.func @[[V4]]
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %0 = recsys.silu %x : (!row) -> !row
  recsys.output %0 : !row
}
