// SPDX-License-Identifier: Apache-2.0
// Formulas of the row spaces. All values were bounded by the plan, so only totals can grow too
// large.
#include "RowSpaces.h"

#include <algorithm>

namespace recrt {

/// The rows of a derived or constant space; `length(i)` are those of part i.
template <typename Length> static int64_t rowsOf(const recrt_space_desc &desc, Length length) {
  int64_t rows = 0;
  switch (desc.kind) {
  case RECRT_SPACE_ROWS:
    rows = desc.count;
    break;
  case RECRT_SPACE_CONCAT:
    for (int32_t i = 0; i < desc.num_parts; ++i)
      rows += length(i);
    break;
  case RECRT_SPACE_INTERLEAVE:
    rows = length(0) * desc.count;
    break;
  case RECRT_SPACE_GROUP_PAD:
    rows = (length(0) + desc.count - 1) / desc.count;
    break;
  case RECRT_SPACE_GROUP_DROP:
    rows = length(0) / desc.count;
    break;
  case RECRT_SPACE_TAKE:
    rows = std::min(length(0), desc.count);
    break;
  case RECRT_SPACE_NEST:
    rows = length(0) * length(1);
    break;
  }
  return rows;
}

void computeRows(const Plan &plan, int32_t space, std::vector<int64_t> &rows) {
  for (int32_t s = 0; s <= space; ++s) {
    const recrt_space_desc &desc = plan.module->spaces[s];
    if (!comesWithRequest(desc))
      rows[static_cast<size_t>(s)] =
          rowsOf(desc, [&](int32_t part) { return rows[static_cast<size_t>(desc.parts[part])]; });
  }
}

void computeOffsetsOfBags(const Plan &plan, int32_t space, int64_t numRequests, const int64_t *bags,
                          const Offsets &offsets) {
  const int64_t *rows = offsets[static_cast<size_t>(plan.module->spaces[space].parts[0])];
  for (int64_t b = 0; b <= numRequests; ++b)
    offsets[static_cast<size_t>(space)][b] = bags[rows[b]];
}

Status computeOffsets(const Plan &plan, int32_t space, int64_t numRequests, const Offsets &offsets) {
  const recrt_space_desc &desc = plan.module->spaces[space];
  int64_t *result = offsets[static_cast<size_t>(space)];
  result[0] = 0;
  for (int64_t b = 0; b < numRequests; ++b) {
    const int64_t rows = rowsOf(desc, [&](int32_t part) {
      const int64_t *of = offsets[static_cast<size_t>(desc.parts[part])];
      return of[b + 1] - of[b];
    });
    result[b + 1] = result[b] + rows;
    if (result[b + 1] > maxRowsOfBatch)
      return failure(RECRT_RESOURCE_EXHAUSTED, Place("request %lld", static_cast<long long>(b)),
                     "the batch has more than %lld rows in one row space; split it",
                     static_cast<long long>(maxRowsOfBatch));
  }
  return success();
}

int64_t boundTotalRows(const Plan &plan, int32_t space, int64_t numRequests, int64_t baseLimit,
                       const std::vector<int64_t> &totals) {
  const recrt_space_desc &desc = plan.module->spaces[space];
  // 128 bits hold every intermediate value: counts are below 2^41, requests below 2^31.
  using Wide = __int128;
  auto total = [&](int32_t part) -> Wide { return totals[static_cast<size_t>(desc.parts[part])]; };
  auto most = [&](int32_t part) -> Wide { return plan.spaces[static_cast<size_t>(desc.parts[part])].maxRows; };
  const Wide requests = numRequests;
  Wide rows = 0;
  switch (desc.kind) {
  case RECRT_SPACE_BASE:
    rows = std::min<Wide>(baseLimit, requests * desc.count);
    break;
  case RECRT_SPACE_OPAQUE:
    rows = baseLimit;
    break;
  case RECRT_SPACE_BAGS:
    rows = std::min<Wide>(baseLimit, total(0) * desc.count);
    break;
  case RECRT_SPACE_ROWS:
    rows = requests * desc.count;
    break;
  case RECRT_SPACE_CONCAT:
    for (int32_t i = 0; i < desc.num_parts; ++i)
      rows += total(i);
    break;
  case RECRT_SPACE_INTERLEAVE:
    rows = total(0) * desc.count;
    break;
  case RECRT_SPACE_GROUP_PAD:
    rows = (total(0) + requests * (desc.count - 1)) / desc.count;
    break;
  case RECRT_SPACE_GROUP_DROP:
    rows = total(0) / desc.count;
    break;
  case RECRT_SPACE_TAKE:
    rows = std::min<Wide>(total(0), requests * desc.count);
    break;
  case RECRT_SPACE_NEST:
    rows = std::min(total(0) * most(1), total(1) * most(0));
    break;
  }
  const Wide ofRequests = requests * plan.spaces[static_cast<size_t>(space)].maxRows;
  return static_cast<int64_t>(std::min({rows, ofRequests, Wide(maxRowsOfBatch) + 1}));
}

void boundLaterTotals(const Plan &plan, const EntryPlan &entry, int64_t numRequests, std::vector<int64_t> &totals) {
  for (size_t f = 0; f < entry.filters.size(); ++f)
    for (int32_t space : entry.spaces)
      if (entry.phases[static_cast<size_t>(space)] == static_cast<int32_t>(f) + 1)
        totals[static_cast<size_t>(space)] =
            boundTotalRows(plan, space, numRequests, totals[static_cast<size_t>(entry.filters[f].source)], totals);
}

void computeRequestOfRow(int64_t numRequests, const int64_t *offsets, int32_t *requestOfRow) {
  for (int64_t b = 0; b < numRequests; ++b)
    std::fill(requestOfRow + offsets[b], requestOfRow + offsets[b + 1], static_cast<int32_t>(b));
}

/// Where the rows of `inner` lie in `outer` for one request.
static void embed(const Plan &plan, const recrt_embed_step &step, int32_t inner, int64_t request,
                  const Offsets &offsets, int64_t &first, int64_t &stride) {
  const recrt_space_desc &outer = plan.module->spaces[step.outer];
  auto length = [&](int32_t space) {
    const int64_t *of = offsets[static_cast<size_t>(space)];
    return of[request + 1] - of[request];
  };
  first = step.shift;
  stride = 1;
  switch (step.kind) {
  case RECRT_EMBED_SEGMENT:
    for (int32_t i = 0; i < step.index; ++i)
      first += length(outer.parts[i]);
    break;
  case RECRT_EMBED_TAKE_LAST:
    first += length(step.outer) - length(inner);
    break;
  case RECRT_EMBED_TAKE_FIRST:
    break;
  case RECRT_EMBED_PHASE:
    first += step.index;
    stride = length(inner) == 0 ? 1 : length(step.outer) / length(inner); // also of an interleave in an interleave
    break;
  }
}

/// Row `row` of `inner` as a row of the step's outer space, both counted in the request. -1 where there is none.
static int64_t embedRow(const Plan &plan, const recrt_embed_step &step, int32_t inner, int64_t request,
                        const Offsets &offsets, int64_t row) {
  auto length = [&](int32_t space) {
    const int64_t *of = offsets[static_cast<size_t>(space)];
    return of[request + 1] - of[request];
  };
  const int64_t outerRows = length(step.outer);
  if (outerRows == 0)
    return -1;
  if (step.kind == RECRT_EMBED_REPEAT)
    return row % outerRows;
  int64_t first, stride;
  if (step.frame < 0) {
    embed(plan, step, inner, request, offsets, first, stride);
    return first + row * stride;
  }
  // All rows of the frame have equally many rows of the nests.
  const int64_t instances = length(step.frame);
  const int64_t innerRows = length(inner) / instances, outerOfOne = outerRows / instances;
  const recrt_space_desc &within = plan.module->spaces[plan.module->spaces[step.outer].parts[1]];
  first = step.shift;
  stride = 1;
  switch (step.kind) {
  case RECRT_EMBED_SEGMENT:
    for (int32_t i = 0; i < step.index; ++i)
      first += length(within.parts[i]);
    break;
  case RECRT_EMBED_TAKE_LAST:
    first += outerOfOne - innerRows;
    break;
  case RECRT_EMBED_PHASE:
    first += step.index;
    stride = outerOfOne / innerRows;
    break;
  default:
    break;
  }
  const int64_t place = first + row % innerRows * stride;
  return place >= 0 && place < outerOfOne ? row / innerRows * outerOfOne + place : -1;
}

static Status rowOutside(int32_t space, int64_t request, int32_t outer) {
  return failure(RECRT_INTERNAL, Place("row map of space %d, request %lld", space, static_cast<long long>(request)),
                 "the plan of the model maps rows outside of space %d; report this to reccc", outer);
}

/// Row by row: for maps that are not affine within a request. What begins with a repeat comes around.
static Status computeRows(const Plan &plan, const RowMapPlan &map, int64_t request, const Offsets &offsets,
                          int64_t count, int64_t *rows) {
  const int64_t *outer = offsets[static_cast<size_t>(map.outer)];
  const recrt_embed_step &innermost = map.desc->steps[0];
  int64_t period = count;
  if (innermost.kind == RECRT_EMBED_REPEAT) {
    const int64_t *repeated = offsets[static_cast<size_t>(innermost.outer)];
    period = std::clamp<int64_t>(repeated[request + 1] - repeated[request], 1, count);
  }
  for (int64_t i = 0; i < period; ++i) {
    int64_t row = i;
    int32_t inner = map.desc->space;
    for (int32_t s = 0; s < map.desc->num_steps && row >= 0; ++s) {
      row = embedRow(plan, map.desc->steps[s], inner, request, offsets, row);
      inner = map.desc->steps[s].outer;
    }
    if (row < 0 || row >= outer[request + 1] - outer[request])
      return rowOutside(map.desc->space, request, inner);
    rows[i] = outer[request] + row;
  }
  for (int64_t i = period; i < count; i += period)
    std::copy_n(rows, std::min(period, count - i), rows + i);
  return success();
}

Status computeRowMap(const Plan &plan, const RowMapPlan &map, int64_t numRequests, const Offsets &offsets,
                     int64_t *rows) {
  const int64_t *space = offsets[static_cast<size_t>(map.desc->space)];
  const int64_t *outer = offsets[static_cast<size_t>(map.outer)];
  for (int64_t b = 0; b < numRequests; ++b) {
    const int64_t count = space[b + 1] - space[b];
    if (count == 0)
      continue;
    if (!map.affine) {
      if (Status status = computeRows(plan, map, b, offsets, count, rows + space[b]); failed(status))
        return status;
      continue;
    }
    // The steps are affine, and so is their composition.
    int64_t first = 0, stride = 1;
    int32_t inner = map.desc->space;
    bool inside = true;
    for (int32_t i = 0; i < map.desc->num_steps && inside; ++i) {
      const recrt_embed_step &step = map.desc->steps[i];
      int64_t stepFirst, stepStride;
      embed(plan, step, inner, b, offsets, stepFirst, stepStride);
      const int64_t *of = offsets[static_cast<size_t>(step.outer)];
      const int64_t length = of[b + 1] - of[b];
      // Lengths are at most 2^40, so nothing wraps before the test.
      const __int128 newFirst = stepFirst + static_cast<__int128>(first) * stepStride;
      const __int128 newStride = static_cast<__int128>(stride) * stepStride;
      inside = newFirst >= 0 && newFirst + newStride * (count - 1) < length;
      first = static_cast<int64_t>(newFirst);
      stride = static_cast<int64_t>(newStride);
      inner = step.outer;
    }
    if (!inside)
      return rowOutside(map.desc->space, b, inner);
    int64_t *of = rows + space[b];
    for (int64_t i = 0; i < count; ++i)
      of[i] = outer[b] + first + i * stride;
  }
  return success();
}

} // namespace recrt
