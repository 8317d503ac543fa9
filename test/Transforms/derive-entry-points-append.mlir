// RUN: reccc-opt %s --recsys-derive-entry-points -split-input-file -verify-diagnostics | FileCheck %s
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// Two layers: the second one reads what the first one computes of old and new rows. Candidates read the second alone, so the
/// state also gets what the first layer of new rows reads.
// CHECK: #[[NEW:.*]] = #recsys.space<"history.new", max = 50>
// CHECK-LABEL: recsys.model @prefill(
// CHECK-SAME:    recsys.name = "state.0"{{.*}}recsys.name = "state.1"
// CHECK-LABEL: recsys.model @append(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged<#[[NEW]] x 1x4xf32> {recsys.name = "x"}
// CHECK-SAME:    %[[S:[a-z0-9]+]]: !recsys.jagged<#history x 1x4xf32> {recsys.name = "state.1", recsys.state = 1 : i64}
// CHECK-SAME:    !recsys.jagged<#[[NEW]] x 1x4xf32> {recsys.name = "state.0", recsys.state = 0 : i64}
// CHECK-SAME:    recsys.append = [#history, #[[NEW]]]
// CHECK:         %[[K:[a-z0-9]+]] = recsys.silu %[[X]]
// CHECK:         recsys.attention %[[X]] sources[%[[S]], %[[S]] and %[[K]], %[[K]]] masks {{\[\[}}#recsys.full, #recsys.interval<{{.*}}(d0 + 1)
recsys.model @rank(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %k = recsys.silu %x : (!h) -> !h
  %z = recsys.attention %x sources[%k, %k] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score softmax scale 1.0 : (!h, !h, !h) -> !h
  %y = recsys.attention %q sources[%z, %z] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// A divisor that counts the rows.
recsys.model @negative_row_length(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  // expected-error @+1 {{entry points: no rows can be appended to 'history', because the rows history of the state depend here on how many rows there are, so that they would change}}
  %z = recsys.attention %x sources[%x, %x] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score silu scale 1.0 divisor_rows(#h) : (!h, !h, !h) -> !h
  %y = recsys.attention %q sources[%z, %z] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// Old rows that see new ones.
recsys.model @negative_full_mask(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  // expected-error @+1 {{because the rows history of the state read the new rows here, so that they would change}}
  %z = recsys.attention %x sources[%x, %x] masks [[#recsys.full]] score softmax scale 1.0 : (!h, !h, !h) -> !h
  %y = recsys.attention %q sources[%z, %z] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 4xf32>
!c = !recsys.jagged<#c x 4xf32>
!r = !recsys.jagged<#recsys.request x 4xf32>
/// A context row that reads the history.
recsys.model @negative_context_reads_history(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  // expected-error @+1 {{because the rows 1 of the state read the new rows here}}
  %mean = recsys.pool mean %x : (!h) -> !r
  %m = recsys.broadcast_rows %mean : (!r) -> !c
  %y = recsys.add %q, %m : (!c, !c) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#l = #recsys.take_last<#h, 5>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!l = !recsys.jagged<#l x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// A truncation. Dead rows moved it to the input.
// expected-error @+1 {{because it keeps some of them, and others when rows follow: what lies above a truncation must be computed again}}
recsys.model @negative_truncation(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %l = recsys.take_rows %x : (!h) -> !l
  %k = recsys.silu %l : (!l) -> !l
  %y = recsys.attention %q sources[%k, %k] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !l, !l) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 8xf32>
!c = !recsys.jagged<#c x 8xf32>
recsys.parameter private @p : tensor<51x8xf32> from "positions"
/// Positions that count from the newest row.
recsys.model @negative_positions(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %p = recsys.get_parameter @p : tensor<51x8xf32>
  // expected-error @+1 {{because the rows history of the state depend here on how many rows there are}}
  %n = recsys.row_index affine_map<(d0)[s0] -> (s0 - d0)> lengths [#h] : !recsys.jagged<#h x i64>
  %e = recsys.embedding %n, %p out_of_range clamp : (!recsys.jagged<#h x i64>, tensor<51x8xf32>) -> !h
  %z = recsys.add %x, %e : (!h, !h) -> !h
  %zk = recsys.reshape_features %z : (!h) -> !recsys.jagged<#h x 1x8xf32>
  %qk = recsys.reshape_features %q : (!c) -> !recsys.jagged<#c x 1x8xf32>
  %y = recsys.attention %qk sources[%zk, %zk] masks [[#recsys.full]] score softmax scale 1.0 : (!recsys.jagged<#c x 1x8xf32>, !recsys.jagged<#h x 1x8xf32>, !recsys.jagged<#h x 1x8xf32>) -> !recsys.jagged<#c x 1x8xf32>
  %out = recsys.reshape_features %y : (!recsys.jagged<#c x 1x8xf32>) -> !c
  recsys.output %out : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
!r = !recsys.jagged<#recsys.request x 1x4xf32>
/// Times relative to the query: an input of the request that rows of the history read.
recsys.model @negative_query_time(%x: !h {recsys.name = "x"}, %now: !r {recsys.name = "now"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %t = recsys.broadcast_rows %now : (!r) -> !h
  // expected-error @-1 {{because the rows history read 'now' here, which comes with each scoring; if it stays the same for a user, list it in user_inputs}}
  %z = recsys.sub %x, %t : (!h, !h) -> !h
  %y = recsys.attention %q sources[%z, %z] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#hr = #recsys.concat<#h, #recsys.request>
!h = !recsys.jagged<#h x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
!r = !recsys.jagged<#recsys.request x 4xf32>
recsys.parameter private @p : tensor<51x4xf32> from "positions"
/// The number of a row behind those that are appended.
recsys.model @negative_numbers_behind(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}, !recsys.jagged<#c x 4xf32> {recsys.name = "z"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %p = recsys.get_parameter @p : tensor<51x4xf32>
  // expected-error @+1 {{because the rows 1 of the state depend here on how many rows there are}}
  %n = recsys.row_index affine_map<(d0) -> (d0)> : !recsys.jagged<#hr x i64>
  %u = recsys.slice_rows %n first 1 count 1 : (!recsys.jagged<#hr x i64>) -> !recsys.jagged<#recsys.request x i64>
  %e = recsys.embedding %u, %p out_of_range clamp : (!recsys.jagged<#recsys.request x i64>, tensor<51x4xf32>) -> !r
  %z = recsys.broadcast_rows %e : (!r) -> !recsys.jagged<#c x 4xf32>
  %y = recsys.attention %q sources[%x, %x] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y, %z : !c, !recsys.jagged<#c x 4xf32>
}
