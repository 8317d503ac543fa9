// SPDX-License-Identifier: Apache-2.0
// Maps files into memory.
#include "reccc/Support/MappedFile.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace reccc {

std::optional<MappedFile> MappedFile::open(const std::string &path, FileError &error) {
  MappedFile file;
  // Without O_NONBLOCK a pipe would be waited for.
  do {
    file.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (file.fd < 0 && errno == EINTR);
  if (file.fd < 0) {
    error = ioError(path, "open the file", errno);
    return std::nullopt;
  }
  struct stat info;
  if (::fstat(file.fd, &info) != 0) {
    error = ioError(path, "read the size of the file", errno);
    return std::nullopt;
  }
  if (!S_ISREG(info.st_mode)) {
    error = {FileErrorKind::Io, path + ": error: expected a regular file, got a directory, a device or a pipe"};
    return std::nullopt;
  }
  file.length = static_cast<size_t>(info.st_size);
  if (file.length == 0)
    return file;
  void *address = ::mmap(nullptr, file.length, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) {
    error = ioError(path, "map the file", errno);
    return std::nullopt;
  }
  file.bytes = static_cast<const std::byte *>(address);
  return file;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : bytes(std::exchange(other.bytes, nullptr)), length(std::exchange(other.length, 0)),
      fd(std::exchange(other.fd, -1)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(bytes, other.bytes);
  std::swap(length, other.length);
  std::swap(fd, other.fd);
  return *this;
}

MappedFile::~MappedFile() {
  if (bytes)
    ::munmap(const_cast<std::byte *>(bytes), length);
  if (fd >= 0)
    ::close(fd);
}

} // namespace reccc
