// RUN: reccc-opt %s --recsys-derive-entry-points -split-input-file -verify-diagnostics
#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
/// A history row that sees candidates is another one for other candidates.
recsys.model @negative_history_sees_candidates(%x: !recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#c x 1x4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates"}} {
  %k = recsys.slice_rows %x first 0 count 1 : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>) -> !recsys.jagged<#h x 1x4xf32>
  %q = recsys.slice_rows %x first 1 count 1 : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  // expected-error @+1 {{entry points: no state of the user can be kept, because the rows history read rows of 'candidates' here}}
  %z = recsys.attention %x sources[%k, %k and %q, %q] masks [[#recsys.full, #recsys.full], [#recsys.full, #recsys.self]] score softmax scale 1.0
    : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#c x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#c x 1x4xf32>) -> !recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>
  %zk = recsys.slice_rows %z first 0 count 1 : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>) -> !recsys.jagged<#h x 1x4xf32>
  %y = recsys.attention %q sources[%zk, %zk] masks [[#recsys.full]] score softmax scale 1.0
    : (!recsys.jagged<#c x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  recsys.output %y : !recsys.jagged<#c x 1x4xf32>
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
/// A divisor that counts the candidates too.
recsys.model @negative_row_length(%x: !recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#c x 1x4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates"}} {
  %k = recsys.slice_rows %x first 0 count 1 : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>) -> !recsys.jagged<#h x 1x4xf32>
  %q = recsys.slice_rows %x first 1 count 1 : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  // expected-error @+1 {{because the rows history depend here on how many rows 'candidates' has}}
  %z = recsys.attention %x sources[%k, %k] masks [[#recsys.full], [#recsys.full]] score silu scale 1.0 divisor_rows(#recsys.concat<#h, #c>)
    : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>
  %zk = recsys.slice_rows %z first 0 count 1 : (!recsys.jagged<#recsys.concat<#h, #c> x 1x4xf32>) -> !recsys.jagged<#h x 1x4xf32>
  %y = recsys.attention %q sources[%zk, %zk] masks [[#recsys.full]] score softmax scale 1.0
    : (!recsys.jagged<#c x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  recsys.output %y : !recsys.jagged<#c x 1x4xf32>
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
// expected-error @+1 {{entry points: the model has no base rows 'items'}}
recsys.model @negative_no_rows(%x: !recsys.jagged<#h x 4xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#h x 4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "items"}} {
  recsys.output %x : !recsys.jagged<#h x 4xf32>
}

// -----

#c = #recsys.space<"candidates", max = 20>
// expected-error @+1 {{no output reads anything but the rows 'candidates': there is no state to keep}}
recsys.model @negative_no_user(%x: !recsys.jagged<#c x 4xf32> {recsys.name = "x"})
    -> (!recsys.jagged<#c x 4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates"}} {
  %y = recsys.silu %x : (!recsys.jagged<#c x 4xf32>) -> !recsys.jagged<#c x 4xf32>
  recsys.output %y : !recsys.jagged<#c x 4xf32>
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
/// Tables say which columns rows see, counted in a history that grows.
recsys.model @negative_append_tables(%x: !recsys.jagged<#h x 1x4xf32> {recsys.name = "x"}, %b: !recsys.jagged<#h x i64> {recsys.name = "b"}, %q: !recsys.jagged<#c x 1x4xf32> {recsys.name = "q"})
    -> (!recsys.jagged<#c x 1x4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates", append = "history"}} {
  // expected-error @+1 {{entry points: no rows can be appended to 'history', because its masks are tables, which count the columns of the whole history}}
  %z = recsys.attention %x sources[%x, %x] masks [[#recsys.table<upper = 0>]] score softmax scale 1.0 bounds(%b)
    : (!recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x i64>) -> !recsys.jagged<#h x 1x4xf32>
  %y = recsys.attention %q sources[%z, %z] masks [[#recsys.full]] score softmax scale 1.0
    : (!recsys.jagged<#c x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#h x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  recsys.output %y : !recsys.jagged<#c x 1x4xf32>
}

// -----

#h = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 20>
#o = #recsys.opaque<"valid", max = 50>
/// How many rows a filter of the user keeps is no part of a state.
recsys.model @negative_filtered_keys(%x: !recsys.jagged<#h x 1x4xf32> {recsys.name = "x"}, %k: !recsys.jagged<#h x i64> {recsys.name = "k"}, %q: !recsys.jagged<#c x 1x4xf32> {recsys.name = "q"})
    -> (!recsys.jagged<#c x 1x4xf32> {recsys.name = "y"}) attributes {recsys.entry_points = {candidates = "candidates"}} {
  %p = recsys.filter_rows %k : (!recsys.jagged<#h x i64>) -> !recsys.jagged<#o x i64>
  // expected-error @+1 {{entry points: no state of the user can be kept, because the rows 'valid' are read here at each scoring, and how many there are is known only while the flags of their filter are}}
  %v = recsys.gather_rows %x, %p : (!recsys.jagged<#h x 1x4xf32>, !recsys.jagged<#o x i64>) -> !recsys.jagged<#o x 1x4xf32>
  %y = recsys.attention %q sources[%v, %v] masks [[#recsys.full]] score softmax scale 1.0
    : (!recsys.jagged<#c x 1x4xf32>, !recsys.jagged<#o x 1x4xf32>, !recsys.jagged<#o x 1x4xf32>) -> !recsys.jagged<#c x 1x4xf32>
  recsys.output %y : !recsys.jagged<#c x 1x4xf32>
}
