// SPDX-License-Identifier: Apache-2.0
// When the rows of each space are known: those that a filter binds, and all that is made of them, once it has run.
#include "Plan.h"

#include <algorithm>

namespace recrt {

template <typename... Args> static Status bad(const Place &place, const char *format, Args... args) {
  return failure(RECRT_INVALID_ARGUMENT, place, format, args...);
}

Status planPhases(const recrt_module &module, EntryPlan &plan) {
  const recrt_entry_desc *entry = plan.desc;
  std::vector<int32_t> &phases = plan.phases;
  phases.assign(static_cast<size_t>(module.num_spaces), 0);
  constexpr int32_t never = INT32_MAX;
  for (int32_t s = 0; s < module.num_spaces; ++s) {
    const recrt_space_desc &space = module.spaces[s];
    int32_t &phase = phases[static_cast<size_t>(s)];
    if (space.kind == RECRT_SPACE_OPAQUE)
      phase = never;
    for (size_t f = 0; f < plan.filters.size(); ++f)
      if (plan.filters[f].space == s)
        phase = static_cast<int32_t>(f) + 1;
    for (int32_t i = 0; i < space.num_parts; ++i)
      phase = std::max(phase, phases[static_cast<size_t>(space.parts[i])]);
  }
  auto phaseOf = [&](int32_t space) { return phases[static_cast<size_t>(space)]; };
  for (const TensorPlan &input : plan.inputs)
    if (phaseOf(input.desc->space) != 0)
      return bad(Place("entry '%s', input '%s'", entry->name, input.desc->name), "no request brings its rows");
  for (const TensorPlan &output : plan.outputs)
    if (phaseOf(output.desc->space) == never)
      return bad(Place("entry '%s', output '%s'", entry->name, output.desc->name), "no step binds its rows");
  for (RowMapPlan &map : plan.rowMaps) {
    map.phase = phaseOf(map.desc->space);
    for (int32_t i = 0; i < map.desc->num_steps; ++i)
      map.phase = std::max(map.phase, phaseOf(map.desc->steps[i].outer));
  }
  int32_t phase = 0;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const recrt_step_desc &step = *plan.steps[i].desc;
    int32_t needed = std::max(phaseOf(step.space), step.frame < 0 ? 0 : phaseOf(step.frame));
    for (int32_t s = 0; s < step.num_spaces; ++s)
      needed = std::max(needed, phaseOf(step.spaces[s]));
    if (step.kind == RECRT_KERNEL_TOP_K && step.exclude_space >= 0)
      needed = std::max(needed, phaseOf(step.exclude_space));
    const bool binds = step.kind == RECRT_KERNEL_FILTER;
    for (int32_t o = 0; o < step.num_operands - (binds ? 1 : 0); ++o) {
      const recrt_operand_desc &operand = step.operands[o];
      const recrt_buffer_desc &buffer = entry->buffers[operand.buffer];
      if (buffer.kind != RECRT_BUFFER_WEIGHT)
        needed = std::max(needed, phaseOf(buffer.space));
      if (operand.rowmap >= 0)
        needed = std::max(needed, plan.rowMaps[static_cast<size_t>(operand.rowmap)].phase);
    }
    const Place place("entry '%s', step %d (%s)", entry->name, static_cast<int>(i), step.name);
    if (needed > phase)
      return bad(place, "it has rows whose number is not known then");
    phase += binds;
    // What it writes may lie among rows that it binds itself.
    if (binds &&
        (phaseOf(entry->buffers[step.operands[1].buffer].space) > phase ||
         (step.operands[1].rowmap >= 0 && plan.rowMaps[static_cast<size_t>(step.operands[1].rowmap)].phase > phase)))
      return bad(place, "it writes to rows whose number is not known then");
  }
  return success();
}

} // namespace recrt
