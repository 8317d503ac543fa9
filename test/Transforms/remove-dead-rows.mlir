// RUN: reccc-opt %s --recsys-remove-dead-rows --cse | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows))' --seed=11
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows,canonicalize,cse,recsys-remove-dead-rows))' --seed=12
/// Rows through the sequence ops. A row-wise op (silu) shows how many rows are left.
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 50>
// CHECK-DAG: #[[C:.*]] = #recsys.space<"candidates", max = 20>
// CHECK-DAG: #[[L3:.*]] = #recsys.take_last<#[[H]], 3>
// CHECK-DAG: #[[L5:.*]] = #recsys.take_last<#[[H]], 5>
// CHECK-DAG: #[[F4:.*]] = #recsys.take_first<#[[H]], 4>
// CHECK-DAG: #[[M:.*]] = #recsys.concat<#recsys.rows<6>, #[[H]], #recsys.rows<3>>
// CHECK-DAG: #[[BEHIND:.*]] = affine_map<(d0)[s0] -> (d0 + s0)>
// CHECK-DAG: #[[LAST:.*]] = affine_map<(d0)[s0, s1] -> (-d0 + s1, 40)>
#r = #recsys.request
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#hc = #recsys.concat<#h, #c>
#last = #recsys.take_last<#h, 3>
!h = !recsys.jagged<#h x 4xf32>
!c = !recsys.jagged<#c x 4xf32>
!hc = !recsys.jagged<#hc x 4xf32>
!r = !recsys.jagged<#r x 4xf32>
!last = !recsys.jagged<#last x 4xf32>

/// Slices of a concat are its operands; nobody computes the other one.
// CHECK-LABEL: recsys.model @remove_dead_rows_concat
// CHECK-NOT:     recsys.gelu
// CHECK:         %[[S:[a-z0-9]+]] = recsys.silu {{.*}} -> !recsys.jagged<#[[C]] x 4xf32>
// CHECK-NEXT:    recsys.output %[[S]]
recsys.model @remove_dead_rows_concat(%h: !h {recsys.name = "h"}, %c: !c {recsys.name = "c"}) -> (!c {recsys.name = "y"}) {
  %g = recsys.gelu %h : (!h) -> !h
  %t = recsys.concat_rows %g, %c : (!h, !c) -> !hc
  %s = recsys.silu %t : (!hc) -> !hc
  %y = recsys.slice_rows %s first 1 count 1 : (!hc) -> !c
  recsys.output %y : !c
}

/// Two ends of the same rows: the three last and the five last.
// CHECK-LABEL: recsys.model @remove_dead_rows_join
// CHECK:         recsys.silu {{.*}} -> !recsys.jagged<#[[L5]] x 4xf32>
recsys.model @remove_dead_rows_join(%h: !h {recsys.name = "h"}) -> (!last {recsys.name = "a"}, !recsys.jagged<#recsys.take_last<#h, 5> x 4xf32> {recsys.name = "b"}) {
  %s = recsys.silu %h : (!h) -> !h
  %a = recsys.take_rows %s : (!h) -> !last
  %b = recsys.take_rows %s : (!h) -> !recsys.jagged<#recsys.take_last<#h, 5> x 4xf32>
  recsys.output %a, %b : !last, !recsys.jagged<#recsys.take_last<#h, 5> x 4xf32>
}

/// First and last rows together are all rows.
// CHECK-LABEL: recsys.model @negative_remove_dead_rows_both_ends
// CHECK:         recsys.silu {{.*}} -> !recsys.jagged<#[[H]] x 4xf32>
recsys.model @negative_remove_dead_rows_both_ends(%h: !h {recsys.name = "h"}) -> (!r {recsys.name = "a"}, !r {recsys.name = "b"}) {
  %s = recsys.silu %h : (!h) -> !h
  %a = recsys.pool first %s : (!h) -> !r
  %b = recsys.pool last %s : (!h) -> !r
  recsys.output %a, %b : !r, !r
}

/// A norm that all rows need is computed again for the few: it fuses into what reads it. Other ops are selected from.
// CHECK-LABEL: recsys.model @remove_dead_rows_norm_again
// CHECK-DAG:     recsys.layer_norm {{.*}} -> !recsys.jagged<#[[H]] x 4xf32>
// CHECK-DAG:     recsys.layer_norm {{.*}} -> !recsys.jagged<#[[L3]] x 4xf32>
// CHECK:         recsys.output
recsys.model @remove_dead_rows_norm_again(%h: !h {recsys.name = "h"}) -> (!h {recsys.name = "a"}, !last {recsys.name = "b"}) {
  %s = recsys.gelu %h : (!h) -> !h
  %n = recsys.layer_norm %s eps 1.0e-6 : (!h) -> !h
  %a = recsys.tanh %n : (!h) -> !h
  %u = recsys.silu %n : (!h) -> !h
  %b = recsys.take_rows %u : (!h) -> !last
  recsys.output %a, %b : !h, !last
}

/// Places count in the whole sequence: behind the history, and from its third last row on.
// CHECK-LABEL: recsys.model @remove_dead_rows_row_index
// CHECK-DAG:     recsys.row_index #[[BEHIND]] lengths [#[[H]]] : <#[[C]] x i64>
// CHECK-DAG:     recsys.row_index #[[LAST]] lengths [#[[H]], #[[L3]]]
// CHECK:         recsys.output
recsys.model @remove_dead_rows_row_index(%c: !c {recsys.name = "c"}) -> (!recsys.jagged<#c x i64> {recsys.name = "a"}, !recsys.jagged<#last x i64> {recsys.name = "b"}) {
  %i = recsys.row_index affine_map<(d0) -> (d0)> : !recsys.jagged<#hc x i64>
  %a = recsys.slice_rows %i first 1 count 1 : (!recsys.jagged<#hc x i64>) -> !recsys.jagged<#c x i64>
  %j = recsys.row_index affine_map<(d0)[s0] -> (s0 - d0, 40)> lengths [#h] : !recsys.jagged<#h x i64>
  %b = recsys.take_rows %j : (!recsys.jagged<#h x i64>) -> !recsys.jagged<#last x i64>
  recsys.output %a, %b : !recsys.jagged<#c x i64>, !recsys.jagged<#last x i64>
}

/// One phase of an interleave is an operand of it; the other one is not computed.
// CHECK-LABEL: recsys.model @remove_dead_rows_interleave
// CHECK-NOT:     recsys.gelu
// CHECK-NOT:     recsys.interleave
// CHECK:         recsys.silu {{.*}} -> !recsys.jagged<#[[H]] x 4xf32>
// CHECK:         recsys.output
recsys.model @remove_dead_rows_interleave(%h: !h {recsys.name = "h"}) -> (!h {recsys.name = "y"}) {
  %g = recsys.gelu %h : (!h) -> !h
  %e = recsys.interleave %h, %g : (!h, !h) -> !recsys.jagged<#recsys.interleave<#h, 2> x 4xf32>
  %s = recsys.silu %e : (!recsys.jagged<#recsys.interleave<#h, 2> x 4xf32>) -> !recsys.jagged<#recsys.interleave<#h, 2> x 4xf32>
  %y = recsys.deinterleave %s phase 0 : (!recsys.jagged<#recsys.interleave<#h, 2> x 4xf32>) -> !h
  recsys.output %y : !h
}

/// The last rows of a shift to the left read the last rows; those of a shift to the right read one more.
// CHECK-LABEL: recsys.model @remove_dead_rows_shift
// CHECK-DAG:     %[[S:[a-z0-9]+]] = recsys.silu {{.*}} -> !recsys.jagged<#[[L3]] x 4xf32>
// CHECK-DAG:     recsys.shift %[[S]], %{{[a-z0-9]+}} by -1
// CHECK-DAG:     %[[G:[a-z0-9]+]] = recsys.gelu {{.*}} -> !recsys.jagged<#[[H]] x 4xf32>
// CHECK-DAG:     recsys.shift %[[G]], %{{[a-z0-9]+}} by 1
// CHECK:         recsys.output
recsys.model @remove_dead_rows_shift(%h: !h {recsys.name = "h"}, %f: !r {recsys.name = "f"}) -> (!last {recsys.name = "a"}, !last {recsys.name = "b"}) {
  %s = recsys.silu %h : (!h) -> !h
  %left = recsys.shift %s, %f by -1 : (!h, !r) -> !h
  %a = recsys.take_rows %left : (!h) -> !last
  %g = recsys.gelu %h : (!h) -> !h
  %right = recsys.shift %g, %f by 1 : (!h, !r) -> !h
  %b = recsys.take_rows %right : (!h) -> !last
  recsys.output %a, %b : !last, !last
}

/// Six rows, the history and three rows: without the history nine rows would be one segment, and nobody could tell them apart.
// CHECK-LABEL: recsys.model @negative_remove_dead_rows_constants_merge
// CHECK:         recsys.silu {{.*}} -> !recsys.jagged<#[[M]] x 4xf32>
recsys.model @negative_remove_dead_rows_constants_merge(%x: !recsys.jagged<#recsys.concat<#recsys.rows<6>, #h, #recsys.rows<3>> x 4xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#recsys.rows<6> x 4xf32> {recsys.name = "a"}, !recsys.jagged<#recsys.rows<3> x 4xf32> {recsys.name = "b"}) {
  %s = recsys.silu %x : (!recsys.jagged<#recsys.concat<#recsys.rows<6>, #h, #recsys.rows<3>> x 4xf32>) -> !recsys.jagged<#recsys.concat<#recsys.rows<6>, #h, #recsys.rows<3>> x 4xf32>
  %a = recsys.slice_rows %s first 0 count 1 : (!recsys.jagged<#recsys.concat<#recsys.rows<6>, #h, #recsys.rows<3>> x 4xf32>) -> !recsys.jagged<#recsys.rows<6> x 4xf32>
  %b = recsys.slice_rows %s first 2 count 1 : (!recsys.jagged<#recsys.concat<#recsys.rows<6>, #h, #recsys.rows<3>> x 4xf32>) -> !recsys.jagged<#recsys.rows<3> x 4xf32>
  recsys.output %a, %b : !recsys.jagged<#recsys.rows<6> x 4xf32>, !recsys.jagged<#recsys.rows<3> x 4xf32>
}

/// Four rows are read of the front; mean reads everything.
// CHECK-LABEL: recsys.model @remove_dead_rows_pad
// CHECK-DAG:     recsys.silu {{.*}} -> !recsys.jagged<#[[F4]] x 4xf32>
// CHECK-DAG:     recsys.gelu {{.*}} -> !recsys.jagged<#[[H]] x 4xf32>
// CHECK:         recsys.output
recsys.model @remove_dead_rows_pad(%h: !h {recsys.name = "h"}) -> (!recsys.jagged<#recsys.rows<4> x 4xf32> {recsys.name = "a"}, !r {recsys.name = "b"}) {
  %s = recsys.silu %h : (!h) -> !h
  %a = recsys.pad_rows %s : (!h) -> !recsys.jagged<#recsys.rows<4> x 4xf32>
  %g = recsys.gelu %h : (!h) -> !h
  %b = recsys.pool mean %g : (!h) -> !r
  recsys.output %a, %b : !recsys.jagged<#recsys.rows<4> x 4xf32>, !r
}

/// A norm of rows that were selected, read whole and in part: the part is a norm of its own.
// CHECK-LABEL: recsys.model @remove_dead_rows_norm_of_slice
// CHECK-DAG:     recsys.layer_norm {{.*}} -> !recsys.jagged<#[[H]] x 4xf32>
// CHECK-DAG:     recsys.layer_norm {{.*}} -> !recsys.jagged<#[[L3]] x 4xf32>
// CHECK:         recsys.output
recsys.model @remove_dead_rows_norm_of_slice(%h: !h {recsys.name = "h"}, %c: !c {recsys.name = "c"}) -> (!h {recsys.name = "a"}, !last {recsys.name = "b"}) {
  %hc = recsys.concat_rows %h, %c : (!h, !c) -> !hc
  %s = recsys.silu %hc : (!hc) -> !hc
  %x = recsys.slice_rows %s first 0 count 1 : (!hc) -> !h
  %n = recsys.layer_norm %x eps 1.0e-6 : (!h) -> !h
  %a = recsys.silu %n : (!h) -> !h
  %b = recsys.take_rows %n : (!h) -> !last
  recsys.output %a, %b : !h, !last
}

/// Padded to no rows at all: a take leaves one row at least.
// CHECK-LABEL: recsys.model @remove_dead_rows_pad_none
// CHECK:         recsys.pad_rows
recsys.model @remove_dead_rows_pad_none(%x: !recsys.jagged<#recsys.space<"few", max = 5> x 2xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#recsys.rows<0> x 2xf32> {recsys.name = "y"}, !recsys.jagged<#recsys.request x 2xf32> {recsys.name = "z"}) {
  %s = recsys.silu %x : (!recsys.jagged<#recsys.space<"few", max = 5> x 2xf32>) -> !recsys.jagged<#recsys.space<"few", max = 5> x 2xf32>
  %y = recsys.pad_rows %s : (!recsys.jagged<#recsys.space<"few", max = 5> x 2xf32>) -> !recsys.jagged<#recsys.rows<0> x 2xf32>
  %z = recsys.pool last %x : (!recsys.jagged<#recsys.space<"few", max = 5> x 2xf32>) -> !recsys.jagged<#recsys.request x 2xf32>
  recsys.output %y, %z : !recsys.jagged<#recsys.rows<0> x 2xf32>, !recsys.jagged<#recsys.request x 2xf32>
}

/// One row of each row's own: the segments of the result are those of the rows that it belongs to.
// CHECK-LABEL: recsys.model @row_of_each_row
// CHECK:         %[[OWN:.*]] = recsys.slice_rows %{{.*}} first 1 count 1
// CHECK:         %[[FIRST:.*]] = recsys.slice_rows %[[OWN]] first 0 count 1
// CHECK:         recsys.silu %[[FIRST]]
#own = #recsys.concat<#recsys.space<"own", max = 3>, #recsys.request>
recsys.model @row_of_each_row(%x: !recsys.jagged<#recsys.nest<#own, #own> x 4xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.space<"own", max = 3> x 4xf32> {recsys.name = "y"}) {
  %0 = recsys.slice_rows %x first 1 count 1 : (!recsys.jagged<#recsys.nest<#own, #own> x 4xf32>) -> !recsys.jagged<#own x 4xf32>
  %1 = recsys.silu %0 : (!recsys.jagged<#own x 4xf32>) -> !recsys.jagged<#own x 4xf32>
  %2 = recsys.slice_rows %1 first 0 count 1 : (!recsys.jagged<#own x 4xf32>) -> !recsys.jagged<#recsys.space<"own", max = 3> x 4xf32>
  recsys.output %2 : !recsys.jagged<#recsys.space<"own", max = 3> x 4xf32>
}
