// RUN: reccc-opt %s --recsys-split-attention-sources | FileCheck %s
// RUN: reccc-opt %s --recsys-split-attention-sources --recsys-split-attention-sources | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-split-attention-sources))' --seed=6
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 50>
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#t = #recsys.concat<#h, #c>
!x = !recsys.jagged<#t x 2x4xf32>

/// The length of the history is still named after its source is gone.
// CHECK-LABEL: recsys.model @split_attention_sources_unseen_source
// CHECK:         %[[C:[a-z0-9]+]] = recsys.slice_rows %{{[a-z0-9]+}} first 1 count 1
// CHECK:         recsys.attention %{{[a-z0-9]+}} sources[%[[C]], %{{[a-z0-9]+}}] masks {{\[\[}}#recsys.interval<{{.*}}lengths = [#[[H]]]>], [#recsys.full]]
recsys.model @split_attention_sources_unseen_source(%q: !x {recsys.name = "q"}, %k: !x {recsys.name = "k"}) -> (!x {recsys.name = "a"}) {
  %a = recsys.attention %q sources [%k, %k]
    masks [[#recsys.none, #recsys.interval<(d0)[s0] -> (s0 - 20), (d0)[s0] -> (d0 + 3), lengths = [#h]>], [#recsys.none, #recsys.full]]
    score softmax scale 0.5 : (!x, !x, !x) -> !x
  recsys.output %a : !x
}

/// The second source has segments 2 and 3 of the masks.
// CHECK-LABEL: recsys.model @split_attention_sources_several
// CHECK:         recsys.attention %{{[a-z0-9]+}} sources[%[[H:[a-z0-9]+]], %{{[a-z0-9]+}} and %{{[a-z0-9]+}}, %{{[a-z0-9]+}}]
// CHECK-SAME:      masks {{\[\[}}#recsys.full, #recsys.interval<(d0) -> (d0), (d0) -> ()>]]
recsys.model @split_attention_sources_several(%q: !recsys.jagged<#h x 2x4xf32> {recsys.name = "q"}, %h: !recsys.jagged<#h x 2x4xf32> {recsys.name = "h"}, %k: !x {recsys.name = "k"})
    -> (!recsys.jagged<#h x 2x4xf32> {recsys.name = "a"}) {
  %a = recsys.attention %q sources [%h, %h and %k, %k] masks [[#recsys.full, #recsys.none, #recsys.interval<(d0) -> (d0), (d0) -> ()>]]
    score softmax scale 0.5 : (!recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>, !x, !recsys.jagged<#h x 2x4xf32>, !x) -> !recsys.jagged<#h x 2x4xf32>
  recsys.output %a : !recsys.jagged<#h x 2x4xf32>
}

/// An attention keeps a source even when nobody sees anything: its rows are zero.
// CHECK-LABEL: recsys.model @split_attention_sources_nothing_seen
// CHECK:         recsys.attention %{{[a-z0-9]+}} sources[%{{[a-z0-9]+}}, %{{[a-z0-9]+}}] masks {{\[\[}}#recsys.none]]
recsys.model @split_attention_sources_nothing_seen(%q: !recsys.jagged<#h x 2x4xf32> {recsys.name = "q"}, %k: !x {recsys.name = "k"})
    -> (!recsys.jagged<#h x 2x4xf32> {recsys.name = "a"}, !recsys.jagged<#h x 2x4xf32> {recsys.name = "sum"}) {
  %a = recsys.attention %q sources [%k, %k] masks [[#recsys.none, #recsys.none]] score softmax scale 0.5
    : (!recsys.jagged<#h x 2x4xf32>, !x, !x) -> !recsys.jagged<#h x 2x4xf32>
  %sum = recsys.add %a, %q : (!recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>) -> !recsys.jagged<#h x 2x4xf32>
  recsys.output %a, %sum : !recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>
}

/// All candidates among the rows that each candidate reads: as a source of their own they would be each candidate's own row.
// CHECK-LABEL: recsys.model @split_attention_sources_rows_of_the_frame
// CHECK:         %[[ALL:[a-z0-9]+]] = recsys.slice_rows %{{[a-z0-9]+}} first 1 count 1
// CHECK:         %[[EACH:[a-z0-9]+]] = recsys.repeat_rows %[[ALL]] for(#{{.*}})
// CHECK:         recsys.attention {{.*}} and %[[EACH]], %{{.*}} masks {{\[\[}}#recsys.full, #recsys.interval<{{.*}}>, #recsys.full]]
#own = #recsys.nest<#c, #recsys.rows<3>>
!q = !recsys.jagged<#own x 2x4xf32>
recsys.model @split_attention_sources_rows_of_the_frame(%q: !q {recsys.name = "q"}, %k: !x {recsys.name = "k"}) -> (!q {recsys.name = "a"}) {
  %a = recsys.attention %q sources [%k, %k and %q, %q] masks [[#recsys.full, #recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.full]] score softmax scale 0.5 : (!q, !x, !q, !x, !q) -> !q
  recsys.output %a : !q
}
