// SPDX-License-Identifier: Apache-2.0
// Runs against user states: prefill makes them of outputs, score and append turn them into inputs.
#include "State.h"

#include <algorithm>
#include <cstring>

namespace recrt {

static constexpr int64_t alignment = 64;

static long long toPrint(int64_t value) { return static_cast<long long>(value); }

static const UserStatePlan &planOf(const recrt_state &state) { return state.model->plan.state; }

//===-- Memory of a state --------------------------------------------------------------------===//

void countStateRows(const Plan &plan, const std::vector<int64_t> &lengths, std::vector<int64_t> &ofSpaces,
                    int64_t *rows) {
  ofSpaces.assign(plan.spaces.size(), 0);
  for (size_t base = 0; base < lengths.size(); ++base)
    ofSpaces[static_cast<size_t>(plan.state.bases[base])] = lengths[base];
  computeRows(plan, static_cast<int32_t>(plan.spaces.size()) - 1, ofSpaces);
  for (const TensorPlan &value : plan.state.values)
    *rows++ = ofSpaces[static_cast<size_t>(value.desc->space)];
}

Status reserveState(recrt_state &state, const int64_t *rows) {
  const std::vector<TensorPlan> &values = planOf(state).values;
  bool fits = true;
  for (size_t v = 0; v < values.size(); ++v)
    fits &= rows[v] <= state.capacity[v];
  if (fits && state.block.size() > 0)
    return success();
  std::vector<int64_t> capacity(values.size()), places(values.size());
  int64_t bytes = alignment; // never empty
  for (size_t v = 0; v < values.size(); ++v) {
    const int64_t most = state.model->plan.spaces[static_cast<size_t>(values[v].desc->space)].maxRows;
    capacity[v] = state.block.size() > 0 ? std::max(rows[v], std::min(most, rows[v] + rows[v] / 2)) : rows[v];
    places[v] = bytes;
    __int128 size = static_cast<__int128>(capacity[v]) * values[v].rowBytes + bytes + 2 * alignment - 1;
    if (size > INT64_MAX / 2)
      return failure(RECRT_RESOURCE_EXHAUSTED, Place("state"), "it would need more bytes than there can be");
    bytes = static_cast<int64_t>(size) / alignment * alignment;
  }
  Block grown(state.block.source());
  if (!grown.grow(bytes, 0))
    return failure(RECRT_RESOURCE_EXHAUSTED, Place("state"), "cannot allocate %lld bytes for it", toPrint(bytes));
  for (size_t v = 0; v < values.size() && state.block.size() > 0; ++v)
    std::memcpy(grown.data() + places[v], state.block.data() + state.places[v],
                static_cast<size_t>(state.rows[v] * values[v].rowBytes));
  state.block.swap(grown);
  state.capacity = std::move(capacity);
  state.places = std::move(places);
  return success();
}

std::unique_ptr<recrt_state> makeState(recrt_model *model, const recrt_allocator &allocator,
                                       const std::vector<int64_t> &lengths, Status &status) {
  auto state = std::make_unique<recrt_state>(model, allocator);
  state->lengths = lengths;
  const size_t numValues = model->plan.state.values.size();
  for (std::vector<int64_t> *ofValues : {&state->rows, &state->capacity, &state->places})
    ofValues->assign(numValues, 0);
  std::vector<int64_t> ofSpaces;
  countStateRows(model->plan, lengths, ofSpaces, state->rows.data());
  status = reserveState(*state, state->rows.data());
  return failed(status) ? nullptr : std::move(state);
}

Status findStateEntry(const recrt_model &model, int32_t entry, const char *name, const EntryPlan *&plan) {
  if (entry < 0)
    return failure(RECRT_FAILED_PRECONDITION, Place("model '%s'", model.plan.module->model_name),
                   "it has no entry '%s' of user states; its description asks for them with entry_points", name);
  plan = &model.plan.entries[static_cast<size_t>(entry)];
  return success();
}

//===-- States in use ------------------------------------------------------------------------===//

namespace {
/// Marks states as read, or as growing, while it lives.
class Borrowed {
public:
  Borrowed(recrt_state *const *states, bool grows) : states(states), grows(grows) {}
  ~Borrowed() {
    for (int64_t i = 0; i < count; ++i) {
      if (grows)
        states[i]->users.store(0, std::memory_order_release);
      else
        states[i]->users.fetch_sub(1, std::memory_order_release);
    }
  }
  Borrowed(const Borrowed &) = delete;
  Borrowed &operator=(const Borrowed &) = delete;

  Status borrow(const recrt_model &model, int64_t number) {
    if (number > 0 && !states)
      return failure(RECRT_INVALID_ARGUMENT, Place("states"), "the array is null, expected one for each request");
    for (; count < number; ++count) {
      const Place place("state %lld", toPrint(count));
      recrt_state *state = states[count];
      if (!state)
        return failure(RECRT_INVALID_ARGUMENT, place, "it is null");
      if (state->model != &model && planOf(*state).fingerprint != model.plan.state.fingerprint)
        return failure(RECRT_INCOMPATIBLE, place, "it was made by another model or with other weights");
      int32_t users = state->users.load(std::memory_order_relaxed);
      do {
        if (grows ? users != 0 : users < 0)
          return failure(RECRT_FAILED_PRECONDITION, place,
                         grows ? "it is in use, or stands twice in the batch; append to it when no run reads it"
                               : "a run appends to it");
      } while (!state->users.compare_exchange_weak(users, grows ? -1 : users + 1, std::memory_order_acquire));
    }
    return success();
  }

private:
  recrt_state *const *states;
  const bool grows;
  int64_t count = 0;
};
} // namespace

/// Adds what lies in the states to the parts that the host gave.
static Status addStates(recrt_context &context, const EntryPlan &entry, recrt_state *const *states,
                        recrt_request &request) {
  const Plan &plan = context.model->plan;
  StateBatch &parts = context.stateBatch;
  const int64_t requests = request.num_requests;
  parts.rowOffsets.clear();
  parts.inputs.clear();
  auto isOfState = [&](const char *name) {
    for (int32_t base : plan.state.bases)
      if (name && std::strcmp(plan.module->spaces[base].name, name) == 0)
        return true;
    return false;
  };
  if (request.num_row_offsets < 0 || (request.num_row_offsets > 0 && !request.row_offsets) || request.num_inputs < 0 ||
      (request.num_inputs > 0 && !request.inputs))
    return failure(RECRT_INVALID_ARGUMENT, Place("request"), "an array of it is null");
  if (static_cast<size_t>(request.num_row_offsets) > entry.bases.size() ||
      static_cast<size_t>(request.num_inputs) > entry.inputs.size())
    return failure(RECRT_INVALID_ARGUMENT, Place("request"), "entry '%s' has fewer row spaces or inputs",
                   entry.desc->name);
  for (int32_t i = 0; i < request.num_row_offsets; ++i) {
    if (isOfState(request.row_offsets[i].row_space))
      return failure(RECRT_INVALID_ARGUMENT, Place("row space '%s'", request.row_offsets[i].row_space),
                     "its rows come with the states; the request must not give offsets for it");
    parts.rowOffsets.push_back(request.row_offsets[i]);
  }
  parts.inputs.assign(request.inputs, request.inputs + request.num_inputs);

  if (requests > context.limits.maxRequests)
    return failure(RECRT_RESOURCE_EXHAUSTED, Place("request"),
                   "the batch has %lld requests, the context was made for %lld", toPrint(requests),
                   toPrint(context.limits.maxRequests));

  // 1. How much has to be copied together: with one state nothing but lengths.
  int64_t bytes = 0;
  std::vector<int64_t> &totals = context.batch.totals;
  for (const TensorPlan &input : entry.inputs)
    if (input.desc->state) {
      int64_t &total = totals[static_cast<size_t>(input.desc->space)];
      total = 0;
      for (int64_t i = 0; i < requests && requests != 1; ++i)
        total += states[i]->rows[static_cast<size_t>(input.desc->state - 1)];
    }
  if (Status status = layOutGathered(plan, entry, requests, totals, bytes); failed(status))
    return status;
  if (bytes > context.gathered.size() && !context.gathered.grow(bytes + bytes / 2, 0) &&
      !context.gathered.grow(bytes, 0))
    return failure(RECRT_RESOURCE_EXHAUSTED, Place("states"), "cannot allocate %lld bytes for the batch",
                   toPrint(bytes));

  // 2. Offsets of the state's base spaces.
  std::byte *next = context.gathered.data();
  auto take = [&](int64_t size) {
    std::byte *memory = next;
    next += (size + alignment - 1) / alignment * alignment;
    return memory;
  };
  for (size_t base = 0; base < plan.state.bases.size(); ++base) {
    const int32_t space = plan.state.bases[base];
    auto *offsets = reinterpret_cast<int64_t *>(take((requests + 1) * static_cast<int64_t>(sizeof(int64_t))));
    offsets[0] = 0;
    for (int64_t i = 0; i < requests; ++i)
      offsets[i + 1] = offsets[i] + states[i]->lengths[base];
    if (std::find(entry.bases.begin(), entry.bases.end(), space) != entry.bases.end())
      parts.rowOffsets.push_back({plan.module->spaces[space].name, offsets, requests + 1});
  }

  // 3. Values.
  for (const TensorPlan &input : entry.inputs) {
    if (!input.desc->state)
      continue;
    const size_t v = static_cast<size_t>(input.desc->state - 1);
    const void *data;
    int64_t rows = 0;
    if (requests == 1) {
      data = states[0]->block.data() + states[0]->places[v];
      rows = states[0]->rows[v];
    } else {
      rows = totals[static_cast<size_t>(input.desc->space)];
      std::byte *to = take(rows * input.rowBytes + alignment);
      data = to;
      for (int64_t i = 0; i < requests; ++i) {
        const int64_t size = states[i]->rows[v] * input.rowBytes;
        std::memcpy(to, states[i]->block.data() + states[i]->places[v], static_cast<size_t>(size));
        to += size;
      }
    }
    parts.inputs.push_back({input.desc->name, data, rows, input.rowElements, input.desc->element});
  }
  request.row_offsets = parts.rowOffsets.data();
  request.num_row_offsets = static_cast<int32_t>(parts.rowOffsets.size());
  request.inputs = parts.inputs.data();
  request.num_inputs = static_cast<int32_t>(parts.inputs.size());
  return success();
}

static Status checkCount(const recrt_request &request) {
  if (request.num_requests >= 0 && request.num_requests <= maxRequestsOfBatch)
    return success();
  return failure(RECRT_INVALID_ARGUMENT, Place("request"), "%lld requests are not possible",
                 toPrint(request.num_requests));
}

//===-- Runs ---------------------------------------------------------------------------------===//

static Status prefill(recrt_context &context, const recrt_request &request, recrt_state **out) {
  const EntryPlan *entry = nullptr;
  if (Status status = findStateEntry(*context.model, context.model->plan.state.prefill, "prefill", entry);
      failed(status))
    return status;
  if (request.num_outputs > 0)
    return failure(RECRT_INVALID_ARGUMENT, Place("request"), "prefill gives states, it takes no outputs");
  if (Status status = runEntry(context, *entry, request); failed(status))
    return status;
  const Plan &plan = context.model->plan;
  std::vector<std::unique_ptr<recrt_state>> made;
  std::vector<int64_t> lengths(plan.state.bases.size());
  for (int64_t i = 0; i < request.num_requests; ++i) {
    for (size_t base = 0; base < lengths.size(); ++base) {
      const int64_t *offsets = context.batch.offsets[static_cast<size_t>(plan.state.bases[base])];
      lengths[base] = offsets[i + 1] - offsets[i];
    }
    Status status = success();
    made.push_back(makeState(context.model, context.allocator, lengths, status));
    if (failed(status))
      return status;
    for (size_t v = 0; v < plan.state.values.size(); ++v) {
      const recrt_output_view view = viewOutput(context, v);
      const int64_t rowBytes = plan.state.values[v].rowBytes;
      std::memcpy(made.back()->block.data() + made.back()->places[v],
                  static_cast<const std::byte *>(view.data) + view.offsets[i] * rowBytes,
                  static_cast<size_t>((view.offsets[i + 1] - view.offsets[i]) * rowBytes));
    }
  }
  for (size_t i = 0; i < made.size(); ++i)
    out[i] = made[i].release();
  return success();
}

static Status score(recrt_context &context, recrt_state *const *states, recrt_request request) {
  const EntryPlan *entry = nullptr;
  if (Status status = findStateEntry(*context.model, context.model->plan.state.score, "score", entry); failed(status))
    return status;
  Borrowed borrowed(states, /*grows=*/false);
  if (Status status = borrowed.borrow(*context.model, request.num_requests); failed(status))
    return status;
  if (Status status = addStates(context, *entry, states, request); failed(status))
    return status;
  return runEntry(context, *entry, request);
}

static Status append(recrt_context &context, recrt_state *const *states, recrt_request request) {
  const Plan &plan = context.model->plan;
  const EntryPlan *entry = nullptr;
  if (Status status = findStateEntry(*context.model, plan.state.append, "append", entry); failed(status))
    return status;
  if (request.num_outputs > 0)
    return failure(RECRT_INVALID_ARGUMENT, Place("request"), "append extends states, it takes no outputs");
  Borrowed borrowed(states, /*grows=*/true);
  if (Status status = borrowed.borrow(*context.model, request.num_requests); failed(status))
    return status;
  if (Status status = addStates(context, *entry, states, request); failed(status))
    return status;
  if (Status status = runEntry(context, *entry, request); failed(status))
    return status;
  // 1. Room for all of them before any changes.
  const size_t grown = static_cast<size_t>(
      std::find(plan.state.bases.begin(), plan.state.bases.end(), entry->desc->old_space) - plan.state.bases.begin());
  const int64_t most = plan.module->spaces[entry->desc->old_space].count;
  const int64_t *added = context.batch.offsets[static_cast<size_t>(entry->desc->new_space)];
  StateBatch &counts = context.stateBatch;
  const size_t numValues = plan.state.values.size();
  counts.after.resize(static_cast<size_t>(request.num_requests) * numValues);
  for (int64_t i = 0; i < request.num_requests; ++i) {
    counts.lengths = states[i]->lengths;
    int64_t &length = counts.lengths[grown];
    length += added[i + 1] - added[i];
    if (length > most)
      return failure(RECRT_RESOURCE_EXHAUSTED, Place("state %lld", toPrint(i)),
                     "the model takes at most %lld rows of '%s', it would have %lld; prefill it with the newest ones",
                     toPrint(most), plan.module->spaces[entry->desc->old_space].name, toPrint(length));
    int64_t *wanted = counts.after.data() + static_cast<size_t>(i) * numValues;
    countStateRows(plan, counts.lengths, counts.ofSpaces, wanted);
    counts.joined = states[i]->rows;
    for (size_t o = 0; o < entry->outputs.size(); ++o) {
      const recrt_output_view view = viewOutput(context, o);
      counts.joined[static_cast<size_t>(entry->outputs[o].desc->state - 1)] += view.offsets[i + 1] - view.offsets[i];
    }
    if (!std::equal(counts.joined.begin(), counts.joined.end(), wanted))
      return failure(RECRT_INTERNAL, Place("state %lld", toPrint(i)),
                     "the plan of the model gives other rows than the state needs; report this to reccc");
    if (Status status = reserveState(*states[i], wanted); failed(status))
      return status;
  }
  // 2. The rows that follow.
  for (int64_t i = 0; i < request.num_requests; ++i) {
    recrt_state &state = *states[i];
    for (size_t o = 0; o < entry->outputs.size(); ++o) {
      const size_t v = static_cast<size_t>(entry->outputs[o].desc->state - 1);
      const recrt_output_view view = viewOutput(context, o);
      const int64_t rowBytes = plan.state.values[v].rowBytes;
      std::memcpy(state.block.data() + state.places[v] + state.rows[v] * rowBytes,
                  static_cast<const std::byte *>(view.data) + view.offsets[i] * rowBytes,
                  static_cast<size_t>((view.offsets[i + 1] - view.offsets[i]) * rowBytes));
    }
    std::copy_n(counts.after.data() + static_cast<size_t>(i) * numValues, numValues, state.rows.begin());
    state.lengths[grown] += added[i + 1] - added[i];
  }
  return success();
}

/// What all three check first.
template <typename Run> static Status runStates(recrt_context *context, const recrt_request *request, Run run) {
  return guarded([&]() -> Status {
    if (!context)
      return failure(RECRT_INVALID_ARGUMENT, Place("context"), "it is null");
    if (Status status = checkStruct(request, "recrt_request"); failed(status))
      return status;
    if (Status status = checkCount(*request); failed(status))
      return status;
    InUse use(*context);
    if (Status status = use.check(); failed(status))
      return status;
    context->batch.entry = nullptr;
    return run();
  });
}

} // namespace recrt

using namespace recrt;

extern "C" {

recrt_status recrt_state_prefill(recrt_context *context, const recrt_request *request, recrt_state **out) {
  return runStates(context, request, [&]() -> Status {
    if (!out && request->num_requests > 0)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_state_prefill"), "out is null");
    std::fill_n(out, request->num_requests, nullptr);
    return prefill(*context, *request, out);
  });
}

recrt_status recrt_state_score(recrt_context *context, recrt_state *const *states, const recrt_request *request) {
  return runStates(context, request, [&] { return score(*context, states, *request); });
}

recrt_status recrt_state_append(recrt_context *context, recrt_state *const *states, const recrt_request *request) {
  return runStates(context, request, [&] { return append(*context, states, *request); });
}

void recrt_state_destroy(recrt_state *state) { delete state; }

} // extern "C"
