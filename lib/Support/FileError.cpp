// SPDX-License-Identifier: Apache-2.0
// Messages about files.
#include "reccc/Support/FileError.h"

#include <cstdio>
#include <system_error>

namespace reccc {

std::string quoteForMessage(std::string_view text) {
  constexpr size_t maxLength = 80;
  std::string result = "'";
  for (unsigned char c : text.substr(0, maxLength)) {
    if (c >= 0x20 && c < 0x7f && c != '\'' && c != '\\') {
      result += static_cast<char>(c);
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), "\\x%02x", c);
    result += escaped;
  }
  if (text.size() > maxLength)
    result += "...";
  return result + "'";
}

FileError ioError(const std::string &path, const char *action, int errorNumber) {
  std::string text = std::generic_category().message(errorNumber);
  return {FileErrorKind::Io, path + ": error: cannot " + action + ": " + text};
}

FileError invalidFile(const std::string &path, const std::string &what) {
  return {FileErrorKind::Invalid, path + ": error: " + what};
}

} // namespace reccc
