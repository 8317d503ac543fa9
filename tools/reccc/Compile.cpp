// SPDX-License-Identifier: Apache-2.0
// One pass manager runs all stages, so that MLIR's switches see one pipeline.
#include "Compile.h"
#include "ExitCode.h"
#include "Output.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

using namespace mlir;
using namespace reccc;

namespace {
/// Writes the module to a file whenever the pass that closes a stage has run.
struct DumpStages : PassInstrumentation {
  DumpStages(std::string directory, std::optional<int> &exitCode)
      : directory(std::move(directory)), exitCode(exitCode) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    for (auto [index, stage] : llvm::enumerate(getStages())) {
      if (pass->getArgument() != stage.verifyPass || exitCode)
        continue;
      llvm::SmallString<128> path(directory);
      llvm::sys::path::append(path, llvm::Twine(index + 1) + "-" + stage.name + ".mlir");
      exitCode = writeOutput(path.str().str(), printOperation(op));
    }
  }

  std::string directory;
  std::optional<int> &exitCode;
};

/// Keeps the reproducer of a crash; when a pass has reported an error the user's model is at fault and there is nothing
/// to keep.
struct BugReport : ReproducerStream {
  explicit BugReport(bool wanted) : wanted(wanted), stream(text) {}
  ~BugReport() override {
    if (!wanted)
      return;
    llvm::SmallString<128> path;
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
    llvm::sys::path::append(path, "reccc-bug-" + llvm::Twine(llvm::sys::Process::getProcessId()) + ".mlir");
    if (!writeOutput(path.str().str(), text))
      error() << "this is a bug in reccc; please report it with the file " << path << " (`reccc-opt --run-reproducer "
              << path << "` runs it again)\n";
  }
  StringRef description() override { return "a file of its own"; }
  raw_ostream &os() override { return stream; }

  bool wanted;
  std::string text;
  llvm::raw_string_ostream stream;
};
} // namespace

std::optional<int> reccc::runStages(const Options &options, ModuleOp module, Explanation *explanation) {
  const StageInfo *first = getStages().begin(), *last = options.stopAfter ? options.stopAfter : &getStages().back();
  if (const StageInfo *reached = getReachedStage(module)) {
    if (reached > last) {
      module.emitError() << "the module is at stage `" << reached->name << "` already, expected one before `"
                         << last->name << "`";
      return kRejected;
    }
    first = reached + 1;
  }

  PassManager manager(module->getName(), PassManager::Nesting::Explicit);
  manager.getContext()->loadAllAvailableDialects();
  if (failed(applyPassManagerCLOptions(manager)))
    return kUsage;
  applyDefaultTimingPassManagerCLOptions(manager);
  std::optional<int> dumpFailure;
  if (!options.dumpStages.empty()) {
    if (std::error_code code = llvm::sys::fs::create_directories(options.dumpStages)) {
      error() << "cannot create the directory '" << options.dumpStages << "': " << code.message() << "\n";
      return kIo;
    }
    manager.addInstrumentation(std::make_unique<DumpStages>(options.dumpStages, dumpFailure));
  }

  if (explanation)
    manager.addInstrumentation(explanation->makeInstrumentation());

  bool reported = false;
  ScopedDiagnosticHandler watch(manager.getContext(), [&](Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    // What the pass manager says of itself beside the reproducer.
    bool ofReproducer = StringRef(text).contains("while processing an MLIR pass pipeline") ||
                        StringRef(text).contains("while processing the MLIR module");
    reported |= diagnostic.getSeverity() == DiagnosticSeverity::Error && !ofReproducer;
    return success(ofReproducer && !options.ownReproducer); // the others go on to the user
  });
  if (!options.ownReproducer)
    manager.enableCrashReproducerGeneration([&](std::string &) { return std::make_unique<BugReport>(!reported); });

  for (const StageInfo *stage = first; stage <= last; ++stage)
    stage->build(manager, options.pipeline);
  if (succeeded(manager.run(module)))
    return dumpFailure;
  return reported ? kRejected : kBug;
}

void reccc::printStages() {
  for (const StageInfo &stage : getStages()) {
    OpPassManager manager(ModuleOp::getOperationName(), OpPassManager::Nesting::Explicit);
    stage.build(manager, PipelineOptions());
    llvm::outs() << stage.name << "\n    " << stage.form << "\n    ";
    manager.printAsTextualPipeline(llvm::outs());
    llvm::outs() << "\n";
  }
}
