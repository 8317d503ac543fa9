// RUN: reccc-opt %s --canonicalize --split-input-file | FileCheck %s
// RUN: reccc-opt %s --cse --symbol-dce --split-input-file | FileCheck %s --check-prefix=DCE

#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>

// CHECK-LABEL: @linear_of_transpose
// CHECK-NEXT: recsys.linear %arg0, %arg1 transposed
func.func @linear_of_transpose(%x: !x, %w: tensor<4x8xf32>) -> !recsys.jagged<#s x 4xf32> {
  %t = recsys.param_transpose %w : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %0 = recsys.linear %x, %t : (!x, tensor<8x4xf32>) -> !recsys.jagged<#s x 4xf32>
  return %0 : !recsys.jagged<#s x 4xf32>
}

/// The transpose is stored narrower than the parameter: the values differ.
// CHECK-LABEL: @negative_linear_of_rounding_transpose
// CHECK: recsys.param_transpose
func.func @negative_linear_of_rounding_transpose(%x: !x, %w: tensor<4x8xf32>) -> !recsys.jagged<#s x 4xf32> {
  %t = recsys.param_transpose %w : (tensor<4x8xf32>) -> tensor<8x4xbf16>
  %0 = recsys.linear %x, %t : (!x, tensor<8x4xbf16>) -> !recsys.jagged<#s x 4xf32>
  return %0 : !recsys.jagged<#s x 4xf32>
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
!x = !recsys.jagged<#s x 8xf32>
!y = !recsys.jagged<#c x 8xf32>
!r = !recsys.jagged<#recsys.request x 8xf32>
!all = !recsys.jagged<#recsys.concat<#recsys.request, #s, #c> x 8xf32>

// CHECK-LABEL: @slice_of_concat
// CHECK-NEXT: return %arg2
func.func @slice_of_concat(%r: !r, %x: !x, %y: !y) -> !y {
  %0 = recsys.concat_rows %r, %x, %y : (!r, !x, !y) -> !all
  %1 = recsys.slice_rows %0 first 2 count 1 : (!all) -> !y
  return %1 : !y
}

// CHECK-LABEL: @slice_of_several
// CHECK: %[[PART:.*]] = recsys.concat_rows %arg0, %arg1
// CHECK-NEXT: return %[[PART]]
func.func @slice_of_several(%r: !r, %x: !x, %y: !y) -> !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32> {
  %0 = recsys.concat_rows %r, %x, %y : (!r, !x, !y) -> !all
  %1 = recsys.slice_rows %0 first 0 count 2 : (!all) -> !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>
  return %1 : !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>
}

/// The two constants are one part of the concat: no operand is that part.
// CHECK-LABEL: @negative_slice_of_merged_constants
// CHECK: recsys.slice_rows
func.func @negative_slice_of_merged_constants(%r: !r, %x: !x) -> !recsys.jagged<#recsys.rows<2> x 8xf32> {
  %0 = recsys.concat_rows %r, %r, %x : (!r, !r, !x) -> !recsys.jagged<#recsys.concat<#recsys.rows<2>, #s> x 8xf32>
  %1 = recsys.slice_rows %0 first 0 count 1 : (!recsys.jagged<#recsys.concat<#recsys.rows<2>, #s> x 8xf32>) -> !recsys.jagged<#recsys.rows<2> x 8xf32>
  return %1 : !recsys.jagged<#recsys.rows<2> x 8xf32>
}

// -----

#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>

// Parameters live as long as they are used, row spaces (which are no symbols) always; equal values are computed once.
// DCE: recsys.parameter private @used
// DCE-NOT: recsys.parameter private @unused
// DCE: recsys.parameter @exported
// DCE-LABEL: recsys.model @rank
// DCE-COUNT-1: recsys.get_parameter
// DCE-COUNT-1: recsys.linear
// DCE-NOT: recsys.linear
// DCE: recsys.add
recsys.parameter private @used : tensor<8x8xf32> from "used"
recsys.parameter private @unused : tensor<8x8xf32> from "unused"
recsys.parameter @exported : tensor<8x8xf32> from "exported"
recsys.model @rank(%x: !x {recsys.name = "x"}) -> (!x {recsys.name = "y"}) {
  %w = recsys.get_parameter @used : tensor<8x8xf32>
  %v = recsys.get_parameter @used : tensor<8x8xf32>
  %0 = recsys.linear %x, %w : (!x, tensor<8x8xf32>) -> !x
  %1 = recsys.linear %x, %v : (!x, tensor<8x8xf32>) -> !x
  %2 = recsys.silu %1 : (!x) -> !x
  %3 = recsys.add %0, %1 : (!x, !x) -> !x
  recsys.output %3 : !x
}
