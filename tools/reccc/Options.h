// SPDX-License-Identifier: Apache-2.0
// The flags of reccc, read once into a struct that the rest of the tool takes.
#ifndef RECCC_TOOLS_RECCC_OPTIONS_H
#define RECCC_TOOLS_RECCC_OPTIONS_H

#include "reccc/Frontend/Import.h"
#include "reccc/Interpreter/Interpreter.h"
#include "reccc/Pipelines/Stages.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>
#include <vector>

namespace reccc {

enum class EmitKind { Mlir, Llvm, Assembly, Object, SharedObject };

struct Options {
  std::string input;
  std::string output; // "-": standard output
  EmitKind emit = EmitKind::Mlir;
  std::string weights;                  // a safetensors file, or nothing
  bool randomWeights = false;           // there is no such file
  std::string weightsFile;              // packed weights go here, not into the object
  const StageInfo *stopAfter = nullptr; // the last stage when null
  std::string dumpStages;               // a directory, or nothing
  bool printStages = false;
  bool explain = false;
  std::string explainFile;  // "-": standard output, or standard error when that is taken
  bool onlyExplain = false; // nothing else was asked for
  llvm::StringMap<int64_t> explainLengths;
  std::string run;              // a file of requests, or nothing
  bool runsMachineCode = false; // otherwise `run` is for the interpreter
  std::string entry;
  InterpreterMode mode = InterpreterMode::Double;
  /// Some printing switch of MLIR wants a context with one thread.
  bool oneThread = false;
  /// `--mlir-pass-pipeline-crash-reproducer` says where reproducers go.
  bool ownReproducer = false;
  ImportOptions import;
  PipelineOptions pipeline;
};

/// Registers all flags, reads the command line and checks what can be checked without a file. An exit code when there
/// is nothing more to do; messages are printed.
std::optional<int> parseOptions(int argc, char **argv, Options &options);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_OPTIONS_H
