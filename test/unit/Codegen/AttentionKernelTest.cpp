// SPDX-License-Identifier: Apache-2.0
// Attention kernels: masks, sources, biases, softmax, shapes with tails.
#include "KernelComparison.h"
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace reccc;

/// Attention of a history and candidates with their own keys: `masks` for [history, candidates] x [history,
/// candidates].
static std::string twoSegments(int64_t heads, int64_t width, int64_t valueWidth, const std::string &masks,
                               const std::string &rest, const char *element = "f32") {
  std::string q = llvm::formatv("!recsys.jagged<#t x {0}x{1}x{2}>", heads, width, element);
  std::string v = llvm::formatv("!recsys.jagged<#t x {0}x{1}x{2}>", heads, valueWidth, element);
  return llvm::formatv(R"(
#h = #recsys.space<"h", max = 1000>
#c = #recsys.space<"c", max = 1000>
#t = #recsys.concat<#h, #c>
recsys.model @m(%q: {0} {{recsys.name = "q"}, %k: {0} {{recsys.name = "k"}, %v: {1} {{recsys.name = "v"}) -> ({1} {{recsys.name = "y"}) {{
  %0 = rectile.kernel attention (%a = %q : {0}, %b = %k : {0}, %d = %v : {1}) -> ({1}) {{
    %1 = recsys.attention %a sources [%b, %d] masks [{2}] {3} : ({0}, {0}, {1}) -> {1}
    rectile.yield %1 : {1}
  }
  recsys.output %0 : {1}
}
)",
                       q, v, masks, rest);
}

static const char *kCausal = "#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>";
static const char *kSilu = "score silu scale 2.5e-1 divisor 2.0e+01";
static const std::vector<RequestLengths> kBatch = {
    {{"h", 33}, {"c", 5}}, {{"h", 0}, {"c", 3}}, {{"h", 130}, {"c", 31}}, {{"h", 1}, {"c", 0}}};

static std::string causalAndCandidates() {
  return llvm::formatv("[{0}, #recsys.none], [#recsys.full, #recsys.self]", kCausal);
}

TEST(AttentionKernel, SiluCandidates) {
  compareWithInterpreter(twoSegments(2, 16, 16, causalAndCandidates(), kSilu), kBatch);
}

TEST(AttentionKernel, OddWidths) {
  compareWithInterpreter(twoSegments(2, 25, 31, causalAndCandidates(), kSilu), kBatch);
  compareWithInterpreter(twoSegments(1, 50, 70, causalAndCandidates(), kSilu), kBatch);
}

TEST(AttentionKernel, Softmax) {
  compareWithInterpreter(twoSegments(2, 32, 20, causalAndCandidates(), "score softmax scale 5.0e-1"), kBatch);
}

TEST(AttentionKernel, SoftmaxOfLargeScores) {
  ComparisonOptions options;
  options.deviation = 4;
  compareWithInterpreter(twoSegments(1, 32, 20, causalAndCandidates(), "score softmax scale 1.0"), kBatch, options);
}

TEST(AttentionKernel, RowLengthDivisor) {
  compareWithInterpreter(twoSegments(2, 16, 16, causalAndCandidates(), "score silu scale 2.5e-1 divisor_rows(#t)"),
                         kBatch);
}

TEST(AttentionKernel, Bf16) {
  compareWithInterpreter(twoSegments(2, 24, 40, causalAndCandidates(), kSilu, "bf16"), kBatch);
}

TEST(AttentionKernel, Windows) {
  // A window with a length in its bound, two disjoint intervals, and rows that see nothing.
  std::string masks = llvm::formatv("[#recsys.interval<(d0) -> (d0 - 11), (d0) -> (d0 - 2)>, #recsys.none], "
                                    "[#recsys.intervals<<(d0)[s0] -> (), (d0)[s0] -> (4), lengths = [#h]>, "
                                    "<(d0)[s0] -> (s0 - 9), (d0)[s0] -> (), lengths = [#h]>>, {0}]",
                                    kCausal);
  compareWithInterpreter(twoSegments(2, 16, 16, masks, kSilu), kBatch);
  compareWithInterpreter(twoSegments(2, 16, 16, masks, "score softmax scale 5.0e-1"), kBatch);
}

/// One segment with biases; grouped heads.
static std::string biased(const std::string &bias, const std::string &order) {
  return llvm::formatv(R"(
#h = #recsys.space<"h", max = 200>
!q = !recsys.jagged<#h x 4x16xf32>
!k = !recsys.jagged<#h x 2x16xf32>
!v = !recsys.jagged<#h x 2x12xf32>
!o = !recsys.jagged<#h x 4x12xf32>
!t = !recsys.jagged<#h x i64>
recsys.parameter private @w : tensor<399xf32> from "w"
recsys.parameter private @u : tensor<20xf32> from "u"
recsys.model @m(%q: !q {{recsys.name = "q"}, %k: !k {{recsys.name = "k"}, %v: !v {{recsys.name = "v"}, %t: !t {{recsys.name = "t"}) -> (!o {{recsys.name = "y"}) {{
  %w = recsys.get_parameter @w : tensor<399xf32>
  %u = recsys.get_parameter @u : tensor<20xf32>
  %0 = rectile.kernel attention (%a = %q : !q, %b = %k : !k, %d = %v : !v, %e = %t : !t, %pw = %w : tensor<399xf32>, %pu = %u : tensor<20xf32>) -> (!o) {{
    %1 = recsys.attention %a sources [%b, %d] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]]
      score silu scale 2.5e-1 divisor 2.0e+01 {0} {1}
    rectile.yield %1 : !o
  }
  recsys.output %0 : !o
}
)",
                       bias, order);
}

static const std::vector<RequestLengths> kHistories = {{{"h", 70}}, {{"h", 1}}, {{"h", 129}}};

TEST(AttentionKernel, ToeplitzAndGroupedHeads) {
  compareWithInterpreter(biased("toeplitz(%pw, 199)", ": (!q, !k, !v, tensor<399xf32>) -> !o"), kHistories);
}

TEST(AttentionKernel, TimeBuckets) {
  ComparisonOptions options;
  options.idLimit = 100000;
  std::string types = ": (!q, !k, !v, tensor<399xf32>, tensor<20xf32>, !t, !t) -> !o";
  std::string sqrtRule = "toeplitz(%pw, 199) time_buckets(%pu, %e, %e, #recsys.sqrt_bucket<60.0, 19>) ";
  std::string edges = "toeplitz(%pw, 199) time_buckets(%pu, %e, %e, #recsys.edges<[1, 2, 4, 4, 100, 5000, 20000]>) ";
  compareWithInterpreter(biased(sqrtRule, types), kHistories, options);
  compareWithInterpreter(biased(edges, "order add_then_scale " + types), kHistories, options);
}

/// History and candidates in one source, with a weight for each distance.
static std::string biasedSequence(const std::string &places, const std::string &score) {
  return llvm::formatv(R"(
#h = #recsys.space<"h", max = 200>
#c = #recsys.space<"c", max = 60>
!x = !recsys.jagged<#recsys.concat<#h, #c> x 2x16xf32>
recsys.parameter private @w : tensor<519xf32> from "w"
recsys.model @m(%q: !x {{recsys.name = "q"}, %k: !x {{recsys.name = "k"}, %v: !x {{recsys.name = "v"}) -> (!x {{recsys.name = "y"}) {{
  %w = recsys.get_parameter @w : tensor<519xf32>
  %0 = rectile.kernel attention (%a = %q : !x, %b = %k : !x, %d = %v : !x, %pw = %w : tensor<519xf32>) -> (!x) {{
    %1 = recsys.attention %a sources [%b, %d]
      masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.none], [#recsys.full, #recsys.self]] {0} toeplitz(%pw, 259) {1}
      : (!x, !x, !x, tensor<519xf32>) -> !x
    rectile.yield %1 : !x
  }
  recsys.output %0 : !x
}
)",
                       score, places);
}

TEST(AttentionKernel, ToeplitzOfSeveralSegments) {
  std::vector<RequestLengths> batch = {
      {{"h", 70}, {"c", 37}}, {{"h", 0}, {"c", 2}}, {{"h", 129}, {"c", 0}}, {{"h", 3}, {"c", 60}}};
  for (const char *places : {"", "last_at_one_place"})
    for (const char *score : {"score silu scale 2.5e-1 divisor 2.0e+01", "score softmax scale 2.5e-1"})
      compareWithInterpreter(biasedSequence(places, score), batch);
}

/// The loops of a function that contain no other: the text between a label and the jump back to it.
static std::vector<std::string> innermostLoops(llvm::StringRef assembly, llvm::StringRef function) {
  std::vector<std::string> loops;
  llvm::StringRef body = assembly.split((function + ":\n").str()).second.split("\n.Lfunc_end").first;
  llvm::SmallVector<llvm::StringRef> lines;
  body.split(lines, '\n');
  std::string block, label;
  for (llvm::StringRef line : lines) {
    if (line.starts_with(".LBB")) {
      label = line.split(':').first.str();
      block.clear();
      continue;
    }
    block += line.str() + "\n";
    if (line.trim().starts_with("j") && line.ends_with(label))
      loops.push_back(block);
  }
  return loops;
}

TEST(AttentionKernel, FullTilesTestNoMask) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::recsys::RecsysDialect, mlir::rectile::RecTileDialect>();
  registerCodegenDialects(registry);
  mlir::MLIRContext context(registry);
  auto harness = KernelHarness::compile(context, twoSegments(2, 64, 64, causalAndCandidates(), kSilu));
  ASSERT_TRUE(mlir::succeeded(harness));
  unsigned products = 0, tested = 0, untested = 0;
  std::string assembly = (*harness)->makeAssembly();
  for (const std::string &loop : innermostLoops(assembly, "attention_0_v4")) {
    bool isWide = loop.find("zmm") != std::string::npos;
    products += isWide && loop.find("vfmadd231ps") != std::string::npos;
    // Only the loops over keys compute exponentials.
    if (!isWide || loop.find("vscalefps") == std::string::npos)
      continue;
    ++(loop.find("vpcmp") == std::string::npos ? untested : tested);
  }
  EXPECT_GE(products, 4u);
  EXPECT_EQ(untested, 1u);
  EXPECT_EQ(tested, 2u);
}
