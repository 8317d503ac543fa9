// RUN: reccc-opt %s --recsys-fold-linears | FileCheck %s
// RUN: reccc-opt %s --recsys-fold-linears --recsys-fold-linears | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-fold-linears))' --seed=5
#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>
!m = !recsys.jagged<#s x 6xf32>
!n = !recsys.jagged<#s x 2xf32>
!i = !recsys.jagged<#s x i64>
recsys.parameter private @v : tensor<8x6xf32> from "v"
recsys.parameter private @a : tensor<6xf32> from "a"
recsys.parameter private @w : tensor<6x6xf32> from "w"
recsys.parameter private @wt : tensor<8x6xf32> from "wt"
recsys.parameter private @b : tensor<8xf32> from "b"
recsys.parameter private @thin : tensor<8x2xf32> from "thin"
recsys.parameter private @small : tensor<2x6xf32> from "small"
recsys.parameter private @wide : tensor<2x8xf32> from "wide"
recsys.parameter private @few : tensor<50x8xf32> from "few"
recsys.parameter private @many : tensor<51x8xf32> from "many"

/// A chain is one linear; the last weight is [out, in].
// CHECK-LABEL: recsys.model @fold_linears_chain
// CHECK-COUNT-1: recsys.linear
// CHECK-NEXT:    recsys.output
recsys.model @fold_linears_chain(%x: !x {recsys.name = "x"}) -> (!x {recsys.name = "y"}) {
  %v = recsys.get_parameter @v : tensor<8x6xf32>
  %a = recsys.get_parameter @a : tensor<6xf32>
  %w = recsys.get_parameter @w : tensor<6x6xf32>
  %wt = recsys.get_parameter @wt : tensor<8x6xf32>
  %b = recsys.get_parameter @b : tensor<8xf32>
  %0 = recsys.linear %x, %v, %a : (!x, tensor<8x6xf32>, tensor<6xf32>) -> !m
  %1 = recsys.linear %0, %w : (!m, tensor<6x6xf32>) -> !m
  %2 = recsys.linear %1, %wt, %b transposed : (!m, tensor<8x6xf32>, tensor<8xf32>) -> !x
  recsys.output %2 : !x
}

/// Two readers, both take the input.
// CHECK-LABEL: recsys.model @fold_linears_two_readers
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !recsys.jagged
// CHECK-DAG:     recsys.linear %[[X]], %{{[a-z0-9]+}} : {{.*}} -> !recsys.jagged<#history x 6xf32>
// CHECK-DAG:     recsys.linear %[[X]], %{{[a-z0-9]+}} : {{.*}} -> !recsys.jagged<#history x 2xf32>
// CHECK:         recsys.output
recsys.model @fold_linears_two_readers(%x: !x {recsys.name = "x"}) -> (!m {recsys.name = "y"}, !n {recsys.name = "z"}) {
  %v = recsys.get_parameter @v : tensor<8x6xf32>
  %w = recsys.get_parameter @w : tensor<6x6xf32>
  %s = recsys.get_parameter @small : tensor<2x6xf32>
  %0 = recsys.linear %x, %v : (!x, tensor<8x6xf32>) -> !m
  %1 = recsys.linear %0, %w : (!m, tensor<6x6xf32>) -> !m
  %2 = recsys.linear %0, %s transposed : (!m, tensor<2x6xf32>) -> !n
  recsys.output %1, %2 : !m, !n
}

/// Through two features it is less work apart.
// CHECK-LABEL: recsys.model @negative_fold_linears_bottleneck
// CHECK-COUNT-2: recsys.linear
recsys.model @negative_fold_linears_bottleneck(%x: !x {recsys.name = "x"}) -> (!x {recsys.name = "y"}) {
  %t = recsys.get_parameter @thin : tensor<8x2xf32>
  %w = recsys.get_parameter @wide : tensor<2x8xf32>
  %0 = recsys.linear %x, %t : (!x, tensor<8x2xf32>) -> !n
  %1 = recsys.linear %0, %w : (!n, tensor<2x8xf32>) -> !x
  recsys.output %1 : !x
}

/// The output sees it.
// CHECK-LABEL: recsys.model @negative_fold_linears_other_use
// CHECK-COUNT-2: recsys.linear
recsys.model @negative_fold_linears_other_use(%x: !x {recsys.name = "x"}) -> (!m {recsys.name = "y"}, !m {recsys.name = "z"}) {
  %v = recsys.get_parameter @v : tensor<8x6xf32>
  %w = recsys.get_parameter @w : tensor<6x6xf32>
  %0 = recsys.linear %x, %v : (!x, tensor<8x6xf32>) -> !m
  %1 = recsys.linear %0, %w : (!m, tensor<6x6xf32>) -> !m
  recsys.output %0, %1 : !m, !m
}

/// A table of no more rows than a history has.
// CHECK-LABEL: recsys.model @fold_linears_table
// CHECK-DAG:     %[[T:[a-z0-9]+]] = recsys.get_parameter @few
// CHECK-DAG:     %[[V:[a-z0-9]+]] = recsys.get_parameter @v
// CHECK-DAG:     %[[TV:[a-z0-9]+]] = recsys.param_matmul %[[T]], %[[V]]
// CHECK-DAG:     %[[ROWS:[a-z0-9]+]] = recsys.embedding %{{[a-z0-9]+}}, %[[TV]] out_of_range clamp
// CHECK-DAG:     %[[A:[a-z0-9]+]] = recsys.splat_rows
// CHECK:         %[[Y:[a-z0-9]+]] = recsys.add %[[ROWS]], %[[A]]
// CHECK-NEXT:    recsys.output %[[Y]]
recsys.model @fold_linears_table(%i: !i {recsys.name = "i"}) -> (!m {recsys.name = "y"}) {
  %t = recsys.get_parameter @few : tensor<50x8xf32>
  %v = recsys.get_parameter @v : tensor<8x6xf32>
  %a = recsys.get_parameter @a : tensor<6xf32>
  %e = recsys.embedding %i, %t out_of_range clamp : (!i, tensor<50x8xf32>) -> !x
  %y = recsys.linear %e, %v, %a : (!x, tensor<8x6xf32>, tensor<6xf32>) -> !m
  recsys.output %y : !m
}

/// More rows than are looked up.
// CHECK-LABEL: recsys.model @negative_fold_linears_large_table
// CHECK:         recsys.linear
recsys.model @negative_fold_linears_large_table(%i: !i {recsys.name = "i"}) -> (!m {recsys.name = "y"}) {
  %t = recsys.get_parameter @many : tensor<51x8xf32>
  %v = recsys.get_parameter @v : tensor<8x6xf32>
  %e = recsys.embedding %i, %t out_of_range clamp : (!i, tensor<51x8xf32>) -> !x
  %y = recsys.linear %e, %v : (!x, tensor<8x6xf32>) -> !m
  recsys.output %y : !m
}
