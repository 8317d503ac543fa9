// RUN: reccc-opt %s --recsys-split-concat-linear --canonicalize | FileCheck %s
/// What the request says of the user is multiplied once, not for every candidate.
#c = #recsys.space<"candidates", max = 9>
!u = !recsys.jagged<#recsys.request x 12xf32>
!c = !recsys.jagged<#c x 4xf32>

// CHECK-LABEL: recsys.model @split_concat_linear_user
// CHECK-SAME:    %[[U:[a-z0-9]+]]: {{.*}} %[[C:[a-z0-9]+]]: {{.*}}) ->
// CHECK-DAG:     %[[WU:.*]] = recsys.param_slice %{{.*}} dim 0 offset 0 size 12
// CHECK-DAG:     %[[WC:.*]] = recsys.param_slice %{{.*}} dim 0 offset 12 size 4
// CHECK-DAG:     %[[B:.*]] = recsys.get_parameter @b
// CHECK-DAG:     %[[OWN:.*]] = recsys.linear %[[C]], %[[WC]], %[[B]] {recsys.partial_sum}
// CHECK-DAG:     %[[ONCE:.*]] = recsys.linear %[[U]], %[[WU]] {recsys.partial_sum} {{.*}} -> !recsys.jagged<#recsys.request x 6xf32>
// CHECK-DAG:     %[[SHARED:.*]] = recsys.broadcast_rows %[[ONCE]]
// CHECK:         recsys.add %[[OWN]], %[[SHARED]] :
recsys.parameter private @w : tensor<16x6xf32> from "w"
recsys.parameter private @b : tensor<6xf32> from "b"
recsys.model @split_concat_linear_user(%u: !u {recsys.name = "u"}, %x: !c {recsys.name = "x"}) -> (!recsys.jagged<#c x 6xf32> {recsys.name = "y"}) {
  %w = recsys.get_parameter @w : tensor<16x6xf32>
  %b = recsys.get_parameter @b : tensor<6xf32>
  %us = recsys.broadcast_rows %u : (!u) -> !recsys.jagged<#c x 12xf32>
  %z = recsys.concat_features %us, %x : (!recsys.jagged<#c x 12xf32>, !c) -> !recsys.jagged<#c x 16xf32>
  %y = recsys.linear %z, %w, %b : (!recsys.jagged<#c x 16xf32>, tensor<16x6xf32>, tensor<6xf32>) -> !recsys.jagged<#c x 6xf32>
  recsys.output %y : !recsys.jagged<#c x 6xf32>
}
