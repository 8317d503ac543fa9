// SPDX-License-Identifier: Apache-2.0
// Contexts: memory, and the order of a run: bind, check, lay out, execute.
#include "Context.h"

#include "Cpu.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

using namespace recrt;

static constexpr size_t blockAlignment = 64;
static constexpr int32_t maxThreads = 1024;

bool Block::grow(int64_t size, int64_t kept) {
  if (size <= length)
    return true;
  void *memory = allocator.allocate(allocator.user, static_cast<size_t>(size), blockAlignment);
  if (!memory)
    return false;
  if (kept > 0)
    std::memcpy(memory, bytes, static_cast<size_t>(kept));
  free();
  bytes = static_cast<std::byte *>(memory);
  length = size;
  return true;
}

void Block::free() {
  if (bytes)
    allocator.release(allocator.user, bytes, static_cast<size_t>(length));
  bytes = nullptr;
  length = 0;
}

static void *allocateDefault(void *, size_t size, size_t alignment) {
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void releaseDefault(void *, void *memory, size_t) { std::free(memory); }

static Status outOfMemory(const recrt_context &context, int64_t bytes) {
  return failure(RECRT_RESOURCE_EXHAUSTED, Place("model '%s'", context.model->plan.module->model_name),
                 "cannot allocate %lld bytes for a context", static_cast<long long>(bytes));
}

/// Gives every vector of the batch its full capacity.
static void reserveBatch(recrt_context &context) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  batch.bound.reserve(plan);
  batch.layout.reserve(plan);
  batch.offsets.assign(plan.spaces.size(), nullptr);
  batch.totals.assign(plan.spaces.size(), 0);
  batch.bags.assign(plan.spaces.size(), nullptr);
  batch.requestOfRow.assign(plan.spaces.size(), nullptr);
  size_t operands = 0, views = 0, steps = 0;
  for (const EntryPlan &entry : plan.entries) {
    batch.ownOutputs.reserve(entry.outputs.size());
    batch.outputData.reserve(entry.outputs.size());
    batch.numItems.reserve(entry.itemLists.size());
    steps = std::max(steps, entry.steps.size());
    operands = std::max(operands, entry.numOperands);
    views = std::max(views, entry.numViews);
  }
  size_t bases = 0, inputs = 0;
  for (const EntryPlan &entry : plan.entries) {
    bases = std::max(bases, entry.bases.size());
    inputs = std::max(inputs, entry.inputs.size());
  }
  context.stateBatch.rowOffsets.reserve(bases);
  context.stateBatch.inputs.reserve(inputs);
  context.operands.resize(operands);
  context.views.resize(views);
  context.steps.reset(new StepWork[steps]);
}

static Status applyLimits(recrt_context &context, const recrt_context_options &options) {
  const recrt_module &module = *context.model->plan.module;
  const Place place("recrt_context_options");
  BatchLimits &limits = context.limits;
  limits.maxTotalRows.assign(context.model->plan.spaces.size(), maxRowsOfBatch);
  if (options.max_requests < 0 || options.max_requests > maxRequestsOfBatch)
    return failure(RECRT_INVALID_ARGUMENT, place, "max_requests = %lld is out of range",
                   static_cast<long long>(options.max_requests));
  if (options.num_row_limits < 0 || (options.num_row_limits > 0 && !options.row_limits))
    return failure(RECRT_INVALID_ARGUMENT, place, "row_limits is null");
  context.limited = options.max_requests > 0;
  if (!context.limited && options.num_row_limits > 0)
    return failure(RECRT_INVALID_ARGUMENT, place, "row_limits need max_requests");
  if (context.limited)
    limits.maxRequests = options.max_requests;
  for (int32_t i = 0; i < options.num_row_limits; ++i) {
    const recrt_row_limit &limit = options.row_limits[i];
    int32_t space = 0;
    while (space < module.num_spaces && !(limit.row_space && comesWithRequest(module.spaces[space]) &&
                                          std::strcmp(module.spaces[space].name, limit.row_space) == 0))
      ++space;
    if (space == module.num_spaces)
      return failure(RECRT_INVALID_ARGUMENT, place, "the model has no row space '%s'",
                     limit.row_space ? limit.row_space : "(null)");
    if (limit.max_total_rows < 0 || limit.max_total_rows > maxRowsOfBatch)
      return failure(RECRT_INVALID_ARGUMENT, place, "max_total_rows = %lld of '%s' is out of range",
                     static_cast<long long>(limit.max_total_rows), limit.row_space);
    limits.maxTotalRows[static_cast<size_t>(space)] = limit.max_total_rows;
  }
  return success();
}

/// Takes the memory of the largest batch within the limits, for every entry.
static Status reserveMemory(recrt_context &context) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  int64_t bytes = 0, gatheredBytes = 0;
  for (const EntryPlan &entry : plan.entries) {
    const int64_t requests = context.limits.maxRequests;
    batch.totals.assign(plan.spaces.size(), 0);
    for (int32_t space : entry.spaces)
      if (entry.phases[static_cast<size_t>(space)] == 0)
        batch.totals[static_cast<size_t>(space)] = boundTotalRows(
            plan, space, requests, context.limits.maxTotalRows[static_cast<size_t>(space)], batch.totals);
    boundLaterTotals(plan, entry, requests, batch.totals);
    batch.ownOutputs.assign(entry.outputs.size(), 1);
    if (Status status = layOutOffsets(plan, entry, requests, batch.layout); failed(status))
      return status;
    if (Status status =
            layOutRun(plan, entry, requests, batch.totals, batch.ownOutputs, context.pool->numThreads(), batch.layout);
        failed(status))
      return status;
    bytes = std::max(bytes, batch.layout.totalBytes);
    int64_t gathered = 0;
    if (Status status = layOutGathered(plan, entry, requests, batch.totals, gathered); failed(status))
      return status;
    gatheredBytes = std::max(gatheredBytes, gathered);
  }
  batch.layout.totalBytes = batch.layout.activationBytes = 0;
  if (!context.gathered.grow(gatheredBytes, 0))
    return outOfMemory(context, gatheredBytes);
  return context.block.grow(bytes, 0) ? success() : outOfMemory(context, bytes);
}

static Status makeContext(recrt_model *model, const recrt_context_options &options, recrt_context **out) {
  const Place place("recrt_context_options");
  recrt_allocator allocator = {nullptr, allocateDefault, releaseDefault};
  if (options.allocator)
    allocator = *options.allocator;
  if (!allocator.allocate || !allocator.release)
    return failure(RECRT_INVALID_ARGUMENT, place, "the allocator lacks a function");
  if (options.thread_pool && (!options.thread_pool->run || options.thread_pool->num_threads < 1 ||
                              options.thread_pool->num_threads > maxThreads))
    return failure(RECRT_INVALID_ARGUMENT, place,
                   "the thread pool lacks its function or has %d threads, expected 1 to %d",
                   options.thread_pool->num_threads, maxThreads);
  if (options.num_threads < 0 || options.num_threads > maxThreads)
    return failure(RECRT_INVALID_ARGUMENT, place, "num_threads = %d, expected 0 to %d", options.num_threads,
                   maxThreads);

  auto context = std::make_unique<recrt_context>(model, allocator);
  if (options.log)
    context->log = *options.log;
  context->profile = options.profile != 0;
  if (options.thread_pool) {
    context->pool = ThreadPool::ofHost(*options.thread_pool);
  } else {
    const int32_t wanted = options.num_threads > 0 ? options.num_threads : std::min(availableCpus(), maxThreads);
    context->pool = ThreadPool::ofProcess(wanted);
    if (context->pool->numThreads() < wanted)
      log(&context->log, RECRT_LOG_WARNING, "the system granted %d of %d threads", context->pool->numThreads(), wanted);
  }
  if (Status status = applyLimits(*context, options); failed(status))
    return status;
  reserveBatch(*context);
  if (context->limited)
    if (Status status = reserveMemory(*context); failed(status))
      return status;
  *out = context.release();
  return success();
}

/// Makes room for the layout of the batch; what is already in the first `kept` bytes stays.
static Status provideMemory(recrt_context &context, int64_t kept) {
  const int64_t bytes = context.batch.layout.totalBytes;
  if (bytes <= context.block.size())
    return success();
  if (context.limited)
    return failure(RECRT_INTERNAL, Place("entry '%s'", context.batch.entry->desc->name),
                   "a batch within the limits needs %lld bytes, %lld are reserved; report this to "
                   "reccc",
                   static_cast<long long>(bytes), static_cast<long long>(context.block.size()));
  // Half as much again, so that slowly growing batches settle soon.
  if (!context.block.grow(bytes + bytes / 2, kept) && !context.block.grow(bytes, kept))
    return outOfMemory(context, bytes);
  return success();
}

static void pointOffsets(recrt_context &context) {
  Batch &batch = context.batch;
  for (size_t s = 0; s < batch.offsets.size(); ++s)
    batch.offsets[s] = batch.layout.offsets[s] < 0
                           ? nullptr
                           : reinterpret_cast<int64_t *>(context.block.data() + batch.layout.offsets[s]);
}

/// Offsets and totals of the spaces of a phase.
static Status deriveOffsets(recrt_context &context, int32_t phase) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  for (int32_t space : batch.entry->spaces) {
    if (batch.entry->phases[static_cast<size_t>(space)] != phase)
      continue;
    const recrt_space_desc &desc = plan.module->spaces[space];
    if (!comesWithRequest(desc) && desc.kind != RECRT_SPACE_OPAQUE)
      if (Status status = computeOffsets(plan, space, batch.numRequests, batch.offsets); failed(status))
        return status;
    batch.totals[static_cast<size_t>(space)] = batch.offsets[static_cast<size_t>(space)][batch.numRequests];
  }
  return success();
}

/// Copies the offsets of base spaces (the host may change its own) and derives the others.
static Status fillOffsets(recrt_context &context) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  if (Status status = layOutOffsets(plan, entry, batch.numRequests, batch.layout); failed(status))
    return status;
  if (Status status = provideMemory(context, 0); failed(status))
    return status;
  pointOffsets(context);
  // A base space comes before its bags.
  for (size_t i = 0; i < entry.bases.size(); ++i) {
    const int64_t *given = batch.bound.rowOffsets[i]->offsets;
    if (plan.module->spaces[entry.bases[i]].kind == RECRT_SPACE_BAGS)
      computeOffsetsOfBags(plan, entry.bases[i], batch.numRequests, given, batch.offsets);
    else
      std::memcpy(batch.offsets[static_cast<size_t>(entry.bases[i])], given,
                  static_cast<size_t>(batch.numRequests + 1) * sizeof(int64_t));
  }
  if (Status status = deriveOffsets(context, 0); failed(status))
    return status;
  boundLaterTotals(plan, entry, batch.numRequests, batch.totals);
  return success();
}

/// Copies where bags begin.
static void fillBags(recrt_context &context) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  for (size_t i = 0; i < entry.bases.size(); ++i) {
    const size_t space = static_cast<size_t>(entry.bases[i]);
    if (batch.layout.bags[space] < 0)
      continue;
    const int64_t bags = batch.totals[static_cast<size_t>(plan.module->spaces[space].parts[0])];
    batch.bags[space] = reinterpret_cast<int64_t *>(context.block.data() + batch.layout.bags[space]);
    std::memcpy(batch.bags[space], batch.bound.rowOffsets[i]->offsets, static_cast<size_t>(bags + 1) * sizeof(int64_t));
  }
}

/// Fills in what kernels of a phase look up: requests of rows and row maps.
static Status fillTables(recrt_context &context, int32_t phase) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  const EntryPlan &entry = *batch.entry;
  std::byte *block = context.block.data();
  for (size_t s = 0; s < plan.spaces.size(); ++s)
    if (batch.requestOfRow[s] && entry.phases[s] == phase)
      computeRequestOfRow(batch.numRequests, batch.offsets[s], batch.requestOfRow[s]);
  for (size_t m = 0; m < entry.rowMaps.size(); ++m)
    if (entry.rowMaps[m].phase == phase)
      if (Status status = computeRowMap(plan, entry.rowMaps[m], batch.numRequests, batch.offsets,
                                        reinterpret_cast<int64_t *>(block + batch.layout.rowMaps[m]));
          failed(status))
        return status;
  return success();
}

/// Points at what was laid out: requests of rows, where bags begin, and where outputs go.
static void pointTables(recrt_context &context) {
  Batch &batch = context.batch;
  std::byte *block = context.block.data();
  for (size_t s = 0; s < batch.requestOfRow.size(); ++s) {
    const int64_t at = batch.layout.requestOfRow[s];
    batch.requestOfRow[s] = at < 0 ? nullptr : reinterpret_cast<int32_t *>(block + at);
  }
  fillBags(context);
  batch.outputData.clear();
  for (size_t i = 0; i < batch.entry->outputs.size(); ++i)
    batch.outputData.push_back(batch.ownOutputs[i] ? block + batch.layout.outputs[i] : batch.bound.outputs[i]->data);
}

static Status runBatch(recrt_context &context, const EntryPlan &entry, const recrt_request &request) {
  const Plan &plan = context.model->plan;
  Batch &batch = context.batch;
  if (Status status = bindRequest(plan, entry, request, context.limits, batch.bound); failed(status))
    return status;
  batch.entry = &entry;
  batch.numRequests = request.num_requests;
  if (Status status = fillOffsets(context); failed(status))
    return status;
  if (Status status = checkTensors(plan, entry, batch.bound, batch.numRequests, batch.totals, batch.offsets);
      failed(status))
    return status;
  batch.ownOutputs.clear();
  for (const recrt_output *output : batch.bound.outputs)
    batch.ownOutputs.push_back(!output || !output->data);
  const int64_t offsetBytes = batch.layout.totalBytes;
  if (Status status = layOutRun(plan, entry, batch.numRequests, batch.totals, batch.ownOutputs,
                                context.pool->numThreads(), batch.layout);
      failed(status))
    return status;
  if (Status status = provideMemory(context, offsetBytes); failed(status))
    return status;
  pointOffsets(context);
  pointTables(context);
  if (Status status = fillTables(context, 0); failed(status))
    return status;
  return executeSteps(context);
}

namespace recrt {

Status beginPhase(recrt_context &context, int32_t phase) {
  if (Status status = deriveOffsets(context, phase); failed(status))
    return status;
  return fillTables(context, phase);
}

Status InUse::check() const {
  if (!first)
    return failure(RECRT_FAILED_PRECONDITION, Place("context"),
                   "another thread is using it; make one context for each thread");
  if (!context.pool->usable())
    return failure(RECRT_FAILED_PRECONDITION, Place("context"),
                   "it was made before fork(): its threads are in the parent; make a new context "
                   "in the child");
  return success();
}

Status runEntry(recrt_context &context, const EntryPlan &entry, const recrt_request &request) {
  // Until the run is good there is nothing to read back.
  context.batch.entry = nullptr;
  Status status = runBatch(context, entry, request);
  if (failed(status))
    context.batch.entry = nullptr;
  return status;
}

recrt_output_view viewOutput(const recrt_context &context, size_t index) {
  const Batch &batch = context.batch;
  const size_t space = static_cast<size_t>(batch.entry->outputs[index].desc->space);
  return {sizeof(recrt_output_view), batch.outputData[index], batch.offsets[space], batch.numRequests,
          batch.totals[space]};
}

} // namespace recrt

// --- C API ------------------------------------------------------------------------------------

extern "C" {

void recrt_context_options_init(recrt_context_options *options) {
  *options = {};
  options->size = sizeof(*options);
}

recrt_status recrt_context_create(recrt_model *model, const recrt_context_options *given, recrt_context **out) {
  return guarded([&]() -> Status {
    if (!out)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_context_create"), "out is null");
    *out = nullptr;
    if (!model)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_context_create"), "model is null");
    recrt_context_options options;
    recrt_context_options_init(&options);
    if (given) {
      if (Status status = checkStruct(given, "recrt_context_options"); failed(status))
        return status;
      options = *given;
    }
    return makeContext(model, options, out);
  });
}

void recrt_context_destroy(recrt_context *context) { delete context; }

recrt_status recrt_context_get_info(const recrt_context *context, recrt_context_info *info) {
  if (!context)
    return failure(RECRT_INVALID_ARGUMENT, Place("context"), "it is null");
  if (Status status = checkStruct(info, "recrt_context_info"); failed(status))
    return status;
  *info = {info->size, context->pool->numThreads(), context->block.size(), context->batch.layout.totalBytes,
           context->batch.layout.activationBytes};
  return success();
}

recrt_status recrt_context_run(recrt_context *context, int32_t entry, const recrt_request *request) {
  return guarded([&]() -> Status {
    if (!context)
      return failure(RECRT_INVALID_ARGUMENT, Place("context"), "it is null");
    const EntryPlan *plan = nullptr;
    if (Status status = findEntry(context->model, entry, plan); failed(status))
      return status;
    if (Status status = checkStruct(request, "recrt_request"); failed(status))
      return status;
    InUse use(*context);
    if (Status status = use.check(); failed(status))
      return status;
    return runEntry(*context, *plan, *request);
  });
}

static Status checkHasRun(const recrt_context *context) {
  if (!context)
    return failure(RECRT_INVALID_ARGUMENT, Place("context"), "it is null");
  if (!context->batch.entry)
    return failure(RECRT_FAILED_PRECONDITION, Place("context"), "its last run was not good");
  return success();
}

recrt_status recrt_context_get_output(const recrt_context *context, int32_t index, recrt_output_view *view) {
  if (Status status = checkHasRun(context); failed(status))
    return status;
  if (Status status = checkStruct(view, "recrt_output_view"); failed(status))
    return status;
  const Batch &batch = context->batch;
  const std::vector<TensorPlan> &outputs = batch.entry->outputs;
  if (index < 0 || static_cast<size_t>(index) >= outputs.size())
    return failure(RECRT_INVALID_ARGUMENT, Place("entry '%s'", batch.entry->desc->name),
                   "output %d does not exist, it has %zu", index, outputs.size());
  const size_t size = view->size;
  *view = viewOutput(*context, static_cast<size_t>(index));
  view->size = size;
  return success();
}

recrt_status recrt_context_get_step(const recrt_context *context, int32_t index, recrt_step_info *info) {
  if (Status status = checkHasRun(context); failed(status))
    return status;
  if (Status status = checkStruct(info, "recrt_step_info"); failed(status))
    return status;
  const Batch &batch = context->batch;
  const std::vector<StepPlan> &steps = batch.entry->steps;
  if (index < 0 || static_cast<size_t>(index) >= steps.size())
    return failure(RECRT_INVALID_ARGUMENT, Place("entry '%s'", batch.entry->desc->name),
                   "step %d does not exist, it has %zu", index, steps.size());
  // A step without items takes no time; the steps of a run follow one another.
  const StepWork &work = context->steps[static_cast<size_t>(index)];
  int64_t start = batch.startedAt;
  for (int32_t i = 0; i < index; ++i)
    start = std::max(start, context->steps[static_cast<size_t>(i)].finishedAt);
  const recrt_step_desc &step = *work.step->desc;
  *info = {info->size, step.name, step.kind, work.numItems, std::max<int64_t>(0, work.finishedAt - start)};
  return success();
}

} // extern "C"
