// SPDX-License-Identifier: Apache-2.0
// Writes a file so that readers and crashes see the old content or the whole new one, never a part.
// Needs no LLVM.
#ifndef RECCC_SUPPORT_ATOMICFILE_H
#define RECCC_SUPPORT_ATOMICFILE_H

#include "reccc/Support/FileError.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace reccc {

/// A temporary file `.<name>.tmp.<pid>.<random>` beside its destination. `commit` syncs it and
/// renames it; without a commit it is removed. Files left by writers that were killed are swept
/// when the next writer of the same name starts. A destination that is there and no regular file is refused.
class AtomicFile {
public:
  static std::optional<AtomicFile> create(const std::string &path, FileError &error, unsigned mode = 0644);

  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  ~AtomicFile();

  bool write(const void *data, size_t size, FileError &error);
  bool commit(FileError &error);

  uint64_t size() const { return written; }
  const std::string &temporaryPath() const { return temporary; }

private:
  AtomicFile() = default;

  std::string path, directory, temporary;
  uint64_t written = 0;
  int fd = -1;
};

} // namespace reccc

#endif // RECCC_SUPPORT_ATOMICFILE_H
