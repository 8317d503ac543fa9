// SPDX-License-Identifier: Apache-2.0
// Runs the steps of a batch: the work of a step is cut into items, and threads take them until none
// is left.
#include "Context.h"
#include "FloatEnvironment.h"
#include "TopK.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace recrt {

static constexpr int64_t tileRows = 32;

recrt_kernel_args bindStep(recrt_context &context, const recrt_step_desc &step) {
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  for (int32_t i = 0; i < step.num_spaces; ++i) {
    const size_t space = static_cast<size_t>(step.spaces[i]);
    context.views[static_cast<size_t>(i)] = {batch.offsets[space], batch.requestOfRow[space],
                                             batch.totals[space]};
  }
  std::byte *block = context.block.data();
  for (int32_t i = 0; i < step.num_operands; ++i) {
    const recrt_operand_desc &desc = step.operands[i];
    const recrt_buffer_desc &buffer = entry.desc->buffers[desc.buffer];
    const std::byte *data = nullptr;
    switch (buffer.kind) {
    case RECRT_BUFFER_INPUT:
      data = static_cast<const std::byte *>(
          batch.bound.inputs[static_cast<size_t>(buffer.index)]->data);
      break;
    case RECRT_BUFFER_OUTPUT:
      data = static_cast<const std::byte *>(batch.outputData[static_cast<size_t>(buffer.index)]);
      break;
    case RECRT_BUFFER_ARENA:
      data = block + batch.layout.slots[static_cast<size_t>(buffer.slot)];
      break;
    case RECRT_BUFFER_WEIGHT:
      data = context.model->weights + buffer.offset;
      break;
    }
    const int64_t *rows = nullptr;
    if (desc.rowmap >= 0)
      rows = reinterpret_cast<const int64_t *>(
          block + batch.layout.rowMaps[static_cast<size_t>(desc.rowmap)]);
    context.operands[static_cast<size_t>(i)] = {const_cast<std::byte *>(data) + desc.offset, rows};
  }
  return {context.operands.data(), context.views.data(), nullptr, batch.numRequests, 1};
}

void prepareItems(recrt_context &context) {
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  // The order only matters when several threads share the work.
  const bool sorted = context.pool->numThreads() > 1;
  batch.numItems.assign(entry.itemLists.size(), 0);
  for (size_t l = 0; l < entry.itemLists.size(); ++l) {
    const ItemListPlan &list = entry.itemLists[l];
    const recrt_kernel_args args = bindStep(context, *list.step);
    auto *items =
        reinterpret_cast<recrt_attention_item *>(context.block.data() + batch.layout.itemLists[l]);
    int64_t count = 0;
    for (int64_t b = 0; b < batch.numRequests; ++b) {
      for (size_t s = 0; s < list.segments.size(); ++s) {
        const int64_t *offsets = batch.offsets[static_cast<size_t>(list.segments[s])];
        const int64_t rows = offsets[b + 1] - offsets[b];
        for (int64_t first = 0; first < rows; first += tileRows) {
          recrt_attention_item item = {
              static_cast<int32_t>(b), static_cast<int32_t>(s), first, 0, 0, 0};
          if (sorted)
            item.area = list.area(&args, &item);
          for (int32_t head = 0; head < list.step->heads; ++head) {
            item.head = head;
            items[count++] = item;
          }
        }
      }
    }
    batch.numItems[l] = count;
    if (sorted)
      std::sort(items, items + count,
                [](const recrt_attention_item &a, const recrt_attention_item &b) {
                  if (a.area != b.area)
                    return a.area > b.area;
                  if (a.request != b.request)
                    return a.request < b.request;
                  if (a.segment != b.segment)
                    return a.segment < b.segment;
                  return a.first != b.first ? a.first < b.first : a.head < b.head;
                });
  }
}

/// The rows [first, last) of a top-k step.
static void runTopK(const recrt_context &context, const recrt_step_desc &step,
                    const recrt_kernel_args &args, int64_t first, int64_t last, void *scratch) {
  const Batch &batch = context.batch;
  const bool excludes = step.num_operands == 4;
  auto rowOf = [&](int32_t operand, int64_t row) {
    const recrt_operand &seen = args.operands[operand];
    const int64_t bytes = batch.entry->desc->buffers[step.operands[operand].buffer].row_bytes;
    return static_cast<std::byte *>(seen.data) + (seen.rows ? seen.rows[row] : row) * bytes;
  };
  auto *bits = static_cast<uint64_t *>(scratch);
  const int64_t numWords = (step.columns + 63) / 64;
  for (int64_t row = first; row < last; ++row) {
    if (excludes) {
      std::memset(bits, 0, static_cast<size_t>(numWords) * sizeof(uint64_t));
      const int32_t request = batch.requestOfRow[static_cast<size_t>(step.space)][row];
      const int64_t *of = batch.offsets[static_cast<size_t>(step.exclude_space)];
      for (int64_t r = of[request]; r < of[request + 1]; ++r) {
        int64_t id;
        std::memcpy(&id, rowOf(1, r), sizeof(id));
        // Ids that are no column exclude nothing.
        if (id >= step.first_id && id < step.first_id + step.columns) {
          const int64_t column = id - step.first_id;
          bits[column / 64] |= uint64_t(1) << (column % 64);
        }
      }
    }
    TopKRow work;
    work.scores = reinterpret_cast<const float *>(rowOf(0, row));
    work.numColumns = step.columns;
    work.k = step.k;
    work.firstId = step.first_id;
    work.ids = reinterpret_cast<int64_t *>(rowOf(step.num_operands - 2, row));
    work.best = reinterpret_cast<float *>(rowOf(step.num_operands - 1, row));
    selectTopK(work, excludes ? bits : nullptr);
  }
}

namespace {
/// The items of one step, shared by the threads of the pool.
struct Work {
  const recrt_context *context;
  const StepPlan *step;
  recrt_kernel_args args;
  int64_t numItems, chunk;
  std::byte *scratch;
  int64_t scratchStride;
  std::atomic<int64_t> next{0};

  void run(int32_t worker) {
    StandardFloatEnvironment environment;
    void *ownScratch = scratch + worker * scratchStride;
    while (true) {
      const int64_t first = next.fetch_add(chunk, std::memory_order_relaxed);
      if (first >= numItems)
        return;
      const int64_t last = std::min(first + chunk, numItems);
      if (step->kernel)
        step->kernel(&args, first, last, ownScratch);
      else
        runTopK(*context, *step->desc, args, first, last, ownScratch);
    }
  }
};
} // namespace

static int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Column groups of a GEMM: few row blocks leave threads without work unless panels are shared out,
/// but each group repeats the prologue of its rows.
static int64_t chooseSplits(int64_t rowBlocks, int64_t panels, int32_t numThreads) {
  constexpr int64_t itemsPerThread = 3, panelsOfSplit = 4;
  const int64_t wanted = itemsPerThread * numThreads;
  if (numThreads == 1 || rowBlocks == 0 || rowBlocks >= wanted)
    return 1;
  const int64_t worthwhile = std::max<int64_t>(1, panels / panelsOfSplit);
  // Idle threads are worse than repeated prologues.
  const int64_t busy = std::min(panels, ceilDivide(numThreads, rowBlocks));
  return std::max(busy, std::min(worthwhile, ceilDivide(wanted, rowBlocks)));
}

void executeSteps(recrt_context &context) {
  using Clock = std::chrono::steady_clock;
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  std::byte *block = context.block.data();
  const int32_t numThreads = context.pool->numThreads();
  batch.steps.clear();
  for (const StepPlan &step : entry.steps) {
    const recrt_step_desc &desc = *step.desc;
    Work work;
    work.context = &context;
    work.step = &step;
    work.args = bindStep(context, desc);
    work.scratch = block + batch.layout.scratch;
    work.scratchStride = batch.layout.scratchStride;
    const int64_t rows = batch.totals[static_cast<size_t>(desc.space)];
    switch (desc.kind) {
    case RECRT_KERNEL_ROWS:
      work.numItems = ceilDivide(rows, desc.block);
      break;
    case RECRT_KERNEL_GEMM: {
      const int64_t rowBlocks = ceilDivide(rows, desc.block);
      work.args.num_splits = chooseSplits(rowBlocks, desc.columns, numThreads);
      work.numItems = rowBlocks * work.args.num_splits;
      break;
    }
    case RECRT_KERNEL_ATTENTION: {
      const size_t list = static_cast<size_t>(step.itemList);
      work.args.items =
          reinterpret_cast<const recrt_attention_item *>(block + batch.layout.itemLists[list]);
      work.numItems = batch.numItems[list];
      break;
    }
    case RECRT_KERNEL_TOP_K:
      work.numItems = rows;
      break;
    }
    const Clock::time_point start = context.profile ? Clock::now() : Clock::time_point();
    const int32_t workers = static_cast<int32_t>(std::min<int64_t>(numThreads, work.numItems));
    if (workers <= 1) {
      work.chunk = std::max<int64_t>(1, work.numItems);
      work.run(0);
    } else {
      // Attention items differ in size, so they are taken singly.
      const bool single = desc.kind == RECRT_KERNEL_ATTENTION;
      work.chunk = single ? 1 : std::max<int64_t>(1, work.numItems / (workers * 8));
      context.pool->run(
          workers, [](void *argument, int32_t index) { static_cast<Work *>(argument)->run(index); },
          &work,
          /*last=*/&step == &entry.steps.back());
    }
    int64_t nanoseconds = 0;
    if (context.profile)
      nanoseconds =
          std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
    batch.steps.push_back({work.numItems, nanoseconds});
  }
}

} // namespace recrt
