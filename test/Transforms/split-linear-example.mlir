// RUN: reccc-opt %s --recsys-split-linear | FileCheck %s
/// Two projections kept in one matrix become two linears.
#s = #recsys.space<"history", max = 50>

// CHECK-LABEL: recsys.model @split_linear_two_halves
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged
// CHECK:         %[[W:[a-z0-9]+]] = recsys.get_parameter @w
// CHECK-DAG:     %[[W0:[a-z0-9]+]] = recsys.param_slice %[[W]] dim 1 offset 0 size 4
// CHECK-DAG:     %[[W1:[a-z0-9]+]] = recsys.param_slice %[[W]] dim 1 offset 4 size 2
// CHECK-DAG:     recsys.linear %[[X]], %[[W0]] :
// CHECK-DAG:     recsys.linear %[[X]], %[[W1]] :
// CHECK-NOT:     recsys.slice_features
recsys.parameter private @w : tensor<8x6xf32> from "qk.weight"
recsys.model @split_linear_two_halves(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 4xf32> {recsys.name = "q"}, !recsys.jagged<#s x 2xf32> {recsys.name = "k"}) {
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %both = recsys.linear %x, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %q = recsys.slice_features %both offset 0 size 4 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 4xf32>
  %k = recsys.slice_features %both offset 4 size 2 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 2xf32>
  recsys.output %q, %k : !recsys.jagged<#s x 4xf32>, !recsys.jagged<#s x 2xf32>
}
