// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Row spaces, masks and bucket rules: one case for each constraint, called as its label.

// -----

// expected-error@+1 {{expected a name that is not empty}}
func.func private @space_c1(!recsys.jagged<#recsys.space<"", max = 4> x f32>)

// -----

// expected-error@+1 {{expected a number in [1, 2^31), got 0}}
func.func private @space_c2(!recsys.jagged<#recsys.space<"a", max = 0> x f32>)

// -----

// expected-error@+1 {{expected a number in [0, 2^31), got 2147483648}}
func.func private @rows_c1(!recsys.jagged<#recsys.rows<2147483648> x f32>)

// -----

// expected-error@+1 {{expected a count that is 0 or in [2, 2^31), got 2147483648}}
func.func private @rows_c1_sum(!recsys.jagged<#recsys.concat<#recsys.rows<2147483647>, #recsys.rows<2147483647>> x f32>)

// -----

// expected-error@+1 {{expected a count that is 0 or in [2, 2^31), got 2147483648}}
func.func private @rows_c1_product(!recsys.jagged<#recsys.interleave<#recsys.rows<2147483647>, 2147483647> x f32>)

// -----

// expected-error@+1 {{expected at least one row space}}
func.func private @concat_c1(!recsys.jagged<#recsys.concat<> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected an interleave of at least 2 and below 2^31, got 2147483648}}
func.func private @interleave_space_c1(!recsys.jagged<#recsys.interleave<#recsys.interleave<#s, 65536>, 65536> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected a number in [1, 2^31), got 0}}
func.func private @group_c1(!recsys.jagged<#recsys.group<#s, 0, pad_last> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected pad_first, pad_last, drop_first or drop_last, got keep}}
func.func private @group_remainder(!recsys.jagged<#recsys.group<#s, 2, keep> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected a number in [1, 2^31), got 0}}
func.func private @take_c1(!recsys.jagged<#recsys.take_first<#s, 0> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected a row space, got #recsys.full}}
func.func private @nest_c1(!recsys.jagged<#recsys.nest<#recsys.full, #s> x f32>)

// -----

// expected-error@+1 {{expected bags of the rows of a base space, got #recsys.rows<6>}}
func.func private @bags_c1(!recsys.jagged<#recsys.bags<"genres", of = #recsys.rows<6>, max = 4> x i64>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected a number in [1, 2^31), got 0}}
func.func private @bags_c2(!recsys.jagged<#recsys.bags<"genres", of = #s, max = 0> x i64>)

// -----

#s = #recsys.space<"history", max = 65536>
// expected-error@+1 {{expected a row space of fewer than 2^31 rows in a request}}
func.func private @bags_bounded(!recsys.jagged<#recsys.bags<"genres", of = #s, max = 65536> x i64>)

// -----

// expected-error@+1 {{expected a name that is not empty}}
func.func private @opaque_c1(!recsys.jagged<#recsys.opaque<"", max = 4> x f32>)

// -----

/// Doubling a space eight times: questions about it would take for ever.
#one = #recsys.space<"one", max = 1>
#t0 = #recsys.nest<#one, #one>
#t1 = #recsys.nest<#t0, #t0>
#t2 = #recsys.nest<#t1, #t1>
#t3 = #recsys.nest<#t2, #t2>
#t4 = #recsys.nest<#t3, #t3>
#t5 = #recsys.nest<#t4, #t4>
#t6 = #recsys.nest<#t5, #t5>
// expected-error@+1 {{expected a row space built from at most 256 row spaces, got 257}}
#t7 = #recsys.nest<#t6, #t6>
func.func private @bounded_c1(!recsys.jagged<#t7 x f32>)

// -----

// expected-error@+1 {{expected a row space of fewer than 2^31 rows in a request}}
func.func private @bounded_c2(!recsys.jagged<#recsys.concat<#recsys.space<"a", max = 2147483647>, #recsys.space<"b", max = 2147483647>> x f32>)

// -----

// expected-error@+1 {{expected a row space, got #recsys.full}}
func.func private @jagged_c1(!recsys.jagged<#recsys.full x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected dimensions of at least 1 and fewer than 2^31 elements in a row, got dimension 65536}}
func.func private @jagged_c2(!recsys.jagged<#s x 65536x65536xf32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected dimensions of at least 1 and fewer than 2^31 elements in a row, got dimension 0}}
func.func private @jagged_c2_zero(!recsys.jagged<#s x 0xf32>)

// -----

#s = #recsys.space<"history", max = 50>
// expected-error@+1 {{expected elements of f32, bf16, f64 or i64, got 'i1'}}
func.func private @jagged_c3(!recsys.jagged<#s x i1>)

// -----

// expected-error@+1 {{expected a bound of one dimension and 0 symbols, one for each length, got affine_map<(d0, d1) -> (d1)>}}
func.func private @interval_c1() attributes {mask = #recsys.interval<(d0, d1) -> (d1), (d0) -> (d0)>}

// -----

// expected-error@+1 {{expected the length of a row space that is no nest, got #recsys.full}}
func.func private @interval_c2() attributes {mask = #recsys.interval<(d0)[s0] -> (s0), (d0)[s0] -> (d0), lengths = [#recsys.full]>}

// -----

// expected-error@+1 {{expected the length of a row space that is no nest, got #recsys.nest<}}
func.func private @interval_c2_nest() attributes {mask = #recsys.interval<(d0)[s0] -> (s0), (d0)[s0] -> (d0), lengths = [#recsys.nest<#recsys.rows<2>, #recsys.rows<3>>]>}

// -----

// expected-error@+1 {{expected a map that divides by positive constants only and stays below 2^62, got affine_map<(d0) -> (d0 floordiv 0)>}}
func.func private @interval_c3() attributes {mask = #recsys.interval<(d0) -> (d0 floordiv 0), (d0) -> (d0)>}

// -----

// expected-error@+1 {{expected at least two intervals, got 1}}
func.func private @intervals_c1() attributes {mask = #recsys.intervals<#recsys.interval<(d0) -> (d0), (d0) -> (d0 + 1)>>}

// -----

// expected-error@+1 {{expected edges that do not decrease}}
func.func private @edges_c1() attributes {mask = #recsys.edges<[3, 2]>}

// -----

// expected-error@+1 {{expected at least one id, each greater than the one before}}
func.func private @vocabulary_c1() attributes {mask = #recsys.vocabulary<[3, 3], 0>}

// -----

// expected-error@+1 {{expected an fp32 unit > 0 and last >= 0, got unit 0.000000e+00 and last 4}}
func.func private @sqrt_bucket_c1() attributes {mask = #recsys.sqrt_bucket<0.0, 4>}
