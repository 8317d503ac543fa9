// SPDX-License-Identifier: Apache-2.0
// Sizes grow with requests and rows only, so a layout for limits holds every batch within them.
#include "Layout.h"

#include <algorithm>

namespace recrt {

static constexpr int64_t alignment = 64;
static constexpr int64_t readableBehind = 64;
static constexpr int64_t maxBytes = int64_t(1) << 46;

namespace {
/// Places one thing behind the other; remembers whether it ran over.
class Placer {
public:
  explicit Placer(int64_t start) : position(start) {}

  int64_t place(int64_t count, int64_t bytes, int64_t behind = 0) {
    const __int128 size = static_cast<__int128>(count) * bytes + behind;
    if (size > maxBytes - position) {
      overflow = true;
      return 0;
    }
    const int64_t start = position;
    position += (static_cast<int64_t>(size) + alignment - 1) / alignment * alignment;
    return start;
  }

  int64_t position;
  bool overflow = false;
};
} // namespace

static Status tooLarge(const EntryPlan &entry) {
  return failure(RECRT_RESOURCE_EXHAUSTED, Place("entry '%s'", entry.desc->name),
                 "the batch needs more than %lld bytes; split it", static_cast<long long>(maxBytes));
}

void Layout::reserve(const Plan &plan) {
  offsets.reserve(plan.spaces.size());
  bags.reserve(plan.spaces.size());
  requestOfRow.reserve(plan.spaces.size());
  for (const EntryPlan &entry : plan.entries) {
    rowMaps.reserve(entry.rowMaps.size());
    itemLists.reserve(entry.itemLists.size());
    slots.reserve(static_cast<size_t>(entry.desc->num_slots));
    outputs.reserve(entry.outputs.size());
  }
}

Status layOutOffsets(const Plan &plan, const EntryPlan &entry, int64_t numRequests, Layout &layout) {
  Placer placer(0);
  layout.offsets.assign(plan.spaces.size(), -1);
  for (int32_t space : entry.spaces)
    layout.offsets[static_cast<size_t>(space)] = placer.place(numRequests + 1, sizeof(int64_t));
  layout.totalBytes = placer.position;
  return placer.overflow ? tooLarge(entry) : success();
}

Status layOutGathered(const Plan &plan, const EntryPlan &entry, int64_t numRequests, const std::vector<int64_t> &totals,
                      int64_t &bytes) {
  Placer placer(0);
  if (entry.desc->kind == RECRT_ENTRY_SCORE || entry.desc->kind == RECRT_ENTRY_APPEND)
    for (size_t base = 0; base < plan.state.bases.size(); ++base)
      placer.place(numRequests + 1, sizeof(int64_t));
  for (const TensorPlan &input : entry.inputs)
    if (input.desc->state)
      placer.place(totals[static_cast<size_t>(input.desc->space)], input.rowBytes, readableBehind);
  bytes = placer.position;
  return placer.overflow ? tooLarge(entry) : success();
}

int64_t boundItems(const ItemListPlan &list, int64_t numRequests, const std::vector<int64_t> &totals) {
  __int128 tiles = 0;
  const int32_t frame = list.step->frame;
  if (frame >= 0) {
    // Each segment of each instance may end with a tile that is not full.
    const __int128 ends = static_cast<__int128>(totals[static_cast<size_t>(frame)]) * list.segments.size();
    tiles = (totals[static_cast<size_t>(list.step->space)] + 31 * ends) / 32;
  } else {
    for (int32_t segment : list.segments) {
      const __int128 rows = totals[static_cast<size_t>(segment)];
      tiles += (rows + 31 * std::min<__int128>(rows, numRequests)) / 32;
    }
  }
  return static_cast<int64_t>(std::min<__int128>(tiles * list.step->heads, maxBytes));
}

Status layOutRun(const Plan &plan, const EntryPlan &entry, int64_t numRequests, const std::vector<int64_t> &totals,
                 const std::vector<char> &ownOutputs, int32_t numThreads, Layout &layout) {
  Placer placer(layout.totalBytes);
  auto totalOf = [&](int32_t space) { return totals[static_cast<size_t>(space)]; };

  layout.bags.assign(plan.spaces.size(), -1);
  for (int32_t space : entry.spaces) {
    const recrt_space_desc &desc = plan.module->spaces[space];
    if (desc.kind == RECRT_SPACE_BAGS)
      layout.bags[static_cast<size_t>(space)] = placer.place(totalOf(desc.parts[0]) + 1, sizeof(int64_t));
  }
  layout.requestOfRow.assign(plan.spaces.size(), -1);
  for (int32_t space : entry.spaces)
    if (entry.wantsRequestOfRow[static_cast<size_t>(space)])
      layout.requestOfRow[static_cast<size_t>(space)] = placer.place(totalOf(space), sizeof(int32_t), readableBehind);
  layout.rowMaps.clear();
  for (const RowMapPlan &map : entry.rowMaps)
    layout.rowMaps.push_back(placer.place(totalOf(map.desc->space), sizeof(int64_t), readableBehind));
  layout.itemLists.clear();
  for (const ItemListPlan &list : entry.itemLists)
    if (list.step->frame >= 0 && totalOf(list.step->frame) > maxRequestsOfBatch)
      return tooLarge(entry);
  for (const ItemListPlan &list : entry.itemLists)
    layout.itemLists.push_back(placer.place(boundItems(list, numRequests, totals), sizeof(recrt_attention_item)));

  // A slot is as large as the largest buffer in it.
  layout.slots.assign(static_cast<size_t>(entry.desc->num_slots), 0);
  for (int32_t i = 0; i < entry.desc->num_buffers; ++i) {
    const recrt_buffer_desc &buffer = entry.desc->buffers[i];
    if (buffer.kind != RECRT_BUFFER_ARENA)
      continue;
    const __int128 bytes = static_cast<__int128>(totalOf(buffer.space)) * buffer.row_bytes;
    if (bytes > maxBytes)
      return tooLarge(entry);
    int64_t &slot = layout.slots[static_cast<size_t>(buffer.slot)];
    slot = std::max(slot, static_cast<int64_t>(bytes));
  }
  const int64_t activations = placer.position;
  for (int64_t &slot : layout.slots)
    slot = placer.place(slot, 1, readableBehind);
  layout.activationBytes = placer.position - activations;

  layout.outputs.assign(entry.outputs.size(), -1);
  for (size_t i = 0; i < entry.outputs.size(); ++i)
    if (ownOutputs[i])
      layout.outputs[i] =
          placer.place(totalOf(entry.outputs[i].desc->space), entry.outputs[i].rowBytes, readableBehind);

  layout.scratchStride = (entry.scratchBytes + readableBehind + alignment - 1) / alignment * alignment;
  layout.scratch = placer.place(numThreads, layout.scratchStride);
  layout.totalBytes = placer.position;
  return placer.overflow ? tooLarge(entry) : success();
}

} // namespace recrt
