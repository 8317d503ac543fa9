// RUN: reccc-opt %s --recsys-split-linear -split-input-file | FileCheck %s
// RUN: reccc-opt %s --recsys-split-linear --recsys-split-linear -split-input-file | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-split-linear))' --seed=3
#s = #recsys.space<"history", max = 50>
recsys.parameter private @t : tensor<6x8xf32> from "qk.weight"
recsys.parameter private @w : tensor<8x6xf32> from "uv.weight"
recsys.parameter private @b : tensor<6xf32> from "qk.bias"

/// SiLU of everything, then slices: the slices move through it. The weight is [out, in], so its rows are sliced.
// CHECK-LABEL: recsys.model @split_linear_through_silu
// CHECK-DAG:     %[[W0:[a-z0-9]+]] = recsys.param_slice %{{[a-z0-9]+}} dim 0 offset 0 size 4 : (tensor<6x8xf32>)
// CHECK-DAG:     %[[B0:[a-z0-9]+]] = recsys.param_slice %{{[a-z0-9]+}} dim 0 offset 0 size 4 : (tensor<6xf32>)
// CHECK-DAG:     %[[L0:[a-z0-9]+]] = recsys.linear %{{[a-z0-9]+}}, %[[W0]], %[[B0]] transposed
// CHECK-DAG:     recsys.silu %[[L0]]
// CHECK-NOT:     recsys.slice_features
// CHECK:         recsys.output
recsys.model @split_linear_through_silu(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 4xf32> {recsys.name = "q"}, !recsys.jagged<#s x 2xf32> {recsys.name = "k"}) {
  %w = recsys.get_parameter @t : tensor<6x8xf32>
  %b = recsys.get_parameter @b : tensor<6xf32>
  %both = recsys.linear %x, %w, %b transposed : (!recsys.jagged<#s x 8xf32>, tensor<6x8xf32>, tensor<6xf32>) -> !recsys.jagged<#s x 6xf32>
  %act = recsys.silu %both : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 6xf32>
  %q = recsys.slice_features %act offset 0 size 4 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 4xf32>
  %k = recsys.slice_features %act offset 4 size 2 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 2xf32>
  recsys.output %q, %k : !recsys.jagged<#s x 4xf32>, !recsys.jagged<#s x 2xf32>
}

/// One slice goes through SiLU, the other does not: both are still parts of one linear.
// CHECK-LABEL: recsys.model @split_linear_some_through_silu
// CHECK-COUNT-2: recsys.linear
// CHECK-NOT:     recsys.slice_features
// CHECK:         recsys.output
recsys.model @split_linear_some_through_silu(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 3xf32> {recsys.name = "u"}, !recsys.jagged<#s x 3xf32> {recsys.name = "v"}) {
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %both = recsys.linear %x, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %act = recsys.silu %both : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 6xf32>
  %u = recsys.slice_features %act offset 0 size 3 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 3xf32>
  %part = recsys.slice_features %both offset 3 size 3 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 3xf32>
  recsys.output %u, %part : !recsys.jagged<#s x 3xf32>, !recsys.jagged<#s x 3xf32>
}

/// A slice of a slice is one slice.
// CHECK-LABEL: recsys.model @split_linear_nested_slice
// CHECK:         recsys.param_slice %{{[a-z0-9]+}} dim 1 offset 3 size 2
// CHECK:         recsys.linear
// CHECK-NOT:     recsys.slice_features
// CHECK:         recsys.output
recsys.model @split_linear_nested_slice(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 2xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %all = recsys.linear %x, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %part = recsys.slice_features %all offset 2 size 4 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 4xf32>
  %y = recsys.slice_features %part offset 1 size 2 : (!recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 2xf32>
  recsys.output %y : !recsys.jagged<#s x 2xf32>
}

/// The whole result is used too: slices of the linear would compute columns twice.
// CHECK-LABEL: recsys.model @negative_split_linear_used_whole
// CHECK:         %[[L:[a-z0-9]+]] = recsys.linear
// CHECK:         recsys.slice_features %[[L]] offset 0 size 3
recsys.model @negative_split_linear_used_whole(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 6xf32> {recsys.name = "all"}, !recsys.jagged<#s x 3xf32> {recsys.name = "part"}) {
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %all = recsys.linear %x, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %part = recsys.slice_features %all offset 0 size 3 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 3xf32>
  recsys.output %all, %part : !recsys.jagged<#s x 6xf32>, !recsys.jagged<#s x 3xf32>
}

/// Slices that overlap would do so as well.
// CHECK-LABEL: recsys.model @negative_split_linear_overlap
// CHECK:         %[[L:[a-z0-9]+]] = recsys.linear
// CHECK-DAG:     recsys.slice_features %[[L]] offset 0 size 4
// CHECK-DAG:     recsys.slice_features %[[L]] offset 3 size 3
recsys.model @negative_split_linear_overlap(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#s x 4xf32> {recsys.name = "a"}, !recsys.jagged<#s x 3xf32> {recsys.name = "b"}) {
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %all = recsys.linear %x, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#s x 6xf32>
  %a = recsys.slice_features %all offset 0 size 4 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 4xf32>
  %b = recsys.slice_features %all offset 3 size 3 : (!recsys.jagged<#s x 6xf32>) -> !recsys.jagged<#s x 3xf32>
  recsys.output %a, %b : !recsys.jagged<#s x 4xf32>, !recsys.jagged<#s x 3xf32>
}
