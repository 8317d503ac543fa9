// RUN: reccc-opt %s --recsys-amortize-nests --canonicalize --cse | FileCheck %s
// RUN: reccc-opt %s --recsys-amortize-nests --canonicalize --cse --recsys-amortize-nests --canonicalize --cse | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-amortize-nests))' --seed=4
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-split-attention-sources,recsys-amortize-nests,canonicalize,recsys-remove-dead-rows))' --seed=5
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 12>
// CHECK-DAG: #[[C:.*]] = #recsys.space<"candidates", max = 5>
// CHECK-DAG: #[[G:.*]] = #recsys.group<#[[H]], 4, drop_last>
// CHECK-DAG: #[[NH:.*]] = #recsys.nest<#[[C]], #[[H]]>
// CHECK-DAG: #[[NG:.*]] = #recsys.nest<#[[G]], #recsys.rows<4>>
#r = #recsys.request
#h = #recsys.space<"history", max = 12>
#c = #recsys.space<"candidates", max = 5>
#s = #recsys.concat<#h, #r>
#nh = #recsys.nest<#c, #h>
#ns = #recsys.nest<#c, #s>
#causal = #recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>
!r = !recsys.jagged<#r x 2x4xf32>
!h = !recsys.jagged<#h x 2x4xf32>
!c = !recsys.jagged<#c x 2x4xf32>
!nh = !recsys.jagged<#nh x 2x4xf32>
!ns = !recsys.jagged<#ns x 2x4xf32>

/// The history sees itself alone: nothing is left of the nest. The divisor still counts the history and the candidate.
// CHECK-LABEL: recsys.model @amortize_nests_causal
// CHECK-NOT:     recsys.repeat_rows
// CHECK-DAG:     recsys.attention {{.*}} masks {{\[\[}}#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score silu {{.*}} divisor_rows(#[[S:.*]]) : {{.*}} -> !recsys.jagged<#[[H]] x 2x4xf32>
// CHECK-DAG:     recsys.attention {{.*}} masks {{\[\[}}#recsys.full, #recsys.self]] score silu {{.*}} divisor_rows(#{{.*}}) : {{.*}} -> !recsys.jagged<#[[C]] x 2x4xf32>
// CHECK-DAG:     recsys.attention {{.*}} masks {{\[\[}}#recsys.full, #recsys.self]] score silu {{.*}} divisor 3.000000e+00 : {{.*}} -> !recsys.jagged<#[[C]] x 2x4xf32>
recsys.model @amortize_nests_causal(%x: !h {recsys.name = "x"}, %t: !c {recsys.name = "t"}) -> (!c {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !nh
  %s = recsys.concat_rows %xs, %t : (!nh, !c) -> !ns
  %a = recsys.attention %s sources [%s, %s] masks [[#causal, #recsys.none], [#recsys.full, #causal]] score silu scale 0.5 divisor_rows(#s) : (!ns, !ns, !ns) -> !ns
  %b = recsys.add %a, %s : (!ns, !ns) -> !ns
  %d = recsys.attention %b sources [%b, %b] masks [[#causal, #recsys.none], [#recsys.full, #causal]] score silu scale 0.5 divisor 3.0 : (!ns, !ns, !ns) -> !ns
  %y = recsys.slice_rows %d first 1 count 1 : (!ns) -> !c
  recsys.output %y : !c
}

/// The history sees the candidate: from there on every candidate has a history of its own. What it reads of the history is still not repeated.
// CHECK-LABEL: recsys.model @amortize_nests_refused
// CHECK:         %[[K:.*]] = recsys.silu {{.*}} -> !recsys.jagged<#[[H]] x 2x4xf32>
// CHECK:         %[[Q:.*]] = recsys.repeat_rows %[[K]]
// CHECK:         recsys.attention %[[Q]] sources[%[[K]], %[[K]] and {{.*}}] masks {{\[\[}}#recsys.full, #recsys.full]] {{.*}} -> !recsys.jagged<#[[NH]] x 2x4xf32>
// CHECK:         recsys.attention {{.*}} sources[%[[K]], %[[K]] and {{.*}}] masks {{\[\[}}#recsys.full, #recsys.self]] {{.*}} -> !recsys.jagged<#[[C]] x 2x4xf32>
// CHECK:         recsys.silu {{.*}} -> !recsys.jagged<#[[NH]] x 2x4xf32>
recsys.model @amortize_nests_refused(%x: !h {recsys.name = "x"}, %t: !c {recsys.name = "t"}) -> (!ns {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !nh
  %s = recsys.concat_rows %xs, %t : (!nh, !c) -> !ns
  %k = recsys.silu %s : (!ns) -> !ns
  %a = recsys.attention %k sources [%k, %k] masks [[#recsys.full, #recsys.full], [#recsys.full, #recsys.full]] score softmax scale 0.5 : (!ns, !ns, !ns) -> !ns
  %y = recsys.silu %a : (!ns) -> !ns
  recsys.output %y : !ns
}

/// Whether a candidate sees itself depends on a length: the op stays within the frame, where its row is row 0.
// CHECK-LABEL: recsys.model @amortize_nests_length_decides
// CHECK:         recsys.attention {{.*}} masks {{\[\[}}#recsys.full, #recsys.interval<(d0)[s0] -> (s0 - 3), (d0)[s0] -> (), lengths = [#[[H]]]>, #recsys.none]]
recsys.model @amortize_nests_length_decides(%x: !h {recsys.name = "x"}, %t: !c {recsys.name = "t"}) -> (!c {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !nh
  %y = recsys.attention %t sources [%xs, %xs and %t, %t] masks [[#recsys.full, #recsys.interval<(d0)[s0] -> (s0 - 3), (d0)[s0] -> (), lengths = [#h]>]] score softmax scale 0.5 : (!c, !nh, !c, !nh, !c) -> !c
  recsys.output %y : !c
}

/// Merged groups of a history that every candidate has: a nest in a nest becomes a nest.
// CHECK-LABEL: recsys.model @amortize_nests_groups
// CHECK:         recsys.group_rows drop_last {{.*}} -> !recsys.jagged<#[[NG]] x 2x4xf32>
// CHECK-NEXT:    recsys.attention
// CHECK-NEXT:    recsys.pool
// CHECK-NEXT:    recsys.pool {{.*}} -> !recsys.jagged<#recsys.request x 2x4xf32>
// CHECK-NEXT:    recsys.broadcast_rows
// CHECK-NEXT:    recsys.add
recsys.model @amortize_nests_groups(%x: !h {recsys.name = "x"}, %t: !c {recsys.name = "t"}) -> (!c {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !nh
  %g = recsys.group_rows drop_last %xs size 4 : (!nh) -> !recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 2x4xf32>
  %a = recsys.attention %g sources [%g, %g] masks [[#recsys.full]] score softmax scale 0.5
    : (!recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 2x4xf32>, !recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 2x4xf32>, !recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 2x4xf32>)
    -> !recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 2x4xf32>
  %m = recsys.pool mean %a : (!recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 2x4xf32>) -> !recsys.jagged<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>> x 2x4xf32>
  %p = recsys.pool sum %m : (!recsys.jagged<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>> x 2x4xf32>) -> !c
  %y = recsys.add %p, %t : (!c, !c) -> !c
  recsys.output %y : !c
}

/// Work on what is broadcast from the request is done before it is broadcast. Rows of the frame told apart by their number are not shared.
// CHECK-LABEL: recsys.model @amortize_nests_broadcast
// CHECK:         %[[U:.*]] = recsys.silu {{.*}} -> !recsys.jagged<#recsys.request x 2x4xf32>
// CHECK:         recsys.row_index {{.*}}<#[[C]] x i64>
recsys.model @amortize_nests_broadcast(%u: !r {recsys.name = "u"}, %t: !c {recsys.name = "t"}) -> (!c {recsys.name = "y"}, !recsys.jagged<#c x i64> {recsys.name = "i"}) {
  %us = recsys.broadcast_rows %u : (!r) -> !c
  %v = recsys.silu %us : (!c) -> !c
  %y = recsys.add %v, %t : (!c, !c) -> !c
  %i = recsys.row_index affine_map<(d0) -> (d0 + 1)> : !recsys.jagged<#c x i64>
  recsys.output %y, %i : !c, !recsys.jagged<#c x i64>
}

/// Rows that were nested before they are repeated: a row of the frame has rows of its own. A concat may be the frame itself.
// CHECK-LABEL: recsys.model @negative_amortize_nests_repeated
// CHECK:         recsys.repeat_rows {{.*}} for(#[[C]])
recsys.model @negative_amortize_nests_repeated(%h: !recsys.jagged<#h x 4xf32> {recsys.name = "h"}, %n: !recsys.jagged<#recsys.rows<0> x 4xf32> {recsys.name = "n"})
    -> (!recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 4xf32> {recsys.name = "y"},
        !recsys.jagged<#recsys.nest<#h, #h> x 4xf32> {recsys.name = "z"}, !recsys.jagged<#h x 4xf32> {recsys.name = "f"}) {
  %g = recsys.group_rows drop_last %h size 4 : (!recsys.jagged<#h x 4xf32>) -> !recsys.jagged<#recsys.nest<#recsys.group<#h, 4, drop_last>, #recsys.rows<4>> x 4xf32>
  %y = recsys.repeat_rows %g for (#c) : (!recsys.jagged<#recsys.nest<#recsys.group<#h, 4, drop_last>, #recsys.rows<4>> x 4xf32>) -> !recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 4xf32>
  %z = recsys.repeat_rows %h for (#h) : (!recsys.jagged<#h x 4xf32>) -> !recsys.jagged<#recsys.nest<#h, #h> x 4xf32>
  %s = recsys.silu %h : (!recsys.jagged<#h x 4xf32>) -> !recsys.jagged<#h x 4xf32>
  %f = recsys.concat_rows %s, %n : (!recsys.jagged<#h x 4xf32>, !recsys.jagged<#recsys.rows<0> x 4xf32>) -> !recsys.jagged<#h x 4xf32>
  recsys.output %y, %z, %f : !recsys.jagged<#recsys.nest<#recsys.nest<#c, #recsys.group<#h, 4, drop_last>>, #recsys.rows<4>> x 4xf32>, !recsys.jagged<#recsys.nest<#h, #h> x 4xf32>, !recsys.jagged<#h x 4xf32>
}

/// A history for each of its own rows: once for the request it would be the row of the frame.
// CHECK-LABEL: recsys.model @negative_amortize_nests_frame_in_itself
// CHECK:         recsys.repeat_rows
// CHECK-NEXT:    recsys.attention
recsys.model @negative_amortize_nests_frame_in_itself(%h: !recsys.jagged<#h x 1x4xf32> {recsys.name = "h"}, %q: !recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 1x4xf32> {recsys.name = "q"})
    -> (!recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 1x4xf32> {recsys.name = "y"}) {
  %k = recsys.repeat_rows %h for (#h) : (!recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#recsys.nest<#h, #h> x 1x4xf32>
  %y = recsys.attention %q sources [%k, %k] masks [[#recsys.full]] score softmax scale 0.5
    : (!recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 1x4xf32>, !recsys.jagged<#recsys.nest<#h, #h> x 1x4xf32>, !recsys.jagged<#recsys.nest<#h, #h> x 1x4xf32>) -> !recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 1x4xf32>
  recsys.output %y : !recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 1x4xf32>
}

/// Keys that are the rows of the frame are read all, though they are alike.
// CHECK-LABEL: recsys.model @amortize_nests_nearest
// CHECK:         recsys.nearest_rows {{.*}} -> !recsys.jagged<#[[NH]] x 3xi64>
// CHECK-NEXT:    recsys.output
recsys.model @amortize_nests_nearest(%x: !recsys.jagged<#h x 2xi64> {recsys.name = "x"}, %u: !recsys.jagged<#recsys.request x 2xi64> {recsys.name = "u"}) -> (!recsys.jagged<#recsys.nest<#c, #h> x 3xi64> {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!recsys.jagged<#h x 2xi64>) -> !recsys.jagged<#recsys.nest<#c, #h> x 2xi64>
  %us = recsys.broadcast_rows %u : (!recsys.jagged<#recsys.request x 2xi64>) -> !recsys.jagged<#c x 2xi64>
  %y = recsys.nearest_rows by_place %xs, %us k 3 from 0 : (!recsys.jagged<#recsys.nest<#c, #h> x 2xi64>, !recsys.jagged<#c x 2xi64>) -> !recsys.jagged<#recsys.nest<#c, #h> x 3xi64>
  recsys.output %y : !recsys.jagged<#recsys.nest<#c, #h> x 3xi64>
}

/// A repetition for the request is none.
// CHECK-LABEL: recsys.model @amortize_nests_repeat_for_request
// CHECK-NOT:     recsys.repeat_rows %{{[a-z0-9]+}} for(#recsys.request)
// CHECK:         recsys.output
recsys.model @amortize_nests_repeat_for_request(%x: !h {recsys.name = "x"}) -> (!nh {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !nh
  %a = recsys.repeat_rows %xs for (#r) : (!nh) -> !nh
  %y = recsys.silu %a : (!nh) -> !nh
  recsys.output %y : !nh
}
