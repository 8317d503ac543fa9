// SPDX-License-Identifier: Apache-2.0
// GEMM and attention kernels against the FMA peak that is probed between the runs. Prints one line for each shape and
// the median of the GEMM floor; exits 1 when a floor of --check does not hold.
#include "FmaPeak.h"
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Codegen/Harness/KernelHarness.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <random>

using namespace mlir;
using namespace reccc;

static llvm::cl::opt<std::string> levelName("cpu", llvm::cl::desc("x86-64-v3 or x86-64-v4"),
                                            llvm::cl::init("x86-64-v4"));
static llvm::cl::opt<bool> check("check", llvm::cl::desc("fail below the floors"));
static llvm::cl::opt<std::string> assembly("asm", llvm::cl::desc("write the code of the kernels here"));
static llvm::cl::opt<int> tries("tries", llvm::cl::desc("runs of each shape"), llvm::cl::init(15));

static llvm::cl::list<int64_t> shape("gemm", llvm::cl::CommaSeparated, llvm::cl::desc("M,K,N: only this GEMM"));

static std::vector<float> randomFloats(int64_t count) {
  static std::mt19937 generator(7);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::vector<float> values(count);
  for (float &value : values)
    value = distribution(generator);
  return values;
}

static std::vector<double> randomDoubles(int64_t count) {
  std::vector<float> values = randomFloats(count);
  return {values.begin(), values.end()};
}

static void keepAssembly(KernelHarness &harness, StringRef name) {
  if (assembly.empty())
    return;
  std::error_code error;
  llvm::raw_fd_ostream(assembly + "/" + name.str() + ".s", error) << harness.makeAssembly();
}

/// GFLOP/s over peak, each the best of several runs that alternate: what else shares the machine slows both, at other
/// times.
static double ratioToPeak(KernelHarness &harness, IsaLevel level, double flops, StringRef name) {
  std::vector<double> rates, peaks;
  harness.run(level);
  for (int i = 0; i < tries; ++i) {
    peaks.push_back(measureFmaPeak(level));
    rates.push_back(flops / secondsOf([&] { harness.run(level); }) * 1e-9);
  }
  llvm::sort(rates);
  llvm::sort(peaks);
  double ratio = rates.back() / peaks.back();
  llvm::outs() << llvm::formatv("{0,-36} {1,8:F1} GFLOP/s  {2,6:P1} of peak  (median {3:F1})\n", name, rates.back(),
                                ratio, rates[rates.size() / 2]);
  llvm::outs().flush();
  return ratio;
}

static FailureOr<double> benchGemm(MLIRContext &context, IsaLevel level, int64_t m, int64_t k, int64_t n) {
  std::string source = llvm::formatv(R"(
#s = #recsys.space<"rows", max = 100000>
func.func private @gemm(%x: !recsys.jagged<#s x {0}xf32>, %w: tensor<{0}x{1}xf32>) -> !recsys.jagged<#s x {1}xf32> {{
  %0 = rectile.kernel gemm (%a = %x : !recsys.jagged<#s x {0}xf32>, %b = %w : tensor<{0}x{1}xf32>) -> (!recsys.jagged<#s x {1}xf32>) {{
    %1 = recsys.linear %a, %b : (!recsys.jagged<#s x {0}xf32>, tensor<{0}x{1}xf32>) -> !recsys.jagged<#s x {1}xf32>
    rectile.yield %1 : !recsys.jagged<#s x {1}xf32>
  }
  return %0 : !recsys.jagged<#s x {1}xf32>
})",
                                     k, n);
  auto harness = KernelHarness::compile(context, source);
  if (failed(harness))
    return failure();
  std::string name = llvm::formatv("gemm M={0} K={1} N={2}", m, k, n);
  keepAssembly(**harness, llvm::formatv("gemm_{0}_{1}", k, n).str());
  (*harness)->setBatch({{{"rows", m}}});
  std::vector<float> x = randomFloats(m * k), y(m * n);
  (*harness)->bind(0, x.data());
  (*harness)->bindParameter(1, randomDoubles(k * n));
  (*harness)->bind(2, y.data());
  return ratioToPeak(**harness, level, 2.0 * m * k * n, name);
}

/// Causal history and candidates that see it and themselves, as in an HSTU layer: four heads.
static FailureOr<double> benchAttention(MLIRContext &context, IsaLevel level, int64_t history, int64_t candidates,
                                        int64_t width, StringRef score) {
  std::string type = llvm::formatv("!recsys.jagged<#t x 4x{0}xf32>", width);
  std::string source = llvm::formatv(R"(
#h = #recsys.space<"h", max = 100000>
#c = #recsys.space<"c", max = 100000>
#t = #recsys.concat<#h, #c>
func.func private @attention(%q: {0}, %k: {0}, %v: {0}) -> {0} {{
  %0 = rectile.kernel attention (%a = %q : {0}, %b = %k : {0}, %d = %v : {0}) -> ({0}) {{
    %1 = recsys.attention %a sources [%b, %d]
      masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>, #recsys.none], [#recsys.full, #recsys.self]]
      score {1} : ({0}, {0}, {0}) -> {0}
    rectile.yield %1 : {0}
  }
  return %0 : {0}
})",
                                     type, score);
  auto harness = KernelHarness::compile(context, source);
  if (failed(harness))
    return failure();
  std::string name = llvm::formatv("attention {0} d={1} {2}+{3}", score.split(' ').first, width, history, candidates);
  keepAssembly(**harness, llvm::formatv("attention_{0}_{1}", score.split(' ').first, width).str());
  (*harness)->setBatch({{{"h", history}, {"c", candidates}}});
  int64_t count = (history + candidates) * 4 * width;
  std::vector<float> q = randomFloats(count), k = randomFloats(count), v = randomFloats(count), y(count);
  (*harness)->bind(0, q.data());
  (*harness)->bind(1, k.data());
  (*harness)->bind(2, v.data());
  (*harness)->bind(3, y.data());
  // One multiply-add is two operations; masked pairs do not count.
  double flops = 2.0 * 2 * width * (*harness)->getArea(level);
  return ratioToPeak(**harness, level, flops, name);
}

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "kernels against the FMA peak\n");
  std::optional<IsaLevel> level = parseIsaLevel(levelName);
  if (!level || !isSupported(*level)) {
    llvm::errs() << "kernel-bench: this processor cannot run '" << levelName << "'\n";
    return 1;
  }
  DialectRegistry registry;
  registry.insert<recsys::RecsysDialect, rectile::RecTileDialect>();
  registerCodegenDialects(registry);
  MLIRContext context(registry);

  double peak = measureFmaPeak(*level), clock = measureClock(*level);
  double ports = peak / (clock * getTarget(*level).lanes * 2);
  llvm::outs() << llvm::formatv("peak {0:F1} GFLOP/s = {1:F2} ports x {2} lanes x 2 x {3:F2} GHz\n", peak, ports,
                                getTarget(*level).lanes, clock);
  bool holds = std::abs(ports - std::round(ports)) <= 0.05 * std::round(ports);
  if (shape.size() == 3)
    return failed(benchGemm(context, *level, shape[0], shape[1], shape[2])) ? 1 : 0;
  std::vector<double> ratios;
  for (int64_t m : {256, 2048})
    for (int64_t n : {2048, 512}) {
      FailureOr<double> ratio = benchGemm(context, *level, m, 512, n);
      if (failed(ratio))
        return 1;
      ratios.push_back(*ratio);
    }
  llvm::sort(ratios);
  double median = (ratios[1] + ratios[2]) / 2;
  llvm::outs() << llvm::formatv("gemm median {0:P1} of peak (floor 60 %)\n", median);
  holds &= median >= 0.6;
  for (StringRef score : {"silu scale 8.8e-2 divisor 1.0e+03", "softmax scale 8.8e-2"})
    for (int64_t width : {128, 64})
      if (failed(benchAttention(context, *level, 1024, 100, width, score)))
        return 1;
  return check && !holds ? 1 : 0;
}
