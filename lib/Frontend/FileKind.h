// SPDX-License-Identifier: Apache-2.0
// What a file that is given as a description looks like.
#ifndef RECCC_LIB_FRONTEND_FILEKIND_H
#define RECCC_LIB_FRONTEND_FILEKIND_H

#include "reccc/Support/LLVM.h"
#include <string>

namespace reccc {

struct FileKind {
  enum Kind { Text, Binary, Empty, Other } kind;
  /// Other: "a Git LFS pointer: fetch the file with `git lfs pull`".
  std::string looksLike;
};

FileKind recognizeFile(StringRef name, StringRef bytes);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_FILEKIND_H
