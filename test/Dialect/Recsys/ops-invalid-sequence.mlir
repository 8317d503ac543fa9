// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Family sequence: one case for each constraint, called as its label.

// -----

#s = #recsys.space<"history", max = 50>
func.func private @concat_rows_c1() {
  // expected-error@+2 {{expected at least one value}}
  // expected-error@+1 {{'recsys.concat_rows' op failed to infer returned types}}
  %0 = "recsys.concat_rows"() : () -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @concat_rows_c2(%a: !recsys.jagged<#recsys.request x 8xf32>, %b: !recsys.jagged<#s x i64>) {
  // expected-error@+2 {{expected equal records, got '!recsys.jagged<#recsys.request x 8xf32>' and '!recsys.jagged<#recsys.space<"history", max = 50> x i64>'}}
  // expected-error@+1 {{'recsys.concat_rows' op failed to infer returned types}}
  %0 = recsys.concat_rows %a, %b : (!recsys.jagged<#recsys.request x 8xf32>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @interleave_c1() {
  // expected-error@+2 {{expected at least one value}}
  // expected-error@+1 {{'recsys.interleave' op failed to infer returned types}}
  %0 = "recsys.interleave"() : () -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @interleave_c2(%a: !recsys.jagged<#s x 8xf32>, %b: !recsys.jagged<#recsys.request x 8xf32>) {
  // expected-error@+2 {{expected one row space, got #recsys.space<"history", max = 50> and #recsys.request}}
  // expected-error@+1 {{'recsys.interleave' op failed to infer returned types}}
  %0 = recsys.interleave %a, %b : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @slice_rows_c1(%a: !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>) {
  // expected-error@+2 {{expected parts of a concat, got parts [1, 1 + 2) of #recsys.concat<#recsys.request, #recsys.space<"history", max = 50>>}}
  // expected-error@+1 {{'recsys.slice_rows' op failed to infer returned types}}
  %0 = recsys.slice_rows %a first 1 count 2 : (!recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @slice_rows_c1_no_concat(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+2 {{expected parts of a concat, got parts [0, 0 + 1) of #recsys.space<"history", max = 50>}}
  // expected-error@+1 {{'recsys.slice_rows' op failed to infer returned types}}
  %0 = recsys.slice_rows %a first 0 count 1 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @take_rows_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{expected a result over a take of #recsys.space<"history", max = 50> that says which end is taken, got #recsys.request}}
  %0 = recsys.take_rows %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @deinterleave_c1(%a: !recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>) {
  // expected-error@+2 {{expected a phase of an interleave, got phase 2 of #recsys.interleave<#recsys.space<"history", max = 50>, 2>}}
  // expected-error@+1 {{'recsys.deinterleave' op failed to infer returned types}}
  %0 = recsys.deinterleave %a phase 2 : (!recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @shift_c1(%a: !recsys.jagged<#s x i64>, %f: !recsys.jagged<#recsys.request x i64>) {
  // expected-error@+2 {{expected a shift by 1 or -1, got 2}}
  // expected-error@+1 {{'recsys.shift' op failed to infer returned types}}
  %0 = recsys.shift %a, %f by 2 : (!recsys.jagged<#s x i64>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @shift_c2(%a: !recsys.jagged<#s x i64>) {
  // expected-error@+2 {{expected a value over #recsys.request, got '!recsys.jagged<#recsys.space<"history", max = 50> x i64>'}}
  // expected-error@+1 {{'recsys.shift' op failed to infer returned types}}
  %0 = recsys.shift %a, %a by 1 : (!recsys.jagged<#s x i64>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @broadcast_rows_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{expected a value over #recsys.request, or over a space that the result is nested in, got '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>'}}
  %0 = recsys.broadcast_rows %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @splat_rows_c1(%w: tensor<7xf32>) {
  // expected-error@+1 {{'recsys.splat_rows' op expected a parameter of 8 elements, got 'tensor<7xf32>'}}
  %0 = recsys.splat_rows %w : (tensor<7xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @pad_rows_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{expected a result over a space of constant size within the frame of #recsys.space<"history", max = 50>, got '!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>'}}
  %0 = recsys.pad_rows %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @mask_rows_c1(%a: !recsys.jagged<#s x 8xf32>, %i: !recsys.jagged<#recsys.request x i64>) {
  // expected-error@+2 {{expected one row space, got #recsys.space<"history", max = 50> and #recsys.request}}
  // expected-error@+1 {{'recsys.mask_rows' op failed to infer returned types}}
  %0 = recsys.mask_rows %a, %i value 0 : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @mask_short_c1(%a: !recsys.jagged<#s x 8xf32>) {
  // expected-error@+1 {{'recsys.mask_short' op expected at least one row space and min_rows of at least 0}}
  %0 = recsys.mask_short %a spaces [] min_rows 1 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @take_rows_c1_ends(%a: !recsys.jagged<#recsys.rows<8> x 8xf32>) {
  // expected-error@+1 {{expected a result over a take of #recsys.rows<8> that says which end is taken, got #recsys.rows<3>}}
  %0 = recsys.take_rows %a : (!recsys.jagged<#recsys.rows<8> x 8xf32>) -> !recsys.jagged<#recsys.rows<3> x 8xf32>
  return
}
