// RUN: reccc-opt %s --split-input-file | FileCheck %s
// RUN: reccc-opt %s --split-input-file --emit-bytecode -o /dev/null
// Row spaces parse to their normal form: equal offsets if and only if equal attribute.

#a = #recsys.space<"a", max = 10>
#b = #recsys.space<"b", max = 20>
// CHECK: #[[A:.*]] = #recsys.space<"a", max = 10>
// CHECK: #[[CONCAT:.*]] = #recsys.concat<#[[A]], #recsys.request, #b>
// CHECK-LABEL: @concat_flattens
// CHECK-SAME: (!recsys.jagged<#[[CONCAT]] x f32>)
func.func private @concat_flattens(!recsys.jagged<#recsys.concat<#recsys.concat<#a, #recsys.request>, #b> x f32>)
// CHECK: @concat_of_one(!recsys.jagged<#[[A]] x f32>)
func.func private @concat_of_one(!recsys.jagged<#recsys.concat<#recsys.rows<0>, #a> x f32>)
// CHECK: @concat_merges_constants(!recsys.jagged<#recsys.rows<7> x f32>)
func.func private @concat_merges_constants(!recsys.jagged<#recsys.concat<#recsys.request, #recsys.rows<2>, #recsys.rows<4>> x f32>)
// CHECK: @concat_of_nothing(!recsys.jagged<#recsys.rows<0> x f32>)
func.func private @concat_of_nothing(!recsys.jagged<#recsys.concat<#recsys.rows<0>> x f32>)
// CHECK: @rows_of_one(!recsys.jagged<#recsys.request x f32>)
func.func private @rows_of_one(!recsys.jagged<#recsys.rows<1> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// CHECK: #interleave = #recsys.interleave<#history, 6>
// CHECK-LABEL: @interleave_multiplies
// CHECK-SAME: #interleave
func.func private @interleave_multiplies(!recsys.jagged<#recsys.interleave<#recsys.interleave<#s, 2>, 3> x f32>)
// CHECK: @interleave_by_one(!recsys.jagged<#history x f32>)
func.func private @interleave_by_one(!recsys.jagged<#recsys.interleave<#s, 1> x f32>)
// CHECK: @interleave_of_constant(!recsys.jagged<#recsys.rows<6> x f32>)
func.func private @interleave_of_constant(!recsys.jagged<#recsys.interleave<#recsys.rows<3>, 2> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// CHECK-DAG: #[[PAD:.*]] = #recsys.group<#history, 8, pad_last>
// CHECK-DAG: #[[DROP:.*]] = #recsys.group<#history, 8, drop_last>
// CHECK: @groups(!recsys.jagged<#[[PAD]] x f32>, !recsys.jagged<#[[DROP]] x f32>)
func.func private @groups(!recsys.jagged<#recsys.group<#s, 8, pad_last> x f32>, !recsys.jagged<#recsys.group<#s, 8, drop_last> x f32>)
// CHECK: @group_of_one(!recsys.jagged<#history x f32>)
func.func private @group_of_one(!recsys.jagged<#recsys.group<#s, 1, pad_last> x f32>)
// CHECK: @group_of_constant(!recsys.jagged<#recsys.rows<2> x f32>, !recsys.jagged<#recsys.request x f32>)
func.func private @group_of_constant(!recsys.jagged<#recsys.group<#recsys.rows<7>, 4, pad_last> x f32>, !recsys.jagged<#recsys.group<#recsys.rows<7>, 4, drop_last> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// CHECK: #take_first = #recsys.take_first<#history, 10>
// CHECK: #take_last = #recsys.take_last<#history, 10>
// CHECK: @takes(!recsys.jagged<#take_first x f32>, !recsys.jagged<#take_last x f32>)
func.func private @takes(!recsys.jagged<#recsys.take_first<#s, 10> x f32>, !recsys.jagged<#recsys.take_last<#s, 10> x f32>)
// CHECK: @take_all(!recsys.jagged<#history x f32>, !recsys.jagged<#history x f32>)
func.func private @take_all(!recsys.jagged<#recsys.take_first<#s, 50> x f32>, !recsys.jagged<#recsys.take_last<#s, 51> x f32>)
// CHECK: @take_of_take(!recsys.jagged<#take_first x f32>, !recsys.jagged<#take_last x f32>)
func.func private @take_of_take(!recsys.jagged<#recsys.take_first<#recsys.take_first<#s, 20>, 10> x f32>, !recsys.jagged<#recsys.take_last<#recsys.take_last<#s, 10>, 20> x f32>)
// CHECK: @take_of_constant(!recsys.jagged<#recsys.rows<3> x f32>)
func.func private @take_of_constant(!recsys.jagged<#recsys.take_last<#recsys.rows<9>, 3> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// CHECK-DAG: #[[NEST:.*]] = #recsys.nest<#history, #recsys.rows<3>>
// CHECK-DAG: #[[CONSTANT:.*]] = #recsys.nest<#recsys.rows<4>, #recsys.rows<3>>
// CHECK: @nests(!recsys.jagged<#[[NEST]] x f32>, !recsys.jagged<#history x f32>, !recsys.jagged<#history x f32>)
func.func private @nests(!recsys.jagged<#recsys.nest<#s, #recsys.rows<3>> x f32>, !recsys.jagged<#recsys.nest<#recsys.request, #s> x f32>, !recsys.jagged<#recsys.nest<#s, #recsys.request> x f32>)
// CHECK: @nest_of_constants(!recsys.jagged<#[[CONSTANT]] x f32>)
func.func private @nest_of_constants(!recsys.jagged<#recsys.nest<#recsys.rows<4>, #recsys.rows<3>> x f32>)

// -----

/// The innermost grouping is outside, and takes, groups and interleaves are inside.
#s = #recsys.space<"history", max = 50>
#c = #recsys.space<"candidates", max = 9>
// CHECK-DAG: #[[PAIR:.*]] = #recsys.nest<#candidates, #history>
// CHECK-DAG: #[[DEEP:.*]] = #recsys.nest<#[[PAIR]], #recsys.rows<4>>
// CHECK-DAG: #[[TAKE:.*]] = #recsys.take_last<#history, 5>
// CHECK-DAG: #[[TAKES:.*]] = #recsys.nest<#candidates, #[[TAKE]]>
// CHECK: @deep(!recsys.jagged<#[[DEEP]] x f32>)
func.func private @deep(!recsys.jagged<#recsys.nest<#c, #recsys.nest<#s, #recsys.rows<4>>> x f32>)
// CHECK: @take(!recsys.jagged<#[[TAKES]] x f32>)
func.func private @take(!recsys.jagged<#recsys.take_last<#recsys.nest<#c, #s>, 5> x f32>)

// -----

#s = #recsys.space<"history", max = 50>
// CHECK-DAG: #genres = #recsys.bags<"genres", of = #history, max = 4>
// CHECK: @bags(!recsys.jagged<#genres x i64>)
func.func private @bags(!recsys.jagged<#recsys.bags<"genres", of = #s, max = 4> x i64>)

// -----

// CHECK: @opaque(!recsys.jagged<#recsys.opaque<"beam", max = 4> x f32>)
func.func private @opaque(!recsys.jagged<#recsys.opaque<"beam", max = 4> x f32>)
