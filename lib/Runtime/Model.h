// SPDX-License-Identifier: Apache-2.0
// A loaded model: the checked plan, the weights, and what keeps both in memory.
#ifndef RECCC_LIB_RUNTIME_MODEL_H
#define RECCC_LIB_RUNTIME_MODEL_H

#include "Plan.h"
#include "reccc/Support/Artifact.h"

#include <atomic>
#include <optional>

/// Counts its users: the host's handle and each context. Immutable otherwise.
struct recrt_model {
  recrt_model() = default;
  ~recrt_model();
  recrt_model(const recrt_model &) = delete;
  recrt_model &operator=(const recrt_model &) = delete;

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  recrt::Plan plan;
  const std::byte *weights = nullptr;
  std::optional<reccc::ArtifactFile> artifact, weightsFile;
  void *library = nullptr;
  std::atomic<int> references{1};
};

namespace recrt {

void log(const recrt_log_sink *sink, recrt_severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// Fails when a struct that the host hands over is null or older than this library's.
template <typename T> Status checkStruct(const T *value, const char *name) {
  if (!value)
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", name), "it is null");
  if (value->size < sizeof(T))
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", name), "its field size is %zu, expected sizeof(%s) = %zu",
                   value->size, name, sizeof(T));
  return success();
}

Status findEntry(const recrt_model *model, int32_t entry, const EntryPlan *&plan);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_MODEL_H
