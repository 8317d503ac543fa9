// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Filters and the rows that they bind: one case for each constraint, called as its label.

#s = #recsys.space<"history", max = 50>
#o = #recsys.opaque<"valid", max = 50>
func.func private @filter_rows_c1(%k: !recsys.jagged<#s x 2xi64>) {
  // expected-error@+1 {{'recsys.filter_rows' op expected flags, one for each row of the request, got '!recsys.jagged<#recsys.space<"history", max = 50> x 2xi64>'}}
  %0 = recsys.filter_rows %k : (!recsys.jagged<#s x 2xi64>) -> !recsys.jagged<#o x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 5>
#n = #recsys.nest<#s, #s>
func.func private @filter_rows_c1_nest(%k: !recsys.jagged<#n x i64>) {
  // expected-error@+1 {{'recsys.filter_rows' op expected flags, one for each row of the request, got}}
  %0 = recsys.filter_rows %k : (!recsys.jagged<#n x i64>) -> !recsys.jagged<#recsys.opaque<"valid", max = 25> x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#o = #recsys.opaque<"valid", max = 49>
func.func private @filter_rows_c2(%k: !recsys.jagged<#s x i64>) {
  // expected-error@+1 {{'recsys.filter_rows' op expected a number for each row of #recsys.opaque of at most 50 rows, got '!recsys.jagged<#recsys.opaque<"valid", max = 49> x i64>'}}
  %0 = recsys.filter_rows %k : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#o x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func private @filter_rows_c2_bound(%k: !recsys.jagged<#s x i64>) {
  // expected-error@+1 {{'recsys.filter_rows' op expected a number for each row of #recsys.opaque of at most 50 rows, got '!recsys.jagged<#recsys.space<"history", max = 50> x i64>'}}
  %0 = recsys.filter_rows %k : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#o = #recsys.opaque<"valid", max = 50>
recsys.model @model_c4_twice(%k: !recsys.jagged<#s x i64> {recsys.name = "k"}) -> (!recsys.jagged<#o x i64> {recsys.name = "y"}) {
  %0 = recsys.filter_rows %k : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#o x i64>
  // expected-error@+1 {{'recsys.filter_rows' op binds #recsys.opaque<"valid", max = 50>, expected one op that does; another one stands before it}}
  %1 = recsys.filter_rows %k : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#o x i64>
  recsys.output %0 : !recsys.jagged<#o x i64>
}

// -----

#o = #recsys.opaque<"valid", max = 50>
recsys.model @model_c4_none(%x: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"}) {
  // expected-error@+1 {{'recsys.broadcast_rows' op names rows of #recsys.opaque<"valid", max = 50>, expected an op before it that binds them}}
  %0 = recsys.broadcast_rows %x : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#o x 8xf32>
  recsys.output
}

// -----

/// Also where only a length names them, and the binder stands behind.
#s = #recsys.space<"history", max = 50>
#o = #recsys.opaque<"valid", max = 50>
recsys.model @model_c4_before(%k: !recsys.jagged<#s x i64> {recsys.name = "k"}) -> (!recsys.jagged<#o x i64> {recsys.name = "y"}) {
  // expected-error@+1 {{'recsys.row_index' op names rows of #recsys.opaque<"valid", max = 50>, expected an op before it that binds them}}
  %0 = recsys.row_index affine_map<(d0)[s0] -> (s0 - d0)> lengths [#o] : !recsys.jagged<#s x i64>
  %1 = recsys.filter_rows %k : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#o x i64>
  recsys.output %1 : !recsys.jagged<#o x i64>
}

// -----

#o = #recsys.opaque<"valid", max = 50>
// expected-error@+1 {{'recsys.model' op expected inputs over rows that the request brings, got '!recsys.jagged<#recsys.opaque<"valid", max = 50> x i64>'}}
recsys.model @model_c4_input(%k: !recsys.jagged<#o x i64> {recsys.name = "k"}) {
  recsys.output
}
