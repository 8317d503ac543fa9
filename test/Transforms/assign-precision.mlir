// RUN: reccc-opt %s --recsys-assign-precision=precision=bf16 --recsys-verify-quantized | FileCheck %s
// RUN: reccc-opt %s --recsys-assign-precision=precision=bf16 --recsys-assign-precision=precision=bf16 | FileCheck %s
// RUN: reccc-opt %s --recsys-assign-precision | FileCheck %s --check-prefix=FP32
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys-assign-precision{precision=bf16})' --seed=5
/// In double the types do not matter: nothing but them may change.
#s = #recsys.space<"history", max = 50>
#t = #recsys.concat<#s, #recsys.request>
!s = !recsys.jagged<#s x 4xf32>
!r = !recsys.jagged<#recsys.request x 4xf32>
!t = !recsys.jagged<#t x 4xf32>
// FP32-NOT: bf16

/// The output is a view: what it views is stored in f32 too, and so is the input that lies beside it.
// CHECK-LABEL: recsys.model @assign_precision_views
// CHECK:         recsys.silu {{.*}} -> {{.*}} x 4xf32>
// CHECK:         recsys.concat_rows {{.*}} -> {{.*}} x 4xf32>
// CHECK:         recsys.gelu {{.*}} -> {{.*}} x 4xbf16>
// CHECK:         recsys.slice_rows {{.*}} -> {{.*}} x 4xbf16>
recsys.model @assign_precision_views(%x: !s {recsys.name = "x"}, %f: !r {recsys.name = "f"}) -> (!s {recsys.name = "y"}, !r {recsys.name = "z"}) {
  %a = recsys.silu %x : (!s) -> !s
  %t = recsys.concat_rows %a, %f : (!s, !r) -> !t
  %y = recsys.slice_rows %t first 0 count 1 : (!t) -> !s
  %g = recsys.gelu %t : (!t) -> !t
  %last = recsys.slice_rows %g first 1 count 1 : (!t) -> !r
  %z = recsys.tanh %last : (!r) -> !r
  recsys.output %y, %z : !s, !r
}

/// The runtime compares scores, and they are f32; ids are i64 as ever.
// CHECK-LABEL: recsys.model @assign_precision_top_k
// CHECK:         %[[H:[a-z0-9]+]] = recsys.silu {{.*}} -> {{.*}} x 4xbf16>
// CHECK:         %[[S:[a-z0-9]+]] = recsys.tanh %[[H]] : {{.*}} -> {{.*}} x 4xf32>
// CHECK:         recsys.top_k %[[S]] {{.*}} -> ({{.*}} x 2xi64>, {{.*}} x 2xf32>)
// CHECK:         recsys.scale {{.*}} -> {{.*}} x 2xf32>
recsys.model @assign_precision_top_k(%x: !r {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 2xi64> {recsys.name = "ids"}, !recsys.jagged<#recsys.request x 2xf32> {recsys.name = "scores"}) {
  %h = recsys.silu %x : (!r) -> !r
  %s = recsys.tanh %h : (!r) -> !r
  %ids, %best = recsys.top_k %s k 2 first_id 0 : (!r) -> (!recsys.jagged<#recsys.request x 2xi64>, !recsys.jagged<#recsys.request x 2xf32>)
  %y = recsys.scale %best by 2.0 : (!recsys.jagged<#recsys.request x 2xf32>) -> !recsys.jagged<#recsys.request x 2xf32>
  recsys.output %ids, %y : !recsys.jagged<#recsys.request x 2xi64>, !recsys.jagged<#recsys.request x 2xf32>
}
