// RUN: reccc-opt %s --canonicalize --split-input-file | FileCheck %s

#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>

// CHECK-LABEL: @concat_rows_of_one
// CHECK-NEXT: return %arg0
func.func @concat_rows_of_one(%x: !x) -> !x {
  %0 = recsys.concat_rows %x : (!x) -> !x
  return %0 : !x
}

// CHECK-LABEL: @take_rows_of_all
// CHECK-NEXT: return %arg0
func.func @take_rows_of_all(%x: !x) -> !x {
  %0 = recsys.take_rows %x : (!x) -> !x
  return %0 : !x
}

// CHECK-LABEL: @deinterleave_of_interleave
// CHECK-NEXT: return %arg1
func.func @deinterleave_of_interleave(%x: !x, %y: !x) -> !x {
  %0 = recsys.interleave %x, %y : (!x, !x) -> !recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>
  %1 = recsys.deinterleave %0 phase 1 : (!recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>) -> !x
  return %1 : !x
}

/// The operand of that phase is stored wider: the cast must stay.
// CHECK-LABEL: @negative_deinterleave_of_other_storage
// CHECK: recsys.deinterleave
func.func @negative_deinterleave_of_other_storage(%x: !x) -> !recsys.jagged<#s x 8xbf16> {
  %0 = recsys.interleave %x, %x : (!x, !x) -> !recsys.jagged<#recsys.interleave<#s, 2> x 8xbf16>
  %1 = recsys.deinterleave %0 phase 0 : (!recsys.jagged<#recsys.interleave<#s, 2> x 8xbf16>) -> !recsys.jagged<#s x 8xbf16>
  return %1 : !recsys.jagged<#s x 8xbf16>
}

// CHECK-LABEL: @one_row_to_one_row
// CHECK-NEXT: return %arg0
func.func @one_row_to_one_row(%x: !recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32> {
  %0 = recsys.broadcast_rows %x : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  %1 = recsys.pool mean %0 : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  return %1 : !recsys.jagged<#recsys.request x 8xf32>
}

// -----

#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>

// CHECK-LABEL: @scale_by_one
// CHECK-NEXT: return %arg0
func.func @scale_by_one(%x: !x) -> !x {
  %0 = recsys.scale %x by 1.0 : (!x) -> !x
  return %0 : !x
}

// CHECK-LABEL: @negative_scale_adds
// CHECK: recsys.scale %arg0 plus 2.000000e+00 by 1.000000e+00
func.func @negative_scale_adds(%x: !x) -> !x {
  %0 = recsys.scale %x plus 2.0 by 1.0 : (!x) -> !x
  return %0 : !x
}

// CHECK-LABEL: @negative_scale_to_other_storage
// CHECK: recsys.scale
func.func @negative_scale_to_other_storage(%x: !x) -> !recsys.jagged<#s x 8xbf16> {
  %0 = recsys.scale %x by 1.0 : (!x) -> !recsys.jagged<#s x 8xbf16>
  return %0 : !recsys.jagged<#s x 8xbf16>
}

// CHECK-LABEL: @slice_of_concat
// CHECK-NEXT: return %arg1
func.func @slice_of_concat(%x: !x, %y: !recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 4xf32> {
  %0 = recsys.concat_features %x, %y : (!x, !recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 12xf32>
  %1 = recsys.slice_features %0 offset 8 size 4 : (!recsys.jagged<#s x 12xf32>) -> !recsys.jagged<#s x 4xf32>
  return %1 : !recsys.jagged<#s x 4xf32>
}

// CHECK-LABEL: @negative_slice_across_parts
// CHECK: recsys.slice_features
func.func @negative_slice_across_parts(%x: !x, %y: !recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 4xf32> {
  %0 = recsys.concat_features %x, %y : (!x, !recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 12xf32>
  %1 = recsys.slice_features %0 offset 6 size 4 : (!recsys.jagged<#s x 12xf32>) -> !recsys.jagged<#s x 4xf32>
  return %1 : !recsys.jagged<#s x 4xf32>
}

// CHECK-LABEL: @reshape_and_back
// CHECK-NEXT: return %arg0
func.func @reshape_and_back(%x: !x) -> !x {
  %0 = recsys.reshape_features %x : (!x) -> !recsys.jagged<#s x 2x4xf32>
  %1 = recsys.reshape_features %0 : (!recsys.jagged<#s x 2x4xf32>) -> !x
  %2 = recsys.concat_features %1 : (!x) -> !x
  return %2 : !x
}

// -----

// CHECK-LABEL: @parameters
// CHECK-NEXT: return %arg0
func.func @parameters(%w: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = recsys.param_transpose %w : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %1 = recsys.param_transpose %0 : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %2 = recsys.param_reshape %1 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

/// Rounded in between: the parameter would have other values.
// CHECK-LABEL: @negative_transpose_through_bf16
// CHECK-COUNT-2: recsys.param_transpose
func.func @negative_transpose_through_bf16(%w: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = recsys.param_transpose %w : (tensor<4x6xf32>) -> tensor<6x4xbf16>
  %1 = recsys.param_transpose %0 : (tensor<6x4xbf16>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}
