// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Ops of family sequence that make or read nests: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
func.func private @concat_rows_c3(%a: !recsys.jagged<#recsys.nest<#c, #s> x 8xf32>, %b: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected values over #recsys.space<"candidates", max = 9> or grouped by it, got one over #recsys.space<"history", max = 50>}}
  // expected-error@+1 {{'recsys.concat_rows' op failed to infer returned types}}
  %0 = recsys.concat_rows %a, %b : (!recsys.jagged<#recsys.nest<#c, #s> x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @repeat_rows_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected a row space to repeat for, got #recsys.full}}
  // expected-error@+1 {{'recsys.repeat_rows' op failed to infer returned types}}
  %0 = recsys.repeat_rows %a for (#recsys.full) : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @group_rows_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected groups of at least 2 rows and below 2^31, got 1}}
  // expected-error@+1 {{'recsys.group_rows' op failed to infer returned types}}
  %0 = recsys.group_rows drop_last %a size 1 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @group_rows_c2(%a: !recsys.jagged<#s x 8xf32>, %w: tensor<8xf32>) {
  // expected-error@+2 {{expected a fill of 8 elements, with a padded remainder of floats only, got 'tensor<8xf32>' with drop_last of}}
  // expected-error@+1 {{'recsys.group_rows' op failed to infer returned types}}
  %0 = recsys.group_rows drop_last %a fill %w size 2 : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @fold_rows_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected a value over a nest of a constant number of rows, got '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>'}}
  // expected-error@+1 {{'recsys.fold_rows' op failed to infer returned types}}
  %0 = recsys.fold_rows %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  return
}
