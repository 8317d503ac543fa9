// RUN: reccc-opt %s --split-input-file --verify-diagnostics
// Rows by their places, and the nearest rows.

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @nearest_rows_c1(%q: !recsys.jagged<#c x 8xi64>, %k: !recsys.jagged<#s x 6xi64>) {
  // expected-error@+2 {{expected equal records, got '!recsys.jagged<#recsys.space<"candidates", max = 10> x 8xi64>' and '!recsys.jagged<#recsys.space<"history", max = 50> x 6xi64>'}}
  // expected-error@+1 {{'recsys.nearest_rows' op failed to infer returned types}}
  %0 = recsys.nearest_rows by_place %q, %k k 4 from 0 : (!recsys.jagged<#c x 8xi64>, !recsys.jagged<#s x 6xi64>) -> !recsys.jagged<#c x 4xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @nearest_rows_c2(%q: !recsys.jagged<#c x 8xi64>, %k: !recsys.jagged<#recsys.nest<#c, #s> x 8xi64>) {
  // expected-error@+2 {{expected keys that are rows of the request, got '!recsys.jagged<#recsys.nest<#recsys.space<"candidates", max = 10>, #recsys.space<"history", max = 50>> x 8xi64>'}}
  // expected-error@+1 {{'recsys.nearest_rows' op failed to infer returned types}}
  %0 = recsys.nearest_rows by_place %q, %k k 4 from 0 : (!recsys.jagged<#c x 8xi64>, !recsys.jagged<#recsys.nest<#c, #s> x 8xi64>) -> !recsys.jagged<#c x 4xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @nearest_rows_c3(%q: !recsys.jagged<#c x 8xi64>, %k: !recsys.jagged<#s x 8xi64>) {
  // expected-error@+2 {{expected k from 1 to 65536, got 0}}
  // expected-error@+1 {{'recsys.nearest_rows' op failed to infer returned types}}
  %0 = recsys.nearest_rows by_place %q, %k k 0 from 0 : (!recsys.jagged<#c x 8xi64>, !recsys.jagged<#s x 8xi64>) -> !recsys.jagged<#c x 4xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @nearest_rows_c3_most(%q: !recsys.jagged<#c x 8xi64>, %k: !recsys.jagged<#s x 8xi64>) {
  // expected-error@+2 {{expected k from 1 to 65536, got 65537}}
  // expected-error@+1 {{'recsys.nearest_rows' op failed to infer returned types}}
  %0 = recsys.nearest_rows by_place %q, %k k 65537 from 0 : (!recsys.jagged<#c x 8xi64>, !recsys.jagged<#s x 8xi64>) -> !recsys.jagged<#c x 4xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @nearest_rows_c4(%q: !recsys.jagged<#c x 8xi64>, %k: !recsys.jagged<#s x 8xi64>) {
  // expected-error@+2 {{expected a place from 0 on, got -1}}
  // expected-error@+1 {{'recsys.nearest_rows' op failed to infer returned types}}
  %0 = recsys.nearest_rows by_place %q, %k k 4 from -1 : (!recsys.jagged<#c x 8xi64>, !recsys.jagged<#s x 8xi64>) -> !recsys.jagged<#c x 4xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @nearest_rows_c5(%q: !recsys.jagged<#c x 8xi64>, %k: !recsys.jagged<#s x 8xi64>) {
  // expected-error@+2 {{expected a half_scale > 0, got -1.000000e+00}}
  // expected-error@+1 {{'recsys.nearest_rows' op failed to infer returned types}}
  %0 = recsys.nearest_rows by_place %q, %k k 4 from 0 half_scale -1.0 : (!recsys.jagged<#c x 8xi64>, !recsys.jagged<#s x 8xi64>) -> !recsys.jagged<#c x 4xi64>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @gather_rows_c1(%x: !recsys.jagged<#recsys.nest<#c, #s> x 8xf32>, %p: !recsys.jagged<#c x 4xi64>) {
  // expected-error@+2 {{expected rows of the request to gather, got '!recsys.jagged<#recsys.nest<#recsys.space<"candidates", max = 10>, #recsys.space<"history", max = 50>> x 8xf32>'}}
  // expected-error@+1 {{'recsys.gather_rows' op failed to infer returned types}}
  %0 = recsys.gather_rows %x, %p : (!recsys.jagged<#recsys.nest<#c, #s> x 8xf32>, !recsys.jagged<#c x 4xi64>) -> !recsys.jagged<#recsys.nest<#c, #recsys.rows<4>> x 8xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 10>
func.func private @gather_rows_c2(%x: !recsys.jagged<#s x 8xf32>, %p: !recsys.jagged<#c x 2x2xi64>) {
  // expected-error@+2 {{expected places of at most one dimension, got '!recsys.jagged<#recsys.space<"candidates", max = 10> x 2x2xi64>'}}
  // expected-error@+1 {{'recsys.gather_rows' op failed to infer returned types}}
  %0 = recsys.gather_rows %x, %p : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#c x 2x2xi64>) -> !recsys.jagged<#recsys.nest<#c, #recsys.rows<4>> x 8xf32>
  return
}
