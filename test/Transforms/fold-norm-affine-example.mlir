// RUN: reccc-opt %s --recsys-fold-norm-affine | FileCheck %s
/// The gain scales the rows of the weight, the bias goes through the weight.
#s = #recsys.space<"history", max = 50>

// CHECK-LABEL: recsys.model @fold_norm_affine_one_linear
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged
// CHECK-DAG:     %[[G:[a-z0-9]+]] = recsys.get_parameter @g
// CHECK-DAG:     %[[B:[a-z0-9]+]] = recsys.get_parameter @b
// CHECK-DAG:     %[[W:[a-z0-9]+]] = recsys.get_parameter @w
// CHECK:         %[[N:[a-z0-9]+]] = recsys.layer_norm %[[X]] eps
// CHECK:         %[[BW:[a-z0-9]+]] = recsys.param_vecmat %[[B]], %[[W]]
// CHECK:         %[[GW:[a-z0-9]+]] = recsys.param_scale_rows %[[W]], %[[G]]
// CHECK:         recsys.linear %[[N]], %[[GW]], %[[BW]] :
recsys.parameter private @g : tensor<8xf32> from "norm.weight"
recsys.parameter private @b : tensor<8xf32> from "norm.bias"
recsys.parameter private @w : tensor<8x6xf32> from "linear.weight"
recsys.model @fold_norm_affine_one_linear(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}) {
  %g = recsys.get_parameter @g : tensor<8xf32>
  %b = recsys.get_parameter @b : tensor<8xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %n = recsys.layer_norm %x affine %g, %b eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.linear %n, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  recsys.output %y : !recsys.jagged<#s x 6xf32>
}
