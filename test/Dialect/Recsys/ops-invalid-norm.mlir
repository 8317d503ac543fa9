// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Norms: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @layer_norm_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.layer_norm' op expected eps >= 0, got -1.000000e+00}}
  %0 = recsys.layer_norm %x eps -1.0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @layer_norm_c2(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.layer_norm' op expected groups that divide the 8 numbers of a row, got 3}}
  %0 = recsys.layer_norm %x eps 1.0 groups 3 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @layer_norm_c3(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{'recsys.layer_norm' op expected weight and bias of 8 numbers, got 'tensor<4xf32>'}}
  %0 = recsys.layer_norm %x affine %w, %w eps 1.0 : (!recsys.jagged<#s x 8xf32>, tensor<4xf32>, tensor<4xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @l2_norm_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.l2_norm' op expected eps > 0, got 0.000000e+00}}
  %0 = recsys.l2_norm %x eps 0.0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @rms_norm_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.rms_norm' op expected eps >= 0, got -1.000000e+00}}
  %0 = recsys.rms_norm %x eps -1.0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @rms_norm_c2(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{'recsys.rms_norm' op expected a weight of 8 numbers, got 'tensor<4xf32>'}}
  %0 = recsys.rms_norm %x, %w eps 1.0 : (!recsys.jagged<#s x 8xf32>, tensor<4xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}
