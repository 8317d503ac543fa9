// RUN: reccc-opt %s --recsys-split-concat-linear --canonicalize --cse | FileCheck %s
// RUN: reccc-opt %s --recsys-split-concat-linear --recsys-split-concat-linear --canonicalize --cse | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-split-concat-linear))' --seed=6
// CHECK-DAG: #[[H:.*]] = #recsys.space<"history", max = 12>
// CHECK-DAG: #[[C:.*]] = #recsys.space<"candidates", max = 5>
// CHECK-DAG: #[[N:.*]] = #recsys.nest<#[[C]], #[[H]]>
#h = #recsys.space<"history", max = 12>
#c = #recsys.space<"candidates", max = 5>
#n = #recsys.nest<#c, #h>
!h = !recsys.jagged<#h x 8xf32>
!c = !recsys.jagged<#c x 8xf32>
!n = !recsys.jagged<#n x 8xf32>
recsys.parameter private @w : tensor<6x32xf32> from "w"
recsys.parameter private @v : tensor<16x6xf32> from "v"
recsys.parameter private @p : tensor<8x6xf32> from "p"

/// DIN's first layer. The query counts in its own columns and in those of the difference, the key in its own less those of the difference.
// CHECK-LABEL: recsys.model @split_concat_linear_din
// CHECK-DAG:     %[[W0:.*]] = recsys.param_slice %{{.*}} dim 1 offset 0 size 8
// CHECK-DAG:     %[[W1:.*]] = recsys.param_slice %{{.*}} dim 1 offset 8 size 8
// CHECK-DAG:     %[[W2:.*]] = recsys.param_slice %{{.*}} dim 1 offset 16 size 8
// CHECK-DAG:     %[[W3:.*]] = recsys.param_slice %{{.*}} dim 1 offset 24 size 8
// CHECK-DAG:     %[[WQ:.*]] = recsys.param_add %[[W0]], %[[W2]]
// CHECK-DAG:     %[[WK:.*]] = recsys.param_sub %[[W1]], %[[W2]]
// CHECK-DAG:     recsys.linear %{{.*}}, %[[W3]] transposed {{.*}} -> !recsys.jagged<#[[N]] x 6xf32>
// CHECK-DAG:     recsys.linear %{{.*}}, %[[WQ]] transposed {{.*}} -> !recsys.jagged<#[[C]] x 6xf32>
// CHECK-DAG:     recsys.linear %{{.*}}, %[[WK]] transposed {{.*}} -> !recsys.jagged<#[[H]] x 6xf32>
// CHECK:         recsys.output
recsys.model @split_concat_linear_din(%k: !h {recsys.name = "k"}, %q: !c {recsys.name = "q"}) -> (!recsys.jagged<#n x 6xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<6x32xf32>
  %ks = recsys.repeat_rows %k for (#c) : (!h) -> !n
  %qs = recsys.broadcast_rows %q : (!c) -> !n
  %d = recsys.sub %qs, %ks : (!n, !n) -> !n
  %m = recsys.mul %qs, %ks : (!n, !n) -> !n
  %z = recsys.concat_features %qs, %ks, %d, %m : (!n, !n, !n, !n) -> !recsys.jagged<#n x 32xf32>
  %y = recsys.linear %z, %w transposed : (!recsys.jagged<#n x 32xf32>, tensor<6x32xf32>) -> !recsys.jagged<#n x 6xf32>
  recsys.output %y : !recsys.jagged<#n x 6xf32>
}

/// Rows of their own that are only subtracted have a product of their own, which is subtracted last.
// CHECK-LABEL: recsys.model @split_concat_linear_difference
// CHECK:         recsys.add {{.*}} -> !recsys.jagged<#[[N]] x 6xf32>
// CHECK:         recsys.linear {{.*}} -> !recsys.jagged<#[[N]] x 6xf32>
// CHECK-NEXT:    recsys.sub {{.*}} -> !recsys.jagged<#[[N]] x 6xf32>
// CHECK-NEXT:    recsys.output
recsys.model @split_concat_linear_difference(%k: !h {recsys.name = "k"}, %q: !c {recsys.name = "q"}) -> (!recsys.jagged<#n x 6xf32> {recsys.name = "y"}) {
  %v = recsys.get_parameter @v : tensor<16x6xf32>
  %ks = recsys.repeat_rows %k for (#c) : (!h) -> !n
  %qs = recsys.broadcast_rows %q : (!c) -> !n
  %m = recsys.mul %qs, %ks : (!n, !n) -> !n
  %d = recsys.sub %qs, %ks : (!n, !n) -> !n
  %e = recsys.sub %ks, %m : (!n, !n) -> !n
  %z = recsys.concat_features %d, %e : (!n, !n) -> !recsys.jagged<#n x 16xf32>
  %y = recsys.linear %z, %v : (!recsys.jagged<#n x 16xf32>, tensor<16x6xf32>) -> !recsys.jagged<#n x 6xf32>
  recsys.output %y : !recsys.jagged<#n x 6xf32>
}

/// A linear of repeated rows alone moves in front of the repetition, and rounds as before.
// CHECK-LABEL: recsys.model @split_concat_linear_alone
// CHECK:         recsys.linear %{{[a-z0-9]+}}, %{{[a-z0-9]+}} : {{.*}} -> !recsys.jagged<#[[H]] x 6xf32>
// CHECK-NEXT:    recsys.repeat_rows %{{[a-z0-9]+}} for
recsys.model @split_concat_linear_alone(%k: !h {recsys.name = "k"}) -> (!recsys.jagged<#n x 6xf32> {recsys.name = "y"}) {
  %p = recsys.get_parameter @p : tensor<8x6xf32>
  %ks = recsys.repeat_rows %k for (#c) : (!h) -> !n
  %y = recsys.linear %ks, %p : (!n, tensor<8x6xf32>) -> !recsys.jagged<#n x 6xf32>
  recsys.output %y : !recsys.jagged<#n x 6xf32>
}

/// Nothing is saved where every feature is left to every row.
// CHECK-LABEL: recsys.model @negative_split_concat_linear_own
// CHECK:         recsys.add
// CHECK-NEXT:    recsys.linear
// CHECK-NEXT:    recsys.output
recsys.model @negative_split_concat_linear_own(%k: !h {recsys.name = "k"}, %o: !n {recsys.name = "o"}) -> (!recsys.jagged<#n x 6xf32> {recsys.name = "y"}) {
  %p = recsys.get_parameter @p : tensor<8x6xf32>
  %ks = recsys.repeat_rows %k for (#c) : (!h) -> !n
  %s = recsys.add %ks, %o : (!n, !n) -> !n
  %y = recsys.linear %s, %p : (!n, tensor<8x6xf32>) -> !recsys.jagged<#n x 6xf32>
  recsys.output %y : !recsys.jagged<#n x 6xf32>
}
