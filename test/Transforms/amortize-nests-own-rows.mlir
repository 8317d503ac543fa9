// RUN: reccc-opt %s --recsys-amortize-nests --canonicalize --cse | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-amortize-nests))' --seed=7
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-split-attention-sources,recsys-amortize-nests,canonicalize,recsys-remove-dead-rows))' --seed=8
/// Every candidate has rows of all candidates among its own. Those are never one value for all: over the rows of the frame itself it would be each candidate's own row.
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 7>
// CHECK-DAG: #[[C:.*]] = #recsys.space<"candidates", max = 4>
#r = #recsys.request
#h = #recsys.space<"history", max = 7>
#c = #recsys.space<"candidates", max = 4>
#hc = #recsys.concat<#h, #c>
#n = #recsys.nest<#c, #recsys.concat<#c, #recsys.rows<2>>>
#n3 = #recsys.nest<#c, #recsys.concat<#c, #recsys.rows<2>, #c, #recsys.rows<3>>>
#nhc = #recsys.nest<#c, #hc>
#nh = #recsys.nest<#c, #h>
#n2 = #recsys.nest<#c, #recsys.rows<2>>
recsys.parameter private @w : tensor<4xf32> from "w"

/// Two constant rows and one that is the request's are joined once.
// CHECK-LABEL: recsys.model @amortize_nests_joined
// CHECK:         recsys.concat_rows {{.*}} -> !recsys.jagged<#recsys.rows<3> x 4xf32>
recsys.model @amortize_nests_joined(%r: !recsys.jagged<#r x 4xf32> {recsys.name = "r"}) -> (!recsys.jagged<#n3 x 4xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<4xf32>
  %s = recsys.splat_rows %w : (tensor<4xf32>) -> !recsys.jagged<#n x 4xf32>
  %b = recsys.broadcast_rows %r : (!recsys.jagged<#r x 4xf32>) -> !recsys.jagged<#c x 4xf32>
  %y = recsys.concat_rows %s, %s, %b : (!recsys.jagged<#n x 4xf32>, !recsys.jagged<#n x 4xf32>, !recsys.jagged<#c x 4xf32>) -> !recsys.jagged<#n3 x 4xf32>
  recsys.output %y : !recsys.jagged<#n3 x 4xf32>
}

/// What is cut out beside them is shared.
// CHECK-LABEL: recsys.model @amortize_nests_cut
// CHECK:         recsys.silu {{.*}} : (!recsys.jagged<#recsys.rows<2> x 4xf32>)
// CHECK:         recsys.gelu {{.*}} : (!recsys.jagged<#recsys.rows<2> x 4xf32>)
recsys.model @amortize_nests_cut(%r: !recsys.jagged<#r x 4xf32> {recsys.name = "r"}) -> (!recsys.jagged<#n2 x 4xf32> {recsys.name = "y0"}, !recsys.jagged<#n2 x 4xf32> {recsys.name = "y1"}) {
  %w = recsys.get_parameter @w : tensor<4xf32>
  %s = recsys.splat_rows %w : (tensor<4xf32>) -> !recsys.jagged<#n x 4xf32>
  %s1 = recsys.slice_rows %s first 1 count 1 : (!recsys.jagged<#n x 4xf32>) -> !recsys.jagged<#n2 x 4xf32>
  %y0 = recsys.silu %s1 : (!recsys.jagged<#n2 x 4xf32>) -> !recsys.jagged<#n2 x 4xf32>
  %b = recsys.broadcast_rows %r : (!recsys.jagged<#r x 4xf32>) -> !recsys.jagged<#n x 4xf32>
  %b1 = recsys.slice_rows %b first 1 count 1 : (!recsys.jagged<#n x 4xf32>) -> !recsys.jagged<#n2 x 4xf32>
  %y1 = recsys.gelu %b1 : (!recsys.jagged<#n2 x 4xf32>) -> !recsys.jagged<#n2 x 4xf32>
  recsys.output %y0, %y1 : !recsys.jagged<#n2 x 4xf32>, !recsys.jagged<#n2 x 4xf32>
}

/// A history and all candidates for each candidate: the history is computed once.
// CHECK-LABEL: recsys.model @amortize_nests_listwise
// CHECK-DAG:     recsys.silu {{.*}} : (!recsys.jagged<#[[H]] x 4xf32>)
// CHECK-DAG:     recsys.silu {{.*}} : (!recsys.jagged<#{{nest.*}} x 4xf32>)
recsys.model @amortize_nests_listwise(%x: !recsys.jagged<#hc x 4xf32> {recsys.name = "x"}, %t: !recsys.jagged<#c x 4xf32> {recsys.name = "t"})
    -> (!recsys.jagged<#c x 4xf32> {recsys.name = "y"}, !recsys.jagged<#nh x 4xf32> {recsys.name = "z"}) {
  %xs = recsys.repeat_rows %x for (#c) : (!recsys.jagged<#hc x 4xf32>) -> !recsys.jagged<#nhc x 4xf32>
  %v = recsys.silu %xs : (!recsys.jagged<#nhc x 4xf32>) -> !recsys.jagged<#nhc x 4xf32>
  %y = recsys.pool sum %v : (!recsys.jagged<#nhc x 4xf32>) -> !recsys.jagged<#c x 4xf32>
  %z = recsys.slice_rows %v first 0 count 1 : (!recsys.jagged<#nhc x 4xf32>) -> !recsys.jagged<#nh x 4xf32>
  recsys.output %y, %z : !recsys.jagged<#c x 4xf32>, !recsys.jagged<#nh x 4xf32>
}

/// A row's number counts rows of all segments: it stays whole.
// CHECK-LABEL: recsys.model @negative_amortize_nests_row_index
// CHECK:         recsys.row_index {{.*}} : <#{{nest.*}} x i64>
recsys.model @negative_amortize_nests_row_index(%x: !recsys.jagged<#nhc x 4xf32> {recsys.name = "x"}) -> (!recsys.jagged<#nhc x 4xf32> {recsys.name = "y"}, !recsys.jagged<#nh x f32> {recsys.name = "z"}) {
  %i = recsys.row_index affine_map<(d0) -> (d0)> : !recsys.jagged<#nhc x i64>
  %f = recsys.to_float %i : (!recsys.jagged<#nhc x i64>) -> !recsys.jagged<#nhc x f32>
  %z = recsys.slice_rows %f first 0 count 1 : (!recsys.jagged<#nhc x f32>) -> !recsys.jagged<#nh x f32>
  %y = recsys.silu %x : (!recsys.jagged<#nhc x 4xf32>) -> !recsys.jagged<#nhc x 4xf32>
  recsys.output %y, %z : !recsys.jagged<#nhc x 4xf32>, !recsys.jagged<#nh x f32>
}

/// A row sees the one like it among shared rows, over another space than its own.
// CHECK-LABEL: recsys.model @amortize_nests_self
// CHECK:         recsys.attention {{.*}} masks {{\[\[}}#recsys.interval<(d0) -> (d0), (d0) -> (d0 + 1)>]]
recsys.model @amortize_nests_self(%q: !recsys.jagged<#n2 x 2x4xf32> {recsys.name = "q"}) -> (!recsys.jagged<#n2 x 2x4xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<4xf32>
  %k = recsys.splat_rows %w : (tensor<4xf32>) -> !recsys.jagged<#n2 x 1x4xf32>
  %y = recsys.attention %q sources [%k, %k] masks [[#recsys.self]] score softmax scale 0.5 : (!recsys.jagged<#n2 x 2x4xf32>, !recsys.jagged<#n2 x 1x4xf32>, !recsys.jagged<#n2 x 1x4xf32>) -> !recsys.jagged<#n2 x 2x4xf32>
  recsys.output %y : !recsys.jagged<#n2 x 2x4xf32>
}

/// One row for all candidates and one of each are one segment. Both have the candidates' rows: joined without the history they would be rows
/// of the request.
// CHECK-LABEL: recsys.model @negative_amortize_nests_single_rows
// CHECK:         recsys.concat_rows %{{.*}}, %{{.*}} : (!recsys.jagged<#{{nest.*}} x 4xf32>, !recsys.jagged<#{{.*}} x 4xf32>) -> !recsys.jagged<#{{nest.*}} x 4xf32>
recsys.model @negative_amortize_nests_single_rows(%x: !recsys.jagged<#recsys.concat<#h, #recsys.request> x 4xf32> {recsys.name = "x"}, %t: !recsys.jagged<#c x 4xf32> {recsys.name = "t"})
    -> (!recsys.jagged<#recsys.nest<#c, #recsys.concat<#h, #recsys.rows<2>>> x 4xf32> {recsys.name = "y"}) {
  %r = recsys.repeat_rows %x for (#c) : (!recsys.jagged<#recsys.concat<#h, #recsys.request> x 4xf32>) -> !recsys.jagged<#recsys.nest<#c, #recsys.concat<#h, #recsys.request>> x 4xf32>
  %y = recsys.concat_rows %r, %t : (!recsys.jagged<#recsys.nest<#c, #recsys.concat<#h, #recsys.request>> x 4xf32>, !recsys.jagged<#c x 4xf32>) -> !recsys.jagged<#recsys.nest<#c, #recsys.concat<#h, #recsys.rows<2>>> x 4xf32>
  recsys.output %y : !recsys.jagged<#recsys.nest<#c, #recsys.concat<#h, #recsys.rows<2>>> x 4xf32>
}

/// A bias is between the rows of one sequence: its history is computed for each candidate, and what follows too.
// CHECK-LABEL: recsys.model @negative_amortize_nests_bias
// CHECK:         recsys.attention {{.*}} toeplitz{{.*}} -> !recsys.jagged<#{{nest.*}} x 1x4xf32>
recsys.parameter private @b : tensor<15xf32> from "b"
#ht = #recsys.nest<#c, #recsys.concat<#h, #r>>
!ht = !recsys.jagged<#ht x 1x4xf32>
recsys.model @negative_amortize_nests_bias(%h: !recsys.jagged<#h x 1x4xf32> {recsys.name = "h"}, %t: !recsys.jagged<#c x 1x4xf32> {recsys.name = "t"}) -> (!ht {recsys.name = "y"}) {
  %b = recsys.get_parameter @b : tensor<15xf32>
  %hs = recsys.repeat_rows %h for (#c) : (!recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#nh x 1x4xf32>
  %x = recsys.concat_rows %hs, %t : (!recsys.jagged<#nh x 1x4xf32>, !recsys.jagged<#c x 1x4xf32>) -> !ht
  %a = recsys.attention %x sources [%x, %x] masks [[#recsys.full, #recsys.none], [#recsys.full, #recsys.full]] score softmax scale 0.5 toeplitz(%b, 7)
    : (!ht, !ht, !ht, tensor<15xf32>) -> !ht
  %y = recsys.mul %a, %x : (!ht, !ht) -> !ht
  recsys.output %y : !ht
}
