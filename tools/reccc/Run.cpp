// SPDX-License-Identifier: Apache-2.0
// Runs a module with the interpreter.
#include "Run.h"
#include "ExitCode.h"
#include "Output.h"

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace reccc;

static std::optional<SafetensorsFile> openTensors(const std::string &path, int &exitCode) {
  FileError fileError;
  std::optional<SafetensorsFile> file = SafetensorsFile::open(path, fileError);
  if (!file) {
    llvm::errs() << fileError.message << "\n";
    exitCode = fileError.exitCode();
  }
  return file;
}

/// The entry point that `--entry` names, or the only one.
static recsys::ModelOp findEntry(const Options &options, ModuleOp module) {
  SmallVector<recsys::ModelOp> models(module.getOps<recsys::ModelOp>());
  std::string names;
  for (recsys::ModelOp model : models) {
    if (model.getSymName() == options.entry || (options.entry.empty() && models.size() == 1))
      return model;
    names += (names.empty() ? "" : ", ") + model.getSymName().str();
  }
  if (options.entry.empty())
    error() << "expected --entry, because the module has " << models.size() << " entry points: " << names << "\n";
  else
    error() << "no entry point '" << options.entry << "', expected one of: " << names << "\n";
  return nullptr;
}

/// One line for each row: enough for a look; programs read the file.
static std::string describeValue(const NamedValue &output) {
  constexpr int64_t kMostRows = 8, kMostNumbers = 8;
  const JaggedValue &value = output.value;
  std::string text;
  llvm::raw_string_ostream stream(text);
  int64_t width = value.type.getRowElements(), rows = value.numRows();
  stream << output.name << ": " << rows << (rows == 1 ? " row" : " rows") << " in " << value.numRequests()
         << (value.numRequests() == 1 ? " request" : " requests") << ", " << width << (width == 1 ? " number" : " numbers") << " each\n";
  for (int64_t row = 0; row < std::min(rows, kMostRows); ++row) {
    stream << " ";
    for (int64_t column = 0; column < std::min(width, kMostNumbers); ++column) {
      if (value.type.isFloat())
        stream << llvm::format(" %.7g", value.floats[row * width + column]);
      else
        stream << " " << value.integers[row * width + column];
    }
    stream << (width > kMostNumbers ? " …\n" : "\n");
  }
  if (rows > kMostRows)
    stream << "  …\n";
  return text;
}

int reccc::runModel(const Options &options, ModuleOp module) {
  recsys::ModelOp model = findEntry(options, module);
  if (!model)
    return kUsage;
  int exitCode = kOk;
  std::optional<SafetensorsFile> weights, requests = openTensors(options.run, exitCode);
  if (!requests)
    return exitCode;
  NamedTensors named("no weights");
  if (!options.weights.empty()) {
    weights = openTensors(options.weights, exitCode);
    if (!weights)
      return exitCode;
    named = NamedTensors(*weights);
  }
  FailureOr<std::vector<NamedValue>> outputs = interpret(model, named, NamedTensors(*requests), options.mode);
  if (failed(outputs))
    return kRejected;
  if (options.output == "-") {
    std::string text;
    for (const NamedValue &output : *outputs)
      text += describeValue(output);
    return writeOutput("-", text).value_or(kOk);
  }
  FileError fileError;
  if (writeValues(options.output, *outputs, options.mode, fileError))
    return kOk;
  llvm::errs() << fileError.message << "\n";
  return fileError.exitCode();
}
