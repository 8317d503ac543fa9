// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Family feature: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @concat_features_c1() {
  // expected-error@+2 {{expected at least one value}}
  // expected-error@+1 {{'recsys.concat_features' op failed to infer returned types}}
  %0 = "recsys.concat_features"() : () -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @concat_features_c2(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+2 {{expected records of one dimension, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2x8xf32>'}}
  // expected-error@+1 {{'recsys.concat_features' op failed to infer returned types}}
  %0 = recsys.concat_features %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @slice_features_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected a part of a record of one dimension, got [6, 6 + 4) of '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>'}}
  // expected-error@+1 {{'recsys.slice_features' op failed to infer returned types}}
  %0 = recsys.slice_features %x offset 6 size 4 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 4xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @reshape_features_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{expected 8 numbers a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 3x3xf32>'}}
  %0 = recsys.reshape_features %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 3x3xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @scale_parts_c1(%x: !recsys.jagged<#s x 8xf32>, %f: !recsys.jagged<#recsys.request x 2xf32>) {
  // expected-error@+2 {{expected one row space, got #recsys.space<"history", max = 50> and #recsys.request}}
  // expected-error@+1 {{'recsys.scale_parts' op failed to infer returned types}}
  %0 = recsys.scale_parts %x, %f : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#recsys.request x 2xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @scale_parts_c2(%x: !recsys.jagged<#s x 8xf32>, %f: !recsys.jagged<#s x 3xf32>) {
  // expected-error@+2 {{expected as many factors as a record of 8 numbers has equal parts, got '!recsys.jagged<#recsys.space<"history", max = 50> x 3xf32>'}}
  // expected-error@+1 {{'recsys.scale_parts' op failed to infer returned types}}
  %0 = recsys.scale_parts %x, %f : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 3xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @softmax_c1(%x: !recsys.jagged<#s x f32>) {
  // expected-error@+2 {{expected records of at least one dimension, got '!recsys.jagged<#recsys.space<"history", max = 50> x f32>'}}
  // expected-error@+1 {{'recsys.softmax' op failed to infer returned types}}
  %0 = recsys.softmax %x : (!recsys.jagged<#s x f32>) -> !recsys.jagged<#s x f32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @reduce_features_c1(%x: !recsys.jagged<#s x 3x8xf32>) {
  // expected-error@+2 {{expected sum, mean or max, got last}}
  // expected-error@+1 {{'recsys.reduce_features' op failed to infer returned types}}
  %0 = recsys.reduce_features last %x dim 0 : (!recsys.jagged<#s x 3x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @reduce_features_c2(%x: !recsys.jagged<#s x 3x8xf32>) {
  // expected-error@+2 {{expected a dimension of '!recsys.jagged<#recsys.space<"history", max = 50> x 3x8xf32>', got 2}}
  // expected-error@+1 {{'recsys.reduce_features' op failed to infer returned types}}
  %0 = recsys.reduce_features sum %x dim 2 : (!recsys.jagged<#s x 3x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @feature_dots_c1(%x: !recsys.jagged<#s x 3x8xf32>, %y: !recsys.jagged<#s x 3x7xf32>) {
  // expected-error@+2 {{expected records [vectors, width] of one width, got '!recsys.jagged<#recsys.space<"history", max = 50> x 3x8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x 3x7xf32>'}}
  // expected-error@+1 {{'recsys.feature_dots' op failed to infer returned types}}
  %0 = recsys.feature_dots %x, %y pairs all : (!recsys.jagged<#s x 3x8xf32>, !recsys.jagged<#s x 3x7xf32>) -> !recsys.jagged<#s x 3x3xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @feature_dots_c2(%x: !recsys.jagged<#s x 3x8xf32>, %y: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+2 {{expected as many vectors in both records, at least 1, for a triangle of pairs, got '!recsys.jagged<#recsys.space<"history", max = 50> x 3x8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x 2x8xf32>'}}
  // expected-error@+1 {{'recsys.feature_dots' op failed to infer returned types}}
  %0 = recsys.feature_dots %x, %y pairs upper_diagonal : (!recsys.jagged<#s x 3x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 6xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @feature_dots_c2_one_vector(%x: !recsys.jagged<#s x 1x8xf32>) {
  // expected-error@+2 {{expected as many vectors in both records, at least 2, for a triangle of pairs, got '!recsys.jagged<#recsys.space<"history", max = 50> x 1x8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x 1x8xf32>'}}
  // expected-error@+1 {{'recsys.feature_dots' op failed to infer returned types}}
  %0 = recsys.feature_dots %x, %x pairs lower : (!recsys.jagged<#s x 1x8xf32>, !recsys.jagged<#s x 1x8xf32>) -> !recsys.jagged<#s x 1xf32>
  return
}
