// RUN: reccc-opt %s --recsys-derive-entry-points -split-input-file -verify-diagnostics | FileCheck %s
#h = #recsys.space<"history", max = 50>
#t = #recsys.interleave<#h, 2>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!t = !recsys.jagged<#t x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// Two tokens of each event: new events are two new tokens each, behind all old ones. Keys are values, and one value of the state.
// CHECK-DAG: #[[OLD:.*]] = #recsys.interleave<#history, 2>
// CHECK-DAG: #[[NEW:.*]] = #recsys.interleave<#history2Enew, 2>
// CHECK-LABEL: recsys.model @prefill(
// CHECK-NOT:     "state.2"
// CHECK-LABEL: recsys.model @append(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged<#history2Enew x 1x4xf32> {recsys.name = "x"}
// CHECK-SAME:    %[[A:[a-z0-9]+]]: !recsys.jagged<#history2Enew x 1x4xf32> {recsys.name = "a"}
// CHECK-SAME:    %[[S:[a-z0-9]+]]: !recsys.jagged<#[[OLD]] x 1x4xf32> {recsys.name = "state.1", recsys.state = 1 : i64}
// CHECK:         %[[T:[a-z0-9]+]] = recsys.interleave %[[X]], %[[A]]
// CHECK:         %[[K:[a-z0-9]+]] = recsys.silu %[[T]]
// CHECK:         %[[Z:[a-z0-9]+]] = recsys.attention %[[A]] sources[%[[S]], %[[S]] and %[[K]], %[[K]]] masks {{\[\[}}#recsys.full, #recsys.interval<{{.*}}(d0 * 2 + 2)
// CHECK:         recsys.output %[[Z]], %[[K]]
recsys.model @rank(%x: !h {recsys.name = "x"}, %a: !h {recsys.name = "a"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %t = recsys.interleave %x, %a : (!h, !h) -> !t
  %k = recsys.silu %t : (!t) -> !t
  %z = recsys.attention %t sources[%k, %k] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score softmax scale 1.0 : (!t, !t, !t) -> !t
  %d = recsys.deinterleave %z phase 1 : (!t) -> !h
  %y = recsys.attention %q sources[%d, %d] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#t = #recsys.interleave<#h, 2>
#c = #recsys.space<"candidates", max = 20>
!t = !recsys.jagged<#t x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// Tokens that come as tokens.
// CHECK-LABEL: recsys.model @append(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged<#interleave{{[0-9]*}} x 1x4xf32> {recsys.name = "x"}
// CHECK:         recsys.silu %[[X]]
recsys.model @rank(%x: !t {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  %k = recsys.silu %x : (!t) -> !t
  %y = recsys.attention %q sources[%k, %k] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !t, !t) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#p = #recsys.rows<2>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x4xf32>
!p = !recsys.jagged<#p x 1x4xf32>
!c = !recsys.jagged<#c x 1x4xf32>
/// The second profile row sees two rows of the history: of a history of one row it would see a new one.
recsys.model @negative_first_rows(%x: !h {recsys.name = "x"}, %p: !p {recsys.name = "p"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  // expected-error @+1 {{because the rows 2 of the state read the new rows here, so that they would change}}
  %z = recsys.attention %p sources[%x, %x] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score softmax scale 1.0 : (!p, !h, !h) -> !p
  %y = recsys.attention %q sources[%z, %z and %x, %x] masks [[#recsys.full, #recsys.full]] score softmax scale 1.0 : (!c, !p, !h, !p, !h) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#g = #recsys.group<#h, 2, drop_last>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 4xf32>
!g = !recsys.jagged<#g x 1x8xf32>
!c = !recsys.jagged<#c x 1x8xf32>
/// A group may be made of an old row and a new one.
recsys.model @negative_groups(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates"}} {
  // expected-error @+1 {{because its rows are made of several of them}}
  %n = recsys.group_rows drop_last %x size 2 : (!h) -> !recsys.jagged<#recsys.nest<#g, #recsys.rows<2>> x 4xf32>
  %f = recsys.fold_rows %n : (!recsys.jagged<#recsys.nest<#g, #recsys.rows<2>> x 4xf32>) -> !recsys.jagged<#g x 2x4xf32>
  %k = recsys.reshape_features %f : (!recsys.jagged<#g x 2x4xf32>) -> !g
  %y = recsys.attention %q sources[%k, %k] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !g, !g) -> !c
  recsys.output %y : !c
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
!h = !recsys.jagged<#h x 1x8xf32>
!r = !recsys.jagged<#recsys.request x 1x8xf32>
!c = !recsys.jagged<#c x 1x8xf32>
recsys.model @negative_repeated_rows(%x: !h {recsys.name = "x"}, %u: !r {recsys.name = "u"}, %q: !c {recsys.name = "q"})
    -> (!c {recsys.name = "y"}) attributes {recsys.entry_points = {append = "history", candidates = "candidates", user_inputs = ["u"]}} {
  // expected-error @+1 {{because it repeats others for each of them}}
  %n = recsys.repeat_rows %u for (#h) : (!r) -> !h
  %k = recsys.add %x, %n : (!h, !h) -> !h
  %y = recsys.attention %q sources[%k, %k] masks [[#recsys.full]] score softmax scale 1.0 : (!c, !h, !h) -> !c
  recsys.output %y : !c
}
