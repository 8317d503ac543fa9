// SPDX-License-Identifier: Apache-2.0
// A regular file mapped read-only. Needs no LLVM.
//
// A file must not be cut or rewritten in place while it is mapped (the process would get SIGBUS):
// replace it by renaming a new file over it, as AtomicFile does.
#ifndef RECCC_SUPPORT_MAPPEDFILE_H
#define RECCC_SUPPORT_MAPPEDFILE_H

#include "reccc/Support/FileError.h"

#include <cstddef>
#include <optional>
#include <string>

namespace reccc {

class MappedFile {
public:
  /// Refuses directories, devices and pipes without waiting for them.
  static std::optional<MappedFile> open(const std::string &path, FileError &error);

  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const std::byte *data() const { return bytes; }
  size_t size() const { return length; }
  /// The open descriptor of the mapped file: what is opened again through it is this very file.
  int descriptor() const { return fd; }

private:
  MappedFile() = default;

  const std::byte *bytes = nullptr;
  size_t length = 0;
  int fd = -1;
};

} // namespace reccc

#endif // RECCC_SUPPORT_MAPPEDFILE_H
