// RUN: reccc-opt %s | reccc-opt | FileCheck %s
// RUN: reccc-opt %s --emit-bytecode | reccc-opt | FileCheck %s
// The masks of published models in their one form: an interval of columns for each row.

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
!q = !recsys.jagged<#s x 2x8xf32>
!all = !recsys.jagged<#recsys.concat<#s, #c> x 2x8xf32>

// CHECK-LABEL: @causal
// CHECK: masks {{\[\[}}#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score silu scale 5.000000e-01 divisor 5.000000e+01 :
func.func private @causal(%q: !q) {
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score silu scale 0.5 divisor 50.0 : (!q, !q, !q) -> !q
  return
}

// CHECK-LABEL: @window
// CHECK: #recsys.interval<(d0) -> (d0 - 11), (d0) -> (d0 + 1)>
func.func private @window(%q: !q) {
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.interval<(d0) -> (d0 - 11), (d0) -> (d0 + 1)>]] score softmax scale 0.5 : (!q, !q, !q) -> !q
  return
}

// The first four rows and the last eight: two intervals, the second clipped to where the first ended.
// CHECK-LABEL: @semi_local
// CHECK: #recsys.intervals<<(d0) -> (), (d0) -> (4, d0 + 1)>, <(d0) -> (d0 - 7), (d0) -> (d0 + 1)>>
func.func private @semi_local(%q: !q) {
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.intervals<<(d0) -> (), (d0) -> (4, d0 + 1)>, <(d0) -> (d0 - 7), (d0) -> (d0 + 1)>>]] score silu scale 0.5 divisor_rows(#s) : (!q, !q, !q) -> !q
  return
}

// Candidates see the history and themselves: one mask for each query segment and source segment.
// CHECK-LABEL: @candidates
// CHECK: masks {{\[\[}}#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.none], [#recsys.full, #recsys.self]]
func.func private @candidates(%x: !all) {
  %0 = recsys.attention %x sources [%x, %x] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.none], [#recsys.full, #recsys.self]] score silu scale 0.5 divisor 50.0 : (!all, !all, !all) -> !all
  return
}

// Sources of their own; groups of four candidates; a bound that counts from the end.
// CHECK-LABEL: @sources
// CHECK: sources[%{{.*}}, %{{.*}} and %{{.*}}, %{{.*}}] masks
// CHECK-SAME: #recsys.interval<(d0)[s0] -> (s0 - 10), (d0)[s0] -> (), lengths = [#history]>
// CHECK-SAME: #recsys.interval<(d0) -> ((d0 floordiv 4) * 4), (d0) -> ((d0 floordiv 4) * 4 + 4)>
func.func private @sources(%c: !recsys.jagged<#c x 2x8xf32>, %h: !q) {
  %0 = recsys.attention %c sources [%h, %h and %c, %c] masks [[#recsys.interval<(d0)[s0] -> (s0 - 10), (d0)[s0] -> (), lengths = [#s]>,
    #recsys.interval<(d0) -> ((d0 floordiv 4) * 4), (d0) -> ((d0 floordiv 4) * 4 + 4)>]] score softmax scale 0.5
    : (!recsys.jagged<#c x 2x8xf32>, !q, !recsys.jagged<#c x 2x8xf32>, !q, !recsys.jagged<#c x 2x8xf32>) -> !recsys.jagged<#c x 2x8xf32>
  return
}

// CHECK-LABEL: @biases
// CHECK: toeplitz(%{{.*}}, 49) time_buckets(%{{.*}}, %{{.*}}, %{{.*}}, #recsys.edges<[1, 60, 3600]>) order add_then_scale :
func.func private @biases(%q: !q, %t: !recsys.jagged<#s x i64>, %w: tensor<99xf32>, %b: tensor<4xf32>) {
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 0.5 divisor 50.0 toeplitz(%w, 49)
    time_buckets(%b, %t, %t, #recsys.edges<[1, 60, 3600]>) order add_then_scale
    : (!q, !q, !q, tensor<99xf32>, tensor<4xf32>, !recsys.jagged<#s x i64>, !recsys.jagged<#s x i64>) -> !q
  return
}

// CHECK-LABEL: @bias_of_segments
// CHECK: toeplitz(%{{.*}}, 60) last_at_one_place :
#both = #recsys.concat<#s, #recsys.space<"candidates", max = 10>>
!both = !recsys.jagged<#both x 2x8xf32>
func.func private @bias_of_segments(%q: !both, %w: tensor<121xf32>) {
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full, #recsys.none], [#recsys.full, #recsys.self]] score silu scale 0.5 divisor 50.0
    toeplitz(%w, 60) last_at_one_place : (!both, !both, !both, tensor<121xf32>) -> !both
  return
}

/// What is not among the ids may have a number of its own.
// CHECK-LABEL: @vocabulary
// CHECK: rule(#recsys.vocabulary<[1, 2, 30], -1>)
func.func private @vocabulary(%t: !recsys.jagged<#s x i64>) {
  %0 = recsys.bucketize %t rule(#recsys.vocabulary<[1, 2, 30], -1>) : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}

/// No edges: everything is in bucket 0.
// CHECK-LABEL: @no_edges
// CHECK: rule(#recsys.edges<>)
func.func private @no_edges(%t: !recsys.jagged<#s x i64>) {
  %0 = recsys.bucketize %t rule(#recsys.edges<>) : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}
