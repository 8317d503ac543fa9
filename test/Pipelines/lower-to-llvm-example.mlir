// RUN: reccc-opt %s --reccc-stage-kernels --reccc-stage-tiles --reccc-lower-to-llvm | reccc-opt --reccc-lower-to-llvm | FileCheck %s

// CHECK: llvm.func internal @rows_{{.*}}_v3
// CHECK: llvm.func internal @rows_{{.*}}_v4
// CHECK: llvm.mlir.global external constant @recrt_module
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %0 = recsys.silu %x : (!row) -> !row
  recsys.output %0 : !row
}
