// RUN: reccc-opt %s --split-input-file --verify-diagnostics
#s = #recsys.space<"history", max = 50>
!q = !recsys.jagged<#s x 2x8xf32>
func.func private @attention_c5_place(%q: !q) {
  // expected-error@+1 {{expected a toeplitz parameter with `last_at_one_place`}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 last_at_one_place : (!q, !q, !q) -> !q
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!q = !recsys.jagged<#s x 2x8xf32>
!k = !recsys.jagged<#recsys.request x 2x8xf32>
func.func private @attention_c5_rows(%q: !q, %k: !k, %w: tensor<9xf32>) {
  // expected-error@+1 {{expected the source of a toeplitz bias over the query's space, #recsys.space<"history", max = 50>, or the places of its rows there, got a source over #recsys.request}}
  %0 = recsys.attention %q sources [%k, %k] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 toeplitz(%w, 4) : (!q, !k, !k, tensor<9xf32>) -> !q
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!q = !recsys.jagged<#s x 2x8xf32>
func.func private @attention_c5_sources(%q: !q, %w: tensor<9xf32>) {
  // expected-error@+1 {{expected, for a bias, one source, got 2}}
  %0 = recsys.attention %q sources [%q, %q and %q, %q] masks [[#recsys.full, #recsys.full]] score silu scale 1.0 divisor 2.0 toeplitz(%w, 4)
    : (!q, !q, !q, !q, !q, tensor<9xf32>) -> !q
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!q = !recsys.jagged<#s x 2x8xf32>
func.func private @attention_c5_places(%q: !q, %w: tensor<9xf32>) {
  // expected-error@+1 {{expected places with a toeplitz parameter, a map of one row to row + a that has 0 symbols, one for each length, got affine_map<(d0) -> (d0 * 2)>}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 toeplitz(%w, 4) places affine_map<(d0) -> (d0 * 2)> : (!q, !q, !q, tensor<9xf32>) -> !q
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!q = !recsys.jagged<#s x 2x8xf32>
func.func private @attention_c5_place_lengths(%q: !q, %w: tensor<9xf32>) {
  // expected-error@+1 {{expected a length that the request gives, or one of spaces at hand, got that of #recsys.opaque<"kept", max = 9>}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 toeplitz(%w, 4)
    places affine_map<(d0)[s0] -> (d0 + s0)> place_lengths [#recsys.opaque<"kept", max = 9>] : (!q, !q, !q, tensor<9xf32>) -> !q
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!q = !recsys.jagged<#s x 2x8xf32>
!t = !recsys.jagged<#recsys.request x i64>
func.func private @attention_c5_times(%q: !q, %t: !t, %w: tensor<4xf32>) {
  // expected-error@+1 {{expected times of one number a row over #recsys.space<"history", max = 50>, got}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 time_buckets(%w, %t, %t, #recsys.edges<[1, 60, 3600]>) : (!q, !q, !q, tensor<4xf32>, !t, !t) -> !q
  return
}
