// RUN: reccc-opt %s --recsys-verify-optimized -split-input-file -verify-diagnostics
#h = #recsys.space<"history", max = 50>
#t = #recsys.concat<#h, #recsys.request>
recsys.model @concatenated(%q: !recsys.jagged<#t x 2x4xf32> {recsys.name = "q"}) -> (!recsys.jagged<#t x 2x4xf32> {recsys.name = "y"}) {
  // expected-error @below {{has a source over #recsys.concat<#recsys.space<"history", max = 50>, #recsys.request> in stage `optimized`, expected sources of one segment}}
  %y = recsys.attention %q sources [%q, %q] masks [[#recsys.full, #recsys.full], [#recsys.full, #recsys.full]] score softmax scale 0.5
    : (!recsys.jagged<#t x 2x4xf32>, !recsys.jagged<#t x 2x4xf32>, !recsys.jagged<#t x 2x4xf32>) -> !recsys.jagged<#t x 2x4xf32>
  recsys.output %y : !recsys.jagged<#t x 2x4xf32>
}

// -----

!r = !recsys.jagged<#recsys.request x 2x4xf32>
recsys.model @unseen(%q: !r {recsys.name = "q"}, %k: !r {recsys.name = "k"}) -> (!r {recsys.name = "y"}) {
  // expected-error @below {{has source 1 that no row sees in stage `optimized`, expected none}}
  %y = recsys.attention %q sources [%q, %q and %k, %k] masks [[#recsys.full, #recsys.none]] score softmax scale 0.5 : (!r, !r, !r, !r, !r) -> !r
  recsys.output %y : !r
}

// -----

/// Columns of a linear that nobody reads are computed in vain, which is no error: dead rows may leave them.
recsys.parameter private @w : tensor<4x6xf32> from "w"
recsys.model @sliced(%x: !recsys.jagged<#recsys.request x 4xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 2xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<4x6xf32>
  %l = recsys.linear %x, %w : (!recsys.jagged<#recsys.request x 4xf32>, tensor<4x6xf32>) -> !recsys.jagged<#recsys.request x 6xf32>
  %y = recsys.slice_features %l offset 2 size 2 : (!recsys.jagged<#recsys.request x 6xf32>) -> !recsys.jagged<#recsys.request x 2xf32>
  recsys.output %y : !recsys.jagged<#recsys.request x 2xf32>
}

// -----

/// A source over the frame of a nest is one row for each row of the frame, though the frame itself is a concat.
#h = #recsys.space<"history", max = 5>
#t = #recsys.concat<#h, #recsys.request>
!q = !recsys.jagged<#recsys.nest<#t, #recsys.rows<2>> x 2x4xf32>
!k = !recsys.jagged<#t x 2x4xf32>
recsys.model @frame(%q: !q {recsys.name = "q"}, %k: !k {recsys.name = "k"}) -> (!q {recsys.name = "y"}) {
  %y = recsys.attention %q sources [%k, %k] masks [[#recsys.full]] score softmax scale 0.5 : (!q, !k, !k) -> !q
  recsys.output %y : !q
}

// -----

/// A bias has one source, which stays whole.
#h = #recsys.space<"history", max = 50>
#t = #recsys.concat<#h, #recsys.request>
recsys.parameter private @w : tensor<101xf32> from "w"
recsys.model @biased(%q: !recsys.jagged<#t x 2x4xf32> {recsys.name = "q"}) -> (!recsys.jagged<#t x 2x4xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<101xf32>
  %y = recsys.attention %q sources [%q, %q] masks [[#recsys.full, #recsys.full], [#recsys.full, #recsys.full]] score softmax scale 0.5 toeplitz(%w, 50)
    : (!recsys.jagged<#t x 2x4xf32>, !recsys.jagged<#t x 2x4xf32>, !recsys.jagged<#t x 2x4xf32>, tensor<101xf32>) -> !recsys.jagged<#t x 2x4xf32>
  recsys.output %y : !recsys.jagged<#t x 2x4xf32>
}

// -----

/// A source that nobody sees groups the rows of a query over the frame itself.
#h = #recsys.space<"history", max = 5>
#c = #recsys.space<"candidates", max = 4>
!c = !recsys.jagged<#c x 2x4xf32>
!h = !recsys.jagged<#h x 2x4xf32>
!n = !recsys.jagged<#recsys.nest<#c, #h> x 2x4xf32>
recsys.model @grouped(%q: !c {recsys.name = "q"}, %k: !h {recsys.name = "k"}, %n: !n {recsys.name = "n"}) -> (!c {recsys.name = "y"}) {
  %y = recsys.attention %q sources [%k, %k and %n, %n] masks [[#recsys.full, #recsys.none]] score softmax scale 0.5 : (!c, !h, !n, !h, !n) -> !c
  recsys.output %y : !c
}
