// SPDX-License-Identifier: Apache-2.0
// A module whose every index, count and size was checked, with what the executor derives from it
// once: which row spaces an entry needs, which attention steps share their work items, how large
// everything can become.
#ifndef RECCC_LIB_RUNTIME_PLAN_H
#define RECCC_LIB_RUNTIME_PLAN_H

#include "Status.h"

#include <vector>

namespace recrt {

/// Limits that keep all size arithmetic within 64 bits.
inline constexpr int64_t maxRowsOfRequest = int64_t(1) << 40;
inline constexpr int64_t maxRowsOfBatch = int64_t(1) << 47;
inline constexpr int64_t maxRowBytes = int64_t(1) << 32;
inline constexpr int64_t maxRequestsOfBatch = (int64_t(1) << 31) - 2;

/// What a space of the module is made of, for all entries.
struct SpaceBounds {
  int64_t maxRows; // in one request
  bool constant;   // the same number of rows in every request
};

struct TensorPlan {
  const recrt_tensor_desc *desc;
  int64_t rowElements;
  int64_t rowBytes;
};

struct RowMapPlan {
  const recrt_rowmap_desc *desc;
  int32_t outer; // the space whose rows the map gives
  bool affine;   // within each request: no step has a frame or repeats
  int32_t phase; // of its rows
};

/// A step that finds how many rows a space has. Those before the first one are phase 0 of a run, those behind it up to
/// the next one phase 1, and so on; rows of a space are known from its phase on.
struct FilterPlan {
  size_t step;
  int32_t source, space;
};

/// The work items of attention steps: equal for steps of the same spaces and masks.
struct ItemListPlan {
  const recrt_step_desc *step; // the first of them
  recrt_area_fn area;
  std::vector<int32_t> segments; // spaces
};

struct StepPlan {
  const recrt_step_desc *desc;
  recrt_kernel_fn kernel; // null for top_k
  int64_t scratchBytes;
  int32_t itemList; // attention; -1 otherwise
};

struct EntryPlan {
  const recrt_entry_desc *desc;
  std::vector<TensorPlan> inputs, outputs;
  std::vector<RowMapPlan> rowMaps;
  std::vector<StepPlan> steps;
  std::vector<ItemListPlan> itemLists;
  /// Spaces in use, parts before wholes; and those among them whose offsets a request gives: base spaces and bags.
  std::vector<int32_t> spaces, bases;
  std::vector<FilterPlan> filters;
  std::vector<int32_t> phases; // by space
  /// By space: whether kernels may ask for the request of a row.
  std::vector<char> wantsRequestOfRow;
  int64_t scratchBytes;         // of one thread
  size_t numOperands, numViews; // of all steps together
};

/// What user states of the model consist of.
struct UserStatePlan {
  int32_t prefill = -1, score = -1, append = -1; // entries
  std::vector<TensorPlan> values;                // outputs of prefill
  std::vector<int32_t> bases;                    // base spaces whose lengths a state has
  uint64_t fingerprint = 0;                      // of the model, its weights and the form of states
};

struct Plan {
  const recrt_module *module;
  std::vector<SpaceBounds> spaces;
  std::vector<EntryPlan> entries;
  UserStatePlan state;
  int32_t isa;
};

/// Whether a request gives the offsets of a space.
inline bool comesWithRequest(const recrt_space_desc &space) {
  return space.kind == RECRT_SPACE_BASE || space.kind == RECRT_SPACE_BAGS;
}

/// The size of an element in bytes; 0 for an unknown one.
int64_t elementBytes(int32_t element);
const char *elementName(int32_t element);

/// Magic, version, name: what must hold before anything else of a module is read.
Status checkModuleHeader(const recrt_module *module);

/// Checks the whole module for level `isa` and fills in `plan`. The pointers of a module are
/// trusted, its numbers are not.
Status makePlan(const recrt_module *module, int32_t isa, Plan &plan);

/// The part of checking an entry that finds the phase of each space and row map: no step has rows that are not known
/// when it runs.
Status planPhases(const recrt_module &module, EntryPlan &plan);

/// The part of makePlan about user states, once entries are checked.
Status planStates(Plan &plan);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_PLAN_H
