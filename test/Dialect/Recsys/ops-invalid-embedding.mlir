// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Family embedding: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_c1(%ids: !recsys.jagged<#s x 2xi64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected ids of one number a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  // expected-error@+1 {{'recsys.embedding' op failed to infer returned types}}
  %0 = recsys.embedding %ids, %t out_of_range clamp : (!recsys.jagged<#s x 2xi64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_c2(%ids: !recsys.jagged<#s x i64>, %t: tensor<9xf32>) {
  // expected-error@+2 {{expected a table of rank 2, got 'tensor<9xf32>'}}
  // expected-error@+1 {{'recsys.embedding' op failed to infer returned types}}
  %0 = recsys.embedding %ids, %t out_of_range clamp : (!recsys.jagged<#s x i64>, tensor<9xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @action_bits_c1(%a: !recsys.jagged<#s x i64>, %t: tensor<3x4xf32>) {
  // expected-error@+2 {{expected a table with a row for each of the 2 weights, got 'tensor<3x4xf32>'}}
  // expected-error@+1 {{'recsys.action_bits' op failed to infer returned types}}
  %0 = recsys.action_bits %a, %t weights [1, 2] : (!recsys.jagged<#s x i64>, tensor<3x4xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @action_bits_c2(%a: !recsys.jagged<#s x 2xi64>, %t: tensor<2x4xf32>) {
  // expected-error@+2 {{expected actions of one number a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  // expected-error@+1 {{'recsys.action_bits' op failed to infer returned types}}
  %0 = recsys.action_bits %a, %t weights [1, 2] : (!recsys.jagged<#s x 2xi64>, tensor<2x4xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @threshold_bits_c1(%a: !recsys.jagged<#s x i64>) {
  // expected-error@+2 {{expected a weight for each threshold, got 1 thresholds and 2 weights}}
  // expected-error@+1 {{'recsys.threshold_bits' op failed to infer returned types}}
  %0 = recsys.threshold_bits %a, %a thresholds [1] weights [1, 2] : (!recsys.jagged<#s x i64>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @threshold_bits_c2(%a: !recsys.jagged<#s x i64>, %b: !recsys.jagged<#recsys.request x i64>) {
  // expected-error@+2 {{expected one row space, got #recsys.space<"history", max = 50> and #recsys.request}}
  // expected-error@+1 {{'recsys.threshold_bits' op failed to infer returned types}}
  %0 = recsys.threshold_bits %a, %b thresholds [1] weights [1] : (!recsys.jagged<#s x i64>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @bucketize_c1(%a: !recsys.jagged<#s x i64>) {
  // expected-error@+1 {{'recsys.bucketize' op expected #recsys.edges, #recsys.sqrt_bucket or #recsys.vocabulary, got #recsys.full}}
  %0 = recsys.bucketize %a rule(#recsys.full) : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @row_index_c1() {
  // expected-error@+1 {{expected a map of one dimension, 0 symbols (one for each length) and at least one result, got affine_map<(d0)[s0] -> (d0)>}}
  %0 = recsys.row_index affine_map<(d0)[s0] -> (d0)> : !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @row_index_c2() {
  // expected-error@+1 {{'recsys.row_index' op expected the length of a row space that is no nest, got #recsys.full}}
  %0 = recsys.row_index affine_map<(d0)[s0] -> (d0)> lengths [#recsys.full] : !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#n = #recsys.nest<#s, #recsys.rows<3>>
func.func private @row_index_c2_nest() {
  // expected-error@+1 {{expected the length of a row space that is no nest, got #recsys.nest<}}
  %0 = recsys.row_index affine_map<(d0)[s0] -> (d0)> lengths [#n] : !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @row_index_c3() {
  // expected-error@+1 {{expected a result of one number a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  %0 = recsys.row_index affine_map<(d0) -> (d0)> : !recsys.jagged<#s x 2xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @row_index_c4() {
  // expected-error@+1 {{expected a map that divides by positive constants only and stays below 2^62, got affine_map<(d0) -> (d0 mod 0)>}}
  %0 = recsys.row_index affine_map<(d0) -> (d0 mod 0)> : !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @row_index_c4_overflow() {
  // expected-error@+1 {{expected a map that divides by positive constants only and stays below 2^62, got affine_map<(d0) -> (d0 * 4611686018427387904)>}}
  %0 = recsys.row_index affine_map<(d0) -> (d0 * 4611686018427387904)> : !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @calendar_features_c1(%a: !recsys.jagged<#s x i64>) {
  // expected-error@+2 {{expected as many periods as units, all finite and greater than 0, got 2 periods and 2 units}}
  // expected-error@+1 {{'recsys.calendar_features' op failed to infer returned types}}
  %0 = recsys.calendar_features %a periods [1.0, 0.0] units [1.0, 1.0] two_pi 6.0 : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x 4xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @calendar_features_c2(%a: !recsys.jagged<#s x 2xi64>) {
  // expected-error@+2 {{expected timestamps of one number a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  // expected-error@+1 {{'recsys.calendar_features' op failed to infer returned types}}
  %0 = recsys.calendar_features %a periods [1.0] units [1.0] two_pi 6.0 : (!recsys.jagged<#s x 2xi64>) -> !recsys.jagged<#s x 2xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @hash_ids_c1(%x: !recsys.jagged<#s x 2xi64>) {
  // expected-error@+2 {{expected ids of one number a row, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  // expected-error@+1 {{'recsys.hash_ids' op failed to infer returned types}}
  %0 = recsys.hash_ids %x multiplier 5 addend 7 modulus 11 rows 3 : (!recsys.jagged<#s x 2xi64>) -> !recsys.jagged<#s x 2xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @hash_ids_c2(%x: !recsys.jagged<#s x i64>) {
  // expected-error@+2 {{expected modulus >= 1 and rows >= 1, got modulus 0 and rows 3}}
  // expected-error@+1 {{'recsys.hash_ids' op failed to infer returned types}}
  %0 = recsys.hash_ids %x multiplier 5 addend 7 modulus 0 rows 3 : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}
