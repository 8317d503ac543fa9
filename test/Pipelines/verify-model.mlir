// RUN: reccc-opt %s --recsys-verify-model -split-input-file -verify-diagnostics

// expected-error @below {{is not allowed at the top of a module in stage `model`, expected recsys.parameter and recsys.model}}
func.func private @function()

// -----

// expected-error @below {{has a value of type 'tensor<2xbf16>' in stage `model`, expected floats of f32: stage `quantized` assigns storage types}}
recsys.parameter private @w : tensor<2xbf16> from "w"

// -----

// expected-error @below {{has a value of type '!recsys.jagged<#recsys.request x 4xbf16>' in stage `model`}}
recsys.model @argument(%x: !recsys.jagged<#recsys.request x 4xbf16> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 4xbf16> {recsys.name = "y"}) {
  recsys.output %x : !recsys.jagged<#recsys.request x 4xbf16>
}

// -----

recsys.model @foreign(%x: !recsys.jagged<#recsys.request x 4xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 4xf32> {recsys.name = "y"}) {
  // expected-error @below {{is not allowed in stage `model`, expected ops of the recsys dialect}}
  %0 = arith.constant 1 : i64
  // expected-error @below {{has a value of type '!recsys.jagged<#recsys.request x 4xbf16>' in stage `model`}}
  %1 = recsys.silu %x : (!recsys.jagged<#recsys.request x 4xf32>) -> !recsys.jagged<#recsys.request x 4xbf16>
  %2 = recsys.silu %1 : (!recsys.jagged<#recsys.request x 4xbf16>) -> !recsys.jagged<#recsys.request x 4xf32>
  recsys.output %2 : !recsys.jagged<#recsys.request x 4xf32>
}
