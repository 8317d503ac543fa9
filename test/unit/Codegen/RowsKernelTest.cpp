// SPDX-License-Identifier: Apache-2.0
// Row-wise kernels: every operator, odd widths, edge rows.
#include "KernelComparison.h"

using namespace reccc;

static const std::vector<RequestLengths> kBatch = {{{"s", 5}}, {{"s", 0}}, {{"s", 70}}, {{"s", 1}}, {{"s", 33}}};

TEST(RowsKernel, Activations) {
  for (double deviation : {0.3, 3.0, 30.0}) {
    ComparisonOptions options;
    options.deviation = deviation;
    compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 37xf32>
recsys.model @m(%x: !x {recsys.name = "x"}) -> (!x {recsys.name = "a"}, !x {recsys.name = "b"}, !x {recsys.name = "c"}, !x {recsys.name = "d"}, !x {recsys.name = "e"}, !x {recsys.name = "f"}) {
  %0:6 = rectile.kernel rows (%i = %x : !x) -> (!x, !x, !x, !x, !x, !x) {
    %a = recsys.silu %i : (!x) -> !x
    %b = recsys.sigmoid %i : (!x) -> !x
    %c = recsys.tanh %i : (!x) -> !x
    %d = recsys.gelu %i : (!x) -> !x
    %e = recsys.relu %i : (!x) -> !x
    %f = recsys.gelu %i tanh : (!x) -> !x
    rectile.yield %a, %b, %c, %d, %e, %f : !x, !x, !x, !x, !x, !x
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4, %0#5 : !x, !x, !x, !x, !x, !x
}
)",
                           kBatch, options);
  }
}

TEST(RowsKernel, EmbeddingsNormsAndRecords) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!i = !recsys.jagged<#s x i64>
!x = !recsys.jagged<#s x 20xf32>
!y = !recsys.jagged<#s x 51xf32>
!g = !recsys.jagged<#s x 4x5xf32>
recsys.parameter private @t : tensor<5x20xf32> from "t"
recsys.parameter private @a : tensor<3x7xf32> from "a"
recsys.parameter private @g : tensor<4xf32> from "g"
recsys.parameter private @c : tensor<4xf32> from "c"
recsys.parameter private @p : tensor<10xf32> from "p"
recsys.parameter private @r : tensor<20xf32> from "r"
recsys.model @m(%ids: !i {recsys.name = "ids"}, %x: !x {recsys.name = "x"})
    -> (!y {recsys.name = "y"}, !g {recsys.name = "z"}, !x {recsys.name = "u"}, !x {recsys.name = "v"}) {
  %t = recsys.get_parameter @t : tensor<5x20xf32>
  %a = recsys.get_parameter @a : tensor<3x7xf32>
  %g = recsys.get_parameter @g : tensor<4xf32>
  %c = recsys.get_parameter @c : tensor<4xf32>
  %p = recsys.get_parameter @p : tensor<10xf32>
  %rw = recsys.get_parameter @r : tensor<20xf32>
  %0:4 = rectile.kernel rows (%i = %ids : !i, %j = %x : !x, %pt = %t : tensor<5x20xf32>, %pa = %a : tensor<3x7xf32>,
      %pg = %g : tensor<4xf32>, %pc = %c : tensor<4xf32>, %pp = %p : tensor<10xf32>, %pr = %rw : tensor<20xf32>) -> (!y, !g, !x, !x) {
    %e = recsys.embedding %i, %pt out_of_range clamp : (!i, tensor<5x20xf32>) -> !x
    %s = recsys.scale %e by 4.5 : (!x) -> !x
    %f = recsys.add %s, %j : (!x, !x) -> !x
    %b = recsys.action_bits %i, %pa weights [1, 2, 4] : (!i, tensor<3x7xf32>) -> !recsys.jagged<#s x 21xf32>
    %q = recsys.splat_rows %pp : (tensor<10xf32>) -> !recsys.jagged<#s x 10xf32>
    %j1 = recsys.concat_features %f, %b, %q : (!x, !recsys.jagged<#s x 21xf32>, !recsys.jagged<#s x 10xf32>) -> !y
    %y = recsys.layer_norm %j1 eps 1.0e-5 : (!y) -> !y
    %r = recsys.reshape_features %f : (!x) -> !g
    %z = recsys.layer_norm %r affine %pg, %pc eps 1.0e-5 groups 4 : (!g, tensor<4xf32>, tensor<4xf32>) -> !g
    %u = recsys.slice_features %y offset 13 size 20 : (!y) -> !x
    %u1 = recsys.sub %u, %f : (!x, !x) -> !x
    %m = recsys.mask_rows %u1, %i value 3 : (!x, !i) -> !x
    %v0 = recsys.l2_norm %f eps 1.0e-6 : (!x) -> !x
    %v = recsys.rms_norm %v0, %pr eps 1.0e-3 : (!x, tensor<20xf32>) -> !x
    %v1 = recsys.mask_short %v spaces [#s] min_rows 6 : (!x) -> !x
    rectile.yield %y, %z, %m, %v1 : !y, !g, !x, !x
  }
  recsys.output %0#0, %0#1, %0#2, %0#3 : !y, !g, !x, !x
}
)",
                         kBatch);
}

TEST(RowsKernel, Integers) {
  ComparisonOptions options;
  options.idLimit = 4000000;
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!i = !recsys.jagged<#s x i64>
!f = !recsys.jagged<#s x 4xf32>
recsys.model @m(%x: !i {recsys.name = "x"}, %l: !recsys.jagged<#recsys.request x i64> {recsys.name = "l"})
    -> (!i {recsys.name = "a"}, !i {recsys.name = "b"}, !i {recsys.name = "c"}, !i {recsys.name = "d"}, !i {recsys.name = "e"}, !i {recsys.name = "g"}, !f {recsys.name = "f"}, !i {recsys.name = "h"}) {
  %0:8 = rectile.kernel rows (%i = %x : !i, %k = %l : !recsys.jagged<#recsys.request x i64>) -> (!i, !i, !i, !i, !i, !i, !f, !i) {
    %a = recsys.bucketize %i rule(#recsys.sqrt_bucket<60.0, 200>) : (!i) -> !i
    %b = recsys.bucketize %i rule(#recsys.edges<[10, 1000, 1000, 50000, 100000, 2000000]>) : (!i) -> !i
    %c = recsys.threshold_bits %i, %i thresholds [30, 2000000] weights [8, 1073741824] : (!i, !i) -> !i
    %d = recsys.row_index affine_map<(d0)[s0] -> (s0 - d0 + 3, 20)> lengths [#s] : !i
    %s = recsys.shift %i, %k by -1 : (!i, !recsys.jagged<#recsys.request x i64>) -> !i
    %e = recsys.sub %s, %i : (!i, !i) -> !i
    %g = recsys.broadcast_rows %k : (!recsys.jagged<#recsys.request x i64>) -> !i
    %f = recsys.calendar_features %i periods [3600.0, 86400.0] units [24.0, 7.0] two_pi 6.28 : (!i) -> !f
    %h = recsys.hash_ids %e multiplier 9223372036854775807 addend -5 modulus 2147483647 rows 100 : (!i) -> !i
    rectile.yield %a, %b, %c, %d, %e, %g, %f, %h : !i, !i, !i, !i, !i, !i, !f, !i
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6, %0#7 : !i, !i, !i, !i, !i, !i, !f, !i
}
)",
                         kBatch, options);
}

TEST(RowsKernel, OtherRows) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 18xf32>
!r = !recsys.jagged<#recsys.request x 18xf32>
recsys.model @m(%x: !x {recsys.name = "x"}, %y: !r {recsys.name = "y"}) -> (!x {recsys.name = "a"}, !x {recsys.name = "b"}) {
  %0:2 = rectile.kernel rows (%i = %x : !x, %j = %y : !r) -> (!x, !x) {
    %a = recsys.shift %i, %j by 1 : (!x, !r) -> !x
    %b = recsys.broadcast_rows %j : (!r) -> !x
    %c = recsys.mul %a, %b : (!x, !x) -> !x
    rectile.yield %a, %c : !x, !x
  }
  recsys.output %0#0, %0#1 : !x, !x
}
)",
                         kBatch);
}

TEST(RowsKernel, Pools) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 18xf32>
!r = !recsys.jagged<#recsys.request x 18xf32>
recsys.model @m(%x: !x {recsys.name = "x"}) -> (!r {recsys.name = "a"}, !r {recsys.name = "b"}, !r {recsys.name = "c"}, !r {recsys.name = "d"}) {
  %0:4 = rectile.kernel rows (%i = %x : !x) -> (!r, !r, !r, !r) {
    %a = recsys.pool last %i : (!x) -> !r
    %b = recsys.pool first %i : (!x) -> !r
    %c = recsys.pool sum %i : (!x) -> !r
    %d = recsys.pool mean %i : (!x) -> !r
    rectile.yield %a, %b, %c, %d : !r, !r, !r, !r
  }
  recsys.output %0#0, %0#1, %0#2, %0#3 : !r, !r, !r, !r
}
)",
                         kBatch);
}

TEST(RowsKernel, PadsAndRequestLinear) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
#p = #recsys.rows<7>
!x = !recsys.jagged<#s x 18xf32>
!w = !recsys.jagged<#recsys.request x 18x5xf32>
!b = !recsys.jagged<#recsys.request x 5xf32>
!y = !recsys.jagged<#p x 5xf32>
recsys.model @m(%x: !x {recsys.name = "x"}, %w: !w {recsys.name = "w"}, %b: !b {recsys.name = "b"}) -> (!y {recsys.name = "y"}) {
  %0 = rectile.kernel rows (%i = %x : !x, %v = %w : !w, %c = %b : !b) -> (!y) {
    %1 = recsys.pad_rows %i : (!x) -> !recsys.jagged<#p x 18xf32>
    %2 = recsys.request_linear %1, %v, %c : (!recsys.jagged<#p x 18xf32>, !w, !b) -> !y
    rectile.yield %2 : !y
  }
  recsys.output %0 : !y
}
)",
                         kBatch);
}
