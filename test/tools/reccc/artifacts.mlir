// What --emit writes: the same bytes each time, files that appear whole, a header beside an object, weights where they are asked for.
// RUN: rm -rf %t && mkdir %t && %python %S/Inputs/make_tensors.py %t
// RUN: reccc %s --weights=%t/weights.safetensors -o %t/rank.so
// RUN: reccc %s --weights=%t/weights.safetensors -o %t/again.so
// RUN: cmp %t/rank.so %t/again.so
// RUN: reccc-run %t/rank.so %t/requests.safetensors -o %t/compiled.safetensors
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors --device=interpreter -o %t/interpreted.safetensors
// RUN: %python %S/Inputs/compare.py %t/compiled.safetensors %t/interpreted.safetensors 1e-5

/// Run at once: the same bits.
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors -o %t/once.safetensors
// RUN: %python %S/Inputs/compare.py %t/compiled.safetensors %t/once.safetensors 0
// RUN: reccc %s --weights=%t/weights.safetensors --run=%t/requests.safetensors | FileCheck %s --check-prefix=ONCE
// ONCE: {{rows in .* requests}}
// RUN: not reccc %s --weights=%t/weights.safetensors --run=%t/none.safetensors 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: none.safetensors: error: cannot open the file
// RUN: not reccc %s --run=%t/requests.safetensors --device=gpu 2>&1 | FileCheck %s --check-prefix=DEVICE
// DEVICE: unknown device 'gpu' after --device, expected one of: cpu, interpreter
// RUN: not reccc %s --run=%t/requests.safetensors --mode=f32 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: --mode goes with --run only on --device=interpreter

/// Weights of their own.
// RUN: reccc %s --weights=%t/weights.safetensors -o %t/lean.so --weights-file=%t/lean.so.weights
// RUN: reccc-run %t/lean.so %t/requests.safetensors -o %t/lean.safetensors
// RUN: %python %S/Inputs/compare.py %t/compiled.safetensors %t/lean.safetensors 0

/// One level, given by name; only its code is there.
// RUN: reccc %s --weights=%t/weights.safetensors --cpu=x86-64-v3 --emit=asm -o %t/v3.s
// RUN: FileCheck %s --check-prefix=V3 --input-file=%t/v3.s
// V3-NOT: zmm
// V3:     vfmadd
// V3-NOT: zmm
// RUN: reccc %s --weights=%t/weights.safetensors --cpu=x86-64-v4 -o - --emit=asm | FileCheck %s --check-prefix=V4
// V4: vfmadd{{.*}}zmm
// RUN: reccc %s --weights=%t/weights.safetensors -o %t/rank.ll
// RUN: FileCheck %s --check-prefix=LL --input-file=%t/rank.ll
// LL: @recipe_module = {{.*}}constant

/// An object and the header that declares what it exports.
// RUN: reccc %s --weights=%t/weights.safetensors -o %t/rank.o
// RUN: FileCheck %s --check-prefix=HEADER --input-file=%t/rank.h
// HEADER: extern const recrt_module recipe_module;

/// A failure leaves the old file as it was.
// RUN: echo old > %t/kept.so
// RUN: not reccc %s --weights=%t/requests.safetensors -o %t/kept.so 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: expected the tensor 'norm.weight' in {{.*}}requests.safetensors, got none
// RUN: echo old | cmp - %t/kept.so
#h = #recsys.space<"history", max = 50>
module @recipe {
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
}
