// SPDX-License-Identifier: Apache-2.0
// GEMM kernels: shapes with tails of every sort, prologues, epilogues, several linears.
#include "KernelComparison.h"
#include "llvm/Support/FormatVariadic.h"

using namespace reccc;

/// One linear with bias, of k inputs and n outputs.
static std::string plainGemm(int64_t k, int64_t n, const char *element, bool transposed) {
  std::string x = llvm::formatv("!recsys.jagged<#s x {0}x{1}>", k, element);
  std::string y = llvm::formatv("!recsys.jagged<#s x {0}x{1}>", n, element);
  std::string w = transposed ? llvm::formatv("tensor<{0}x{1}x{2}>", n, k, element).str()
                             : llvm::formatv("tensor<{0}x{1}x{2}>", k, n, element).str();
  std::string b = llvm::formatv("tensor<{0}x{1}>", n, element);
  return llvm::formatv(R"(
#s = #recsys.space<"s", max = 1000>
recsys.parameter private @w : {2} from "w"
recsys.parameter private @b : {3} from "b"
recsys.model @m(%x: {0} {{recsys.name = "x"}) -> ({1} {{recsys.name = "y"}) {{
  %w = recsys.get_parameter @w : {2}
  %b = recsys.get_parameter @b : {3}
  %0 = rectile.kernel gemm (%i = %x : {0}, %p = %w : {2}, %q = %b : {3}) -> ({1}) {{
    %1 = recsys.linear %i, %p, %q {4} : ({0}, {2}, {3}) -> {1}
    rectile.yield %1 : {1}
  }
  recsys.output %0 : {1}
}
)",
                       x, y, w, b, transposed ? "transposed" : "");
}

TEST(GemmKernel, Shapes) {
  for (auto [k, n] : {std::pair(1, 1), {31, 33}, {50, 20}, {64, 96}, {130, 31}, {33, 64}}) {
    SCOPED_TRACE("k " + std::to_string(k) + ", n " + std::to_string(n));
    compareWithInterpreter(plainGemm(k, n, "f32", false),
                           {{{"s", 1}}, {{"s", 0}}, {{"s", 31}}, {{"s", 33}}, {{"s", 100}}});
  }
}

// Rows in the lanes: 32 at a time, the last one or two of a block one by one, and not where k is large.
TEST(GemmKernel, FewColumns) {
  for (int64_t rows : {1, 2, 3, 32, 34, 35, 96, 98, 131})
    for (auto [k, n] : {std::pair(64, 1), {17, 3}, {40, 6}, {600, 2}}) {
      SCOPED_TRACE("rows " + std::to_string(rows) + ", k " + std::to_string(k) + ", n " + std::to_string(n));
      compareWithInterpreter(plainGemm(k, n, "f32", false), {{{"s", rows}}});
    }
  compareWithInterpreter(plainGemm(50, 2, "bf16", true), {{{"s", 13}}, {{"s", 85}}});
}

TEST(GemmKernel, TransposedWeights) {
  compareWithInterpreter(plainGemm(50, 70, "f32", true), {{{"s", 13}}, {{"s", 5}}});
}

TEST(GemmKernel, Bf16) { compareWithInterpreter(plainGemm(50, 70, "bf16", false), {{{"s", 13}}, {{"s", 29}}}); }

TEST(GemmKernel, NoRows) { compareWithInterpreter(plainGemm(8, 8, "f32", false), {{{"s", 0}}, {{"s", 0}}}); }

TEST(GemmKernel, PrologueLinearsAndEpilogues) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
!x = !recsys.jagged<#s x 50xf32>
!h = !recsys.jagged<#s x 40xf32>
recsys.parameter private @g : tensor<50xf32> from "g"
recsys.parameter private @c : tensor<50xf32> from "c"
recsys.parameter private @w1 : tensor<50x40xf32> from "w1"
recsys.parameter private @b1 : tensor<40xf32> from "b1"
recsys.parameter private @w2 : tensor<50x50xf32> from "w2"
recsys.model @m(%x: !x {recsys.name = "x"}, %r: !x {recsys.name = "r"})
    -> (!x {recsys.name = "n"}, !h {recsys.name = "y"}, !h {recsys.name = "z"}, !x {recsys.name = "o"}) {
  %g = recsys.get_parameter @g : tensor<50xf32>
  %c = recsys.get_parameter @c : tensor<50xf32>
  %w1 = recsys.get_parameter @w1 : tensor<50x40xf32>
  %b1 = recsys.get_parameter @b1 : tensor<40xf32>
  %w2 = recsys.get_parameter @w2 : tensor<50x50xf32>
  %0:4 = rectile.kernel gemm (%i = %x : !x, %s = %r : !x, %pg = %g : tensor<50xf32>, %pc = %c : tensor<50xf32>,
      %p1 = %w1 : tensor<50x40xf32>, %q1 = %b1 : tensor<40xf32>, %p2 = %w2 : tensor<50x50xf32>) -> (!x, !h, !h, !x) {
    %1 = recsys.mul %i, %s : (!x, !x) -> !x
    %2 = recsys.layer_norm %1 affine %pg, %pc eps 1.0e-5 : (!x, tensor<50xf32>, tensor<50xf32>) -> !x
    %3 = recsys.linear %2, %p1, %q1 : (!x, tensor<50x40xf32>, tensor<40xf32>) -> !h
    %4 = recsys.silu %3 : (!h) -> !h
    %5 = recsys.mul %4, %3 : (!h, !h) -> !h
    %6 = recsys.linear %2, %p2 : (!x, tensor<50x50xf32>) -> !x
    %7 = recsys.add %6, %s : (!x, !x) -> !x
    rectile.yield %2, %4, %5, %7 : !x, !h, !h, !x
  }
  recsys.output %0#0, %0#1, %0#2, %0#3 : !x, !h, !h, !x
}
)",
                         {{{"s", 7}}, {{"s", 0}}, {{"s", 90}}, {{"s", 17}}});
}

// The rows between three linears stay in scratch; each has an epilogue, one of them reads rows of another space.
TEST(GemmKernel, Chain) {
  compareWithInterpreter(R"(
#s = #recsys.space<"s", max = 1000>
#c = #recsys.space<"c", max = 1000>
#n = #recsys.nest<#c, #s>
!x = !recsys.jagged<#n x 20xf32>
!h = !recsys.jagged<#n x 70xf32>
!g = !recsys.jagged<#c x 70xf32>
!k = !recsys.jagged<#n x 33xf32>
!y = !recsys.jagged<#n x 2xf32>
recsys.parameter private @w1 : tensor<20x70xf32> from "w1"
recsys.parameter private @b1 : tensor<70xf32> from "b1"
recsys.parameter private @w2 : tensor<33x70xf32> from "w2"
recsys.parameter private @w3 : tensor<33x2xf32> from "w3"
recsys.parameter private @b3 : tensor<2xf32> from "b3"
recsys.model @m(%x: !x {recsys.name = "x"}, %g: !g {recsys.name = "g"}) -> (!y {recsys.name = "y"}) {
  %w1 = recsys.get_parameter @w1 : tensor<20x70xf32>
  %b1 = recsys.get_parameter @b1 : tensor<70xf32>
  %w2 = recsys.get_parameter @w2 : tensor<33x70xf32>
  %w3 = recsys.get_parameter @w3 : tensor<33x2xf32>
  %b3 = recsys.get_parameter @b3 : tensor<2xf32>
  %0 = rectile.kernel gemm (%i = %x : !x, %j = %g : !g, %p1 = %w1 : tensor<20x70xf32>, %q1 = %b1 : tensor<70xf32>,
      %p2 = %w2 : tensor<33x70xf32>, %p3 = %w3 : tensor<33x2xf32>, %q3 = %b3 : tensor<2xf32>) -> (!y) {
    %1 = recsys.l2_norm %i eps 1.0e-5 : (!x) -> !x
    %2 = recsys.linear %1, %p1, %q1 : (!x, tensor<20x70xf32>, tensor<70xf32>) -> !h
    %3 = recsys.broadcast_rows %j : (!g) -> !h
    %4 = recsys.add %2, %3 : (!h, !h) -> !h
    %5 = recsys.relu %4 : (!h) -> !h
    %6 = recsys.linear %5, %p2 transposed : (!h, tensor<33x70xf32>) -> !k
    %7 = recsys.silu %6 : (!k) -> !k
    %8 = recsys.linear %7, %p3, %q3 : (!k, tensor<33x2xf32>, tensor<2xf32>) -> !y
    %9 = recsys.sigmoid %8 : (!y) -> !y
    rectile.yield %9 : !y
  }
  recsys.output %0 : !y
}
)",
                         {{{"s", 7}, {"c", 31}}, {{"s", 5}, {"c", 0}}, {{"s", 1}, {"c", 1}}, {{"s", 0}, {"c", 4}}});
}
