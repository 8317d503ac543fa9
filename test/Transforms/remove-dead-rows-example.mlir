// RUN: reccc-opt %s --recsys-remove-dead-rows --cse | FileCheck %s
/// Only the last row is read: keys of all rows, the query and what follows of one.
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 50>
// CHECK-DAG: #[[L:.*]] = #recsys.take_last<#[[H]], 1>
#h = #recsys.space<"history", max = 50>

// CHECK-LABEL: recsys.model @remove_dead_rows_last_row
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged
// CHECK:         %[[ROW:[a-z0-9]+]] = recsys.take_rows %[[X]] : {{.*}} -> !recsys.jagged<#[[L]] x 8xf32>
// CHECK-DAG:     recsys.linear %[[ROW]], {{.*}} -> !recsys.jagged<#[[L]] x 8xf32>
// CHECK-DAG:     recsys.linear %[[X]], {{.*}} -> !recsys.jagged<#[[H]] x 8xf32>
// CHECK:         recsys.attention
// CHECK-SAME:      #recsys.interval<(d0)[s0, s1] -> (), (d0)[s0, s1] -> (d0 + s0 - s1 + 1), lengths = [#[[H]], #[[L]]]>
// CHECK:         recsys.add %[[ROW]], %{{[a-z0-9]+}}
// CHECK:         recsys.pool last
recsys.parameter private @wq : tensor<8x8xf32> from "q.weight"
recsys.parameter private @wk : tensor<8x8xf32> from "k.weight"
recsys.model @remove_dead_rows_last_row(%x: !recsys.jagged<#h x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 8xf32> {recsys.name = "y"}) {
  %wq = recsys.get_parameter @wq : tensor<8x8xf32>
  %wk = recsys.get_parameter @wk : tensor<8x8xf32>
  %ql = recsys.linear %x, %wq : (!recsys.jagged<#h x 8xf32>, tensor<8x8xf32>) -> !recsys.jagged<#h x 8xf32>
  %kl = recsys.linear %x, %wk : (!recsys.jagged<#h x 8xf32>, tensor<8x8xf32>) -> !recsys.jagged<#h x 8xf32>
  %q = recsys.reshape_features %ql : (!recsys.jagged<#h x 8xf32>) -> !recsys.jagged<#h x 2x4xf32>
  %k = recsys.reshape_features %kl : (!recsys.jagged<#h x 8xf32>) -> !recsys.jagged<#h x 2x4xf32>
  %a = recsys.attention %q sources [%k, %k] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score softmax scale 0.5
    : (!recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>, !recsys.jagged<#h x 2x4xf32>) -> !recsys.jagged<#h x 2x4xf32>
  %af = recsys.reshape_features %a : (!recsys.jagged<#h x 2x4xf32>) -> !recsys.jagged<#h x 8xf32>
  %s = recsys.add %x, %af : (!recsys.jagged<#h x 8xf32>, !recsys.jagged<#h x 8xf32>) -> !recsys.jagged<#h x 8xf32>
  %y = recsys.pool last %s : (!recsys.jagged<#h x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  recsys.output %y : !recsys.jagged<#recsys.request x 8xf32>
}
