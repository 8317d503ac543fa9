// RUN: reccc-opt %s --recsys-verify-model | FileCheck %s
/// A model of recsys ops in f32 is at stage `model`.
// CHECK: module attributes {recsys.stage = "model"}
recsys.model @verify_model_f32(%x: !recsys.jagged<#recsys.request x 4xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 4xf32> {recsys.name = "y"}) {
  %y = recsys.silu %x : (!recsys.jagged<#recsys.request x 4xf32>) -> !recsys.jagged<#recsys.request x 4xf32>
  recsys.output %y : !recsys.jagged<#recsys.request x 4xf32>
}
