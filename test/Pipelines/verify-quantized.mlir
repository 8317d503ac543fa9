// RUN: reccc-opt %s --recsys-verify-quantized -split-input-file -verify-diagnostics
!f = !recsys.jagged<#recsys.request x 4xf32>
!b = !recsys.jagged<#recsys.request x 4xbf16>
// expected-error @below {{has an input of type '!recsys.jagged<#recsys.request x 4xbf16>' in stage `quantized`, expected floats of f32}}
recsys.model @input(%x: !b {recsys.name = "x"}) -> (!f {recsys.name = "y"}) {
  %y = recsys.silu %x : (!b) -> !f
  recsys.output %y : !f
}

// -----

!f = !recsys.jagged<#recsys.request x 4xf32>
!b = !recsys.jagged<#recsys.request x 4xbf16>
// expected-error @below {{has an output of type '!recsys.jagged<#recsys.request x 4xbf16>'}}
recsys.model @output(%x: !f {recsys.name = "x"}) -> (!b {recsys.name = "y"}) {
  %y = recsys.silu %x : (!f) -> !b
  recsys.output %y : !b
}

// -----

!f = !recsys.jagged<#recsys.request x 4xf32>
recsys.model @view(%x: !f {recsys.name = "x"}) -> (!f {recsys.name = "y"}) {
  // expected-error @below {{is a view that stores '!recsys.jagged<#recsys.request x 2x2xbf16>' and reads '!recsys.jagged<#recsys.request x 4xf32>' in stage `quantized`, expected one element type}}
  %a = recsys.reshape_features %x : (!f) -> !recsys.jagged<#recsys.request x 2x2xbf16>
  %b = recsys.silu %a : (!recsys.jagged<#recsys.request x 2x2xbf16>) -> !recsys.jagged<#recsys.request x 2x2xf32>
  %y = recsys.reshape_features %b : (!recsys.jagged<#recsys.request x 2x2xf32>) -> !f
  recsys.output %y : !f
}

// -----

!f = !recsys.jagged<#recsys.request x 4xf32>
!b = !recsys.jagged<#recsys.request x 4xbf16>
recsys.model @scores(%x: !f {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 2xi64> {recsys.name = "ids"}) {
  %s = recsys.silu %x : (!f) -> !b
  // expected-error @below {{has scores of type '!recsys.jagged<#recsys.request x 4xbf16>'}}
  %ids, %best = recsys.top_k %s k 2 first_id 0 : (!b) -> (!recsys.jagged<#recsys.request x 2xi64>, !recsys.jagged<#recsys.request x 2xf32>)
  recsys.output %ids : !recsys.jagged<#recsys.request x 2xi64>
}
