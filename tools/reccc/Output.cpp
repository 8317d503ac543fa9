// SPDX-License-Identifier: Apache-2.0
// Writes results.
#include "Output.h"
#include "ExitCode.h"

#include "reccc/Support/AtomicFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace reccc;

std::optional<int> reccc::writeOutput(const std::string &path, llvm::StringRef content) {
  if (path == "-") {
    llvm::outs() << content;
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return std::nullopt;
    error() << "cannot write to standard output: " << llvm::outs().error().message() << "\n";
    llvm::outs().clear_error();
    return kIo;
  }
  FileError fileError;
  std::optional<AtomicFile> file = AtomicFile::create(path, fileError);
  if (file && file->write(content.data(), content.size(), fileError) && file->commit(fileError))
    return std::nullopt;
  llvm::errs() << fileError.message << "\n";
  return fileError.exitCode();
}

std::string reccc::printOperation(mlir::Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream);
  return text;
}
