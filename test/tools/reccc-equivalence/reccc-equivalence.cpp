// SPDX-License-Identifier: Apache-2.0
// Interprets every model of a module before and after a pass pipeline, in double, on random weights
// and requests, and fails when an output differs. For the tests of transforms:
//
//     reccc-equivalence in.mlir --pass-pipeline='builtin.module(recsys-split-linear)' --seed=7
#include "RandomData.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Interpreter/Interpreter.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace reccc;
namespace cl = llvm::cl;

/// Of the greatest number of the output: transforms may change the order of sums.
static constexpr double kTolerance = 1e-12;

namespace {
struct Comparison {
  double error = 0;
  double scale = 0;
  /// Numbers that say something: neither zero nor NaN nor infinite.
  int64_t telling = 0;
  bool differs = false;
};
} // namespace

static Comparison compareFloats(ArrayRef<double> before, ArrayRef<double> after) {
  Comparison result;
  for (auto [a, b] : llvm::zip_equal(before, after)) {
    bool special = !std::isfinite(a) || !std::isfinite(b);
    if (special) {
      result.differs |= !(a == b || (std::isnan(a) && std::isnan(b)));
      continue;
    }
    result.telling += a != 0;
    result.scale = std::max(result.scale, std::abs(a));
    result.error = std::max(result.error, std::abs(a - b));
  }
  result.differs |= result.error > kTolerance * result.scale;
  return result;
}

/// Returns whether the outputs agree, and prints a line for each that does not.
static bool compareOutputs(StringRef model, ArrayRef<NamedValue> before, ArrayRef<NamedValue> after) {
  if (before.size() != after.size()) {
    llvm::errs() << "@" << model << ": expected " << before.size() << " outputs, got " << after.size()
                 << " after the pipeline\n";
    return false;
  }
  bool agree = true;
  int64_t telling = 0;
  for (auto [old, now] : llvm::zip_equal(before, after)) {
    const JaggedValue &a = old.value, &b = now.value;
    if (old.name != now.name || a.offsets != b.offsets || a.type.getDims() != b.type.getDims()) {
      llvm::errs() << "@" << model << ": expected output '" << old.name << "' of " << a.type << ", got '" << now.name
                   << "' of " << b.type << "\n";
      return false;
    }
    Comparison result = compareFloats(a.floats, b.floats);
    telling += result.telling + a.integers.size();
    if (a.integers != b.integers)
      llvm::errs() << "@" << model << ": integers of output '" << old.name << "' differ\n";
    if (result.differs)
      llvm::errs() << "@" << model << ": output '" << old.name << "' differs by " << llvm::format("%.3e", result.error)
                   << ", its greatest number is " << llvm::format("%.3e", result.scale) << "\n";
    agree &= !result.differs && a.integers == b.integers;
  }
  if (telling == 0)
    llvm::errs() << "@" << model << ": no output has a number other than 0 to compare\n";
  return agree && telling > 0;
}

/// Interprets before and after on the same data.
static bool checkModel(recsys::ModelOp before, ModuleOp after, const NamedTensors &weights, RandomData &data) {
  auto transformed = after.lookupSymbol<recsys::ModelOp>(before.getSymName());
  if (!transformed) {
    llvm::errs() << "@" << before.getSymName() << ": expected a model of this name after the "
                 << "pipeline, got none\n";
    return false;
  }
  NamedTensors requests = data.makeRequests(before);
  auto expected = interpret(before, weights, requests, InterpreterMode::Double);
  auto given = interpret(transformed, weights, requests, InterpreterMode::Double);
  return succeeded(expected) && succeeded(given) && compareOutputs(before.getSymName(), *expected, *given);
}

static LogicalResult runPipeline(StringRef pipeline, ModuleOp module) {
  FailureOr<OpPassManager> passes = parsePassPipeline(pipeline);
  if (failed(passes))
    return failure();
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  static_cast<OpPassManager &>(manager) = std::move(*passes);
  return manager.run(module);
}

namespace {
struct Options {
  std::string input, pipeline, after;
  uint64_t seed;
};
} // namespace

static int run(const Options &options) {
  DialectRegistry registry;
  registry.insert<recsys::RecsysDialect, rectile::RecTileDialect, LLVM::LLVMDialect>();
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources, otherSources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> before = parseSourceFile<ModuleOp>(options.input, sources, &context), after;
  if (!before)
    return 1;
  if (options.after.empty())
    after = before->clone();
  else
    after = parseSourceFile<ModuleOp>(options.after, otherSources, &context);
  if (!after || (!options.pipeline.empty() && failed(runPipeline(options.pipeline, *after))))
    return 1;

  if (before->getOps<recsys::ModelOp>().empty()) {
    llvm::errs() << options.input << ": error: expected at least one recsys.model\n";
    return 1;
  }
  RandomData data(options.seed);
  NamedTensors weights = data.makeWeights(*before);
  bool agree = true;
  for (auto model : before->getOps<recsys::ModelOp>())
    agree &= checkModel(model, *after, weights, data);
  return agree ? 0 : 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerTransformsPasses();
  registerReccPipelinesPasses();
  registerReccTransformsPasses();
  registerPipelines();
  cl::OptionCategory category("reccc-equivalence");
  cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("<in.mlir>"), cl::cat(category));
  cl::opt<std::string> pipeline("pass-pipeline", cl::desc("What runs in between"), cl::cat(category));
  cl::opt<std::string> after("after", cl::desc("Compare with this module, not with the input"), cl::cat(category));
  cl::opt<uint64_t> seed("seed", cl::init(1), cl::desc("Of weights and requests"), cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "reccc-equivalence: interprets a module before and after passes\n");
  if (pipeline.empty() && after.empty()) {
    llvm::errs() << "reccc-equivalence: error: expected --pass-pipeline or --after\n";
    return 2;
  }
  return run({input, pipeline, after, seed});
}
