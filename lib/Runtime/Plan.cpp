// SPDX-License-Identifier: Apache-2.0
// Checks a module once, at load: afterwards the executor uses its numbers without looking back.
#include "Plan.h"

#include <algorithm>
#include <cstring>

namespace recrt {

static constexpr int32_t maxCount = 1 << 20;
static constexpr int64_t maxScratchBytes = int64_t(1) << 30;

int64_t elementBytes(int32_t element) {
  switch (element) {
  case RECRT_ELEMENT_F32:
    return 4;
  case RECRT_ELEMENT_BF16:
    return 2;
  case RECRT_ELEMENT_I64:
    return 8;
  default:
    return 0;
  }
}

const char *elementName(int32_t element) {
  switch (element) {
  case RECRT_ELEMENT_F32:
    return "f32";
  case RECRT_ELEMENT_BF16:
    return "bf16";
  case RECRT_ELEMENT_I64:
    return "i64";
  default:
    return "an unknown type";
  }
}

Status checkModuleHeader(const recrt_module *module) {
  const Place place("module");
  if (!module)
    return failure(RECRT_INVALID_ARGUMENT, place, "the module is null");
  if (module->magic != RECRT_MODULE_MAGIC)
    return failure(RECRT_INVALID_ARGUMENT, place, "expected magic %08x, got %08x", RECRT_MODULE_MAGIC, module->magic);
  if (module->abi != RECRT_MODULE_ABI)
    return failure(RECRT_INCOMPATIBLE, place,
                   "the model has module ABI %u, this runtime reads %u; compile the model with the "
                   "reccc of this runtime",
                   module->abi, RECRT_MODULE_ABI);
  if (!module->model_name || !module->tool_version)
    return failure(RECRT_INVALID_ARGUMENT, place, "the module has no name or no tool version");
  if (module->isa_levels == 0 || module->isa_levels >> RECRT_ISA_COUNT)
    return failure(RECRT_INVALID_ARGUMENT, Place("model '%s'", module->model_name), "the ISA levels 0x%x are not known",
                   module->isa_levels);
  return success();
}

namespace {
class PlanChecker {
public:
  PlanChecker(const recrt_module *module, Plan &plan) : module(module), plan(plan) {}

  Status check();

private:
  template <typename... Args> Status bad(const Place &place, const char *format, Args... args) {
    return failure(RECRT_INVALID_ARGUMENT, place, format, args...);
  }
  Status checkSpace(int32_t index);
  Status checkEntry(int32_t index);
  Status checkTensor(const recrt_tensor_desc &tensor, const Place &place, TensorPlan &result);
  Status checkBuffer(int32_t index);
  Status checkRowMap(int32_t index);
  Status checkStep(int32_t index);
  Status checkOperand(const recrt_operand_desc &operand, const Place &place, int32_t number);
  Status checkTopK(const recrt_step_desc &step, const Place &place);
  Status checkFilter(const recrt_step_desc &step, const Place &place);
  int32_t findItemList(const recrt_step_desc &step);
  void need(int32_t space);
  bool validSpace(int32_t space) const { return space >= 0 && space < module->num_spaces; }
  bool isNestOf(int32_t space, int32_t frame) const {
    return module->spaces[space].kind == RECRT_SPACE_NEST && module->spaces[space].parts[0] == frame;
  }

  const recrt_module *module;
  Plan &plan;
  // The entry being checked.
  const recrt_entry_desc *entry = nullptr;
  EntryPlan *result = nullptr;
  std::vector<char> needed;        // by space
  std::vector<char> writtenOutput; // by output
};
} // namespace

static bool validCount(int32_t count, const void *array) {
  return count >= 0 && count <= maxCount && (count == 0 || array);
}

static const char *nameOr(const char *name) { return name ? name : "?"; }

Status PlanChecker::checkSpace(int32_t index) {
  const recrt_space_desc &space = module->spaces[index];
  const Place place("row space %d", index);
  if (!validCount(space.num_parts, space.parts))
    return bad(place, "%d parts are not possible", space.num_parts);
  for (int32_t i = 0; i < space.num_parts; ++i)
    if (space.parts[i] < 0 || space.parts[i] >= index)
      return bad(place, "part %d is space %d, expected an earlier space", i, space.parts[i]);
  int32_t expectedParts = 1;
  int64_t leastCount = 1;
  if (space.kind == RECRT_SPACE_BASE || space.kind == RECRT_SPACE_ROWS || space.kind == RECRT_SPACE_OPAQUE) {
    expectedParts = 0;
    leastCount = 0;
  } else if (space.kind == RECRT_SPACE_CONCAT) {
    expectedParts = space.num_parts;
    leastCount = INT64_MIN;
  } else if (space.kind == RECRT_SPACE_NEST) {
    expectedParts = 2;
    leastCount = INT64_MIN;
  } else if (space.kind < 0 || space.kind > RECRT_SPACE_OPAQUE) {
    return bad(place, "kind %d does not exist", space.kind);
  }
  if (space.num_parts != expectedParts)
    return bad(place, "expected %d parts, got %d", expectedParts, space.num_parts);
  if (space.count < leastCount || space.count > maxRowsOfRequest)
    return bad(place, "count %lld is out of range", static_cast<long long>(space.count));

  SpaceBounds bounds = {0, true};
  auto part = [&](int32_t i) { return plan.spaces[static_cast<size_t>(space.parts[i])]; };
  for (int32_t i = 0; i < space.num_parts; ++i)
    bounds.constant &= part(i).constant;
  switch (space.kind) {
  case RECRT_SPACE_BASE:
  case RECRT_SPACE_BAGS:
    if (!space.name || !*space.name)
      return bad(place, "a base space has no name");
    for (int32_t i = 0; i < index; ++i)
      if (comesWithRequest(module->spaces[i]) && std::strcmp(module->spaces[i].name, space.name) == 0)
        return bad(place, "base space '%s' exists twice", space.name);
    bounds = {space.count, false};
    if (space.kind == RECRT_SPACE_BASE)
      break;
    if (module->spaces[space.parts[0]].kind != RECRT_SPACE_BASE)
      return bad(place, "space %d has bags, expected a base space", space.parts[0]);
    if (__builtin_mul_overflow(part(0).maxRows, space.count, &bounds.maxRows))
      bounds.maxRows = INT64_MAX;
    break;
  case RECRT_SPACE_OPAQUE:
    bounds = {space.count, false};
    break;
  case RECRT_SPACE_ROWS:
    bounds.maxRows = space.count;
    break;
  case RECRT_SPACE_CONCAT:
    for (int32_t i = 0; i < space.num_parts; ++i)
      if ((bounds.maxRows += part(i).maxRows) > maxRowsOfRequest)
        break;
    break;
  case RECRT_SPACE_INTERLEAVE:
    if (__builtin_mul_overflow(part(0).maxRows, space.count, &bounds.maxRows))
      bounds.maxRows = INT64_MAX;
    break;
  case RECRT_SPACE_GROUP_PAD:
    bounds.maxRows = (part(0).maxRows + space.count - 1) / space.count;
    break;
  case RECRT_SPACE_GROUP_DROP:
    bounds.maxRows = part(0).maxRows / space.count;
    break;
  case RECRT_SPACE_TAKE:
    bounds.maxRows = std::min(part(0).maxRows, space.count);
    break;
  case RECRT_SPACE_NEST:
    if (__builtin_mul_overflow(part(0).maxRows, part(1).maxRows, &bounds.maxRows))
      bounds.maxRows = INT64_MAX;
    break;
  }
  if (bounds.maxRows > maxRowsOfRequest)
    return bad(place, "a request may have more than %lld rows", static_cast<long long>(maxRowsOfRequest));
  plan.spaces.push_back(bounds);
  return success();
}

void PlanChecker::need(int32_t space) {
  if (needed[static_cast<size_t>(space)])
    return;
  needed[static_cast<size_t>(space)] = 1;
  // Parts have lower indices, so one pass downwards reaches all of them.
  for (int32_t s = space; s >= 0; --s)
    if (needed[static_cast<size_t>(s)])
      for (int32_t i = 0; i < module->spaces[s].num_parts; ++i)
        needed[static_cast<size_t>(module->spaces[s].parts[i])] = 1;
}

Status PlanChecker::checkTensor(const recrt_tensor_desc &tensor, const Place &place, TensorPlan &result) {
  if (!tensor.name || !*tensor.name)
    return bad(place, "it has no name");
  if (!validCount(tensor.num_dims, tensor.dims))
    return bad(place, "%d dimensions are not possible", tensor.num_dims);
  if (elementBytes(tensor.element) == 0)
    return bad(place, "element type %d does not exist", tensor.element);
  if (!validSpace(tensor.space))
    return bad(place, "row space %d does not exist", tensor.space);
  int64_t elements = 1;
  for (int32_t i = 0; i < tensor.num_dims; ++i)
    if (tensor.dims[i] < 1 || __builtin_mul_overflow(elements, tensor.dims[i], &elements) || elements > maxRowBytes / 8)
      return bad(place, "dimension %d of %lld is out of range", i, static_cast<long long>(tensor.dims[i]));
  if (tensor.id_mode != RECRT_IDS_UNCHECKED && tensor.id_mode != RECRT_IDS_REJECT_REQUEST)
    return bad(place, "id mode %d does not exist", tensor.id_mode);
  if (tensor.id_mode == RECRT_IDS_REJECT_REQUEST && (tensor.element != RECRT_ELEMENT_I64 || tensor.id_limit < 0))
    return bad(place, "ids are checked, but it does not hold i64 or the limit is negative");
  need(tensor.space);
  result = {&tensor, elements, elements * elementBytes(tensor.element)};
  return success();
}

Status PlanChecker::checkBuffer(int32_t index) {
  const recrt_buffer_desc &buffer = entry->buffers[index];
  const Place place("entry '%s', buffer %d", entry->name, index);
  if (buffer.row_bytes < 0 || buffer.row_bytes > maxRowBytes)
    return bad(place, "rows of %lld bytes are out of range", static_cast<long long>(buffer.row_bytes));
  if (buffer.kind == RECRT_BUFFER_WEIGHT) {
    if (buffer.offset < 0 || buffer.offset % 64 != 0 || buffer.bytes < 0 || buffer.bytes > module->weights_bytes ||
        buffer.offset > module->weights_bytes - buffer.bytes)
      return bad(place, "bytes [%lld, +%lld) do not lie aligned within the %lld bytes of weights",
                 static_cast<long long>(buffer.offset), static_cast<long long>(buffer.bytes),
                 static_cast<long long>(module->weights_bytes));
    return success();
  }
  if (!validSpace(buffer.space))
    return bad(place, "row space %d does not exist", buffer.space);
  need(buffer.space);
  switch (buffer.kind) {
  case RECRT_BUFFER_ARENA:
    if (buffer.slot < 0 || buffer.slot >= entry->num_slots)
      return bad(place, "slot %d does not exist", buffer.slot);
    if (buffer.row_bytes % 64 != 0)
      return bad(place, "rows of %lld bytes are no multiple of 64", static_cast<long long>(buffer.row_bytes));
    return success();
  case RECRT_BUFFER_INPUT:
  case RECRT_BUFFER_OUTPUT: {
    const auto &tensors = buffer.kind == RECRT_BUFFER_INPUT ? result->inputs : result->outputs;
    if (buffer.index < 0 || buffer.index >= static_cast<int32_t>(tensors.size()))
      return bad(place, "the signature has no tensor %d", buffer.index);
    const TensorPlan &tensor = tensors[static_cast<size_t>(buffer.index)];
    if (tensor.rowBytes != buffer.row_bytes || tensor.desc->space != buffer.space)
      return bad(place, "rows or row space differ from those of '%s'", tensor.desc->name);
    return success();
  }
  default:
    return bad(place, "kind %d does not exist", buffer.kind);
  }
}

Status PlanChecker::checkRowMap(int32_t index) {
  const recrt_rowmap_desc &map = entry->rowmaps[index];
  const Place place("entry '%s', row map %d", entry->name, index);
  if (!validSpace(map.space) || map.num_steps < 1 || !validCount(map.num_steps, map.steps))
    return bad(place, "space %d or its %d steps are not possible", map.space, map.num_steps);
  need(map.space);
  int32_t inner = map.space;
  bool affine = true;
  for (int32_t i = 0; i < map.num_steps; ++i) {
    const recrt_embed_step &step = map.steps[i];
    if (!validSpace(step.outer) || step.shift < 0 || step.index < 0)
      return bad(place, "step %d: space %d, index %d or shift %d is out of range", i, step.outer, step.index,
                 step.shift);
    need(step.outer);
    if (step.frame != -1) {
      if (!validSpace(step.frame) || !isNestOf(step.outer, step.frame) ||
          (inner != step.frame && !isNestOf(inner, step.frame)))
        return bad(place, "step %d: spaces %d and %d are not grouped by space %d", i, inner, step.outer, step.frame);
      need(step.frame);
    }
    affine &= step.frame == -1 && step.kind != RECRT_EMBED_REPEAT;
    const recrt_space_desc &outer = module->spaces[step.frame == -1 ? step.outer : module->spaces[step.outer].parts[1]];
    const recrt_space_desc &from =
        module->spaces[step.frame == -1 || inner == step.frame ? inner : module->spaces[inner].parts[1]];
    switch (step.kind) {
    case RECRT_EMBED_SEGMENT:
      if (step.index >= (outer.kind == RECRT_SPACE_CONCAT ? outer.num_parts : 1))
        return bad(place, "step %d: space %d has no part %d", i, step.outer, step.index);
      break;
    case RECRT_EMBED_TAKE_LAST:
    case RECRT_EMBED_TAKE_FIRST:
      break;
    case RECRT_EMBED_REPEAT:
      if (step.frame != -1)
        return bad(place, "step %d: space %d repeats space %d within a frame", i, inner, step.outer);
      break;
    case RECRT_EMBED_PHASE:
      if (outer.kind != RECRT_SPACE_INTERLEAVE && (outer.kind != RECRT_SPACE_ROWS || from.kind != RECRT_SPACE_ROWS ||
                                                   outer.count % std::max<int64_t>(from.count, 1) != 0))
        return bad(place, "step %d: space %d does not interleave space %d", i, step.outer, inner);
      break;
    default:
      return bad(place, "step %d: kind %d does not exist", i, step.kind);
    }
    inner = step.outer;
  }
  result->rowMaps.push_back({&map, inner, affine, 0});
  return success();
}

Status PlanChecker::checkOperand(const recrt_operand_desc &operand, const Place &place, int32_t number) {
  if (operand.buffer < 0 || operand.buffer >= entry->num_buffers)
    return bad(place, "operand %d: buffer %d does not exist", number, operand.buffer);
  const recrt_buffer_desc &buffer = entry->buffers[operand.buffer];
  const bool weight = buffer.kind == RECRT_BUFFER_WEIGHT;
  if (operand.offset < 0 || operand.offset > (weight ? buffer.bytes : buffer.row_bytes))
    return bad(place, "operand %d: offset %lld lies outside of the row", number,
               static_cast<long long>(operand.offset));
  if (operand.rowmap != -1) {
    if (operand.rowmap < 0 || operand.rowmap >= entry->num_rowmaps)
      return bad(place, "operand %d: row map %d does not exist", number, operand.rowmap);
    if (weight || result->rowMaps[static_cast<size_t>(operand.rowmap)].outer != buffer.space)
      return bad(place, "operand %d: row map %d does not lead to the space of buffer %d", number, operand.rowmap,
                 operand.buffer);
  }
  if (buffer.kind == RECRT_BUFFER_OUTPUT)
    writtenOutput[static_cast<size_t>(buffer.index)] = 1;
  return success();
}

Status PlanChecker::checkTopK(const recrt_step_desc &step, const Place &place) {
  const bool excludes = step.exclude_space != -1;
  if (step.num_operands != (excludes ? 4 : 3))
    return bad(place, "expected %d operands, got %d", excludes ? 4 : 3, step.num_operands);
  if (excludes && !validSpace(step.exclude_space))
    return bad(place, "row space %d does not exist", step.exclude_space);
  if (step.columns < 1 || step.columns > maxRowBytes / 4 || step.k < 1 || step.k > maxRowBytes / 8)
    return bad(place, "%lld columns and k = %lld are out of range", static_cast<long long>(step.columns),
               static_cast<long long>(step.k));
  if (step.first_id < 0 || step.first_id > INT64_MAX - step.columns)
    return bad(place, "first id %lld is out of range", static_cast<long long>(step.first_id));
  if (excludes)
    need(step.exclude_space);
  const int32_t ids = step.num_operands - 2;
  for (int32_t i = 0; i < step.num_operands; ++i) {
    const recrt_operand_desc &operand = step.operands[i];
    const recrt_buffer_desc &buffer = entry->buffers[operand.buffer];
    const bool exclude = i > 0 && i < ids;
    const int64_t bytes = i == 0 ? 4 * step.columns : exclude ? 8 : i == ids ? 8 * step.k : 4 * step.k;
    const int64_t alignment = exclude || i == ids ? 8 : 4;
    const int32_t space = exclude ? step.exclude_space : step.space;
    const int32_t operandSpace = operand.rowmap < 0 ? buffer.space : entry->rowmaps[operand.rowmap].space;
    if (buffer.kind == RECRT_BUFFER_WEIGHT || operandSpace != space || operand.offset % alignment != 0 ||
        buffer.row_bytes % alignment != 0 || bytes > buffer.row_bytes - operand.offset)
      return bad(place, "operand %d: its rows do not hold the %lld bytes that are read or written", i,
                 static_cast<long long>(bytes));
    if (i >= ids && buffer.kind == RECRT_BUFFER_INPUT)
      return bad(place, "operand %d: a result cannot be an input", i);
  }
  return success();
}

Status PlanChecker::checkFilter(const recrt_step_desc &step, const Place &place) {
  if (step.num_operands != 2)
    return bad(place, "expected 2 operands, got %d", step.num_operands);
  auto spaceOf = [&](const recrt_operand_desc &operand) {
    return operand.rowmap < 0 ? entry->buffers[operand.buffer].space : entry->rowmaps[operand.rowmap].space;
  };
  for (int32_t i = 0; i < 2; ++i) {
    const recrt_operand_desc &operand = step.operands[i];
    const recrt_buffer_desc &buffer = entry->buffers[operand.buffer];
    if (buffer.kind == RECRT_BUFFER_WEIGHT || operand.offset % 8 != 0 || buffer.row_bytes % 8 != 0 ||
        buffer.row_bytes - operand.offset < 8)
      return bad(place, "operand %d: its rows do not hold a number", i);
  }
  const int32_t bound = spaceOf(step.operands[1]);
  if (spaceOf(step.operands[0]) != step.space || module->spaces[bound].kind != RECRT_SPACE_OPAQUE ||
      entry->buffers[step.operands[1].buffer].kind == RECRT_BUFFER_INPUT)
    return bad(place, "it does not bind rows of space %d by flags over space %d", bound, step.space);
  if (plan.spaces[static_cast<size_t>(step.space)].maxRows > module->spaces[bound].count)
    return bad(place, "space %d has fewer rows than what is filtered", bound);
  for (const FilterPlan &other : result->filters)
    if (other.space == bound)
      return bad(place, "another step binds space %d", bound);
  result->filters.push_back({result->steps.size(), step.space, bound});
  return success();
}

/// Work items depend on the spaces, the heads and the masks, which the area function stands for.
int32_t PlanChecker::findItemList(const recrt_step_desc &step) {
  const recrt_area_fn area = step.area[plan.isa];
  for (size_t i = 0; i < result->itemLists.size(); ++i) {
    const recrt_step_desc &other = *result->itemLists[i].step;
    if (result->itemLists[i].area == area && other.space == step.space && other.frame == step.frame &&
        other.heads == step.heads && other.num_spaces == step.num_spaces &&
        std::equal(step.spaces, step.spaces + step.num_spaces, other.spaces))
      return static_cast<int32_t>(i);
  }
  // Within a row of its frame, the query is what a nest holds for it, or that row itself.
  const bool nested = step.frame != -1 && step.space != step.frame;
  const int32_t query = nested ? module->spaces[step.space].parts[1] : step.space;
  ItemListPlan list = {&step, area, {query}};
  const recrt_space_desc &space = module->spaces[query];
  if (step.space != step.frame && space.kind == RECRT_SPACE_CONCAT)
    list.segments.assign(space.parts, space.parts + space.num_parts);
  result->itemLists.push_back(std::move(list));
  return static_cast<int32_t>(result->itemLists.size() - 1);
}

Status PlanChecker::checkStep(int32_t index) {
  const recrt_step_desc &step = entry->steps[index];
  const Place place("entry '%s', step %d (%s)", entry->name, index, nameOr(step.name));
  if (!step.name)
    return bad(place, "it has no name");
  if (step.kind < RECRT_KERNEL_ROWS || step.kind > RECRT_KERNEL_FILTER)
    return bad(place, "kind %d does not exist", step.kind);
  if (!validSpace(step.space))
    return bad(place, "row space %d does not exist", step.space);
  need(step.space);
  if (!validCount(step.num_operands, step.operands) || !validCount(step.num_spaces, step.spaces))
    return bad(place, "%d operands and %d spaces are not possible", step.num_operands, step.num_spaces);
  for (int32_t i = 0; i < step.num_operands; ++i)
    if (Status status = checkOperand(step.operands[i], place, i); failed(status))
      return status;
  for (int32_t i = 0; i < step.num_spaces; ++i) {
    if (!validSpace(step.spaces[i]))
      return bad(place, "row space %d does not exist", step.spaces[i]);
    need(step.spaces[i]);
    result->wantsRequestOfRow[static_cast<size_t>(step.spaces[i])] = 1;
  }

  StepPlan planned = {&step, nullptr, 0, -1};
  if (step.kind == RECRT_KERNEL_TOP_K) {
    if (Status status = checkTopK(step, place); failed(status))
      return status;
    result->wantsRequestOfRow[static_cast<size_t>(step.space)] = 1;
    // A heap of k, and a bit for each column that may be excluded.
    planned.scratchBytes = 16 * step.k + (step.exclude_space >= 0 ? step.columns / 8 + 64 : 0);
  } else if (step.kind == RECRT_KERNEL_FILTER) {
    if (Status status = checkFilter(step, place); failed(status))
      return status;
  } else {
    for (int32_t level = 0; level < RECRT_ISA_COUNT; ++level) {
      if (!(module->isa_levels & (1u << level)))
        continue;
      if (!step.entry[level] || (step.kind == RECRT_KERNEL_ATTENTION && !step.area[level]))
        return bad(place, "the kernel for %s is missing", recrt_isa_name(level));
      if (step.scratch_bytes[level] < 0 || step.scratch_bytes[level] > maxScratchBytes)
        return bad(place, "%lld bytes of scratch are out of range", static_cast<long long>(step.scratch_bytes[level]));
    }
    planned.kernel = step.entry[plan.isa];
    planned.scratchBytes = step.scratch_bytes[plan.isa];
  }
  if ((step.kind == RECRT_KERNEL_ROWS || step.kind == RECRT_KERNEL_GEMM) &&
      (step.block < 1 || step.block > maxRowsOfRequest))
    return bad(place, "blocks of %lld rows are out of range", static_cast<long long>(step.block));
  if (step.kind == RECRT_KERNEL_GEMM && (step.columns < 1 || step.columns > maxRowBytes))
    return bad(place, "%lld panels are out of range", static_cast<long long>(step.columns));
  if (step.kind == RECRT_KERNEL_ATTENTION) {
    if (step.heads < 1 || step.heads > maxCount)
      return bad(place, "%d heads are out of range", step.heads);
    if (step.frame != -1) {
      if (!validSpace(step.frame) || (step.space != step.frame && !isNestOf(step.space, step.frame)))
        return bad(place, "space %d is not grouped by space %d", step.space, step.frame);
      need(step.frame);
    }
    planned.itemList = findItemList(step);
  }
  result->scratchBytes = std::max(result->scratchBytes, planned.scratchBytes);
  result->numOperands += static_cast<size_t>(step.num_operands);
  result->numViews += static_cast<size_t>(step.num_spaces);
  result->steps.push_back(planned);
  return success();
}

Status PlanChecker::checkEntry(int32_t index) {
  entry = &module->entries[index];
  const Place place("entry %d (%s)", index, nameOr(entry->name));
  if (!entry->name || !*entry->name)
    return bad(place, "it has no name");
  for (int32_t i = 0; i < index; ++i)
    if (std::strcmp(module->entries[i].name, entry->name) == 0)
      return bad(place, "two entries have this name");
  if (!validCount(entry->num_inputs, entry->inputs) || !validCount(entry->num_outputs, entry->outputs) ||
      !validCount(entry->num_buffers, entry->buffers) || !validCount(entry->num_rowmaps, entry->rowmaps) ||
      !validCount(entry->num_steps, entry->steps) || entry->num_slots < 0 || entry->num_slots > maxCount)
    return bad(place, "an array is missing or its size is out of range");

  plan.entries.emplace_back();
  result = &plan.entries.back();
  result->desc = entry;
  result->scratchBytes = 0;
  result->numOperands = result->numViews = 0;
  result->wantsRequestOfRow.assign(plan.spaces.size(), 0);
  needed.assign(plan.spaces.size(), 0);
  writtenOutput.assign(static_cast<size_t>(entry->num_outputs), 0);

  for (bool inputs : {true, false}) {
    const int32_t count = inputs ? entry->num_inputs : entry->num_outputs;
    const recrt_tensor_desc *tensors = inputs ? entry->inputs : entry->outputs;
    std::vector<TensorPlan> &planned = inputs ? result->inputs : result->outputs;
    for (int32_t i = 0; i < count; ++i) {
      const Place tensorPlace("entry '%s', %s %d (%s)", entry->name, inputs ? "input" : "output", i,
                              nameOr(tensors[i].name));
      TensorPlan tensor;
      if (Status status = checkTensor(tensors[i], tensorPlace, tensor); failed(status))
        return status;
      for (const TensorPlan &other : planned)
        if (std::strcmp(other.desc->name, tensors[i].name) == 0)
          return bad(tensorPlace, "two have this name");
      planned.push_back(tensor);
    }
  }
  for (int32_t i = 0; i < entry->num_buffers; ++i)
    if (Status status = checkBuffer(i); failed(status))
      return status;
  for (int32_t i = 0; i < entry->num_rowmaps; ++i)
    if (Status status = checkRowMap(i); failed(status))
      return status;
  for (int32_t i = 0; i < entry->num_steps; ++i)
    if (Status status = checkStep(i); failed(status))
      return status;
  if (Status status = planPhases(*module, *result); failed(status))
    return status;
  for (size_t i = 0; i < writtenOutput.size(); ++i)
    if (!writtenOutput[i])
      return bad(place, "no step writes output '%s'", entry->outputs[i].name);

  for (int32_t s = 0; s < module->num_spaces; ++s) {
    if (!needed[static_cast<size_t>(s)])
      continue;
    result->spaces.push_back(s);
    if (comesWithRequest(module->spaces[s]))
      result->bases.push_back(s);
  }
  return success();
}

Status PlanChecker::check() {
  const Place place("model '%s'", module->model_name);
  if (!validCount(module->num_spaces, module->spaces) || !validCount(module->num_entries, module->entries) ||
      module->num_entries == 0)
    return bad(place, "%d row spaces and %d entries are not possible", module->num_spaces, module->num_entries);
  if (module->weights_bytes < 0)
    return bad(place, "%lld bytes of weights are not possible", static_cast<long long>(module->weights_bytes));
  plan.spaces.reserve(static_cast<size_t>(module->num_spaces));
  for (int32_t i = 0; i < module->num_spaces; ++i)
    if (Status status = checkSpace(i); failed(status))
      return status;
  plan.entries.reserve(static_cast<size_t>(module->num_entries));
  for (int32_t i = 0; i < module->num_entries; ++i)
    if (Status status = checkEntry(i); failed(status))
      return status;
  return success();
}

Status makePlan(const recrt_module *module, int32_t isa, Plan &plan) {
  plan.module = module;
  plan.isa = isa;
  if (Status status = PlanChecker(module, plan).check(); failed(status))
    return status;
  return planStates(plan);
}

} // namespace recrt
