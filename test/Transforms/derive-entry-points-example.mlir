// RUN: reccc-opt %s --recsys-derive-entry-points | FileCheck %s
/// Candidates read the history; the history reads itself. Keys of the history are the state.
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>

// CHECK-LABEL: recsys.model @rank
// CHECK-NOT:     recsys.entry_points
// CHECK-LABEL: recsys.model @prefill(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged<#history x 1x4xf32> {recsys.name = "x"})
// CHECK-SAME:    -> (!recsys.jagged<#history x 1x4xf32> {recsys.name = "state.0", recsys.state = 0 : i64})
// CHECK:         %[[Y:[a-z0-9]+]] = recsys.silu %[[X]]
// CHECK:         recsys.output %[[Y]]
// CHECK-LABEL: recsys.model @score(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: !recsys.jagged<#candidates x 1x4xf32> {recsys.name = "q"}
// CHECK-SAME:    %[[S:[a-z0-9]+]]: !recsys.jagged<#history x 1x4xf32> {recsys.name = "state.0", recsys.state = 0 : i64})
// CHECK:         recsys.attention %[[Q]] sources[%[[S]], %[[S]]]
recsys.model @rank(%x: !recsys.jagged<#h x 1x4xf32> {recsys.name = "x"}, %q: !recsys.jagged<#c x 1x4xf32> {recsys.name = "q"})
    -> (!recsys.jagged<#c x 1x4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates"}} {
  %k = recsys.silu %x : (!recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#h x 1x4xf32>
  %y = recsys.attention %q sources[%k, %k] masks [[#recsys.full]] score softmax scale 1.0
    : (!recsys.jagged<#c x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  recsys.output %y : !recsys.jagged<#c x 1x4xf32>
}
