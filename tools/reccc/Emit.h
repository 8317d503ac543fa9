// SPDX-License-Identifier: Apache-2.0
// From a compiled module to the files that users link or load.
#ifndef RECCC_TOOLS_RECCC_EMIT_H
#define RECCC_TOOLS_RECCC_EMIT_H

#include "Options.h"

namespace reccc {

/// Writes the module as `options.emit` says, beside it the header of an object and a file of weights where these are
/// asked for. Returns the exit code; messages are printed.
int emitModule(const Options &options, ModuleOp module, ArrayRef<char> packedWeights);

/// The symbol under which an object exports the model: its name as an identifier of C.
std::string getModuleSymbol(ModuleOp module, const Options &options);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_EMIT_H
