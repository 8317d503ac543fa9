// SPDX-License-Identifier: Apache-2.0
// What went wrong with a file, in a form that a tool can print and turn into its exit code. Needs
// no LLVM.
#ifndef RECCC_SUPPORT_FILEERROR_H
#define RECCC_SUPPORT_FILEERROR_H

#include <string>
#include <string_view>

namespace reccc {

/// The values are the exit codes of the tools.
enum class FileErrorKind { Invalid = 1, Io = 3, Resource = 4, Incompatible = 5 };

struct FileError {
  FileErrorKind kind = FileErrorKind::Invalid;
  /// `<file>: <place>: error: <what>`, ready to be printed.
  std::string message;

  int exitCode() const { return static_cast<int>(kind); }
};

/// Text that came out of a file, safe to show: in single quotes, control characters and bytes that
/// are not ASCII escaped, cut after 80 characters.
std::string quoteForMessage(std::string_view text);

/// `<path>: error: cannot <action>: <text of errno>`.
FileError ioError(const std::string &path, const char *action, int errorNumber);

/// `<path>: error: <what>`.
FileError invalidFile(const std::string &path, const std::string &what);

} // namespace reccc

#endif // RECCC_SUPPORT_FILEERROR_H
