// RUN: reccc-opt %s --recsys-fold-linears | FileCheck %s
/// The last projection of a tower and the square matrix that keeps its embeddings comparable from one training to the next.
#s = #recsys.space<"history", max = 50>
recsys.parameter private @v : tensor<8x6xf32> from "last.weight"
recsys.parameter private @a : tensor<6xf32> from "last.bias"
recsys.parameter private @w : tensor<6x6xf32> from "stable"
// CHECK-LABEL: recsys.model @fold_linears_stabilized
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged
// CHECK-DAG:     %[[V:[a-z0-9]+]] = recsys.get_parameter @v
// CHECK-DAG:     %[[A:[a-z0-9]+]] = recsys.get_parameter @a
// CHECK-DAG:     %[[W:[a-z0-9]+]] = recsys.get_parameter @w
// CHECK-DAG:     %[[VW:[a-z0-9]+]] = recsys.param_matmul %[[V]], %[[W]]
// CHECK-DAG:     %[[AW:[a-z0-9]+]] = recsys.param_vecmat %[[A]], %[[W]]
// CHECK:         %[[Y:[a-z0-9]+]] = recsys.linear %[[X]], %[[VW]], %[[AW]] :
// CHECK-NEXT:    recsys.output %[[Y]]
recsys.model @fold_linears_stabilized(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 6xf32> {recsys.name = "y"}) {
  %v = recsys.get_parameter @v : tensor<8x6xf32>
  %a = recsys.get_parameter @a : tensor<6xf32>
  %w = recsys.get_parameter @w : tensor<6x6xf32>
  %h = recsys.linear %x, %v, %a : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>, tensor<6xf32>) -> !recsys.jagged<#s x 6xf32>
  %y = recsys.linear %h, %w : (!recsys.jagged<#s x 6xf32>, tensor<6x6xf32>) -> !recsys.jagged<#s x 6xf32>
  recsys.output %y : !recsys.jagged<#s x 6xf32>
}
