// SPDX-License-Identifier: Apache-2.0
// Compiles to a temporary file, loads it as a host would, runs it, writes or prints the outputs.
#include "RunCompiled.h"
#include "Emit.h"
#include "ExitCode.h"
#include "Output.h"

#include "reccc/Requests/Outputs.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include <cstring>

using namespace reccc;

namespace {
struct Destroy {
  void operator()(recrt_model *model) const { recrt_model_destroy(model); }
  void operator()(recrt_context *context) const { recrt_context_destroy(context); }
};
} // namespace

static int report(const FileError &fileError) {
  llvm::errs() << fileError.message << "\n";
  return fileError.exitCode();
}

static int report(const std::string &source, const recrt_status &status) {
  llvm::errs() << source << ": error: " << status.place << (*status.place ? ": " : "") << status.message << "\n";
  return status.code == RECRT_FAILED_PRECONDITION ? kBug : status.code;
}

/// Element `index` of an output, as text.
static void printElement(llvm::raw_ostream &os, const recrt_tensor_info &tensor, const void *data, int64_t index) {
  if (tensor.element == RECRT_ELEMENT_I64) {
    os << " " << static_cast<const int64_t *>(data)[index];
    return;
  }
  float value;
  if (tensor.element == RECRT_ELEMENT_F32) {
    value = static_cast<const float *>(data)[index];
  } else {
    uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t *>(data)[index]) << 16;
    std::memcpy(&value, &bits, sizeof(value));
  }
  os << llvm::format(" %.7g", value);
}

/// A few rows of each output: enough for a look; programs read the file.
static std::string describeOutputs(const recrt_context *context, const EntrySignature &signature) {
  constexpr int64_t kMostRows = 8, kMostNumbers = 8;
  std::string text;
  llvm::raw_string_ostream os(text);
  for (auto [number, tensor] : llvm::enumerate(signature.outputs)) {
    recrt_output_view view;
    view.size = sizeof(view);
    if (recrt_context_get_output(context, number, &view).code != RECRT_OK)
      continue;
    os << tensor.name << ": " << view.num_rows << " rows in " << view.num_requests << " requests, "
       << tensor.row_elements << " numbers each\n";
    for (int64_t row = 0; row < std::min(view.num_rows, kMostRows); ++row) {
      os << " ";
      for (int64_t column = 0; column < std::min(tensor.row_elements, kMostNumbers); ++column)
        printElement(os, tensor, view.data, row * tensor.row_elements + column);
      os << (tensor.row_elements > kMostNumbers ? " …\n" : "\n");
    }
    if (view.num_rows > kMostRows)
      os << "  …\n";
  }
  return text;
}

int reccc::runCompiled(const Options &options, ModuleOp module, ArrayRef<char> packedWeights) {
  SmallString<128> path;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("reccc", "so", path)) {
    error() << "cannot make a temporary file: " << code.message() << "\n";
    return kIo;
  }
  llvm::scope_exit cleanup([&] { llvm::sys::fs::remove(path); });
  Options emitting = options;
  emitting.output = path.str().str();
  if (int code = emitModule(emitting, module, packedWeights))
    return code;

  recrt_model *loaded = nullptr;
  if (recrt_status status = recrt_model_load(path.c_str(), nullptr, &loaded); status.code != RECRT_OK)
    return report(options.input, status);
  std::unique_ptr<recrt_model, Destroy> model(loaded);
  int32_t entry = 0;
  if (!options.entry.empty())
    if (recrt_status status = recrt_model_find_entry(loaded, options.entry.c_str(), &entry); status.code != RECRT_OK)
      return report(options.input, status);
  recrt_context *created = nullptr;
  if (recrt_status status = recrt_context_create(loaded, nullptr, &created); status.code != RECRT_OK)
    return report(options.input, status);
  std::unique_ptr<recrt_context, Destroy> context(created);

  FileError fileError;
  std::optional<SafetensorsFile> file = SafetensorsFile::open(options.run, fileError);
  std::optional<EntrySignature> signature = file ? EntrySignature::of(loaded, entry, fileError) : std::nullopt;
  if (!signature)
    return report(fileError);
  std::vector<std::string> warnings;
  std::optional<RequestBatch> batch = RequestBatch::fromFile(*file, *signature, warnings, fileError);
  for (const std::string &warning : warnings)
    llvm::errs() << options.run << ": warning: " << warning << "\n";
  if (!batch)
    return report(fileError);
  recrt_request request = batch->request();
  if (recrt_status status = recrt_context_run(created, entry, &request); status.code != RECRT_OK)
    return report(options.run, status);
  if (options.output == "-")
    return writeOutput("-", describeOutputs(created, *signature)).value_or(kOk);
  return writeOutputs(options.output, created, *signature, fileError) ? kOk : report(fileError);
}
