// RUN: split-file %s %t
// RUN: reccc-fuzz --module=%t/heads.mlir --all
// RUN: reccc-fuzz --module=%t/groups.mlir --all
// RUN: reccc-fuzz --module=%t/bias.mlir --all
// RUN: reccc-fuzz --module=%t/alone.mlir --all
// RUN: reccc-fuzz --module=%t/phases.mlir --all
// RUN: reccc-fuzz --module=%t/one.mlir --all
// RUN: reccc-fuzz --module=%t/none.mlir --all
// RUN: reccc-fuzz --module=%t/sources.mlir --all
// RUN: reccc-fuzz --module=%t/padded.mlir --all
// RUN: reccc-fuzz --module=%t/kept.mlir --all
/// What random models found in machine code: each runs in all precisions and levels, on one thread and two, and as the interpreter.

/// Heads of one bf16 number, written by threads side by side.
//--- heads.mlir
#h = #recsys.space<"history", max = 100>
!q = !recsys.jagged<#h x 3x1xf32>
!k = !recsys.jagged<#h x 1x1xf32>
recsys.model @heads(%q: !q {recsys.name = "q"}, %k: !k {recsys.name = "k"}) -> (!q {recsys.name = "y"}) {
  %a = recsys.attention %q sources [%k, %k] masks [[#recsys.full]] score silu scale 0.5 divisor 7.0 : (!q, !k, !k) -> !q
  %y = recsys.silu %a : (!q) -> !q
  recsys.output %y : !q
}

/// A gain for each element of each group.
//--- groups.mlir
#h = #recsys.space<"history", max = 20>
!x = !recsys.jagged<#h x 6xf32>
recsys.parameter private @g : tensor<6xf32> from "g"
recsys.parameter private @b : tensor<6xf32> from "b"
recsys.model @groups(%x: !x {recsys.name = "x"}) -> (!x {recsys.name = "y"}) {
  %g = recsys.get_parameter @g : tensor<6xf32>
  %b = recsys.get_parameter @b : tensor<6xf32>
  %y = recsys.layer_norm %x affine %g, %b eps 1.0e-2 groups 2 : (!x, tensor<6xf32>, tensor<6xf32>) -> !x
  recsys.output %y : !x
}

/// The input of a request_linear is its bias too: a row of its own and a row of the request.
//--- bias.mlir
!x = !recsys.jagged<#recsys.request x 2xf32>
!w = !recsys.jagged<#recsys.request x 2x2xf32>
recsys.model @bias(%x: !x {recsys.name = "x"}, %w: !w {recsys.name = "w"}) -> (!x {recsys.name = "y"}) {
  %g = recsys.gelu %x : (!x) -> !x
  %y = recsys.request_linear %g, %w, %g : (!x, !w, !x) -> !x
  recsys.output %y : !x
}

/// Views that keep all rows in their places.
//--- alone.mlir
#h = #recsys.space<"history", max = 20>
!x = !recsys.jagged<#h x 3xf32>
!r = !recsys.jagged<#recsys.request x 3xf32>
recsys.model @alone(%x: !x {recsys.name = "x"}, %r: !r {recsys.name = "r"})
    -> (!x {recsys.name = "y0"}, !x {recsys.name = "y1"}, !x {recsys.name = "y2"}) {
  %s = recsys.silu %x : (!x) -> !x
  %i = recsys.interleave %s : (!x) -> !x
  %t = recsys.silu %i : (!x) -> !x
  %a = recsys.repeat_rows %s for (#recsys.request) : (!x) -> !x
  %b = recsys.repeat_rows %r for (#h) : (!r) -> !x
  recsys.output %t, %a, %b : !x, !x, !x
}

/// Keys that are one phase of constantly many rows, and of an interleave of interleaves.
//--- phases.mlir
#h = #recsys.space<"history", max = 9>
#e = #recsys.interleave<#h, 2>
!k = !recsys.jagged<#recsys.rows<2> x 2x4xf32>
!two = !recsys.jagged<#recsys.rows<4> x 2x4xf32>
!e = !recsys.jagged<#e x 2x4xf32>
!six = !recsys.jagged<#recsys.interleave<#h, 6> x 2x4xf32>
recsys.model @phases(%x: !k {recsys.name = "x"}, %z: !e {recsys.name = "z"})
    -> (!two {recsys.name = "y0"}, !k {recsys.name = "y1"}, !six {recsys.name = "y2"}, !e {recsys.name = "y3"}) {
  %k = recsys.silu %x : (!k) -> !k
  %y0 = recsys.interleave %x, %k : (!k, !k) -> !two
  %y1 = recsys.attention %x sources [%k, %k] masks [[#recsys.self]] score softmax scale 0.5 : (!k, !k, !k) -> !k
  %e = recsys.silu %z : (!e) -> !e
  %y2 = recsys.interleave %z, %e, %z : (!e, !e, !e) -> !six
  %y3 = recsys.attention %z sources [%e, %e] masks [[#recsys.full]] score softmax scale 0.5 : (!e, !e, !e) -> !e
  recsys.output %y0, %y1, %y2, %y3 : !two, !k, !six, !e
}

/// A bag of one id that the same kernel broadcasts.
//--- one.mlir
#h = #recsys.space<"history", max = 9>
recsys.parameter private @t : tensor<5x6xf32> from "t"
recsys.model @one(%i: !recsys.jagged<#recsys.request x 1xi64> {recsys.name = "i"}) -> (!recsys.jagged<#h x 6xf32> {recsys.name = "y"}) {
  %t = recsys.get_parameter @t : tensor<5x6xf32>
  %b = recsys.broadcast_rows %i : (!recsys.jagged<#recsys.request x 1xi64>) -> !recsys.jagged<#h x 1xi64>
  %y = recsys.embedding_bag max %b, %t out_of_range clamp : (!recsys.jagged<#h x 1xi64>, tensor<5x6xf32>) -> !recsys.jagged<#h x 6xf32>
  recsys.output %y : !recsys.jagged<#h x 6xf32>
}

/// No rows behind the last part of a concat, behind a constant, and alone with one.
//--- none.mlir
#h = #recsys.space<"history", max = 20>
!h = !recsys.jagged<#h x 3xf32>
!hh = !recsys.jagged<#recsys.concat<#h, #h> x 3xf32>
!hc = !recsys.jagged<#recsys.concat<#h, #recsys.rows<2>> x 3xf32>
!n = !recsys.jagged<#recsys.rows<0> x 3xf32>
!c = !recsys.jagged<#recsys.rows<2> x 3xf32>
recsys.model @none(%x: !h {recsys.name = "x"}, %n: !n {recsys.name = "n"}, %c: !c {recsys.name = "c"})
    -> (!hh {recsys.name = "y0"}, !hc {recsys.name = "y1"}, !h {recsys.name = "y2"}) {
  %s = recsys.silu %x : (!h) -> !h
  %e = recsys.silu %n : (!n) -> !n
  %d = recsys.silu %c : (!c) -> !c
  %a = recsys.concat_rows %s, %x, %n : (!h, !h, !n) -> !hh
  %b = recsys.concat_rows %x, %d, %e : (!h, !c, !n) -> !hc
  %l = recsys.concat_rows %s, %e : (!h, !n) -> !h
  %y2 = recsys.add %l, %x : (!h, !h) -> !h
  recsys.output %a, %b, %y2 : !hh, !hc, !h
}

/// Sources whose rows do not follow one another: one row again and again, the own rows of candidates within their sequences.
//--- sources.mlir
#c = #recsys.space<"candidates", max = 5>
#h = #recsys.space<"history", max = 9>
#n = #recsys.nest<#c, #recsys.concat<#h, #recsys.request>>
!h = !recsys.jagged<#h x 2x16xf32>
!nh = !recsys.jagged<#recsys.nest<#c, #h> x 2x16xf32>
!r = !recsys.jagged<#recsys.request x 2x16xf32>
!k = !recsys.jagged<#recsys.rows<3> x 2x16xf32>
!c = !recsys.jagged<#c x 2x16xf32>
!n = !recsys.jagged<#n x 2x16xf32>
recsys.model @sources(%r: !r {recsys.name = "r"}, %x: !h {recsys.name = "x"}, %n: !n {recsys.name = "n"}) -> (!r {recsys.name = "y0"}, !r {recsys.name = "y1"}, !c {recsys.name = "y2"}, !r {recsys.name = "y3"}, !n {recsys.name = "y4"}) {
  %s = recsys.silu %r : (!r) -> !r
  %k = recsys.repeat_rows %s for (#recsys.rows<3>) : (!r) -> !k
  %y0 = recsys.attention %r sources [%k, %k] masks [[#recsys.full]] score silu scale 1.0 divisor 3.0 : (!r, !k, !k) -> !r
  %g = recsys.silu %n : (!n) -> !n
  %o = recsys.slice_rows %g first 1 count 1 : (!n) -> !c
  %y1 = recsys.attention %s sources [%o, %o and %k, %k] masks [[#recsys.full, #recsys.full]] score softmax scale 1.0 : (!r, !c, !k, !c, !k) -> !r
  %y2 = recsys.attention %o sources [%o, %o and %n, %n] masks [[#recsys.self, #recsys.full, #recsys.full]] score softmax scale 1.0 : (!c, !c, !n, !c, !n) -> !c
  %p = recsys.gelu %o : (!c) -> !c
  %h = recsys.repeat_rows %x for (#c) : (!h) -> !nh
  %y4 = recsys.concat_rows %h, %p : (!nh, !c) -> !n
  %y3 = recsys.attention %s sources [%p, %p] masks [[#recsys.full]] score softmax scale 1.0 : (!r, !c, !c) -> !r
  recsys.output %y0, %y1, %y2, %y3, %y4 : !r, !r, !c, !r, !n
}

/// One group for each row of a frame: what fills it up stands beside its own rows.
//--- padded.mlir
#c = #recsys.space<"candidates", max = 5>
!n2 = !recsys.jagged<#recsys.nest<#c, #recsys.rows<2>> x 3xf32>
!n5 = !recsys.jagged<#recsys.nest<#c, #recsys.rows<5>> x 3xf32>
recsys.model @padded(%x: !n2 {recsys.name = "x"}) -> (!n5 {recsys.name = "y0"}, !n5 {recsys.name = "y1"}) {
  %y0 = recsys.group_rows pad_last %x size 5 : (!n2) -> !n5
  %y1 = recsys.group_rows pad_first %x size 5 : (!n2) -> !n5
  recsys.output %y0, %y1 : !n5, !n5
}

/// Rows that stand beside kept ones: where they lie is known once the filter has run, but they are computed before it.
//--- kept.mlir
#h = #recsys.space<"history", max = 12>
#k = #recsys.opaque<"kept", max = 12>
#t = #recsys.concat<#recsys.request, #k>
#o = #recsys.concat<#h, #recsys.request, #k>
!r = !recsys.jagged<#recsys.request x 4xf32>
!h = !recsys.jagged<#h x 4xf32>
!hr = !recsys.jagged<#recsys.concat<#h, #recsys.request> x 4xf32>
!k = !recsys.jagged<#k x 4xf32>
!l = !recsys.jagged<#recsys.take_last<#t, 3> x 4xf32>
recsys.model @kept(%x: !h {recsys.name = "x"}, %r: !r {recsys.name = "r"}, %keep: !recsys.jagged<#h x i64> {recsys.name = "keep"}) -> (!l {recsys.name = "y0"}, !recsys.jagged<#o x 4xf32> {recsys.name = "y1"}, !h {recsys.name = "y2"}) {
  %before = recsys.silu %r : (!r) -> !r
  %rows = recsys.silu %x : (!h) -> !h
  %inner = recsys.concat_rows %rows, %before : (!h, !r) -> !hr
  %places = recsys.filter_rows %keep : (!recsys.jagged<#h x i64>) -> !recsys.jagged<#k x i64>
  %kept = recsys.gather_rows %rows, %places : (!h, !recsys.jagged<#k x i64>) -> !k
  %t = recsys.concat_rows %before, %kept : (!r, !k) -> !recsys.jagged<#t x 4xf32>
  %y0 = recsys.take_rows %t : (!recsys.jagged<#t x 4xf32>) -> !l
  %y1 = recsys.concat_rows %inner, %kept : (!hr, !k) -> !recsys.jagged<#o x 4xf32>
  recsys.output %y0, %y1, %rows : !l, !recsys.jagged<#o x 4xf32>, !h
}
