// SPDX-License-Identifier: Apache-2.0
// What the entries of a module say about user states, checked once.
#include "Plan.h"

#include "reccc/Support/Checksum.h"

#include <algorithm>
#include <cstring>

namespace recrt {

static Status bad(const EntryPlan &entry, const char *what) {
  return failure(RECRT_INVALID_ARGUMENT, Place("entry '%s'", entry.desc->name), "%s", what);
}

static bool sameRecords(const TensorPlan &a, const TensorPlan &b) {
  return a.desc->element == b.desc->element && a.desc->num_dims == b.desc->num_dims &&
         std::equal(a.desc->dims, a.desc->dims + a.desc->num_dims, b.desc->dims);
}

static bool dependsOnBags(const recrt_module &module, int32_t space) {
  const recrt_space_desc &desc = module.spaces[space];
  return desc.kind == RECRT_SPACE_BAGS || desc.kind == RECRT_SPACE_OPAQUE ||
         std::any_of(desc.parts, desc.parts + desc.num_parts,
                     [&](int32_t part) { return dependsOnBags(module, part); });
}

/// State values are numbered by prefill; others read or continue them.
static Status checkTensors(const Plan &plan, const EntryPlan &entry) {
  const bool prefills = entry.desc->kind == RECRT_ENTRY_PREFILL, appends = entry.desc->kind == RECRT_ENTRY_APPEND;
  const bool reads = appends || entry.desc->kind == RECRT_ENTRY_SCORE;
  const std::vector<TensorPlan> &values = plan.state.values;
  for (bool inputs : {true, false}) {
    int32_t count = 0;
    for (const TensorPlan &tensor : inputs ? entry.inputs : entry.outputs) {
      const int32_t state = tensor.desc->state;
      const bool allowed = inputs ? reads : prefills || appends;
      if (state < 0 || (state > 0 && !allowed) || (state == 0 && !inputs && (prefills || appends)))
        return bad(entry, "an input or output is or is not a state value where it should not or should be one");
      if (state == 0)
        continue;
      if (static_cast<size_t>(state) > values.size() || !sameRecords(tensor, values[static_cast<size_t>(state - 1)]) ||
          (inputs && tensor.desc->space != values[static_cast<size_t>(state - 1)].desc->space) ||
          (prefills && state != ++count))
        return bad(entry, "its state values are not those that prefill gives");
    }
  }
  return success();
}

static Status checkAppend(const Plan &plan, const EntryPlan &entry) {
  const int32_t before = entry.desc->old_space, added = entry.desc->new_space;
  const auto has = [](const std::vector<int32_t> &bases, int32_t space) {
    return std::find(bases.begin(), bases.end(), space) != bases.end();
  };
  if (!has(plan.state.bases, before) || !has(entry.bases, added) || has(plan.state.bases, added))
    return bad(entry, "the rows that it appends do not belong to its states");
  std::vector<int32_t> written;
  for (const TensorPlan &output : entry.outputs)
    written.push_back(output.desc->state);
  std::sort(written.begin(), written.end());
  if (std::adjacent_find(written.begin(), written.end()) != written.end())
    return bad(entry, "it gives rows of one state value twice");
  return success();
}

Status planStates(Plan &plan) {
  UserStatePlan &state = plan.state;
  for (size_t i = 0; i < plan.entries.size(); ++i) {
    const EntryPlan &entry = plan.entries[i];
    int32_t *slots[] = {nullptr, &state.prefill, &state.score, &state.append};
    if (entry.desc->kind < RECRT_ENTRY_PLAIN || entry.desc->kind > RECRT_ENTRY_APPEND)
      return bad(entry, "its kind does not exist");
    if (int32_t *slot = slots[entry.desc->kind]) {
      if (*slot >= 0)
        return bad(entry, "another entry has the same part in user states");
      *slot = static_cast<int32_t>(i);
    }
  }
  if (state.prefill >= 0) {
    const EntryPlan &prefill = plan.entries[static_cast<size_t>(state.prefill)];
    state.values = prefill.outputs;
    // Bags belong to rows of a request, not to a state.
    for (int32_t base : prefill.bases)
      if (plan.module->spaces[base].kind == RECRT_SPACE_BASE)
        state.bases.push_back(base);
    for (const TensorPlan &value : state.values)
      if (dependsOnBags(*plan.module, value.desc->space))
        return bad(prefill, "a state value has rows of bags or of a filter");
  } else if (state.score >= 0 || state.append >= 0) {
    return bad(plan.entries[static_cast<size_t>(std::max(state.score, state.append))],
               "it needs user states, and no entry makes them");
  }
  for (const EntryPlan &entry : plan.entries)
    if (Status status = checkTensors(plan, entry); failed(status))
      return status;
  if (state.append >= 0)
    if (Status status = checkAppend(plan, plan.entries[static_cast<size_t>(state.append)]); failed(status))
      return status;

  reccc::Checksum64 checksum;
  checksum.update(&plan.module->weights_hash, sizeof(uint64_t));
  checksum.update(&plan.module->state_hash, sizeof(uint64_t));
  for (const TensorPlan &value : state.values) {
    checksum.update(&value.desc->element, sizeof(int32_t));
    checksum.update(&value.rowBytes, sizeof(int64_t));
  }
  for (int32_t base : state.bases)
    checksum.update(plan.module->spaces[base].name, std::strlen(plan.module->spaces[base].name) + 1);
  state.fingerprint = checksum.finish();
  return success();
}

} // namespace recrt
