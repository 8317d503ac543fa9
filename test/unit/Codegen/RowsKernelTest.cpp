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
recsys.model @m(%x: !x {recsys.name = "x"}) -> (!r {recsys.name = "a"}, !r {recsys.name = "b"}, !r {recsys.name = "c"}, !r {recsys.name = "d"}, !r {recsys.name = "e"}) {
  %0:5 = rectile.kernel rows (%i = %x : !x) -> (!r, !r, !r, !r, !r) {
    %a = recsys.pool last %i : (!x) -> !r
    %b = recsys.pool first %i : (!x) -> !r
    %c = recsys.pool sum %i : (!x) -> !r
    %d = recsys.pool mean %i : (!x) -> !r
    %e = recsys.pool max %i : (!x) -> !r
    rectile.yield %a, %b, %c, %d, %e : !r, !r, !r, !r, !r
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4 : !r, !r, !r, !r, !r
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

TEST(RowsKernel, MoreActivations) {
  for (double deviation : {0.3, 1.0, 30.0}) {
    ComparisonOptions options;
    options.deviation = deviation;
    compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 37xf32>
recsys.model @m(%x: !x {recsys.name = "x"}, %y: !x {recsys.name = "y"}) -> (!x {recsys.name = "a"}, !x {recsys.name = "b"}, !x {recsys.name = "c"}, !x {recsys.name = "d"}, !x {recsys.name = "e"}, !x {recsys.name = "f"}, !x {recsys.name = "g"}) {
  %0:7 = rectile.kernel rows (%i = %x : !x, %j = %y : !x) -> (!x, !x, !x, !x, !x, !x, !x) {
    %a = recsys.leaky_relu %i slope 0.2 : (!x) -> !x
    %b = recsys.clamp %i low -0.5 high 2.5 : (!x) -> !x
    %r = recsys.relu %i : (!x) -> !x
    %c = recsys.log %i : (!x) -> !x
    %p = recsys.scale %r plus 1.0 by 1.0 : (!x) -> !x
    %d = recsys.log %p : (!x) -> !x
    %e = recsys.div %j, %i by_zero ieee : (!x, !x) -> !x
    %f = recsys.div %j, %r by_zero zero : (!x, !x) -> !x
    %g = recsys.exp %i : (!x) -> !x
    rectile.yield %a, %b, %c, %d, %e, %f, %g : !x, !x, !x, !x, !x, !x, !x
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6 : !x, !x, !x, !x, !x, !x, !x
}
)",
                           kBatch, options);
  }
}

TEST(RowsKernel, Bags) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!i = !recsys.jagged<#s x 5xi64>
!x = !recsys.jagged<#s x 19xf32>
recsys.parameter private @t : tensor<6x19xf32> from "t"
recsys.model @m(%x: !i {recsys.name = "x"}, %y: !recsys.jagged<#s x i64> {recsys.name = "y"})
    -> (!x {recsys.name = "a"}, !x {recsys.name = "b"}, !x {recsys.name = "c"}, !recsys.jagged<#s x 5xf32> {recsys.name = "d"}, !recsys.jagged<#s x f32> {recsys.name = "e"}) {
  %t = recsys.get_parameter @t : tensor<6x19xf32>
  %0:5 = rectile.kernel rows (%i = %x : !i, %j = %y : !recsys.jagged<#s x i64>, %p = %t : tensor<6x19xf32>) -> (!x, !x, !x, !recsys.jagged<#s x 5xf32>, !recsys.jagged<#s x f32>) {
    %a = recsys.embedding_bag sum %i, %p out_of_range clamp : (!i, tensor<6x19xf32>) -> !x
    %b = recsys.embedding_bag mean %i, %p padding 3 out_of_range clamp : (!i, tensor<6x19xf32>) -> !x
    %c = recsys.embedding_bag max %i, %p padding 5 out_of_range clamp : (!i, tensor<6x19xf32>) -> !x
    %d = recsys.to_float %i : (!i) -> !recsys.jagged<#s x 5xf32>
    %e = recsys.to_float %j : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x f32>
    rectile.yield %a, %b, %c, %d, %e : !x, !x, !x, !recsys.jagged<#s x 5xf32>, !recsys.jagged<#s x f32>
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4 : !x, !x, !x, !recsys.jagged<#s x 5xf32>, !recsys.jagged<#s x f32>
}
)",
                         kBatch);
}

TEST(RowsKernel, PartsOfRecords) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 3x19xf32>
!f = !recsys.jagged<#s x 3xf32>
!y = !recsys.jagged<#s x 19xf32>
!o = !recsys.jagged<#s x f32>
recsys.model @m(%x: !x {recsys.name = "x"}, %f: !f {recsys.name = "f"}, %o: !o {recsys.name = "o"})
    -> (!x {recsys.name = "a"}, !x {recsys.name = "b"}, !y {recsys.name = "c"}, !f {recsys.name = "d"}, !y {recsys.name = "e"}, !x {recsys.name = "g"}) {
  %0:6 = rectile.kernel rows (%i = %x : !x, %j = %f : !f, %k = %o : !o) -> (!x, !x, !y, !f, !y, !x) {
    %a0 = recsys.scale_parts %i, %j : (!x, !f) -> !x
    %a = recsys.scale_parts %a0, %k : (!x, !o) -> !x
    %b = recsys.softmax %i : (!x) -> !x
    %c = recsys.reduce_features mean %a dim 0 : (!x) -> !y
    %d = recsys.reduce_features sum %i dim 1 : (!x) -> !f
    %e = recsys.reduce_features max %i dim 0 : (!x) -> !y
    %g = recsys.l2_norm %i eps 1.0e-6 groups 3 : (!x) -> !x
    rectile.yield %a, %b, %c, %d, %e, %g : !x, !x, !y, !f, !y, !x
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4, %0#5 : !x, !x, !y, !f, !y, !x
}
)",
                         kBatch);
}

TEST(RowsKernel, DotsOfParts) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 4x19xf32>
!y = !recsys.jagged<#s x 2x19xf32>
!a = !recsys.jagged<#s x 4x2xf32>
!l = !recsys.jagged<#s x 6xf32>
!d = !recsys.jagged<#s x 10xf32>
recsys.model @m(%x: !x {recsys.name = "x"}, %y: !y {recsys.name = "y"}, %z: !x {recsys.name = "z"})
    -> (!a {recsys.name = "a"}, !l {recsys.name = "l"}, !d {recsys.name = "m"}, !l {recsys.name = "u"}, !d {recsys.name = "v"}) {
  %0:5 = rectile.kernel rows (%i = %x : !x, %j = %y : !y, %k = %z : !x) -> (!a, !l, !d, !l, !d) {
    %a = recsys.feature_dots %i, %j pairs all : (!x, !y) -> !a
    %l = recsys.feature_dots %i, %k pairs lower : (!x, !x) -> !l
    %m = recsys.feature_dots %i, %k pairs lower_diagonal : (!x, !x) -> !d
    %u = recsys.feature_dots %i, %k pairs upper : (!x, !x) -> !l
    %v = recsys.feature_dots %i, %k pairs upper_diagonal : (!x, !x) -> !d
    rectile.yield %a, %l, %m, %u, %v : !a, !l, !d, !l, !d
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4 : !a, !l, !d, !l, !d
}
)",
                         kBatch);
}

TEST(RowsKernel, SeveralIntegersARow) {
  ComparisonOptions options;
  options.idLimit = 4000000;
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
#p = #recsys.rows<7>
!i = !recsys.jagged<#s x 5xi64>
!r = !recsys.jagged<#recsys.request x 5xi64>
recsys.model @m(%x: !i {recsys.name = "x"}, %y: !r {recsys.name = "y"})
    -> (!i {recsys.name = "a"}, !i {recsys.name = "b"}, !i {recsys.name = "c"}, !i {recsys.name = "d"}, !i {recsys.name = "e"}, !recsys.jagged<#s x 5xf32> {recsys.name = "f"}) {
  %0:6 = rectile.kernel rows (%i = %x : !i, %j = %y : !r) -> (!i, !i, !i, !i, !i, !recsys.jagged<#s x 5xf32>) {
    %b = recsys.broadcast_rows %j : (!r) -> !i
    %c = recsys.shift %i, %j by -1 : (!i, !r) -> !i
    %d = recsys.sub %c, %i : (!i, !i) -> !i
    %e = recsys.bucketize %b rule(#recsys.edges<[10, 1000, 50000, 2000000]>) : (!i) -> !i
    %f = recsys.to_float %d : (!i) -> !recsys.jagged<#s x 5xf32>
    rectile.yield %i, %b, %c, %d, %e, %f : !i, !i, !i, !i, !i, !recsys.jagged<#s x 5xf32>
  }
  recsys.output %0#0, %0#1, %0#2, %0#3, %0#4, %0#5 : !i, !i, !i, !i, !i, !recsys.jagged<#s x 5xf32>
}
)",
                         kBatch, options);
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!p = !recsys.jagged<#recsys.rows<7> x 5xi64>
recsys.model @m(%x: !recsys.jagged<#s x 5xi64> {recsys.name = "x"}) -> (!p {recsys.name = "a"}) {
  %0 = rectile.kernel rows (%i = %x : !recsys.jagged<#s x 5xi64>) -> (!p) {
    %a = recsys.pad_rows %i : (!recsys.jagged<#s x 5xi64>) -> !p
    rectile.yield %a : !p
  }
  recsys.output %0 : !p
}
)",
                         kBatch, options);
}
