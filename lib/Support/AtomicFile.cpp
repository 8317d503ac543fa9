// SPDX-License-Identifier: Apache-2.0
// Temporary file, sync, rename. A writer holds a lock on its temporary file, so an unlocked one
// belongs to nobody.
#include "reccc/Support/AtomicFile.h"

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <random>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace reccc {

static void sweepStale(const std::string &directory, const std::string &prefix) {
  DIR *dir = ::opendir(directory.c_str());
  if (!dir)
    return;
  while (dirent *entry = ::readdir(dir)) {
    if (std::string_view(entry->d_name).substr(0, prefix.size()) != prefix)
      continue;
    int fd = ::openat(::dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
      continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0)
      ::unlinkat(::dirfd(dir), entry->d_name, 0);
    ::close(fd);
  }
  ::closedir(dir);
}

std::optional<AtomicFile> AtomicFile::create(const std::string &path, FileError &error, unsigned mode) {
  size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    error = {FileErrorKind::Io, path + ": error: expected the name of a file to write, got a directory"};
    return std::nullopt;
  }
  // The rename at the end would put a file in the place of a device or a pipe.
  struct stat old;
  if (::stat(path.c_str(), &old) == 0 && !S_ISREG(old.st_mode)) {
    error = {FileErrorKind::Io,
             path + ": error: expected a new name or that of a regular file, got a directory, a device or a pipe"};
    return std::nullopt;
  }
  AtomicFile file;
  file.path = path;
  file.directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  std::string prefix = "." + name + ".tmp.";
  sweepStale(file.directory, prefix);

  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    char suffix[32];
    std::snprintf(suffix, sizeof(suffix), "%ld.%08x", static_cast<long>(::getpid()), random());
    file.temporary = file.directory + (file.directory.back() == '/' ? "" : "/") + prefix + suffix;
    file.fd = ::open(file.temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file.fd < 0) {
      if (errno == EEXIST || errno == EINTR)
        continue;
      file.temporary.clear();
      break;
    }
    // A sweeper may have come between open and lock; then this file is lost and another is made.
    struct stat info;
    if (::flock(file.fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(file.fd, &info) == 0 && info.st_nlink == 1)
      return file;
    ::close(file.fd);
    file.fd = -1;
  }
  error = ioError(path, "create a temporary file in its directory", errno);
  return std::nullopt;
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path(std::move(other.path)), directory(std::move(other.directory)),
      temporary(std::exchange(other.temporary, std::string())), written(other.written),
      fd(std::exchange(other.fd, -1)) {}

AtomicFile::~AtomicFile() {
  if (!temporary.empty())
    ::unlink(temporary.c_str());
  if (fd >= 0)
    ::close(fd);
}

bool AtomicFile::write(const void *data, size_t size, FileError &error) {
  const char *position = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t count = ::write(fd, position, size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      error = ioError(path, "write the file", count < 0 ? errno : ENOSPC);
      return false;
    }
    position += count;
    size -= static_cast<size_t>(count);
    written += static_cast<uint64_t>(count);
  }
  return true;
}

bool AtomicFile::commit(FileError &error) {
  if (::fsync(fd) != 0) {
    error = ioError(path, "sync the file", errno);
    return false;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    error = ioError(path, "rename the temporary file to it", errno);
    return false;
  }
  temporary.clear();
  int closed = ::close(std::exchange(fd, -1));
  if (closed != 0) {
    error = ioError(path, "close the file", errno);
    return false;
  }
  // The rename itself is durable only when the directory is. Some file systems cannot sync
  // directories: EINVAL.
  int directoryFd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directoryFd >= 0) {
    int synced = ::fsync(directoryFd);
    int number = errno;
    ::close(directoryFd);
    if (synced != 0 && number != EINVAL) {
      error = ioError(path, "sync the directory of the file", number);
      return false;
    }
  }
  return true;
}

} // namespace reccc
