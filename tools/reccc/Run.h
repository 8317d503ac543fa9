// SPDX-License-Identifier: Apache-2.0
// Runs a module at once, without machine code.
#ifndef RECCC_TOOLS_RECCC_RUN_H
#define RECCC_TOOLS_RECCC_RUN_H

#include "Input.h"

namespace reccc {

/// Runs the entry point on the requests of `options.run` and writes its outputs: to a safetensors file, or as text to
/// standard output. Returns the exit code; messages are printed.
int runModel(const Options &options, const Input &input);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_RUN_H
