// RUN: reccc-opt %s --recsys-remove-dead-rows | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows))' --seed=13
/// A filter lives as long as something has its rows, though only types say so.
#r = #recsys.request
#h = #recsys.space<"history", max = 50>
#o = #recsys.opaque<"valid", max = 50>
#last = #recsys.take_last<#o, 3>
!k = !recsys.jagged<#h x i64>
!o = !recsys.jagged<#o x 4xf32>
!r = !recsys.jagged<#r x 4xf32>

/// Nobody reads the places, and the rows have no other data.
// CHECK-LABEL: recsys.model @remove_dead_rows_filter_named
// CHECK: recsys.filter_rows
// CHECK: recsys.broadcast_rows
recsys.model @remove_dead_rows_filter_named(%x: !r {recsys.name = "x"}, %k: !k {recsys.name = "k"}) -> (!o {recsys.name = "y"}) {
  %p = recsys.filter_rows %k : (!k) -> !recsys.jagged<#o x i64>
  %y = recsys.broadcast_rows %x : (!r) -> !o
  recsys.output %y : !o
}

/// Nobody has its rows: it and its flags are gone.
// CHECK-LABEL: recsys.model @remove_dead_rows_filter_unused
// CHECK-NOT: recsys.bucketize
// CHECK-NOT: recsys.filter_rows
// CHECK: recsys.silu
recsys.model @remove_dead_rows_filter_unused(%x: !r {recsys.name = "x"}, %k: !k {recsys.name = "k"}) -> (!r {recsys.name = "y"}) {
  %b = recsys.bucketize %k rule(#recsys.edges<[3]>) : (!k) -> !k
  %p = recsys.filter_rows %b : (!k) -> !recsys.jagged<#o x i64>
  %z = recsys.broadcast_rows %x : (!r) -> !o
  %y = recsys.silu %x : (!r) -> !r
  recsys.output %y : !r
}

/// The newest rows that are kept: what is gathered is narrowed behind the gathering.
// CHECK-LABEL: recsys.model @remove_dead_rows_filter_take
// CHECK: %[[P:.*]] = recsys.filter_rows
// CHECK: %[[G:.*]] = recsys.gather_rows %{{.*}}, %[[P]]
// CHECK: recsys.take_rows %[[G]]
// CHECK: recsys.silu
recsys.model @remove_dead_rows_filter_take(%x: !recsys.jagged<#h x 4xf32> {recsys.name = "x"}, %k: !k {recsys.name = "k"}) -> (!recsys.jagged<#last x 4xf32> {recsys.name = "y"}) {
  %p = recsys.filter_rows %k : (!k) -> !recsys.jagged<#o x i64>
  %g = recsys.gather_rows %x, %p : (!recsys.jagged<#h x 4xf32>, !recsys.jagged<#o x i64>) -> !o
  %s = recsys.silu %g : (!o) -> !o
  %y = recsys.take_rows %s : (!o) -> !recsys.jagged<#last x 4xf32>
  recsys.output %y : !recsys.jagged<#last x 4xf32>
}
