// RUN: reccc-opt %s --recsys-derive-entry-points -split-input-file | FileCheck %s
// RUN: reccc-opt %s --recsys-derive-entry-points --recsys-derive-entry-points -split-input-file | FileCheck %s
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#hc = #recsys.concat<#h, #c>
/// A mean over both: rows of the history come from the state.
// CHECK-LABEL: recsys.model @prefill(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged<#history x 4xf32> {recsys.name = "x"})
// CHECK:         %[[Z:[a-z0-9]+]] = recsys.silu %[[X]]
// CHECK:         recsys.output %[[Z]]
// CHECK-LABEL: recsys.model @score(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: !recsys.jagged<#candidates x 4xf32> {recsys.name = "q"}
// CHECK-SAME:    %[[S:[a-z0-9]+]]: !recsys.jagged<#history x 4xf32> {recsys.name = "state.0"
// CHECK:         %[[C:[a-z0-9]+]] = recsys.silu %[[Q]]
// CHECK:         %[[ALL:[a-z0-9]+]] = recsys.concat_rows %[[S]], %[[C]]
// CHECK:         recsys.pool mean %[[ALL]]
recsys.model @rank(%x: !recsys.jagged<#h x 4xf32> {recsys.name = "x"}, %q: !recsys.jagged<#c x 4xf32> {recsys.name = "q"})
    -> (!recsys.jagged<#recsys.request x 4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates"}} {
  %all = recsys.concat_rows %x, %q : (!recsys.jagged<#h x 4xf32>, !recsys.jagged<#c x 4xf32>) -> !recsys.jagged<#hc x 4xf32>
  %z = recsys.silu %all : (!recsys.jagged<#hc x 4xf32>) -> !recsys.jagged<#hc x 4xf32>
  %y = recsys.pool mean %z : (!recsys.jagged<#hc x 4xf32>) -> !recsys.jagged<#recsys.request x 4xf32>
  recsys.output %y : !recsys.jagged<#recsys.request x 4xf32>
}
