// SPDX-License-Identifier: Apache-2.0
// Runs the steps of a batch. The work of a step is cut into items, and the threads take items until
// none is left. All steps of a batch are one task of the pool: a thread that finds no more items
// waits only for items that other threads are at, never for a thread that has not begun. So a pool
// may be slow to start its threads, or run the task on one after the other.
#include "Context.h"
#include "FloatEnvironment.h"
#include "TopK.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <sched.h>

namespace recrt {

static constexpr int64_t tileRows = 32;

/// Points operands and views, which have room for this step, at what the step sees.
static recrt_kernel_args bindStep(const recrt_context &context, const recrt_step_desc &step, recrt_operand *operands,
                                  recrt_space_view *views) {
  const Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  for (int32_t i = 0; i < step.num_spaces; ++i) {
    const size_t space = static_cast<size_t>(step.spaces[i]);
    views[i] = {batch.offsets[space], batch.requestOfRow[space], batch.totals[space], batch.bags[space]};
  }
  std::byte *block = context.block.data();
  for (int32_t i = 0; i < step.num_operands; ++i) {
    const recrt_operand_desc &desc = step.operands[i];
    const recrt_buffer_desc &buffer = entry.desc->buffers[desc.buffer];
    const std::byte *data = nullptr;
    switch (buffer.kind) {
    case RECRT_BUFFER_INPUT:
      data = static_cast<const std::byte *>(batch.bound.inputs[static_cast<size_t>(buffer.index)]->data);
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
      rows = reinterpret_cast<const int64_t *>(block + batch.layout.rowMaps[static_cast<size_t>(desc.rowmap)]);
    operands[i] = {const_cast<std::byte *>(data) + desc.offset, rows};
  }
  return {operands, views, nullptr, batch.numRequests, 1};
}

/// Fills in the work items of a list, largest area first; returns their number.
static int64_t fillItems(const ItemListPlan &list, const Batch &batch, const recrt_kernel_args &args, bool sorted,
                         recrt_attention_item *items) {
  int64_t count = 0;
  const int32_t frame = list.step->frame;
  const int64_t *frames = frame < 0 ? nullptr : batch.offsets[static_cast<size_t>(frame)];
  auto addInstance = [&](int64_t b, int64_t instance) {
    for (size_t s = 0; s < list.segments.size(); ++s) {
      const int64_t *offsets = batch.offsets[static_cast<size_t>(list.segments[s])];
      const int64_t rows = list.step->space == frame ? 1 : offsets[b + 1] - offsets[b];
      for (int64_t first = 0; first < rows; first += tileRows) {
        recrt_attention_item item = {static_cast<int32_t>(instance), static_cast<int32_t>(s), first, 0, 0, 0};
        if (sorted)
          item.area = list.area(&args, &item);
        for (int32_t head = 0; head < list.step->heads; ++head) {
          item.head = head;
          items[count++] = item;
        }
      }
    }
  };
  for (int64_t b = 0; b < batch.numRequests; ++b)
    for (int64_t i = frames ? frames[b] : b, end = frames ? frames[b + 1] : b + 1; i < end; ++i)
      addInstance(b, i);
  if (sorted)
    std::sort(items, items + count, [](const recrt_attention_item &a, const recrt_attention_item &b) {
      if (a.area != b.area)
        return a.area > b.area;
      if (a.request != b.request)
        return a.request < b.request;
      if (a.segment != b.segment)
        return a.segment < b.segment;
      return a.first != b.first ? a.first < b.first : a.head < b.head;
    });
  return count;
}

/// The rows [first, last) of a top-k step.
static void runTopK(const recrt_context &context, const recrt_step_desc &step, const recrt_kernel_args &args,
                    int64_t first, int64_t last, void *scratch) {
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

/// Number `row` of an operand that holds one number a row.
static int64_t *numberOf(const recrt_context &context, const recrt_step_desc &step, const recrt_operand *operands,
                         int32_t operand, int64_t row) {
  const recrt_operand &seen = operands[operand];
  const int64_t bytes = context.batch.entry->desc->buffers[step.operands[operand].buffer].row_bytes;
  return reinterpret_cast<int64_t *>(static_cast<std::byte *>(seen.data) + (seen.rows ? seen.rows[row] : row) * bytes);
}

/// Counts the rows that a filter keeps, which makes those of the next phase known, and writes down their places.
static Status runFilter(recrt_context &context, const FilterPlan &filter, int32_t phase, recrt_operand *operands,
                        recrt_space_view *views) {
  Batch &batch = context.batch;
  const recrt_step_desc &step = *batch.entry->steps[filter.step].desc;
  bindStep(context, step, operands, views);
  const int64_t *source = batch.offsets[static_cast<size_t>(filter.source)];
  int64_t *bound = batch.offsets[static_cast<size_t>(filter.space)];
  bound[0] = 0;
  for (int64_t b = 0; b < batch.numRequests; ++b) {
    bound[b + 1] = bound[b];
    for (int64_t row = source[b]; row < source[b + 1]; ++row)
      bound[b + 1] += *numberOf(context, step, operands, 0, row) != 0;
  }
  if (Status status = beginPhase(context, phase); failed(status))
    return status;
  int64_t next = 0;
  for (int64_t b = 0; b < batch.numRequests; ++b)
    for (int64_t row = source[b]; row < source[b + 1]; ++row)
      if (*numberOf(context, step, operands, 0, row) != 0)
        *numberOf(context, step, operands, 1, next++) = row - source[b];
  return success();
}

/// Says what the items of a step are and how many there are.
static void cutStep(recrt_context &context, StepWork &work, int32_t numThreads) {
  Batch &batch = context.batch;
  const recrt_step_desc &desc = *work.step->desc;
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
    const size_t list = static_cast<size_t>(work.step->itemList);
    auto *items = reinterpret_cast<recrt_attention_item *>(context.block.data() + batch.layout.itemLists[list]);
    // The first step of a list fills it in. The order only matters to several threads.
    if (batch.entry->itemLists[list].step == &desc)
      batch.numItems[list] = fillItems(batch.entry->itemLists[list], batch, work.args, numThreads > 1, items);
    work.args.items = items;
    work.numItems = batch.numItems[list];
    break;
  }
  case RECRT_KERNEL_TOP_K:
    work.numItems = rows;
    break;
  case RECRT_KERNEL_FILTER:
    work.numItems = 0; // done between phases
    break;
  }
  // Attention items differ in size, so they are taken singly.
  constexpr int64_t chunksOfThread = 8;
  work.chunk =
      desc.kind == RECRT_KERNEL_ATTENTION ? 1 : std::max<int64_t>(1, work.numItems / (numThreads * chunksOfThread));
  if (numThreads == 1)
    work.chunk = std::max<int64_t>(1, work.numItems);
}

static int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Takes items of a step until none is left.
static void takeItems(const recrt_context &context, StepWork &work, void *scratch) {
  while (true) {
    const int64_t first = work.next.fetch_add(work.chunk, std::memory_order_relaxed);
    if (first >= work.numItems)
      return;
    const int64_t last = std::min(first + work.chunk, work.numItems);
    if (work.step->kernel)
      work.step->kernel(&work.args, first, last, scratch);
    else
      runTopK(context, *work.step->desc, work.args, first, last, scratch);
    // Whoever sees all items done sees what they wrote.
    const int64_t before = work.done.fetch_add(last - first, std::memory_order_acq_rel);
    if (context.profile && before + last - first == work.numItems)
      work.finishedAt = now();
  }
}

static void waitForOthers(const StepWork &work) {
  constexpr int spinsBeforeYield = 512;
  for (int spins = 0; work.done.load(std::memory_order_acquire) < work.numItems; ++spins) {
    if (spins < spinsBeforeYield)
      _mm_pause();
    else
      ::sched_yield();
  }
}

/// What each thread of a run does.
static void runAllSteps(void *argument, int32_t worker) {
  recrt_context &context = *static_cast<recrt_context *>(argument);
  const Batch &batch = context.batch;
  StandardFloatEnvironment environment;
  void *scratch = context.block.data() + batch.layout.scratch + worker * batch.layout.scratchStride;
  for (size_t i = batch.firstStep; i < batch.endStep; ++i) {
    takeItems(context, context.steps[i], scratch);
    waitForOthers(context.steps[i]);
  }
}

/// Runs the steps [first, end), whose rows are known. `operands` and `views` move on behind theirs.
static void runPhase(recrt_context &context, size_t first, size_t end, recrt_operand *&operands,
                     recrt_space_view *&views) {
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  const int32_t numThreads = context.pool->numThreads();
  batch.firstStep = first;
  batch.endStep = end;
  int64_t mostItems = 0;
  {
    StandardFloatEnvironment environment; // area functions are generated code
    for (size_t i = first; i < end; ++i) {
      StepWork &work = context.steps[i];
      work.step = &entry.steps[i];
      work.args = bindStep(context, *work.step->desc, operands, views);
      operands += work.step->desc->num_operands;
      views += work.step->desc->num_spaces;
      cutStep(context, work, numThreads);
      work.finishedAt = 0;
      work.next.store(0, std::memory_order_relaxed);
      work.done.store(0, std::memory_order_relaxed);
      mostItems = std::max(mostItems, work.numItems);
    }
  }
  if (first == 0)
    batch.startedAt = context.profile ? now() : 0;
  const int32_t workers = static_cast<int32_t>(std::min<int64_t>(numThreads, mostItems));
  if (workers <= 1)
    runAllSteps(&context, 0);
  else
    context.pool->run(workers, runAllSteps, &context);
}

Status executeSteps(recrt_context &context) {
  const EntryPlan &entry = *context.batch.entry;
  recrt_operand *operands = context.operands.data();
  recrt_space_view *views = context.views.data();
  context.batch.numItems.assign(entry.itemLists.size(), 0);
  size_t first = 0;
  for (size_t f = 0; f < entry.filters.size(); ++f) {
    // The filter's own step has no items.
    const FilterPlan &filter = entry.filters[f];
    const recrt_step_desc &step = *entry.steps[filter.step].desc;
    runPhase(context, first, filter.step + 1, operands, views);
    if (Status status = runFilter(context, filter, static_cast<int32_t>(f) + 1, operands - step.num_operands,
                                  views - step.num_spaces);
        failed(status))
      return status;
    first = filter.step + 1;
  }
  runPhase(context, first, entry.steps.size(), operands, views);
  return success();
}

} // namespace recrt
