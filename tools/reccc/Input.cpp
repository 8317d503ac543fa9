// SPDX-License-Identifier: Apache-2.0
// Reads a model: a description, or IR.
#include "Input.h"
#include "ExitCode.h"

#include "mlir/Parser/Parser.h"
#include "reccc/Frontend/Import.h"
#include "reccc/Support/MappedFile.h"
#include "reccc/Support/NestingDepth.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace reccc;

/// The whole input as text that ends in a zero; null when it cannot be read, with a message.
static std::unique_ptr<llvm::MemoryBuffer> readBytes(const std::string &path, int &exitCode) {
  if (path == "-") {
    auto buffer = llvm::MemoryBuffer::getSTDIN();
    if (buffer)
      return std::move(*buffer);
    llvm::errs() << "<stdin>: error: cannot read: " << buffer.getError().message() << "\n";
    exitCode = kIo;
    return nullptr;
  }
  FileError fileError;
  std::optional<MappedFile> file = MappedFile::open(path, fileError);
  if (!file) {
    llvm::errs() << fileError.message << "\n";
    exitCode = fileError.exitCode();
    return nullptr;
  }
  return llvm::MemoryBuffer::getMemBufferCopy(StringRef(reinterpret_cast<const char *>(file->data()), file->size()),
                                              path);
}

/// MLIR's parser recurses as deep as the text nests.
static bool checkNesting(const llvm::MemoryBuffer &buffer) {
  std::optional<TextPlace> place = findDeeperNesting(buffer.getBuffer());
  if (!place)
    return true;
  llvm::errs() << buffer.getBufferIdentifier() << ":" << place->line << ":" << place->column
               << ": error: nesting deeper than the limit of " << kNestingLimit << "\n";
  return false;
}

static std::optional<int> parseIr(const Options &options, llvm::SourceMgr &sources, MLIRContext *context,
                                  Input &input) {
  const llvm::MemoryBuffer &buffer = *sources.getMemoryBuffer(sources.getMainFileID());
  if (!options.import.also.empty()) {
    error() << "--also goes with a description, and " << buffer.getBufferIdentifier() << " is IR\n";
    return kUsage;
  }
  if (buffer.getBuffer().trim().empty()) {
    llvm::errs() << buffer.getBufferIdentifier() << ": error: empty file, expected a model\n";
    return kRejected;
  }
  if (!checkNesting(buffer))
    return kRejected;
  input.module = parseSourceFile<ModuleOp>(sources, context);
  return std::nullopt;
}

std::optional<int> reccc::readInput(const Options &options, llvm::SourceMgr &sources, MLIRContext *context,
                                    Input &input) {
  int exitCode = kOk;
  std::unique_ptr<llvm::MemoryBuffer> buffer = readBytes(options.input, exitCode);
  if (!buffer)
    return exitCode;
  if (!options.weights.empty()) {
    FileError fileError;
    input.weights = SafetensorsFile::open(options.weights, fileError);
    if (!input.weights) {
      llvm::errs() << fileError.message << "\n";
      return fileError.exitCode();
    }
  }
  const llvm::MemoryBuffer &text = *buffer;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  if (looksLikeMlir(options.input, text.getBuffer())) {
    if (std::optional<int> code = parseIr(options, sources, context, input))
      return code;
  } else {
    if (!input.weights && !options.randomWeights) {
      error() << "no weights given: name them with --weights, or compile without any with --random-weights\n";
      return kUsage;
    }
    input.module = importModel(text, input.weights ? &*input.weights : nullptr, options.import, context, &input.report);
  }
  return input.module ? std::nullopt : std::optional<int>(kRejected);
}
