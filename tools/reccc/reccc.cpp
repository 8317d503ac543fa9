// SPDX-License-Identifier: Apache-2.0
// The compiler's command line: flags in, library calls, errors out.
#include "Compile.h"
#include "Emit.h"
#include "ExitCode.h"
#include "Explain.h"
#include "Input.h"
#include "Options.h"
#include "Output.h"
#include "Parameters.h"
#include "Run.h"
#include "RunCompiled.h"

#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Signals.h"
#include <unistd.h>

using namespace reccc;

/// A crash is our bug, and never looks like one of the shell.
static void setUpCrashes(const char *argv0) {
  llvm::setBugReportMsg("reccc: error: this is a bug in reccc; please report it with the command line and the input\n");
  llvm::sys::PrintStackTraceOnErrorSignal(argv0);
  llvm::sys::AddSignalHandler([](void *) { _exit(kBug); }, nullptr);
  llvm::install_fatal_error_handler([](void *, const char *reason, bool) {
    error() << reason << "; this is a bug in reccc\n";
    _exit(kBug);
  });
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) {
    error() << "out of memory\n";
    _exit(kResource);
  });
}

/// Prints diagnostics as SourceMgr does, but those about a file as a whole without a line and column of zero.
static void printDiagnostic(mlir::SourceMgrDiagnosticHandler &printer, mlir::Diagnostic &diagnostic) {
  auto place = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>();
  if (!place || place.getLine()) {
    printer.emitDiagnostic(diagnostic.getLocation(), diagnostic.str(), diagnostic.getSeverity());
    return;
  }
  llvm::errs() << place.getFilename().getValue() << ": ";
  if (auto part = llvm::dyn_cast<mlir::NameLoc>(diagnostic.getLocation()))
    llvm::errs() << part.getName().getValue() << ": ";
  static const char *const kinds[] = {"note", "warning", "error", "remark"};
  llvm::errs() << kinds[static_cast<int>(diagnostic.getSeverity())] << ": " << diagnostic.str() << "\n";
}

static int run(Options &options) {
  if (options.printStages) {
    printStages();
    return kOk;
  }
  DialectRegistry registry;
  registry.insert<mlir::recsys::RecsysDialect, mlir::rectile::RecTileDialect>();
  registerCodegenDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false); // the user's line says it better
  if (options.oneThread)
    context.disableMultithreading();
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler printer(sources, &context);
  mlir::ScopedDiagnosticHandler diagnostics(&context, [&](mlir::Diagnostic &diagnostic) {
    printDiagnostic(printer, diagnostic);
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      printDiagnostic(printer, note);
    return mlir::success();
  });

  Input input;
  if (std::optional<int> code = readInput(options, sources, &context, input))
    return *code;
  if (std::optional<int> code = checkExplainLengths(options, *input.module))
    return *code;
  options.pipeline.symbol = getModuleSymbol(*input.module, options);
  if (input.weights || options.randomWeights)
    options.pipeline.readParameter = [&](mlir::recsys::ParameterOp parameter, std::vector<double> &values) {
      return readParameter(input, parameter, values);
    };
  bool isCompiled =
      (options.run.empty() || options.runsMachineCode) && !options.onlyExplain && options.emit != EmitKind::Mlir;
  if (isCompiled && !options.pipeline.readParameter) {
    error() << "machine code holds the weights: name them with --weights, or make some up with --random-weights\n";
    return kUsage;
  }
  if (isCompiled && getReachedStage(*input.module) == &getStages().back()) {
    input.module->emitError() << "the module is at stage `" << getStages().back().name
                              << "` already, where no weights can be packed; expected an earlier stage";
    return kRejected;
  }
  std::vector<char> packedWeights;
  options.pipeline.packedWeights = &packedWeights;
  std::optional<Explanation> explanation;
  if (options.explain)
    explanation.emplace(options, &context);
  if (std::optional<int> code = runStages(options, *input.module, explanation ? &*explanation : nullptr))
    return *code;
  int result = kOk;
  if (options.runsMachineCode)
    result = runCompiled(options, *input.module, packedWeights);
  else if (!options.run.empty())
    result = runModel(options, input);
  else if (!options.onlyExplain)
    result = emitModule(options, *input.module, packedWeights);
  if (result != kOk || !explanation)
    return result;
  std::string text = explanation->write(input.report);
  if (options.explainFile == "-" && options.output == "-" && !options.onlyExplain) {
    llvm::errs() << text;
    return kOk;
  }
  return writeOutput(options.explainFile, text).value_or(kOk);
}

int main(int argc, char **argv) {
  setUpCrashes(argv[0]);
  Options options;
  if (std::optional<int> code = parseOptions(argc, argv, options))
    return *code;
  return run(options);
}
