// RUN: reccc-opt %s --recsys-fold-linear-affine | FileCheck %s
// RUN: reccc-opt %s --recsys-fold-linear-affine --recsys-fold-linear-affine | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-fold-linear-affine))' --seed=4
#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>
!y = !recsys.jagged<#s x 6xf32>
recsys.parameter private @row : tensor<1x6xf32> from "row"
recsys.parameter private @w : tensor<8x6xf32> from "w"

/// Without a bias the addend is the bias; [1, D] is a row too.
// CHECK-LABEL: recsys.model @fold_linear_affine_no_bias
// CHECK-DAG:     %[[ROW:[a-z0-9]+]] = recsys.get_parameter @row
// CHECK-DAG:     %[[FLAT:[a-z0-9]+]] = recsys.param_reshape %[[ROW]]
// CHECK:         recsys.linear %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %[[FLAT]] :
// CHECK-NEXT:    recsys.output
recsys.model @fold_linear_affine_no_bias(%x: !x {recsys.name = "x"}) -> (!y {recsys.name = "y"}) {
  %row = recsys.get_parameter @row : tensor<1x6xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %y = recsys.linear %x, %w : (!x, tensor<8x6xf32>) -> !y
  %c = recsys.splat_rows %row : (tensor<1x6xf32>) -> !y
  %z = recsys.add %y, %c : (!y, !y) -> !y
  recsys.output %z : !y
}

/// The weight is [in, out]: its transpose is scaled.
// CHECK-LABEL: recsys.model @fold_linear_affine_factor
// CHECK:         %[[T:[a-z0-9]+]] = recsys.param_transpose
// CHECK:         %[[S:[a-z0-9]+]] = recsys.param_scale_rows %[[T]]
// CHECK:         recsys.linear %{{[a-z0-9]+}}, %[[S]] transposed
// CHECK-NEXT:    recsys.output
recsys.model @fold_linear_affine_factor(%x: !x {recsys.name = "x"}) -> (!y {recsys.name = "y"}) {
  %row = recsys.get_parameter @row : tensor<1x6xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %y = recsys.linear %x, %w : (!x, tensor<8x6xf32>) -> !y
  %c = recsys.splat_rows %row : (tensor<1x6xf32>) -> !y
  %z = recsys.mul %c, %y : (!y, !y) -> !y
  recsys.output %z : !y
}

/// The output sees the linear itself.
// CHECK-LABEL: recsys.model @negative_fold_linear_affine_other_use
// CHECK:         recsys.mul
recsys.model @negative_fold_linear_affine_other_use(%x: !x {recsys.name = "x"}) -> (!y {recsys.name = "y"}, !y {recsys.name = "z"}) {
  %row = recsys.get_parameter @row : tensor<1x6xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %y = recsys.linear %x, %w : (!x, tensor<8x6xf32>) -> !y
  %c = recsys.splat_rows %row : (tensor<1x6xf32>) -> !y
  %z = recsys.mul %y, %c : (!y, !y) -> !y
  recsys.output %y, %z : !y, !y
}
