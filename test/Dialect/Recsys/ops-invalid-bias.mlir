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
  // expected-error@+1 {{expected, for a bias, one source over the query's space, #recsys.space<"history", max = 50>, got 1 sources, the first over #recsys.request}}
  %0 = recsys.attention %q sources [%k, %k] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 toeplitz(%w, 4) : (!q, !k, !k, tensor<9xf32>) -> !q
  return
}
