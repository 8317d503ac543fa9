// SPDX-License-Identifier: Apache-2.0
// Reads a model: a description, or IR.
#include "Input.h"
#include "ExitCode.h"

#include "mlir/Parser/Parser.h"
#include "reccc/Frontend/Import.h"
#include "reccc/Support/MappedFile.h"
#include "reccc/Support/NestingDepth.h"
#include "reccc/Support/Safetensors.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace reccc;

/// The whole input as text that ends in a zero; null when it cannot be read, with a message.
static std::unique_ptr<llvm::MemoryBuffer> readInput(const std::string &path, int &exitCode) {
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
  return llvm::MemoryBuffer::getMemBufferCopy(StringRef(reinterpret_cast<const char *>(file->data()), file->size()), path);
}

/// MLIR's parser recurses as deep as the text nests.
static bool checkNesting(const llvm::MemoryBuffer &buffer) {
  std::optional<TextPlace> place = findDeeperNesting(buffer.getBuffer());
  if (!place)
    return true;
  llvm::errs() << buffer.getBufferIdentifier() << ":" << place->line << ":" << place->column << ": error: nesting deeper than the limit of "
               << kNestingLimit << "\n";
  return false;
}

/// Imports a description; its sizes come from the weights.
static std::optional<int> readDescription(const Options &options, llvm::SourceMgr &sources, std::unique_ptr<llvm::MemoryBuffer> buffer,
                                          MLIRContext *context, OwningOpRef<ModuleOp> &module) {
  std::optional<SafetensorsFile> weights;
  if (!options.weights.empty()) {
    FileError fileError;
    weights = SafetensorsFile::open(options.weights, fileError);
    if (!weights) {
      llvm::errs() << fileError.message << "\n";
      return fileError.exitCode();
    }
  }
  ImportOptions importOptions;
  importOptions.strict = options.strict;
  importOptions.also = options.also;
  const llvm::MemoryBuffer &text = *buffer;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  module = importModel(text, weights ? &*weights : nullptr, importOptions, context);
  return module ? std::nullopt : std::optional<int>(kRejected);
}

std::optional<int> reccc::readModel(const Options &options, llvm::SourceMgr &sources, MLIRContext *context, OwningOpRef<ModuleOp> &module) {
  int exitCode = kOk;
  std::unique_ptr<llvm::MemoryBuffer> buffer = readInput(options.input, exitCode);
  if (!buffer)
    return exitCode;
  if (!looksLikeMlir(options.input, buffer->getBuffer()))
    return readDescription(options, sources, std::move(buffer), context, module);
  if (buffer->getBuffer().trim().empty()) {
    llvm::errs() << buffer->getBufferIdentifier() << ": error: empty file, expected a model\n";
    return kRejected;
  }
  if (!checkNesting(*buffer))
    return kRejected;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, context);
  if (!module)
    return kRejected;
  return std::nullopt;
}
