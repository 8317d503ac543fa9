// RUN: reccc-opt %s --recsys-share-attention-sums | FileCheck %s
/// Rows of the history see one another, and the candidate: what they read of one another is summed once.
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
#n = #recsys.nest<#c, #h>
!h = !recsys.jagged<#h x 2x4xf32>
!c = !recsys.jagged<#c x 2x4xf32>
!n = !recsys.jagged<#n x 2x4xf32>

// CHECK-LABEL: recsys.model @share_attention_sums
// CHECK-SAME:    %[[X:[a-z0-9]+]]: {{.*}} %[[C:[a-z0-9]+]]: {{.*}}) ->
// CHECK:         %[[ONCE:.*]], %[[STATE:.*]] = recsys.attention %[[X]] sources[%[[X]], %[[X]]] masks {{.*}} with_state {recsys.partial_sum}
// CHECK-NEXT:    %[[INITIAL:.*]] = recsys.repeat_rows %[[ONCE]] for(#candidates)
// CHECK-NEXT:    %[[STATES:.*]] = recsys.repeat_rows %[[STATE]] for(#candidates)
// CHECK-NEXT:    recsys.attention %{{.*}} sources[%[[C]], %[[C]]] masks {{.*}} initial(%[[INITIAL]]) initial_state(%[[STATES]]) :
recsys.model @share_attention_sums(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"}) -> (!n {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !n
  %y = recsys.attention %xs sources [%x, %x and %q, %q] masks [[#recsys.full, #recsys.full]] score softmax scale 0.5 : (!n, !h, !c, !h, !c) -> !n
  recsys.output %y : !n
}
