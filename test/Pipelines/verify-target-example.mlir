// RUN: reccc-opt %s --reccc-stage-kernels --reccc-stage-tiles --reccc-stage-target | reccc-opt --reccc-verify-target | FileCheck %s

// CHECK: module attributes {{.*}}recsys.stage = "target"
// CHECK-NOT: {{(func|scf|vector|rectile|arith)\.[a-z]}}
// CHECK: llvm.mlir.global external constant @recrt_module
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @rank(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %0 = recsys.silu %x : (!row) -> !row
  recsys.output %0 : !row
}
