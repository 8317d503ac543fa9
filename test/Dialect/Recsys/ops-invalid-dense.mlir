// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Families dense and retrieval: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @linear_c1(%x: !recsys.jagged<#s x 7xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+2 {{expected records of 8 numbers, as the weight 'tensor<8x4xf32>' takes, got '!recsys.jagged<#recsys.space<"history", max = 50> x 7xf32>'}}
  // expected-error@+1 {{'recsys.linear' op failed to infer returned types}}
  %0 = recsys.linear %x, %w : (!recsys.jagged<#s x 7xf32>, tensor<8x4xf32>) -> !recsys.jagged<#s x 4xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @linear_c2(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<8xf32>) {
  // expected-error@+2 {{expected a weight of rank 2, got 'tensor<8xf32>'}}
  // expected-error@+1 {{'recsys.linear' op failed to infer returned types}}
  %0 = recsys.linear %x, %w : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @linear_c3(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<8x4xf32>, %b: tensor<8xf32>) {
  // expected-error@+2 {{expected a bias of 4 numbers, got 'tensor<8xf32>'}}
  // expected-error@+1 {{'recsys.linear' op failed to infer returned types}}
  %0 = recsys.linear %x, %w, %b : (!recsys.jagged<#s x 8xf32>, tensor<8x4xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 4xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @request_linear_c1(%x: !recsys.jagged<#s x 8xf32>, %w: !recsys.jagged<#s x 8x4xf32>) {
  // expected-error@+2 {{expected records of `in` numbers, a weight [in, out] and a bias [out] over #recsys.request, got '!recsys.jagged<#recsys.space<"history", max = 50> x}}
  // expected-error@+1 {{'recsys.request_linear' op failed to infer returned types}}
  %0 = recsys.request_linear %x, %w : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8x4xf32>) -> !recsys.jagged<#s x 4xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @add_c1(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#recsys.request x 8xf32>) {
  // expected-error@+2 {{expected one row space, got #recsys.space<"history", max = 50> and #recsys.request}}
  // expected-error@+1 {{'recsys.add' op failed to infer returned types}}
  %0 = recsys.add %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @sub_c1(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x i64>) {
  // expected-error@+2 {{expected equal records, got '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x}}
  // expected-error@+1 {{'recsys.sub' op failed to infer returned types}}
  %0 = recsys.sub %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @mul_c1(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+2 {{expected equal records, got '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x}}
  // expected-error@+1 {{'recsys.mul' op failed to infer returned types}}
  %0 = recsys.mul %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @top_k_c1(%x: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+2 {{expected records of one dimension, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2x8xf32>'}}
  // expected-error@+1 {{'recsys.top_k' op failed to infer returned types}}
  %0, %1 = recsys.top_k %x k 2 first_id 0 : (!recsys.jagged<#s x 2x8xf32>) -> (!recsys.jagged<#s x 2xi64>, !recsys.jagged<#s x 2xf32>)
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @top_k_c2(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected k >= 1, got 0}}
  // expected-error@+1 {{'recsys.top_k' op failed to infer returned types}}
  %0, %1 = recsys.top_k %x k 0 first_id 0 : (!recsys.jagged<#s x 8xf32>) -> (!recsys.jagged<#s x i64>, !recsys.jagged<#s x 8xf32>)
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @top_k_c3(%x: !recsys.jagged<#s x 8xf32>, %e: !recsys.jagged<#s x 2xi64>) {
  // expected-error@+2 {{expected excluded ids of one number a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  // expected-error@+1 {{'recsys.top_k' op failed to infer returned types}}
  %0, %1 = recsys.top_k %x exclude %e k 2 first_id 0 : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 2xi64>) -> (!recsys.jagged<#s x 2xi64>, !recsys.jagged<#s x 2xf32>)
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @l2_norm_c2(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.l2_norm' op expected groups that divide the 8 numbers of a row, got 3}}
  %0 = recsys.l2_norm %x eps 1.0 groups 3 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @div_c1(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 4xf32>) {
  // expected-error@+2 {{expected equal records, got '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x 4xf32>'}}
  // expected-error@+1 {{'recsys.div' op failed to infer returned types}}
  %0 = recsys.div %x, %y by_zero zero : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @clamp_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.clamp' op expected low <= high, got 2.000000e+00 and 1.000000e+00}}
  %0 = recsys.clamp %x low 2.0 high 1.0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}
