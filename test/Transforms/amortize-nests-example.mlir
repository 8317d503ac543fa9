// RUN: reccc-opt %s --recsys-amortize-nests --canonicalize | FileCheck %s
/// A history and a candidate for each candidate: keys of the history are computed once, queries of candidates read them where they are.
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
#n = #recsys.nest<#c, #h>
!h = !recsys.jagged<#h x 2x4xf32>
!c = !recsys.jagged<#c x 2x4xf32>
!n = !recsys.jagged<#n x 2x4xf32>

// CHECK-LABEL: recsys.model @amortize_nests_keys
// CHECK-SAME:    %[[X:[a-z0-9]+]]: {{.*}} %[[Q:[a-z0-9]+]]: {{.*}}) ->
// CHECK-NEXT:    %[[K:[a-z0-9]+]] = recsys.silu %[[X]]
// CHECK-NEXT:    %[[A:[a-z0-9]+]] = recsys.attention %[[Q]] sources[%[[K]], %[[X]]] masks {{\[\[}}#recsys.full]]
// CHECK-NEXT:    recsys.output %[[A]]
recsys.model @amortize_nests_keys(%x: !h {recsys.name = "x"}, %q: !c {recsys.name = "q"}) -> (!c {recsys.name = "y"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!h) -> !n
  %k = recsys.silu %xs : (!n) -> !n
  %y = recsys.attention %q sources [%k, %xs] masks [[#recsys.full]] score softmax scale 0.5 : (!c, !n, !n) -> !c
  recsys.output %y : !c
}
