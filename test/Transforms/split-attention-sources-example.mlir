// RUN: reccc-opt %s --recsys-split-attention-sources | FileCheck %s
/// Candidates see the history and themselves; nobody sees a candidate but itself.
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#t = #recsys.concat<#h, #c>

// CHECK-LABEL: recsys.model @split_attention_sources_candidates
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: !recsys.jagged{{.*}}, %[[K:[a-z0-9]+]]: !recsys.jagged
// CHECK-DAG:     %[[KH:[a-z0-9]+]] = recsys.slice_rows %[[K]] first 0 count 1
// CHECK-DAG:     %[[KC:[a-z0-9]+]] = recsys.slice_rows %[[K]] first 1 count 1
// CHECK:         recsys.attention %[[Q]] sources[%[[KH]], %{{[a-z0-9]+}} and %[[KC]], %{{[a-z0-9]+}}]
// CHECK-SAME:      masks {{\[\[}}#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.none], [#recsys.full, #recsys.self]]
recsys.model @split_attention_sources_candidates(%q: !recsys.jagged<#t x 2x4xf32> {recsys.name = "q"}, %k: !recsys.jagged<#t x 2x4xf32> {recsys.name = "k"})
    -> (!recsys.jagged<#t x 2x4xf32> {recsys.name = "a"}) {
  %a = recsys.attention %q sources [%k, %k] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.none], [#recsys.full, #recsys.self]]
    score silu scale 0.5 divisor 50.0
    : (!recsys.jagged<#t x 2x4xf32>, !recsys.jagged<#t x 2x4xf32>, !recsys.jagged<#t x 2x4xf32>) -> !recsys.jagged<#t x 2x4xf32>
  recsys.output %a : !recsys.jagged<#t x 2x4xf32>
}
