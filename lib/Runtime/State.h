// SPDX-License-Identifier: Apache-2.0
// A user state: the lengths of its base row spaces and, for each of its values, packed rows.
#ifndef RECCC_LIB_RUNTIME_STATE_H
#define RECCC_LIB_RUNTIME_STATE_H

#include "Context.h"

struct recrt_state {
  recrt_state(recrt_model *model, const recrt_allocator &allocator) : model(model), block(allocator) {
    model->retain();
  }
  ~recrt_state() { model->release(); }

  recrt_model *model;
  recrt::Block block;
  std::vector<int64_t> lengths;  // by UserStatePlan::bases
  std::vector<int64_t> rows;     // by value
  std::vector<int64_t> capacity; // by value: rows that there is room for
  std::vector<int64_t> places;   // by value: bytes into the block
  /// Runs that read it, or -1 while it grows.
  std::atomic<int32_t> users{0};
};

namespace recrt {

/// Writes the rows of each value of a state with these lengths; `ofSpaces` is scratch.
void countStateRows(const Plan &plan, const std::vector<int64_t> &lengths, std::vector<int64_t> &ofSpaces,
                    int64_t *rows);

/// Makes room for so many rows of each value, and as many again for half of them when it has to move. What is there
/// stays; on failure nothing has changed.
Status reserveState(recrt_state &state, const int64_t *rows);

/// A state of these lengths whose values are still to be filled in; null without memory.
std::unique_ptr<recrt_state> makeState(recrt_model *model, const recrt_allocator &allocator,
                                       const std::vector<int64_t> &lengths, Status &status);

/// Finds the entry that is asked for, or says that the model has none.
Status findStateEntry(const recrt_model &model, int32_t entry, const char *name, const EntryPlan *&plan);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_STATE_H
