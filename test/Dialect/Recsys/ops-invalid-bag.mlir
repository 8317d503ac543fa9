// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Bags of ids: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_bag_c1(%ids: !recsys.jagged<#s x i64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected ids of one dimension, got '!recsys.jagged<#recsys.space<"history", max = 50> x i64>'}}
  // expected-error@+1 {{'recsys.embedding_bag' op failed to infer returned types}}
  %0 = recsys.embedding_bag sum %ids, %t out_of_range clamp : (!recsys.jagged<#s x i64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_bag_c2(%ids: !recsys.jagged<#s x 3xi64>, %t: tensor<9xf32>) {
  // expected-error@+2 {{expected a table of rank 2, got 'tensor<9xf32>'}}
  // expected-error@+1 {{'recsys.embedding_bag' op failed to infer returned types}}
  %0 = recsys.embedding_bag sum %ids, %t out_of_range clamp : (!recsys.jagged<#s x 3xi64>, tensor<9xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_bag_c3(%ids: !recsys.jagged<#s x 3xi64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected sum, mean or max, got first}}
  // expected-error@+1 {{'recsys.embedding_bag' op failed to infer returned types}}
  %0 = recsys.embedding_bag first %ids, %t out_of_range clamp : (!recsys.jagged<#s x 3xi64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_bag_c4(%ids: !recsys.jagged<#s x 3xi64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected a padding id in [0, 9), got 9}}
  // expected-error@+1 {{'recsys.embedding_bag' op failed to infer returned types}}
  %0 = recsys.embedding_bag mean %ids, %t padding 9 out_of_range clamp : (!recsys.jagged<#s x 3xi64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @embedding_bags_c1(%ids: !recsys.jagged<#s x i64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected ids, one for each row of #recsys.bags, got '!recsys.jagged<#recsys.space<"history", max = 50> x i64>'}}
  // expected-error@+1 {{'recsys.embedding_bags' op failed to infer returned types}}
  %0 = recsys.embedding_bags sum %ids, %t out_of_range clamp : (!recsys.jagged<#s x i64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#g = #recsys.bags<"genres", of = #s, max = 3>
func.func private @embedding_bags_c1_scalars(%ids: !recsys.jagged<#g x 2xi64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected ids, one for each row of #recsys.bags, got}}
  // expected-error@+1 {{'recsys.embedding_bags' op failed to infer returned types}}
  %0 = recsys.embedding_bags sum %ids, %t out_of_range clamp : (!recsys.jagged<#g x 2xi64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#g = #recsys.bags<"genres", of = #s, max = 3>
func.func private @embedding_bags_c2(%ids: !recsys.jagged<#g x i64>, %t: tensor<9xf32>) {
  // expected-error@+2 {{expected a table of rank 2, got 'tensor<9xf32>'}}
  // expected-error@+1 {{'recsys.embedding_bags' op failed to infer returned types}}
  %0 = recsys.embedding_bags sum %ids, %t out_of_range clamp : (!recsys.jagged<#g x i64>, tensor<9xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#g = #recsys.bags<"genres", of = #s, max = 3>
func.func private @embedding_bags_c3(%ids: !recsys.jagged<#g x i64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected sum, mean or max, got last}}
  // expected-error@+1 {{'recsys.embedding_bags' op failed to infer returned types}}
  %0 = recsys.embedding_bags last %ids, %t out_of_range clamp : (!recsys.jagged<#g x i64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#g = #recsys.bags<"genres", of = #s, max = 3>
func.func private @embedding_bags_c4(%ids: !recsys.jagged<#g x i64>, %t: tensor<9x8xf32>) {
  // expected-error@+2 {{expected a padding id in [0, 9), got 9}}
  // expected-error@+1 {{'recsys.embedding_bags' op failed to infer returned types}}
  %0 = recsys.embedding_bags mean %ids, %t padding 9 out_of_range clamp : (!recsys.jagged<#g x i64>, tensor<9x8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}
