// SPDX-License-Identifier: Apache-2.0
// Makes recrt_status values. Nothing here allocates: failures are reported when memory is gone,
// too.
#ifndef RECCC_LIB_RUNTIME_STATUS_H
#define RECCC_LIB_RUNTIME_STATUS_H

#include "reccc/Support/FileError.h"
#include "recrt/recrt.h"

#include <new>

namespace recrt {

using Status = recrt_status;

/// What a failure is about, as text: `Place("input '%s', request %lld", name, request)`.
class Place {
public:
  explicit Place(const char *format, ...) __attribute__((format(printf, 2, 3)));
  const char *text() const { return buffer; }

private:
  char buffer[sizeof(Status::place)];
};

Status success();
Status failure(recrt_code code, const Place &place, const char *format, ...) __attribute__((format(printf, 3, 4)));
Status failure(const char *path, const reccc::FileError &error);

inline bool failed(const Status &status) { return status.code != RECRT_OK; }

/// Runs the body of an API function: no exception leaves it.
template <typename Body> Status guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return failure(RECRT_RESOURCE_EXHAUSTED, Place("memory"), "out of memory");
  } catch (...) {
    return failure(RECRT_INTERNAL, Place("%s", ""), "unexpected exception inside the runtime");
  }
}

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_STATUS_H
