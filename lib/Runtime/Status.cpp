// SPDX-License-Identifier: Apache-2.0
// Formats failures into the fixed texts of a recrt_status.
#include "Status.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace recrt {

/// Names come from files and requests: a control character must not reach a terminal.
static void hideControlCharacters(char *text) {
  for (; *text; ++text)
    if (static_cast<unsigned char>(*text) < 0x20 || *text == 0x7f)
      *text = '?';
}

Place::Place(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  hideControlCharacters(buffer);
}

Status success() {
  Status status;
  status.code = RECRT_OK;
  status.place[0] = status.message[0] = '\0';
  return status;
}

Status failure(recrt_code code, const Place &place, const char *format, ...) {
  Status status = success();
  status.code = code;
  std::strcpy(status.place, place.text());
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(status.message, sizeof(status.message), format, arguments);
  va_end(arguments);
  hideControlCharacters(status.message);
  return status;
}

Status failure(const char *path, const reccc::FileError &error) {
  static constexpr char separator[] = ": error: ";
  const char *message = error.message.c_str();
  const size_t length = std::strlen(path);
  if (error.message.compare(0, length, path) == 0 &&
      error.message.compare(length, sizeof(separator) - 1, separator) == 0)
    message += length + sizeof(separator) - 1;
  return failure(static_cast<recrt_code>(error.exitCode()), Place("%s", path), "%s", message);
}

} // namespace recrt
