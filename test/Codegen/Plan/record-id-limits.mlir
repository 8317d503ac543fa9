// RUN: reccc-opt %s -pass-pipeline='builtin.module(recsys.model(reccc-record-id-limits))' | FileCheck %s

#s = #recsys.space<"history", max = 50>
!ids = !recsys.jagged<#s x i64>
!row = !recsys.jagged<#s x 8xf32>
recsys.parameter private @large : tensor<100x8xf32> from "large"
recsys.parameter private @small : tensor<40x8xf32> from "small"

// [RecordIdLimits]  IN: ids that two tables look up   OUT: the smaller table's rows
// CHECK-LABEL: recsys.model @smallest_table
// CHECK-SAME: recsys.id_limit = 40 : i64
recsys.model @smallest_table(%ids: !ids {recsys.name = "item"}) -> (!row {recsys.name = "a"}, !row {recsys.name = "b"}) {
  %l = recsys.get_parameter @large : tensor<100x8xf32>
  %m = recsys.get_parameter @small : tensor<40x8xf32>
  %a = recsys.embedding %ids, %l out_of_range reject_request : (!ids, tensor<100x8xf32>) -> !row
  %b = recsys.embedding %ids, %m out_of_range reject_request : (!ids, tensor<40x8xf32>) -> !row
  recsys.output %a, %b : !row, !row
}

// Through a view: every id of the input is checked, also those that the take drops.
// CHECK-LABEL: recsys.model @through_views
// CHECK-SAME: recsys.id_limit = 100 : i64
recsys.model @through_views(%ids: !ids {recsys.name = "item"}) -> (!recsys.jagged<#recsys.take_last<#s, 10> x 8xf32> {recsys.name = "a"}) {
  %l = recsys.get_parameter @large : tensor<100x8xf32>
  %t = recsys.take_rows %ids : (!ids) -> !recsys.jagged<#recsys.take_last<#s, 10> x i64>
  %a = recsys.embedding %t, %l out_of_range reject_request : (!recsys.jagged<#recsys.take_last<#s, 10> x i64>, tensor<100x8xf32>) -> !recsys.jagged<#recsys.take_last<#s, 10> x 8xf32>
  recsys.output %a : !recsys.jagged<#recsys.take_last<#s, 10> x 8xf32>
}

// A bag's ids, through rows that are padded with id 0.
// CHECK-LABEL: recsys.model @bags
// CHECK-SAME: recsys.id_limit = 100 : i64
recsys.model @bags(%ids: !recsys.jagged<#s x 3xi64> {recsys.name = "item"}) -> (!recsys.jagged<#recsys.rows<4> x 8xf32> {recsys.name = "a"}) {
  %l = recsys.get_parameter @large : tensor<100x8xf32>
  %p = recsys.pad_rows %ids : (!recsys.jagged<#s x 3xi64>) -> !recsys.jagged<#recsys.rows<4> x 3xi64>
  %a = recsys.embedding_bag sum %p, %l padding 0 out_of_range reject_request : (!recsys.jagged<#recsys.rows<4> x 3xi64>, tensor<100x8xf32>) -> !recsys.jagged<#recsys.rows<4> x 8xf32>
  recsys.output %a : !recsys.jagged<#recsys.rows<4> x 8xf32>
}

// Rows that are missing in a group hold id 0 too.
// CHECK-LABEL: recsys.model @groups
// CHECK-SAME: recsys.id_limit = 100 : i64
!groups = !recsys.jagged<#recsys.nest<#recsys.group<#s, 4, pad_last>, #recsys.rows<4>> x i64>
!grouped = !recsys.jagged<#recsys.nest<#recsys.group<#s, 4, pad_last>, #recsys.rows<4>> x 8xf32>
recsys.model @groups(%ids: !ids {recsys.name = "item"}) -> (!grouped {recsys.name = "a"}) {
  %l = recsys.get_parameter @large : tensor<100x8xf32>
  %g = recsys.group_rows pad_last %ids size 4 : (!ids) -> !groups
  %a = recsys.embedding %g, %l out_of_range reject_request : (!groups, tensor<100x8xf32>) -> !grouped
  recsys.output %a : !grouped
}

// CHECK-LABEL: recsys.model @negative_clamped
// CHECK-NOT: recsys.id_limit
// CHECK: recsys.output
recsys.model @negative_clamped(%ids: !ids {recsys.name = "item"}) -> (!row {recsys.name = "a"}) {
  %l = recsys.get_parameter @large : tensor<100x8xf32>
  %a = recsys.embedding %ids, %l out_of_range clamp : (!ids, tensor<100x8xf32>) -> !row
  recsys.output %a : !row
}
