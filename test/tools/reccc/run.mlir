// The interpreter from the command line: after any recsys stage, in every mode.
// RUN: rm -rf %t && mkdir %t && %python %S/Inputs/make_tensors.py %t
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter -o %t/model.safetensors
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter --stop-after=optimized -o %t/optimized.safetensors
// RUN: %python %S/Inputs/compare.py %t/model.safetensors %t/optimized.safetensors 1e-12
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter --mode=f32 -o %t/f32.safetensors
// RUN: %python %S/Inputs/compare.py %t/model.safetensors %t/f32.safetensors 1e-5
// RUN: not %python %S/Inputs/compare.py %t/model.safetensors %t/f32.safetensors 1e-12
/// bf16 by the mode, and by the types of stage `quantized`: not the same, because the signature keeps f32.
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter --mode=bf16 -o %t/bf16.safetensors
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter --precision=bf16 --stop-after=quantized --mode=typed -o %t/typed.safetensors
// RUN: %python %S/Inputs/compare.py %t/bf16.safetensors %t/typed.safetensors 0.1
// RUN: not %python %S/Inputs/compare.py %t/model.safetensors %t/typed.safetensors 1e-5

// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter | FileCheck %s
// CHECK:      y: 2 rows in 2 requests, 6 numbers each
// CHECK-NEXT: {{^( -?[0-9.]+){6}$}}
// CHECK-NEXT: {{^( -?[0-9.]+){6}$}}
// CHECK-NOT:  {{.}}

// RUN: sh -c 'reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter --entry=nobody; test $? = 2' 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: reccc: error: no entry point 'nobody', expected one of: rank
// RUN: sh -c 'reccc %s --run=%t/requests.safetensors --device=interpreter; test $? = 1' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: weights 'no weights': expected the tensor 'norm.weight'
#h = #recsys.space<"history", max = 50>
recsys.parameter private @g : tensor<8xf32> from "norm.weight"
recsys.parameter private @b : tensor<8xf32> from "norm.bias"
recsys.parameter private @w : tensor<8x6xf32> from "head.weight"
recsys.model @rank(%x: !recsys.jagged<#h x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 6xf32> {recsys.name = "y"}) {
  %g = recsys.get_parameter @g : tensor<8xf32>
  %b = recsys.get_parameter @b : tensor<8xf32>
  %w = recsys.get_parameter @w : tensor<8x6xf32>
  %n = recsys.layer_norm %x affine %g, %b eps 1.0e-6 : (!recsys.jagged<#h x 8xf32>, tensor<8xf32>, tensor<8xf32>) -> !recsys.jagged<#h x 8xf32>
  %l = recsys.linear %n, %w : (!recsys.jagged<#h x 8xf32>, tensor<8x6xf32>) -> !recsys.jagged<#h x 6xf32>
  %y = recsys.pool last %l : (!recsys.jagged<#h x 6xf32>) -> !recsys.jagged<#recsys.request x 6xf32>
  recsys.output %y : !recsys.jagged<#recsys.request x 6xf32>
}
