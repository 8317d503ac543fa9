// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Family attention: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c1(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x4xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{expected keys [heads, 8] and values [heads, 8] with heads that divide 2, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2x4xf32>' and}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x4xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c1_space(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#recsys.request x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{expected one row space, got #recsys.request and #recsys.space<"history", max = 50>}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#recsys.request x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c2(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{expected one mask for each of the 1 source segments, got [#recsys.full, #recsys.full]}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full, #recsys.full]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c2_no_mask(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{'recsys.attention' op expected a mask, got #recsys.request}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.request]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c3(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{'recsys.attention' op expected a length that the request gives, or one of spaces at hand, got that of #recsys.opaque<"merged", max = 7>}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.interval<(d0)[s0] -> (), (d0)[s0] -> (s0), lengths = [#recsys.opaque<"merged", max = 7>]>]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c4(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{'recsys.attention' op expected one divisor > 0 with silu and none with softmax}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score softmax scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c4_zero(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{'recsys.attention' op expected one divisor > 0 with silu and none with softmax}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score silu scale 1.0 divisor 0.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#n = #recsys.nest<#s, #recsys.rows<3>>
func.func private @attention_c4_nest(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{'recsys.attention' op expected the rows of a space that is no nest as the divisor, got #recsys.nest<}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score silu scale 1.0 divisor_rows(#n) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c5(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>, %w: tensor<9x9xf32>) {
  // expected-error@+1 {{'recsys.attention' op expected a toeplitz parameter of rank 1 and a center of at least 0}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 toeplitz(%w, 4) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, tensor<9x9xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c5_times(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#s x 2x8xf32>, %v: !recsys.jagged<#s x 2x8xf32>, %w: tensor<9xf32>, %t: !recsys.jagged<#recsys.request x i64>) {
  // expected-error@+1 {{expected times of one number a row over #recsys.space<"history", max = 50>, got '!recsys.jagged<#recsys.request x i64>'}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 time_buckets(%w, %t, %t, #recsys.edges<[1]>) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, tensor<9xf32>, !recsys.jagged<#recsys.request x i64>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c6(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#recsys.request x 2x8xf32>, %v: !recsys.jagged<#recsys.request x 2x8xf32>) {
  // expected-error@+1 {{expected #recsys.self between equal segments, got #recsys.space<"history", max = 50> and #recsys.request}}
  %0 = recsys.attention %q sources [%k, %v] masks [[#recsys.self]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#recsys.request x 2x8xf32>, !recsys.jagged<#recsys.request x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
func.func private @attention_c7(%q: !recsys.jagged<#s x 2x8xf32>, %k: !recsys.jagged<#recsys.nest<#c, #s> x 2x8xf32>) {
  // expected-error@+1 {{expected a value grouped by #recsys.space<"candidates", max = 9>, got one over #recsys.space<"history", max = 50>}}
  %0 = recsys.attention %q sources [%k, %k] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#recsys.nest<#c, #s> x 2x8xf32>, !recsys.jagged<#recsys.nest<#c, #s> x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c8(%q: !recsys.jagged<#s x 2x8xf32>, %m: !recsys.jagged<#recsys.request x i64>) {
  // expected-error@+1 {{expected a key mask of one number a row over #recsys.space<"history", max = 50>, got '!recsys.jagged<#recsys.request x i64>'}}
  %0 = recsys.attention %q sources [%q, %q valid %m] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c9(%q: !recsys.jagged<#s x 2x8xf32>, %i: !recsys.jagged<#s x 2x4xf32>) {
  // expected-error@+1 {{expected an initial result over #recsys.space<"history", max = 50> with records of [2, 8], got '!recsys.jagged<#recsys.space<"history", max = 50> x 2x4xf32>'}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 initial(%i) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x4xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c9_no_state(%q: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{expected an initial state beside the initial result of a softmax, and only there}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score softmax scale 1.0 initial(%q) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c9_silu(%q: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{expected softmax with `with_state`: a sum of silu has no state}}
  %0:2 = recsys.attention %q sources [%q, %q] masks [[#recsys.full]] score silu scale 1.0 divisor 2.0 with_state : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x2xf32>)
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c10(%q: !recsys.jagged<#s x 2x8xf32>, %b: !recsys.jagged<#s x i64>) {
  // expected-error@+1 {{'recsys.attention' op expected tables of the 1 bounds, got #recsys.table<lower = 0, upper = 1>}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.table<lower = 0, upper = 1>]] score silu scale 1.0 divisor 2.0 bounds(%b) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @attention_c10_rows(%q: !recsys.jagged<#s x 2x8xf32>, %b: !recsys.jagged<#recsys.request x i64>) {
  // expected-error@+1 {{'recsys.attention' op expected bounds of one number a row over #recsys.space<"history", max = 50>, got '!recsys.jagged<#recsys.request x i64>'}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.table<lower = 0>]] score silu scale 1.0 divisor 2.0 bounds(%b) : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x 2x8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @table_c1(%q: !recsys.jagged<#s x 2x8xf32>) {
  // expected-error@+1 {{expected a lower or an upper bound, or both, got lower = -1 and upper = -1}}
  %0 = recsys.attention %q sources [%q, %q] masks [[#recsys.table<lower = -1>]] score silu scale 1.0 divisor 2.0 : (!recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
  return
}
