// SPDX-License-Identifier: Apache-2.0
// Random models and descriptions: what holds for any model must hold for these.
//
//     reccc-fuzz --models=200 --descriptions=100 --seed=1
//     reccc-fuzz --models=1 --seed=17 --all --shrink --write=folder
//     reccc-fuzz --module=model.mlir --all
#include "AnyModule.h"
#include "Check.h"
#include "Coverage.h"
#include "Description.h"
#include "DescriptionGenerator.h"
#include "Shrink.h"

#include "mlir/Parser/Parser.h"
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/PrettyStackTrace.h"

using namespace reccc;
using namespace reccc::fuzz;
namespace cl = llvm::cl;

namespace {
struct Options {
  int64_t models = 0, descriptions = 0;
  uint64_t seed = 1;
  bool all = false, compile = true, coverage = false, shrink = false;
  std::string folder, module;
};
} // namespace

/// Writes what replays a failure.
static void writeFailure(const std::string &folder, GeneratedModel &model, const Failure &failure) {
  if (std::error_code code = llvm::sys::fs::create_directories(folder)) {
    llvm::errs() << "reccc-fuzz: error: cannot create '" << folder << "': " << code.message() << "\n";
    return;
  }
  auto path = [&](StringRef name) { return (folder + "/" + name).str(); };
  FileError error;
  if (!model.weights.write(path("weights.safetensors"), error) ||
      !failure.requests.write(path("requests.safetensors"), error))
    llvm::errs() << error.message << "\n";
  std::error_code code;
  llvm::raw_fd_ostream(path("model.mlir"), code) << *model.module;
  if (!failure.ir.empty())
    llvm::raw_fd_ostream(path("after.mlir"), code) << failure.ir;
}

namespace {
class Fuzzer {
public:
  explicit Fuzzer(const Options &options)
      : options(options), context(makeRegistry(), MLIRContext::Threading::DISABLED), coverage(&context) {
    context.loadAllAvailableDialects();
  }

  int run() {
    if (!options.module.empty()) {
      OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.module, &context);
      if (!module)
        return 1;
      if (!llvm::hasSingleElement(module->getOps<mlir::recsys::ModelOp>())) {
        llvm::errs() << "reccc-fuzz: error: " << options.module << ": expected a module with one recsys.model\n";
        return 1;
      }
      FailureOr<GeneratedModel> model = adoptModule(std::move(module), options.seed);
      if (failed(model))
        return 1;
      check(*model, options.seed);
      return wrong ? 1 : 0;
    }
    forSeeds(options.models, "models", [&](uint64_t seed) {
      GeneratedModel model = ModelGenerator(&context, seed).generate();
      coverage.count(*model.module);
      if (!options.coverage)
        check(model, seed);
    });
    forSeeds(options.descriptions, "descriptions", [&](uint64_t seed) {
      pb::Model description = DescriptionGenerator(&context, seed).generate();
      schema.count(description);
      if (!options.coverage)
        checkDescription(printDescription(description), seed);
    });
    if (!options.coverage)
      return wrong ? 1 : 0;
    bool missing = options.models > 0 && coverage.reportMissing(llvm::outs());
    missing |= options.descriptions > 0 && schema.reportMissing(llvm::outs());
    return missing ? 1 : 0;
  }

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registry.insert<mlir::recsys::RecsysDialect, mlir::rectile::RecTileDialect>();
    registerCodegenDialects(registry);
    return registry;
  }

  void forSeeds(int64_t count, const char *what, llvm::function_ref<void(uint64_t)> body) {
    int64_t before = wrong;
    for (uint64_t seed = options.seed; seed < options.seed + static_cast<uint64_t>(count); ++seed) {
      llvm::PrettyStackTraceFormat trace("reccc-fuzz --%s=1 --seed=%llu", what, static_cast<unsigned long long>(seed));
      // Whoever reads this knows which seed was at work when the process died.
      llvm::outs() << "seed " << seed << "\n";
      llvm::outs().flush();
      body(seed);
    }
    if (count > 0)
      llvm::outs() << count << " " << what << ", " << wrong - before << " mismatches\n";
  }

  void checkDescription(const std::string &text, uint64_t seed) {
    std::string error, folder = options.folder + "/" + std::to_string(seed);
    std::optional<GeneratedModel> model = importDescription(&context, text, seed, error);
    int64_t before = wrong;
    if (model) {
      check(*model, seed);
    } else {
      ++wrong;
      llvm::outs() << "mismatch, seed " << seed << ": import " << error << "\n";
    }
    if (wrong == before || options.folder.empty() || llvm::sys::fs::create_directories(folder))
      return;
    std::error_code code;
    llvm::raw_fd_ostream(folder + "/model.textproto", code) << text;
  }

  void check(GeneratedModel &model, uint64_t seed) {
    CheckOptions check;
    check.seed = seed;
    check.all = options.all;
    check.compile = options.compile;
    if (options.shrink)
      llvm::outs() << "shrunk: " << shrink(model, check) << "\n" << *model.module << "\n";
    std::optional<Failure> failure = checkModel(model, check);
    if (!failure)
      return;
    ++wrong;
    llvm::outs() << "mismatch, seed " << seed << ": " << failure->where << ": " << failure->what << "\n";
    if (!options.folder.empty())
      writeFailure(options.folder + "/" + std::to_string(seed), model, *failure);
  }

  const Options &options;
  MLIRContext context;
  Coverage coverage;
  SchemaCoverage schema;
  int64_t wrong = 0;
};
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::OptionCategory category("reccc-fuzz");
  Options options;
  cl::opt<int64_t, true> models("models", cl::desc("How many models"), cl::location(options.models), cl::cat(category));
  cl::opt<int64_t, true> descriptions("descriptions", cl::desc("How many descriptions"),
                                      cl::location(options.descriptions), cl::cat(category));
  cl::opt<uint64_t, true> seed("seed", cl::desc("Of the first one; the next one has the next"),
                               cl::location(options.seed), cl::cat(category));
  cl::opt<bool, true> all("all", cl::desc("All precisions and levels; otherwise the seed says which"),
                          cl::location(options.all), cl::cat(category));
  cl::opt<bool, true> compile("compile", cl::desc("Run machine code too"), cl::location(options.compile),
                              cl::cat(category));
  cl::opt<bool, true> coverage("coverage",
                               cl::desc("Only generate, and fail when an op, a kind of row space or mask or "
                                        "a keyword is in no model"),
                               cl::location(options.coverage), cl::cat(category));
  cl::opt<bool, true> shrink("shrink", cl::desc("First make each model that fails smaller"),
                             cl::location(options.shrink), cl::cat(category));
  cl::opt<std::string, true> folder("write", cl::desc("Where each mismatch leaves a folder of its seed's name"),
                                    cl::location(options.folder), cl::cat(category));
  cl::opt<std::string, true> module("module", cl::desc("Check this module, with random weights and requests"),
                                    cl::location(options.module), cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "reccc-fuzz: random models and descriptions, before and after each pass and compiled\n");
  constexpr int64_t kMost = int64_t(1) << 53;
  if (options.models < 0 || options.descriptions < 0 || std::max(options.models, options.descriptions) > kMost ||
      options.seed > kMost) {
    llvm::errs() << "reccc-fuzz: error: expected numbers from 0 to 2^53 after --models, --descriptions and --seed\n";
    return 2;
  }
  if (options.models + options.descriptions == 0 && options.module.empty()) {
    llvm::errs() << "reccc-fuzz: error: nothing to do: expected --models=N, --descriptions=N or --module=file\n";
    return 2;
  }
  return Fuzzer(options).run();
}
