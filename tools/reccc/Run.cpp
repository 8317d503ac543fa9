// SPDX-License-Identifier: Apache-2.0
// Runs a module with the interpreter.
#include "Run.h"
#include "ExitCode.h"
#include "Output.h"

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace reccc;

/// The entry point that `--entry` names, or the first one.
static recsys::ModelOp findEntry(const Options &options, ModuleOp module) {
  SmallVector<recsys::ModelOp> models(module.getOps<recsys::ModelOp>());
  std::string names;
  for (recsys::ModelOp model : models) {
    if (model.getSymName() == options.entry || options.entry.empty())
      return model;
    names += (names.empty() ? "" : ", ") + model.getSymName().str();
  }
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
         << (value.numRequests() == 1 ? " request" : " requests") << ", " << width
         << (width == 1 ? " number" : " numbers") << " each\n";
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

int reccc::runModel(const Options &options, const Input &input) {
  recsys::ModelOp model = findEntry(options, *input.module);
  if (!model)
    return kUsage;
  FileError fileError;
  std::optional<SafetensorsFile> requests = SafetensorsFile::open(options.run, fileError);
  if (!requests) {
    llvm::errs() << fileError.message << "\n";
    return fileError.exitCode();
  }
  NamedTensors weights = input.weights ? NamedTensors(*input.weights) : NamedTensors("no weights");
  FailureOr<std::vector<NamedValue>> outputs = interpret(model, weights, NamedTensors(*requests), options.mode);
  if (failed(outputs))
    return kRejected;
  if (options.output == "-") {
    std::string text;
    for (const NamedValue &output : *outputs)
      text += describeValue(output);
    return writeOutput("-", text).value_or(kOk);
  }
  if (writeValues(options.output, *outputs, options.mode, fileError))
    return kOk;
  llvm::errs() << fileError.message << "\n";
  return fileError.exitCode();
}
