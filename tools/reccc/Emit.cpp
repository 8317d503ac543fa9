// SPDX-License-Identifier: Apache-2.0
// Writes IR, assembly, objects and artifacts.
#include "Emit.h"
#include "ExitCode.h"
#include "Output.h"

#include "reccc/Pipelines/EmitArtifact.h"
#include "reccc/Support/Artifact.h"
#include "reccc/Support/Checksum.h"
#include "recrt/module.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace reccc;

static StringRef getModelName(ModuleOp module, const Options &options) {
  if (std::optional<StringRef> name = module.getSymName())
    return *name;
  return llvm::sys::path::stem(options.output);
}

std::string reccc::getModuleSymbol(ModuleOp module, const Options &options) {
  if (options.emit == EmitKind::SharedObject)
    return "recrt_module"; // one for each file
  std::string symbol;
  for (char c : getModelName(module, options))
    symbol += llvm::isAlnum(c) ? c : '_';
  if (symbol.empty() || llvm::isDigit(symbol.front()))
    symbol = "model_" + symbol;
  return symbol + "_module";
}

static ArtifactInfo makeInfo(const Options &options, ArrayRef<char> packedWeights, ArtifactKind kind) {
  ArtifactInfo info;
  info.kind = kind;
  info.weightsHash = checksum64(packedWeights.data(), packedWeights.size());
  info.moduleAbi = RECRT_MODULE_ABI;
  for (IsaLevel level : options.pipeline.levels)
    info.isaLevels |= 1u << static_cast<unsigned>(level);
  info.toolVersion = options.pipeline.toolVersion;
  return info;
}

static int writeBytes(const std::string &path, StringRef bytes, const ArtifactInfo &info) {
  FileError fileError;
  if (writeArtifact(path, bytes.data(), bytes.size(), info, fileError))
    return kOk;
  llvm::errs() << fileError.message << "\n";
  return fileError.exitCode();
}

static int emitSharedObject(const Options &options, StringRef object, ArrayRef<char> packedWeights) {
  std::string message;
  FailureOr<std::string> shared = linkSharedObject(object, message);
  if (failed(shared)) {
    error() << message << "\n";
    return kIo;
  }
  return writeBytes(options.output, *shared, makeInfo(options, packedWeights, ArtifactKind::SharedObject));
}

static int emitObject(const Options &options, ModuleOp module, StringRef object) {
  if (std::optional<int> code = writeOutput(options.output, object))
    return *code;
  if (options.output == "-")
    return kOk;
  SmallString<128> header(options.output);
  llvm::sys::path::replace_extension(header, "h");
  return writeOutput(header.str().str(), makeHeader(getModuleSymbol(module, options), getModelName(module, options)))
      .value_or(kOk);
}

int reccc::emitModule(const Options &options, ModuleOp module, ArrayRef<char> packedWeights) {
  if (options.emit == EmitKind::Mlir)
    return writeOutput(options.output, printOperation(module)).value_or(kOk);
  // The weights first: a model without its weights would be of no use.
  if (!options.weightsFile.empty()) {
    StringRef bytes(packedWeights.data(), packedWeights.size());
    if (int code = writeBytes(options.weightsFile, bytes, makeInfo(options, packedWeights, ArtifactKind::Weights)))
      return code;
  }
  ArrayRef<char> embedded = options.weightsFile.empty() ? packedWeights : ArrayRef<char>();
  MachineOutput machine = options.emit == EmitKind::Assembly ? MachineOutput::Assembly : MachineOutput::Object;
  FailureOr<std::string> text =
      options.emit == EmitKind::Llvm ? emitLLVMText(module) : emitWithWeights(module, embedded, machine);
  if (failed(text))
    return kBug;
  switch (options.emit) {
  case EmitKind::Object:
    return emitObject(options, module, *text);
  case EmitKind::SharedObject:
    return emitSharedObject(options, *text, packedWeights);
  default:
    return writeOutput(options.output, *text).value_or(kOk);
  }
}
