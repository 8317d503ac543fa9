// RUN: reccc-opt %s -pass-pipeline='builtin.module(recsys.model(reccc-form-kernels,reccc-plan-memory))' -split-input-file | FileCheck %s

// [PlanMemory]  IN: values that are concatenated   OUT: both kernels write into their segment of the output; nothing is copied
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
!one = !recsys.jagged<#recsys.request x 8xf32>
!all = !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>
recsys.parameter private @w : tensor<8x8xf32> from "w"
// CHECK-LABEL: recsys.model @concat_in_place
// CHECK-SAME: #rectile.buffer<kind = input, space = #history, row_bytes = 32, index = 0>, #rectile.buffer<kind = output, space = #concat, row_bytes = 32, index = 0>]
// CHECK-SAME: steps = [#rectile.embed<kind = segment, outer = #concat, index = 1, shift = 0>]
// CHECK-SAME: slots = 0
// CHECK: rectile.kernel gemm
// CHECK-SAME: rectile.places = [#rectile.place<buffer = 0, rowmap = -1, offset = 0>, unit, #rectile.place<buffer = 1, rowmap = 0, offset = 0>]
// CHECK: rectile.kernel rows
// CHECK-SAME: rectile.places = [#rectile.place<buffer = 1, rowmap = 0, offset = 0>, #rectile.place<buffer = 1, rowmap = 1, offset = 0>]
// CHECK-NOT: rectile.kernel
recsys.model @concat_in_place(%x: !row {recsys.name = "x"}) -> (!all {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %l = recsys.linear %x, %w : (!row, tensor<8x8xf32>) -> !row
  %p = recsys.pool mean %l : (!row) -> !one
  %c = recsys.concat_rows %p, %l : (!one, !row) -> !all
  recsys.output %c : !all
}

// -----

// Three values in a row live two at a time: two slots, the third in the first one's place.
#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.parameter private @w : tensor<8x8xf32> from "w"
// CHECK-LABEL: recsys.model @slots_are_shared
// CHECK-SAME: kind = arena, space = #history, row_bytes = [[BYTES:[0-9]+]], index = [[A:[0-9]+]]
// CHECK-SAME: kind = arena, space = #history, row_bytes = [[BYTES]], index = [[B:[0-9]+]]
// CHECK-SAME: kind = arena, space = #history, row_bytes = [[BYTES]], index = [[A]]
// CHECK-SAME: slots = 2
recsys.model @slots_are_shared(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %0 = recsys.linear %x, %w : (!row, tensor<8x8xf32>) -> !row
  %n0 = recsys.l2_norm %0 eps 1.0 : (!row) -> !row
  %1 = recsys.linear %n0, %w : (!row, tensor<8x8xf32>) -> !row
  %n1 = recsys.l2_norm %1 eps 1.0 : (!row) -> !row
  %2 = recsys.linear %n1, %w : (!row, tensor<8x8xf32>) -> !row
  %n2 = recsys.l2_norm %2 eps 1.0 : (!row) -> !row
  %3 = recsys.linear %n2, %w : (!row, tensor<8x8xf32>) -> !row
  recsys.output %3 : !row
}
