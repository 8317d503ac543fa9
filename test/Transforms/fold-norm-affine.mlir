// RUN: reccc-opt %s --recsys-fold-norm-affine | FileCheck %s
// RUN: reccc-opt %s --recsys-fold-norm-affine --recsys-fold-norm-affine | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-fold-norm-affine))' --seed=4
#s = #recsys.space<"history", max = 50>
recsys.parameter private @g : tensor<8xf32> from "norm.weight"
recsys.parameter private @b : tensor<8xf32> from "norm.bias"
recsys.parameter private @g2 : tensor<2xf32> from "group.weight"
recsys.parameter private @b2 : tensor<2xf32> from "group.bias"
recsys.parameter private @w : tensor<8x6xf32> from "a.weight"
recsys.parameter private @t : tensor<6x8xf32> from "b.weight"
recsys.parameter private @bias : tensor<6xf32> from "b.bias"

/// Two linears read the norm, one with a transposed weight and a bias of its own.
// CHECK-LABEL: recsys.model @fold_norm_affine_two_linears
// CHECK:         recsys.layer_norm %{{[a-z0-9]+}} eps
// CHECK-DAG:     %[[T:[a-z0-9]+]] = recsys.param_transpose %{{[a-z0-9]+}} : (tensor<6x8xf32>)
// CHECK-DAG:     %[[BT:[a-z0-9]+]] = recsys.param_vecmat %{{[a-z0-9]+}}, %[[T]]
// CHECK-DAG:     %[[SUM:[a-z0-9]+]] = recsys.param_add %{{[a-z0-9]+}}, %[[BT]]
// CHECK-DAG:     %[[GT:[a-z0-9]+]] = recsys.param_scale_rows %[[T]], %{{[a-z0-9]+}}
// CHECK-DAG:     recsys.linear %{{[a-z0-9]+}}, %[[GT]], %[[SUM]] :
// CHECK:         recsys.output
recsys.model @fold_norm_affine_two_linears(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}, !recsys.jagged<#s x 6xf32> {recsys.name = "z"}) {
  %g = recsys.get_parameter @g : tensor<8xf32>
  %b = recsys.get_parameter @b : tensor<8xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %t = recsys.get_parameter @t : tensor<6x8xf32>
  %bias = recsys.get_parameter @bias : tensor<6xf32>
  %n = recsys.layer_norm %x affine %g, %b eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.linear %n, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %z = recsys.linear %n, %t, %bias transposed : (!recsys.jagged<#s x 8xf32>, tensor<6x8xf32>, tensor<6xf32>) -> !recsys.jagged<#s x 6xf32>
  recsys.output %y, %z : !recsys.jagged<#s x 6xf32>, !recsys.jagged<#s x 6xf32>
}

/// The sum sees the norm's own values.
// CHECK-LABEL: recsys.model @negative_fold_norm_affine_other_use
// CHECK:         recsys.layer_norm %{{[a-z0-9]+}} affine
recsys.model @negative_fold_norm_affine_other_use(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}, !recsys.jagged<#s x 8xf32> {recsys.name = "z"}) {
  %g = recsys.get_parameter @g : tensor<8xf32>
  %b = recsys.get_parameter @b : tensor<8xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %n = recsys.layer_norm %x affine %g, %b eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.linear %n, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %z = recsys.add %x, %n : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  recsys.output %y, %z : !recsys.jagged<#s x 6xf32>, !recsys.jagged<#s x 8xf32>
}

/// One gain for each group of four numbers is no diagonal of the rows.
// CHECK-LABEL: recsys.model @negative_fold_norm_affine_groups
// CHECK:         recsys.layer_norm %{{[a-z0-9]+}} affine
recsys.model @negative_fold_norm_affine_groups(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}) {
  %g = recsys.get_parameter @g2 : tensor<2xf32>
  %b = recsys.get_parameter @b2 : tensor<2xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %n = recsys.layer_norm %x affine %g, %b eps 1.0e-6 groups 2 : (!recsys.jagged<#s x 8xf32>, tensor<2xf32>, tensor<2xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.linear %n, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  recsys.output %y : !recsys.jagged<#s x 6xf32>
}
