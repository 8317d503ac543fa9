// SPDX-License-Identifier: Apache-2.0
// Exit codes of the tool, and the messages that are not about a place in a file.
#ifndef RECCC_TOOLS_RECCC_EXITCODE_H
#define RECCC_TOOLS_RECCC_EXITCODE_H

#include "llvm/Support/raw_ostream.h"

namespace reccc {

enum ExitCode : int {
  kOk = 0,
  kRejected = 1,     // the input, with diagnostics
  kUsage = 2,        // the command line
  kIo = 3,           // files, disks
  kResource = 4,     // a limit
  kIncompatible = 5, // target or version
  kBug = 70,         // ours
};

/// `reccc: error: `
inline llvm::raw_ostream &error() { return llvm::errs() << "reccc: error: "; }

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_EXITCODE_H
