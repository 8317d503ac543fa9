// SPDX-License-Identifier: Apache-2.0
// From a module at stage `target` to what users link or load: an object and its header, or a shared object.
#ifndef RECCC_PIPELINES_EMITARTIFACT_H
#define RECCC_PIPELINES_EMITARTIFACT_H

#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Support/LLVM.h"
#include <string>

namespace reccc {

/// Machine code or assembly; `weights` become part of it, when the plan refers to them.
FailureOr<std::string> emitWithWeights(ModuleOp module, ArrayRef<char> weights, MachineOutput output);

/// The LLVM IR of the module, for `--emit=llvm`.
FailureOr<std::string> emitLLVMText(ModuleOp module);

/// Links an object to a shared object with the system's `ld`. The message names what is missing.
FailureOr<std::string> linkSharedObject(StringRef object, std::string &message);

/// The C header that goes with an object whose plan is `symbol`.
std::string makeHeader(StringRef symbol, StringRef modelName);

} // namespace reccc

#endif // RECCC_PIPELINES_EMITARTIFACT_H
