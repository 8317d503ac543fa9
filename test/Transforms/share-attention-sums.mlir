// RUN: reccc-opt %s --recsys-share-attention-sums | FileCheck %s
// RUN: reccc-opt %s --recsys-share-attention-sums --recsys-share-attention-sums | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-share-attention-sums))' --seed=11
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-share-attention-sums,recsys-remove-dead-rows))' --seed=12
#h = #recsys.space<"history", max = 12>
#p = #recsys.rows<2>
#c = #recsys.space<"candidates", max = 5>
#t = #recsys.concat<#p, #h>
#n = #recsys.nest<#c, #t>
!h = !recsys.jagged<#h x 2x4xf32>
!t = !recsys.jagged<#t x 2x4xf32>
!c = !recsys.jagged<#c x 2x4xf32>
!n = !recsys.jagged<#n x 2x4xf32>
#causal = #recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>

/// A sum of silu needs no state. Queries of the profile see nothing of the history; keys that the user marked as invalid are seen by nobody.
// CHECK-LABEL: recsys.model @share_attention_sums_silu
// CHECK:         %[[ONCE:.*]] = recsys.attention %{{.*}} sources{{.*}} valid {{.*}} masks {{\[\[}}#recsys.none], [#{{.*}}]] score silu scale 5.000000e-01 divisor_rows(#{{.*}}) {recsys.partial_sum}
// CHECK:         %[[INITIAL:.*]] = recsys.repeat_rows %[[ONCE]]
// CHECK:         recsys.attention {{.*}} masks {{\[\[}}#recsys.full], [#recsys.full]] score silu {{.*}} initial(%[[INITIAL]]) :
recsys.model @share_attention_sums_silu(%x: !t {recsys.name = "x"}, %k: !h {recsys.name = "k"}, %valid: !recsys.jagged<#h x i64> {recsys.name = "valid"}, %q: !c {recsys.name = "q"}) -> (!n {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!t) -> !n
  %y = recsys.attention %xs sources [%k, %k valid %valid and %q, %q] masks [[#recsys.none, #recsys.full], [#causal, #recsys.full]] score silu scale 0.5 divisor_rows(#t)
    : (!n, !h, !c, !h, !c, !recsys.jagged<#h x i64>) -> !n
  recsys.output %y : !n
}

/// Only the last rows are read: rows that nobody reads are in no sum either.
// CHECK-LABEL: recsys.model @share_attention_sums_of_last_row
// CHECK:         with_state
recsys.model @share_attention_sums_of_last_row(%x: !t {recsys.name = "x"}, %q: !c {recsys.name = "q"}) -> (!recsys.jagged<#c x 2x4xf32> {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!t) -> !n
  %y = recsys.attention %xs sources [%x, %x and %q, %q] masks [[#recsys.full, #recsys.full, #recsys.full], [#recsys.none, #causal, #recsys.full]] score softmax scale 0.5 : (!n, !t, !c, !t, !c) -> !n
  %z = recsys.pool last %y : (!n) -> !recsys.jagged<#c x 2x4xf32>
  recsys.output %z : !recsys.jagged<#c x 2x4xf32>
}

/// A query that differs from candidate to candidate has no sum to share.
// CHECK-LABEL: recsys.model @share_attention_sums_own_query
// CHECK-NOT:     with_state
// CHECK:         recsys.output
recsys.model @share_attention_sums_own_query(%x: !t {recsys.name = "x"}, %q: !c {recsys.name = "q"}) -> (!n {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!t) -> !n
  %qs = recsys.broadcast_rows %q : (!c) -> !n
  %own = recsys.add %xs, %qs : (!n, !n) -> !n
  %y = recsys.attention %own sources [%x, %x and %q, %q] masks [[#recsys.full, #recsys.full, #recsys.full], [#recsys.full, #recsys.full, #recsys.full]] score softmax scale 0.5 : (!n, !t, !c, !t, !c) -> !n
  recsys.output %y : !n
}
