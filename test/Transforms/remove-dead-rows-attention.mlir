// RUN: reccc-opt %s --recsys-remove-dead-rows --cse | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows))' --seed=8
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows,canonicalize,cse,recsys-remove-dead-rows))' --seed=9
/// What happens to attention when only some of its query rows are read.
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 50>
// CHECK-DAG: #[[C:.*]] = #recsys.space<"candidates", max = 20>
// CHECK-DAG: #[[L3:.*]] = #recsys.take_last<#[[H]], 3>
// CHECK-DAG: #[[PLACES:.*]] = affine_map<(d0)[s0, s1] -> (d0 + s0 - s1)>
#r = #recsys.request
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#t = #recsys.concat<#r, #h, #c>
#e = #recsys.interleave<#h, 2>
!q = !recsys.jagged<#t x 2x4xf32>
!r = !recsys.jagged<#r x 2x4xf32>
!h = !recsys.jagged<#h x 2x4xf32>
!c = !recsys.jagged<#c x 2x4xf32>
!e = !recsys.jagged<#e x 2x4xf32>

/// Candidates never see the request's own row: its source goes, and with it the sum that makes it.
// CHECK-LABEL: recsys.model @remove_dead_rows_candidates
// CHECK-NOT:     recsys.add
// CHECK:         recsys.attention %{{[a-z0-9]+}} sources[%{{[a-z0-9]+}}, %{{[a-z0-9]+}} and %{{[a-z0-9]+}}, %{{[a-z0-9]+}}] masks {{\[\[}}#recsys.full, #recsys.self]]
recsys.model @remove_dead_rows_candidates(%q: !q {recsys.name = "q"}, %r: !r {recsys.name = "r"}, %h: !h {recsys.name = "h"}, %c: !c {recsys.name = "c"})
    -> (!c {recsys.name = "y"}) {
  %rr = recsys.add %r, %r : (!r, !r) -> !r
  %a = recsys.attention %q sources [%rr, %rr and %h, %h and %c, %c]
    masks [[#recsys.full, #recsys.full, #recsys.none], [#recsys.full, #recsys.interval<(d0) -> (), (d0) -> (d0)>, #recsys.none], [#recsys.none, #recsys.full, #recsys.self]]
    score silu scale 0.5 divisor 50.0 : (!q, !r, !h, !c, !r, !h, !c) -> !q
  %y = recsys.slice_rows %a first 2 count 1 : (!q) -> !c
  recsys.output %y : !c
}

/// The last three rows of a window: rows count from the start of the history, so masks get the rows that are missing.
// CHECK-LABEL: recsys.model @remove_dead_rows_window
// CHECK:         recsys.attention
// CHECK-SAME:      #recsys.intervals<<(d0)[s0, s1] -> (), (d0)[s0, s1] -> (s0 - 40), lengths = [#[[H]], #[[L3]]]>
recsys.model @remove_dead_rows_window(%q: !h {recsys.name = "q"}) -> (!recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32> {recsys.name = "y"}) {
  %a = recsys.attention %q sources [%q, %q]
    masks [[#recsys.intervals<<(d0)[s0] -> (), (d0)[s0] -> (s0 - 40), lengths = [#h]>, <(d0) -> (d0 - 5), (d0) -> (d0 + 1)>>]] score softmax scale 0.5 : (!h, !h, !h) -> !h
  %y = recsys.take_rows %a : (!h) -> !recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32>
  recsys.output %y : !recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32>
}

/// Every second row of interleaved events: row i of what is left is row 2 i + 1. `self` can no longer say so.
// CHECK-LABEL: recsys.model @remove_dead_rows_phase
// CHECK:         recsys.attention
// CHECK-SAME:      #recsys.interval<(d0) -> (d0 * 2 + 1), (d0) -> (d0 * 2 + 2)>
recsys.model @remove_dead_rows_phase(%q: !e {recsys.name = "q"}) -> (!h {recsys.name = "y"}) {
  %a = recsys.attention %q sources [%q, %q] masks [[#recsys.self]] score silu scale 0.5 divisor 7.0 : (!e, !e, !e) -> !e
  %y = recsys.deinterleave %a phase 1 : (!e) -> !h
  recsys.output %y : !h
}

/// A divisor counts the rows it names, whichever rows of the query are left.
// CHECK-LABEL: recsys.model @remove_dead_rows_divisor
// CHECK:         recsys.attention {{.*}} divisor_rows(#[[H]]) {{.*}} -> !recsys.jagged<#[[L3]] x 2x4xf32>
recsys.model @remove_dead_rows_divisor(%q: !h {recsys.name = "q"}) -> (!recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32> {recsys.name = "y"}) {
  %a = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 0.5 divisor_rows(#h) : (!h, !h, !h) -> !h
  %y = recsys.take_rows %a : (!h) -> !recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32>
  recsys.output %y : !recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32>
}

/// Of a bias the last segments of the source that nobody sees go.
// CHECK-LABEL: recsys.model @remove_dead_rows_biased_source
// CHECK:         %[[S:[a-z0-9]+]] = recsys.slice_rows %{{.*}} first 0 count 1
// CHECK:         recsys.attention %[[S]] sources[%[[S]], %[[S]]] masks {{\[\[}}#recsys.full]] {{.*}} toeplitz(%{{[a-z0-9]+}}, 49) :
recsys.model @remove_dead_rows_biased_source(%q: !recsys.jagged<#recsys.concat<#h, #r> x 2x4xf32> {recsys.name = "q"}) -> (!h {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<99xf32>
  %a = recsys.attention %q sources [%q, %q] masks [[#recsys.full, #recsys.none], [#recsys.full, #recsys.self]] score silu scale 0.5 divisor 9.0 toeplitz(%w, 49) last_at_one_place
    : (!recsys.jagged<#recsys.concat<#h, #r> x 2x4xf32>, !recsys.jagged<#recsys.concat<#h, #r> x 2x4xf32>, !recsys.jagged<#recsys.concat<#h, #r> x 2x4xf32>, tensor<99xf32>) -> !recsys.jagged<#recsys.concat<#h, #r> x 2x4xf32>
  %y = recsys.slice_rows %a first 0 count 1 : (!recsys.jagged<#recsys.concat<#h, #r> x 2x4xf32>) -> !h
  recsys.output %y : !h
}

/// A position bias counts from where the rows were.
// CHECK-LABEL: recsys.model @remove_dead_rows_bias
// CHECK:         recsys.attention {{.*}} toeplitz(%{{[a-z0-9]+}}, 49) places #[[PLACES]] place_lengths [#[[H]], #[[L3]]] {{.*}} -> !recsys.jagged<#[[L3]] x 2x4xf32>
recsys.parameter private @w : tensor<99xf32> from "bias"
recsys.model @remove_dead_rows_bias(%q: !h {recsys.name = "q"}) -> (!recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<99xf32>
  %a = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 0.5 divisor 9.0 toeplitz(%w, 49) : (!h, !h, !h, tensor<99xf32>) -> !h
  %y = recsys.take_rows %a : (!h) -> !recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32>
  recsys.output %y : !recsys.jagged<#recsys.take_last<#h, 3> x 2x4xf32>
}

/// The first rows see themselves, but no longer between equal segments.
// CHECK-LABEL: recsys.model @remove_dead_rows_self
// CHECK:         recsys.attention
// CHECK-SAME:      #recsys.interval<(d0) -> (d0), (d0) -> (d0 + 1)>
recsys.model @remove_dead_rows_self(%q: !h {recsys.name = "q"}) -> (!recsys.jagged<#recsys.take_first<#h, 3> x 2x4xf32> {recsys.name = "y"}) {
  %a = recsys.attention %q sources [%q, %q] masks [[#recsys.self]] score silu scale 0.5 divisor 7.0 : (!h, !h, !h) -> !h
  %y = recsys.take_rows %a : (!h) -> !recsys.jagged<#recsys.take_first<#h, 3> x 2x4xf32>
  recsys.output %y : !recsys.jagged<#recsys.take_first<#h, 3> x 2x4xf32>
}
