// RUN: reccc-opt %s --recsys-assign-precision=precision=bf16 | FileCheck %s
/// What kernels hand to each other is bf16, the signature is not.
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 50>
#s = #recsys.space<"history", max = 50>

// CHECK:       recsys.parameter private @w : tensor<8x6xbf16> from "w"
// CHECK-LABEL: recsys.model @assign_precision_inner_value
// CHECK:         recsys.silu %{{[a-z0-9]+}} : (!recsys.jagged<#[[H]] x 8xf32>) -> !recsys.jagged<#[[H]] x 8xbf16>
// CHECK:         recsys.linear {{.*}}tensor<8x6xbf16>) -> !recsys.jagged<#[[H]] x 6xf32>
recsys.parameter private @w : tensor<8x6xf32> from "w"
recsys.model @assign_precision_inner_value(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %a = recsys.silu %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.linear %a, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  recsys.output %y : !recsys.jagged<#s x 6xf32>
}
