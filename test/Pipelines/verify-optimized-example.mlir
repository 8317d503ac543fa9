// RUN: reccc-opt %s --recsys-verify-optimized | FileCheck %s
/// Two sources of one segment each.
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
// CHECK: module attributes {recsys.stage = "optimized"}
recsys.model @verify_optimized_sources(%q: !recsys.jagged<#c x 2x4xf32> {recsys.name = "q"}, %h: !recsys.jagged<#h x 2x4xf32> {recsys.name = "h"})
    -> (!recsys.jagged<#c x 2x4xf32> {recsys.name = "y"}) {
  %y = recsys.attention %q sources [%h, %h and %q, %q] masks [[#recsys.full, #recsys.self]] score softmax scale 0.5
    : (!recsys.jagged<#c x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#c x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#c x 2x4xf32>) -> !recsys.jagged<#c x 2x4xf32>
  recsys.output %y : !recsys.jagged<#c x 2x4xf32>
}
