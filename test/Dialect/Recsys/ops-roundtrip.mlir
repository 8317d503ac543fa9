// RUN: reccc-opt %s | reccc-opt | FileCheck %s
// RUN: reccc-opt %s --emit-bytecode | reccc-opt | FileCheck %s
// RUN: reccc-opt %s --mlir-print-op-generic | reccc-opt | FileCheck %s
// A small ranker as it prints. The examples of all ops make the same way in test_examples.py.

// CHECK: #history = #recsys.space<"history", max = 50>
// CHECK: #interleave = #recsys.interleave<#history, 2>
// CHECK: #concat = #recsys.concat<#recsys.rows<3>, #interleave, #candidates>
#history = #recsys.space<"history", max = 50>
#events = #recsys.interleave<#history, 2>
#tokens = #recsys.concat<#recsys.rows<3>, #events, #recsys.space<"candidates", max = 16>>

// CHECK: recsys.parameter private @items : tensor<100x8xf32> from "items.weight"
// CHECK: recsys.parameter @w : tensor<4x8xbf16> from "w"
recsys.parameter private @items : tensor<100x8xf32> from "items.weight"
recsys.parameter @w : tensor<4x8xbf16> from "w"

// CHECK: recsys.model @rank(%arg0: !recsys.jagged<#history x i64> {recsys.name = "item"}, %arg1: !recsys.jagged<#candidates x i64> {recsys.name = "candidate"})
// CHECK-SAME: -> (!recsys.jagged<#candidates x 4xf32> {recsys.name = "score"}) {
recsys.model @rank(%ids: !recsys.jagged<#history x i64> {recsys.name = "item"}, %candidates: !recsys.jagged<#recsys.space<"candidates", max = 16> x i64> {recsys.name = "candidate"})
    -> (!recsys.jagged<#recsys.space<"candidates", max = 16> x 4xf32> {recsys.name = "score"}) {
  // CHECK-NEXT: %[[TABLE:.*]] = recsys.get_parameter @items : tensor<100x8xf32>
  %table = recsys.get_parameter @items : tensor<100x8xf32>
  // CHECK-NEXT: recsys.embedding %arg0, %[[TABLE]] out_of_range reject_request : (!recsys.jagged<#history x i64>, tensor<100x8xf32>) -> !recsys.jagged<#history x 8xf32>
  %h = recsys.embedding %ids, %table out_of_range reject_request : (!recsys.jagged<#history x i64>, tensor<100x8xf32>) -> !recsys.jagged<#history x 8xf32>
  %c = recsys.embedding %candidates, %table out_of_range clamp : (!recsys.jagged<#recsys.space<"candidates", max = 16> x i64>, tensor<100x8xf32>) -> !recsys.jagged<#recsys.space<"candidates", max = 16> x 8xf32>
  // CHECK: recsys.interleave %{{.*}}, %{{.*}} : (!recsys.jagged<#history x 8xf32>, !recsys.jagged<#history x 8xf32>) -> !recsys.jagged<#interleave x 8xf32>
  %events = recsys.interleave %h, %h : (!recsys.jagged<#history x 8xf32>, !recsys.jagged<#history x 8xf32>) -> !recsys.jagged<#events x 8xf32>
  // CHECK: recsys.pool mean
  %mean = recsys.pool mean %h : (!recsys.jagged<#history x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  %context = recsys.broadcast_rows %mean : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.rows<3> x 8xf32>
  // CHECK: recsys.concat_rows %{{.*}}, %{{.*}}, %{{.*}} : (!recsys.jagged<#recsys.rows<3> x 8xf32>, !recsys.jagged<#interleave x 8xf32>, !recsys.jagged<#candidates x 8xf32>) -> !recsys.jagged<#concat x 8xf32>
  %tokens = recsys.concat_rows %context, %events, %c : (!recsys.jagged<#recsys.rows<3> x 8xf32>, !recsys.jagged<#events x 8xf32>, !recsys.jagged<#recsys.space<"candidates", max = 16> x 8xf32>) -> !recsys.jagged<#tokens x 8xf32>
  // CHECK: recsys.slice_rows %{{.*}} first 2 count 1
  %scored = recsys.slice_rows %tokens first 2 count 1 : (!recsys.jagged<#tokens x 8xf32>) -> !recsys.jagged<#recsys.space<"candidates", max = 16> x 8xf32>
  %w = recsys.get_parameter @w : tensor<4x8xbf16>
  // CHECK: recsys.linear %{{.*}}, %{{.*}} transposed : (!recsys.jagged<#candidates x 8xf32>, tensor<4x8xbf16>) -> !recsys.jagged<#candidates x 4xf32>
  %score = recsys.linear %scored, %w transposed : (!recsys.jagged<#recsys.space<"candidates", max = 16> x 8xf32>, tensor<4x8xbf16>) -> !recsys.jagged<#recsys.space<"candidates", max = 16> x 4xf32>
  recsys.output %score : !recsys.jagged<#recsys.space<"candidates", max = 16> x 4xf32>
}
