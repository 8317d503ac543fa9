// RUN: reccc-opt %s -pass-pipeline='builtin.module(recsys.model(reccc-form-kernels))' -split-input-file | FileCheck %s

// [FormKernels]  IN: an HSTU layer   OUT: norm + four linears + SiLU, attention, gate + norm + linear + residual: three kernels
#tok = #recsys.space<"tokens", max = 100>
recsys.parameter private @w : tensor<32x32xf32> from "w"
recsys.parameter private @ow : tensor<96x32xf32> from "ow"
// CHECK-LABEL: recsys.model @hstu_layer
// CHECK: rectile.kernel gemm
// CHECK: recsys.layer_norm
// CHECK: recsys.linear
// CHECK: recsys.silu
// CHECK-COUNT-3: recsys.linear
// CHECK: rectile.kernel attention
// CHECK: rectile.kernel gemm
// CHECK: recsys.layer_norm
// CHECK: recsys.mul
// CHECK: recsys.concat_features
// CHECK: recsys.linear
// CHECK: recsys.add
// CHECK-NOT: rectile.kernel
recsys.model @hstu_layer(%x: !recsys.jagged<#tok x 32xf32> {recsys.name = "x"}) -> (!recsys.jagged<#tok x 32xf32> {recsys.name = "out"}) {
  %w = recsys.get_parameter @w : tensor<32x32xf32>
  %ow = recsys.get_parameter @ow : tensor<96x32xf32>
  %n = recsys.layer_norm %x eps 1.0e-6 : (!recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %u0 = recsys.linear %n, %w : (!recsys.jagged<#tok x 32xf32>, tensor<32x32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %u = recsys.silu %u0 : (!recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %v0 = recsys.linear %n, %w : (!recsys.jagged<#tok x 32xf32>, tensor<32x32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %q0 = recsys.linear %n, %w : (!recsys.jagged<#tok x 32xf32>, tensor<32x32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %k0 = recsys.linear %n, %w : (!recsys.jagged<#tok x 32xf32>, tensor<32x32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %v = recsys.reshape_features %v0 : (!recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 2x16xf32>
  %q = recsys.reshape_features %q0 : (!recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 2x16xf32>
  %k = recsys.reshape_features %k0 : (!recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 2x16xf32>
  %a0 = recsys.attention %q sources [%k, %v] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score silu scale 0.25 divisor 119.0
    : (!recsys.jagged<#tok x 2x16xf32>, !recsys.jagged<#tok x 2x16xf32>, !recsys.jagged<#tok x 2x16xf32>) -> !recsys.jagged<#tok x 2x16xf32>
  %a = recsys.reshape_features %a0 : (!recsys.jagged<#tok x 2x16xf32>) -> !recsys.jagged<#tok x 32xf32>
  %an = recsys.layer_norm %a eps 1.0e-6 : (!recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %y = recsys.mul %u, %an : (!recsys.jagged<#tok x 32xf32>, !recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %z = recsys.concat_features %u, %a, %y : (!recsys.jagged<#tok x 32xf32>, !recsys.jagged<#tok x 32xf32>, !recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 96xf32>
  %o0 = recsys.linear %z, %ow : (!recsys.jagged<#tok x 96xf32>, tensor<96x32xf32>) -> !recsys.jagged<#tok x 32xf32>
  %o = recsys.add %x, %o0 : (!recsys.jagged<#tok x 32xf32>, !recsys.jagged<#tok x 32xf32>) -> !recsys.jagged<#tok x 32xf32>
  recsys.output %o : !recsys.jagged<#tok x 32xf32>
}

// -----

// A norm that others read too is computed once, in the kernel of the linear, and is one of its results.
#s = #recsys.space<"history", max = 50>
recsys.parameter private @w : tensor<8x8xf32> from "w"
// CHECK-LABEL: recsys.model @shared_prologue
// CHECK: %[[K:.*]]:2 = rectile.kernel gemm
// CHECK-NEXT: %[[N:.*]] = recsys.layer_norm
// CHECK: %[[G:.*]] = recsys.gelu
// CHECK-NEXT: rectile.yield %[[N]], %[[G]]
// CHECK: rectile.kernel gemm
// CHECK: recsys.linear
// CHECK-NEXT: recsys.add
recsys.model @shared_prologue(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 8xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %n = recsys.layer_norm %x eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  %h0 = recsys.linear %n, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x8xf32>) -> !recsys.jagged<#s x 8xf32>
  %h = recsys.gelu %h0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  %f = recsys.linear %h, %w : (!recsys.jagged<#s x 8xf32>, tensor<8x8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.add %f, %n : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  recsys.output %y : !recsys.jagged<#s x 8xf32>
}

// -----

// What leaves a kernel and comes back may not be one kernel: the sum reads a linear of a row that the product of both needs.
#s = #recsys.space<"history", max = 50>
recsys.parameter private @w : tensor<8x8xf32> from "w"
// CHECK-LABEL: recsys.model @negative_cycle
// CHECK: rectile.kernel rows
// CHECK: recsys.silu
// CHECK: rectile.kernel rows
// CHECK: recsys.pool
// CHECK: rectile.kernel rows
// CHECK-NEXT: recsys.broadcast_rows
// CHECK-NEXT: recsys.mul
recsys.model @negative_cycle(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 8xf32> {recsys.name = "y"}) {
  %a = recsys.silu %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  %p = recsys.pool mean %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  %b = recsys.broadcast_rows %p : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.mul %a, %b : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  recsys.output %y : !recsys.jagged<#s x 8xf32>
}

// -----

// A bias is packed in one way, a parameter of a row-wise op in another: one that is both becomes two arguments.
#s = #recsys.space<"history", max = 50>
recsys.parameter private @w : tensor<8x8xf32> from "w"
recsys.parameter private @b : tensor<8xf32> from "b"
// CHECK-LABEL: recsys.model @parameter_read_in_two_ways
// CHECK: %[[W:.*]] = recsys.get_parameter @w
// CHECK: %[[B:.*]] = recsys.get_parameter @b
// CHECK: rectile.kernel gemm (%[[PLAIN:[a-z0-9]+]] = %[[B]] : tensor<8xf32>, {{.*}}, %[[WEIGHT:[a-z0-9]+]] = %[[W]] : {{.*}}, %[[PADDED:[a-z0-9]+]] = %[[B]] : tensor<8xf32>)
// CHECK-NEXT: recsys.splat_rows %[[PLAIN]] :
// CHECK-NEXT: recsys.mul
// CHECK-NEXT: recsys.linear %{{.*}}, %[[WEIGHT]], %[[PADDED]] :
recsys.model @parameter_read_in_two_ways(%x: !recsys.jagged<#s x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 8xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %b = recsys.get_parameter @b : tensor<8xf32>
  %n = recsys.splat_rows %b : (tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  %a = recsys.mul %x, %n : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
  %y = recsys.linear %a, %w, %b : (!recsys.jagged<#s x 8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
  recsys.output %y : !recsys.jagged<#s x 8xf32>
}

// -----

// Small linears that follow each other are one kernel; a large one stands alone, and so does one whose rows others read too.
#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>
!big = !recsys.jagged<#s x 4096xf32>
recsys.parameter private @w : tensor<8x8xf32> from "w"
recsys.parameter private @wide : tensor<8x4096xf32> from "wide"
recsys.parameter private @back : tensor<4096x8xf32> from "back"
recsys.parameter private @one : tensor<8x1xf32> from "one"
// CHECK-LABEL: recsys.model @chain
// CHECK: rectile.kernel gemm
// CHECK: recsys.linear
// CHECK-NEXT: recsys.relu
// CHECK-NEXT: recsys.linear
// CHECK-NEXT: recsys.sigmoid
// CHECK-NEXT: rectile.yield
// CHECK: rectile.kernel gemm
// CHECK: recsys.linear
// CHECK-NEXT: rectile.yield
// CHECK: rectile.kernel gemm
// CHECK: recsys.linear
// CHECK-NEXT: rectile.yield
// CHECK: rectile.kernel gemm
// CHECK: recsys.linear
// CHECK-NEXT: rectile.yield
recsys.model @chain(%x: !x {recsys.name = "x"}) -> (!recsys.jagged<#s x 1xf32> {recsys.name = "y"}, !x {recsys.name = "z"}, !recsys.jagged<#s x 1xf32> {recsys.name = "v"}) {
  %w = recsys.get_parameter @w : tensor<8x8xf32>
  %one = recsys.get_parameter @one : tensor<8x1xf32>
  %wide = recsys.get_parameter @wide : tensor<8x4096xf32>
  %back = recsys.get_parameter @back : tensor<4096x8xf32>
  %a = recsys.silu %x : (!x) -> !x
  %h = recsys.linear %a, %w : (!x, tensor<8x8xf32>) -> !x
  %r = recsys.relu %h : (!x) -> !x
  %l = recsys.linear %r, %one : (!x, tensor<8x1xf32>) -> !recsys.jagged<#s x 1xf32>
  %y = recsys.sigmoid %l : (!recsys.jagged<#s x 1xf32>) -> !recsys.jagged<#s x 1xf32>
  %m = recsys.linear %x, %wide : (!x, tensor<8x4096xf32>) -> !big
  %z = recsys.linear %m, %back : (!big, tensor<4096x8xf32>) -> !x
  %v = recsys.linear %z, %one : (!x, tensor<8x1xf32>) -> !recsys.jagged<#s x 1xf32>
  recsys.output %y, %z, %v : !recsys.jagged<#s x 1xf32>, !x, !recsys.jagged<#s x 1xf32>
}
