// RUN: reccc-opt %s --recsys-verify-quantized | FileCheck %s
/// bf16 inside, f32 at the ends.
!f = !recsys.jagged<#recsys.request x 4xf32>
!b = !recsys.jagged<#recsys.request x 4xbf16>
// CHECK: module attributes {recsys.stage = "quantized"}
recsys.model @verify_quantized_ends(%x: !f {recsys.name = "x"}) -> (!f {recsys.name = "y"}) {
  %a = recsys.silu %x : (!f) -> !b
  %y = recsys.tanh %a : (!b) -> !f
  recsys.output %y : !f
}
