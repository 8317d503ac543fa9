// RUN: reccc-opt %s --recsys-remove-dead-rows --cse | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows))' --seed=10
/// Rows that read any row of the request.
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 50>
// CHECK-DAG: #[[F2:.*]] = #recsys.take_first<#[[H]], 2>
#h = #recsys.space<"history", max = 50>
#f = #recsys.take_first<#h, 2>
!h = !recsys.jagged<#h x 2xi64>

/// Two rows ask, among all.
// CHECK-LABEL: recsys.model @remove_dead_rows_nearest
// CHECK:         %[[ALL:.*]] = recsys.add {{.*}}<#[[H]] x 2xi64>
// CHECK:         %[[TWO:.*]] = recsys.take_rows %[[ALL]]
// CHECK:         recsys.nearest_rows best_first %[[TWO]], %[[ALL]] k 3 from 0 : {{.*}} -> !recsys.jagged<#[[F2]] x 3xi64>
recsys.model @remove_dead_rows_nearest(%a: !h {recsys.name = "a"}) -> (!recsys.jagged<#f x 3xi64> {recsys.name = "y"}) {
  %x = recsys.add %a, %a : (!h, !h) -> !h
  %n = recsys.nearest_rows best_first %x, %x k 3 from 0 : (!h, !h) -> !recsys.jagged<#h x 3xi64>
  %y = recsys.take_rows %n : (!recsys.jagged<#h x 3xi64>) -> !recsys.jagged<#f x 3xi64>
  recsys.output %y : !recsys.jagged<#f x 3xi64>
}

/// Any row may be gathered.
// CHECK-LABEL: recsys.model @remove_dead_rows_gather
// CHECK:         recsys.add {{.*}}<#[[H]] x 2xi64>
// CHECK:         recsys.gather_rows
recsys.model @remove_dead_rows_gather(%a: !h {recsys.name = "a"}) -> (!recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 2xi64> {recsys.name = "y"}) {
  %x = recsys.add %a, %a : (!h, !h) -> !h
  %y = recsys.gather_rows %x, %a : (!h, !h) -> !recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 2xi64>
  recsys.output %y : !recsys.jagged<#recsys.nest<#h, #recsys.rows<2>> x 2xi64>
}
