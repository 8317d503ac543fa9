// SPDX-License-Identifier: Apache-2.0
// User states as bytes: a header, the lengths, the values. All numbers are little-endian; nothing of it is trusted.
#include "State.h"

#include "reccc/Support/Checksum.h"

#include <cstddef>
#include <cstring>

namespace recrt {

static constexpr char magic[8] = {'R', 'E', 'C', 'S', 'T', 'A', 'T', 'E'};
static constexpr uint32_t formatVersion = 1;

namespace {
struct Header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t bytes;       // of everything
  uint64_t checksum;    // of everything but this field
  uint64_t fingerprint; // of the model
};
static_assert(sizeof(Header) == 40);
} // namespace

static uint64_t checksumOf(const std::byte *bytes, size_t size) {
  constexpr size_t at = offsetof(Header, checksum), behind = at + sizeof(uint64_t);
  reccc::Checksum64 checksum;
  checksum.update(bytes, at);
  checksum.update(bytes + behind, size - behind);
  return checksum.finish();
}

/// Rows of each value times their bytes, with what stands in front of them.
static uint64_t sizeOf(const UserStatePlan &plan, const std::vector<int64_t> &rows) {
  uint64_t bytes = sizeof(Header) + plan.bases.size() * sizeof(int64_t);
  for (size_t v = 0; v < rows.size(); ++v)
    bytes += static_cast<uint64_t>(rows[v] * plan.values[v].rowBytes);
  return bytes;
}

static void write(const recrt_state &state, std::byte *to, uint64_t size) {
  const UserStatePlan &plan = state.model->plan.state;
  Header header = {};
  std::memcpy(header.magic, magic, sizeof(magic));
  header.version = formatVersion;
  header.bytes = size;
  header.fingerprint = plan.fingerprint;
  std::byte *next = to + sizeof(Header);
  auto put = [&](const void *data, size_t bytes) {
    std::memcpy(next, data, bytes);
    next += bytes;
  };
  put(state.lengths.data(), state.lengths.size() * sizeof(int64_t));
  for (size_t v = 0; v < plan.values.size(); ++v)
    put(state.block.data() + state.places[v], static_cast<size_t>(state.rows[v] * plan.values[v].rowBytes));
  std::memcpy(to, &header, sizeof(header));
  header.checksum = checksumOf(to, size);
  std::memcpy(to, &header, sizeof(header));
}

static Status readState(recrt_model *model, const recrt_allocator &allocator, const std::byte *bytes, size_t size,
                        recrt_state **out) {
  const Place place("state");
  const UserStatePlan &plan = model->plan.state;
  const EntryPlan *entry = nullptr;
  if (Status status = findStateEntry(*model, plan.prefill, "prefill", entry); failed(status))
    return status;
  Header header;
  if (size < sizeof(header) || std::memcmp(bytes, magic, sizeof(magic)) != 0)
    return failure(RECRT_INVALID_ARGUMENT, place, "these %zu bytes are no user state", size);
  std::memcpy(&header, bytes, sizeof(header));
  if (header.version != formatVersion)
    return failure(RECRT_INCOMPATIBLE, place, "its format has version %u, this runtime reads %u; prefill it anew",
                   header.version, formatVersion);
  if (header.bytes != size || header.checksum != checksumOf(bytes, size))
    return failure(RECRT_INVALID_ARGUMENT, place, "its %zu bytes are damaged or cut off, it was written with %llu",
                   size, static_cast<unsigned long long>(header.bytes));
  if (header.fingerprint != plan.fingerprint)
    return failure(RECRT_INCOMPATIBLE, place,
                   "it was made by another model or with other weights (%016llx, expected %016llx); prefill it anew",
                   static_cast<unsigned long long>(header.fingerprint),
                   static_cast<unsigned long long>(plan.fingerprint));
  std::vector<int64_t> lengths(plan.bases.size()), rows(plan.values.size(), 0), ofSpaces;
  if (size < sizeOf(plan, rows))
    return failure(RECRT_INVALID_ARGUMENT, place, "it holds fewer bytes than its lengths need");
  std::memcpy(lengths.data(), bytes + sizeof(header), lengths.size() * sizeof(int64_t));
  for (size_t base = 0; base < lengths.size(); ++base) {
    const recrt_space_desc &space = model->plan.module->spaces[plan.bases[base]];
    if (lengths[base] < 0 || lengths[base] > space.count)
      return failure(RECRT_INVALID_ARGUMENT, place, "it has %lld rows of '%s', expected 0 to %lld",
                     static_cast<long long>(lengths[base]), space.name, static_cast<long long>(space.count));
  }
  countStateRows(model->plan, lengths, ofSpaces, rows.data());
  if (size != sizeOf(plan, rows))
    return failure(RECRT_INVALID_ARGUMENT, place, "it holds %zu bytes, its lengths need %llu", size,
                   static_cast<unsigned long long>(sizeOf(plan, rows)));
  Status status = success();
  std::unique_ptr<recrt_state> state = makeState(model, allocator, lengths, status);
  if (failed(status))
    return status;
  const std::byte *next = bytes + sizeof(header) + lengths.size() * sizeof(int64_t);
  for (size_t v = 0; v < plan.values.size(); ++v) {
    const size_t count = static_cast<size_t>(rows[v] * plan.values[v].rowBytes);
    std::memcpy(state->block.data() + state->places[v], next, count);
    next += count;
  }
  *out = state.release();
  return success();
}

} // namespace recrt

using namespace recrt;

extern "C" {

recrt_status recrt_state_get_info(const recrt_state *state, recrt_state_info *info) {
  if (!state)
    return failure(RECRT_INVALID_ARGUMENT, Place("state"), "it is null");
  if (Status status = checkStruct(info, "recrt_state_info"); failed(status))
    return status;
  *info = {info->size, state->block.size(), sizeOf(state->model->plan.state, state->rows)};
  return success();
}

recrt_status recrt_state_count_rows(const recrt_state *state, const char *row_space, int64_t *rows) {
  if (!state || !row_space || !rows)
    return failure(RECRT_INVALID_ARGUMENT, Place("recrt_state_count_rows"), "an argument is null");
  const Plan &plan = state->model->plan;
  for (size_t base = 0; base < state->lengths.size(); ++base)
    if (std::strcmp(plan.module->spaces[plan.state.bases[base]].name, row_space) == 0) {
      *rows = state->lengths[base];
      return success();
    }
  return failure(RECRT_INVALID_ARGUMENT, Place("row space '%s'", row_space), "states of this model have no such rows");
}

recrt_status recrt_state_export(const recrt_state *state, void *bytes, size_t capacity, size_t *size) {
  if (!state || !size)
    return failure(RECRT_INVALID_ARGUMENT, Place("recrt_state_export"), "an argument is null");
  const uint64_t needed = sizeOf(state->model->plan.state, state->rows);
  *size = needed;
  if (!bytes)
    return success();
  if (capacity < needed)
    return failure(RECRT_INVALID_ARGUMENT, Place("recrt_state_export"), "there is room for %zu bytes, it has %llu",
                   capacity, static_cast<unsigned long long>(needed));
  write(*state, static_cast<std::byte *>(bytes), needed);
  return success();
}

recrt_status recrt_state_import(recrt_context *context, const void *bytes, size_t size, recrt_state **out) {
  return guarded([&]() -> Status {
    if (!out)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_state_import"), "out is null");
    *out = nullptr;
    if (!context || (!bytes && size > 0))
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_state_import"), "an argument is null");
    return readState(context->model, context->allocator, static_cast<const std::byte *>(bytes), size, out);
  });
}

} // extern "C"
