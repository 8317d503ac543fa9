// SPDX-License-Identifier: Apache-2.0
// Everything that a host can get wrong in a batch, with the place of the first mistake.
#include "Request.h"

#include <algorithm>
#include <cstring>

namespace recrt {

void BoundRequest::reserve(const Plan &plan) {
  for (const EntryPlan &entry : plan.entries) {
    rowOffsets.reserve(entry.bases.size());
    inputs.reserve(entry.inputs.size());
    outputs.reserve(entry.outputs.size());
  }
}

static long long toPrint(int64_t value) { return static_cast<long long>(value); }

/// Distributes named parts of a batch to their places in the entry. `nameOf(i)` is the name of
/// place i. Parts in the entry's order are found at once.
template <typename Part, typename NameOf, typename PartName>
static Status bindNames(const char *what, const EntryPlan &entry, const Part *parts, int32_t count, PartName partName,
                        size_t places, NameOf nameOf, std::vector<const Part *> &bound) {
  bound.assign(places, nullptr);
  if (count < 0 || (count > 0 && !parts))
    return failure(RECRT_INVALID_ARGUMENT, Place("request"), "it has %d %ss and a null array of them", count, what);
  for (int32_t i = 0; i < count; ++i) {
    const char *name = partName(parts[i]);
    if (!name)
      return failure(RECRT_INVALID_ARGUMENT, Place("%s %d", what, i), "its name is null");
    size_t place = static_cast<size_t>(i);
    if (place >= places || std::strcmp(nameOf(place), name) != 0) {
      place = 0;
      while (place < places && std::strcmp(nameOf(place), name) != 0)
        ++place;
    }
    if (place == places) {
      // The nearest thing to a suggestion that costs nothing: one that is still missing.
      const char *missing = nullptr;
      for (size_t p = 0; p < places && !missing; ++p)
        if (!bound[p])
          missing = nameOf(p);
      return failure(RECRT_INVALID_ARGUMENT, Place("%s '%s'", what, name), "entry '%s' has no such %s%s%s%s",
                     entry.desc->name, what, missing ? "; it expects '" : "", missing ? missing : "",
                     missing ? "'" : "");
    }
    if (bound[place])
      return failure(RECRT_INVALID_ARGUMENT, Place("%s '%s'", what, name), "it is given twice in one request");
    bound[place] = &parts[i];
  }
  return success();
}

/// The offsets of so many `holders` of rows: requests, or the rows of base space `owner`, which have bags.
static Status checkOffsets(const recrt_space_desc &space, const recrt_row_offsets &given, int64_t holders,
                           const recrt_space_desc *owner, int64_t maxTotalRows) {
  const Place place("row space '%s'", space.name);
  if (given.count != holders + 1)
    return failure(RECRT_INVALID_ARGUMENT, place, "expected %lld offsets (%s%s + 1), got %lld", toPrint(holders + 1),
                   owner ? "rows of " : "requests", owner ? owner->name : "", toPrint(given.count));
  const int64_t *offsets = given.offsets;
  if (!offsets)
    return failure(RECRT_INVALID_ARGUMENT, place, "its offsets are null");
  if (reinterpret_cast<uintptr_t>(offsets) % alignof(int64_t) != 0)
    return failure(RECRT_INVALID_ARGUMENT, place, "its offsets are not aligned to 8 bytes");
  if (offsets[0] != 0)
    return failure(RECRT_INVALID_ARGUMENT, place, "expected offsets[0] = 0, got %lld", toPrint(offsets[0]));
  const char *holder = owner ? "bag" : "request";
  for (int64_t i = 0; i < holders; ++i) {
    if (offsets[i + 1] < offsets[i])
      return failure(RECRT_INVALID_ARGUMENT, Place("row space '%s', %s %lld", space.name, holder, toPrint(i)),
                     "offsets must not decrease: offsets[%lld] = %lld < offsets[%lld] = %lld", toPrint(i + 1),
                     toPrint(offsets[i + 1]), toPrint(i), toPrint(offsets[i]));
    if (offsets[i + 1] - offsets[i] > space.count)
      return failure(RECRT_RESOURCE_EXHAUSTED, Place("row space '%s', %s %lld", space.name, holder, toPrint(i)),
                     "the model takes at most %lld rows in a %s, got %lld", toPrint(space.count), holder,
                     toPrint(offsets[i + 1] - offsets[i]));
  }
  if (offsets[holders] > maxTotalRows)
    return failure(RECRT_RESOURCE_EXHAUSTED, place, "the batch has %lld rows, the context was made for %lld",
                   toPrint(offsets[holders]), toPrint(maxTotalRows));
  return success();
}

Status bindRequest(const Plan &plan, const EntryPlan &entry, const recrt_request &request, const BatchLimits &limits,
                   BoundRequest &bound) {
  if (request.num_requests < 0 || request.num_requests > maxRequestsOfBatch)
    return failure(RECRT_INVALID_ARGUMENT, Place("request"), "%lld requests are not possible",
                   toPrint(request.num_requests));
  if (request.num_requests > limits.maxRequests)
    return failure(RECRT_RESOURCE_EXHAUSTED, Place("request"),
                   "the batch has %lld requests, the context was made for %lld", toPrint(request.num_requests),
                   toPrint(limits.maxRequests));
  auto baseName = [&](size_t i) { return plan.module->spaces[entry.bases[i]].name; };
  auto inputName = [&](size_t i) { return entry.inputs[i].desc->name; };
  auto outputName = [&](size_t i) { return entry.outputs[i].desc->name; };
  if (Status status = bindNames(
          "row space", entry, request.row_offsets, request.num_row_offsets,
          [](const recrt_row_offsets &part) { return part.row_space; }, entry.bases.size(), baseName, bound.rowOffsets);
      failed(status))
    return status;
  if (Status status = bindNames(
          "input", entry, request.inputs, request.num_inputs, [](const recrt_input &part) { return part.name; },
          entry.inputs.size(), inputName, bound.inputs);
      failed(status))
    return status;
  if (Status status = bindNames(
          "output", entry, request.outputs, request.num_outputs, [](const recrt_output &part) { return part.name; },
          entry.outputs.size(), outputName, bound.outputs);
      failed(status))
    return status;

  for (size_t i = 0; i < entry.bases.size(); ++i) {
    const int32_t space = entry.bases[i];
    if (!bound.rowOffsets[i])
      return failure(RECRT_INVALID_ARGUMENT, Place("row space '%s'", baseName(i)), "the request has no offsets for it");
    const recrt_space_desc &desc = plan.module->spaces[space];
    const recrt_space_desc *owner = nullptr;
    int64_t holders = request.num_requests;
    if (desc.kind == RECRT_SPACE_BAGS) {
      // A base space comes before its bags: its offsets have been checked.
      const size_t of = static_cast<size_t>(
          std::find(entry.bases.begin(), entry.bases.begin() + static_cast<ptrdiff_t>(i), desc.parts[0]) -
          entry.bases.begin());
      owner = &plan.module->spaces[desc.parts[0]];
      holders = bound.rowOffsets[of]->offsets[request.num_requests];
    }
    if (Status status =
            checkOffsets(desc, *bound.rowOffsets[i], holders, owner, limits.maxTotalRows[static_cast<size_t>(space)]);
        failed(status))
      return status;
  }
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (!bound.inputs[i])
      return failure(RECRT_INVALID_ARGUMENT, Place("input '%s'", inputName(i)), "the request does not hold it");
  return success();
}

/// No array of the host can be larger than an address space, so larger sizes need not be computed.
static Status checkBytes(const TensorPlan &tensor, int64_t rows) {
  constexpr int64_t maxBytes = int64_t(1) << 46;
  if (rows > maxBytes / tensor.rowBytes)
    return failure(RECRT_RESOURCE_EXHAUSTED, Place("tensor '%s'", tensor.desc->name),
                   "%lld rows of %lld bytes are more than any memory; split the batch", toPrint(rows),
                   toPrint(tensor.rowBytes));
  return success();
}

static Status checkInput(const TensorPlan &tensor, const recrt_input &input, int64_t rows) {
  const Place place("input '%s'", tensor.desc->name);
  if (input.element != tensor.desc->element)
    return failure(RECRT_INVALID_ARGUMENT, place, "expected elements of type %s, got %s",
                   elementName(tensor.desc->element), elementName(input.element));
  if (input.row_elements != tensor.rowElements)
    return failure(RECRT_INVALID_ARGUMENT, place, "expected %lld elements in a row, got %lld",
                   toPrint(tensor.rowElements), toPrint(input.row_elements));
  if (input.num_rows != rows)
    return failure(RECRT_INVALID_ARGUMENT, place, "expected %lld rows by the offsets of its row space, got %lld",
                   toPrint(rows), toPrint(input.num_rows));
  if (rows == 0)
    return success();
  if (!input.data)
    return failure(RECRT_INVALID_ARGUMENT, place, "its data is null, expected %lld rows", toPrint(rows));
  if (reinterpret_cast<uintptr_t>(input.data) % static_cast<uintptr_t>(elementBytes(input.element)) != 0)
    return failure(RECRT_INVALID_ARGUMENT, place, "its data is not aligned to its elements");
  return success();
}

/// Finds the first id outside of [0, limit) and says where it stands.
static Status checkIds(const TensorPlan &tensor, const recrt_input &input, int64_t numRequests,
                       const int64_t *offsets) {
  const int64_t *ids = static_cast<const int64_t *>(input.data);
  const int64_t count = input.num_rows * tensor.rowElements;
  const uint64_t limit = static_cast<uint64_t>(tensor.desc->id_limit);
  // Without a branch per id; the rare bad batch is read twice.
  bool bad = false;
  for (int64_t i = 0; i < count; ++i)
    bad |= static_cast<uint64_t>(ids[i]) >= limit;
  if (!bad)
    return success();
  int64_t i = 0;
  while (static_cast<uint64_t>(ids[i]) < limit)
    ++i;
  const int64_t row = i / tensor.rowElements;
  const int64_t request = std::upper_bound(offsets, offsets + numRequests + 1, row) - offsets - 1;
  return failure(RECRT_INVALID_ARGUMENT,
                 Place("input '%s', request %lld, row %lld, element %lld", tensor.desc->name, toPrint(request),
                       toPrint(row - offsets[request]), toPrint(i % tensor.rowElements)),
                 "expected an id in [0, %lld), got %lld", toPrint(tensor.desc->id_limit), toPrint(ids[i]));
}

namespace {
struct Range {
  uintptr_t begin, end;
  bool overlaps(const Range &other) const {
    return begin < end && other.begin < other.end && begin < other.end && other.begin < end;
  }
};
} // namespace

static Range rangeOf(const void *data, int64_t rows, const TensorPlan &tensor) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data);
  return {begin, begin + static_cast<uintptr_t>(rows * tensor.rowBytes)};
}

static Status checkOutputs(const EntryPlan &entry, const BoundRequest &bound, const std::vector<int64_t> &totals) {
  auto rowsOf = [&](const TensorPlan &tensor) { return totals[static_cast<size_t>(tensor.desc->space)]; };
  for (size_t i = 0; i < entry.outputs.size(); ++i) {
    const recrt_output *output = bound.outputs[i];
    const TensorPlan &tensor = entry.outputs[i];
    if (!output || !output->data)
      continue;
    const Place place("output '%s'", tensor.desc->name);
    const int64_t rows = rowsOf(tensor);
    if (output->capacity_rows < rows)
      return failure(RECRT_INVALID_ARGUMENT, place, "it has room for %lld rows, needs %lld",
                     toPrint(output->capacity_rows), toPrint(rows));
    if (reinterpret_cast<uintptr_t>(output->data) % static_cast<uintptr_t>(elementBytes(tensor.desc->element)) != 0)
      return failure(RECRT_INVALID_ARGUMENT, place, "its data is not aligned to its elements");
    const Range range = rangeOf(output->data, rows, tensor);
    for (size_t j = 0; j < entry.inputs.size(); ++j)
      if (range.overlaps(rangeOf(bound.inputs[j]->data, rowsOf(entry.inputs[j]), entry.inputs[j])))
        return failure(RECRT_INVALID_ARGUMENT, place, "it overlaps input '%s'", entry.inputs[j].desc->name);
    for (size_t j = 0; j < i; ++j)
      if (bound.outputs[j] && bound.outputs[j]->data &&
          range.overlaps(rangeOf(bound.outputs[j]->data, rowsOf(entry.outputs[j]), entry.outputs[j])))
        return failure(RECRT_INVALID_ARGUMENT, place, "it overlaps output '%s'", entry.outputs[j].desc->name);
  }
  return success();
}

Status checkTensors(const Plan &plan, const EntryPlan &entry, const BoundRequest &bound, int64_t numRequests,
                    const std::vector<int64_t> &totals, const std::vector<int64_t *> &offsets) {
  for (const std::vector<TensorPlan> *tensors : {&entry.inputs, &entry.outputs})
    for (const TensorPlan &tensor : *tensors)
      if (Status status = checkBytes(tensor, totals[static_cast<size_t>(tensor.desc->space)]); failed(status))
        return status;
  for (size_t i = 0; i < entry.inputs.size(); ++i) {
    const TensorPlan &tensor = entry.inputs[i];
    if (Status status = checkInput(tensor, *bound.inputs[i], totals[static_cast<size_t>(tensor.desc->space)]);
        failed(status))
      return status;
  }
  if (Status status = checkOutputs(entry, bound, totals); failed(status))
    return status;
  for (size_t i = 0; i < entry.inputs.size(); ++i) {
    const TensorPlan &tensor = entry.inputs[i];
    if (tensor.desc->id_mode != RECRT_IDS_REJECT_REQUEST)
      continue;
    if (Status status =
            checkIds(tensor, *bound.inputs[i], numRequests, offsets[static_cast<size_t>(tensor.desc->space)]);
        failed(status))
      return status;
  }
  return success();
}

} // namespace recrt
