// RUN: reccc-opt %s --recsys-fold-linear-affine | FileCheck %s
/// A batch norm's factor scales the columns of the weight and the bias, its addend joins the bias.
#s = #recsys.space<"history", max = 50>

// CHECK-LABEL: recsys.model @fold_linear_affine_batch_norm
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged
// CHECK-DAG:     %[[G:[a-z0-9]+]] = recsys.get_parameter @g
// CHECK-DAG:     %[[C:[a-z0-9]+]] = recsys.get_parameter @c
// CHECK-DAG:     %[[W:[a-z0-9]+]] = recsys.get_parameter @w
// CHECK-DAG:     %[[B:[a-z0-9]+]] = recsys.get_parameter @b
// CHECK-DAG:     %[[WG:[a-z0-9]+]] = recsys.param_scale_rows %[[W]], %[[G]]
// CHECK-DAG:     %[[BG:[a-z0-9]+]] = recsys.param_mul %[[B]], %[[G]]
// CHECK-DAG:     %[[BGC:[a-z0-9]+]] = recsys.param_add %[[BG]], %[[C]]
// CHECK:         recsys.linear %[[X]], %[[WG]], %[[BGC]] transposed
// CHECK-NEXT:    recsys.output
recsys.parameter private @g : tensor<6xf32> from "gain"
recsys.parameter private @c : tensor<6xf32> from "shift"
recsys.parameter private @w : tensor<6x8xf32> from "linear.weight"
recsys.parameter private @b : tensor<6xf32> from "linear.bias"
recsys.model @fold_linear_affine_batch_norm(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}) {
  %g = recsys.get_parameter @g : tensor<6xf32>
  %c = recsys.get_parameter @c : tensor<6xf32>
  %w = recsys.get_parameter @w : tensor<6x8xf32>
  %b = recsys.get_parameter @b : tensor<6xf32>
  %y = recsys.linear %x, %w, %b transposed : (!recsys.jagged<#s x 8xf32>, tensor<6x8xf32>, tensor<6xf32>) -> !recsys.jagged<#s x 6xf32>
  %gs = recsys.splat_rows %g : (tensor<6xf32>) -> !recsys.jagged<#s x 6xf32>
  %cs = recsys.splat_rows %c : (tensor<6xf32>) -> !recsys.jagged<#s x 6xf32>
  %m = recsys.mul %y, %gs : (!recsys.jagged<#s x 6xf32>, !recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 6xf32>
  %z = recsys.add %cs, %m : (!recsys.jagged<#s x 6xf32>, !recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 6xf32>
  recsys.output %z : !recsys.jagged<#s x 6xf32>
}
