// SPDX-License-Identifier: Apache-2.0
// Where everything that a run needs lies in the one block of its context.
#ifndef RECCC_LIB_RUNTIME_LAYOUT_H
#define RECCC_LIB_RUNTIME_LAYOUT_H

#include "Plan.h"

namespace recrt {

/// Byte positions in the block, all multiples of 64. Vectors are indexed as in the entry; -1 stands
/// for what this run does not need.
struct Layout {
  std::vector<int64_t> offsets, bags, requestOfRow; // by space of the module
  std::vector<int64_t> rowMaps, itemLists, slots, outputs;
  int64_t scratch = 0, scratchStride = 0;
  int64_t activationBytes = 0;
  int64_t totalBytes = 0;

  /// Makes room for every entry of the plan, so that laying out a run allocates nothing.
  void reserve(const Plan &plan);
};

/// Places the offsets alone: they are needed to know the totals.
Status layOutOffsets(const Plan &plan, const EntryPlan &entry, int64_t numRequests, Layout &layout);

/// Places the rest behind them. `totals`, by space, are the rows of all requests together.
/// `ownOutputs` says, by output, which ones the context keeps.
Status layOutRun(const Plan &plan, const EntryPlan &entry, int64_t numRequests, const std::vector<int64_t> &totals,
                 const std::vector<char> &ownOutputs, int32_t numThreads, Layout &layout);

/// Bytes of the offsets and values of several states side by side, as an entry reads them; 0 for one that reads none.
Status layOutGathered(const Plan &plan, const EntryPlan &entry, int64_t numRequests, const std::vector<int64_t> &totals,
                      int64_t &bytes);

/// Work items that a list has at most.
int64_t boundItems(const ItemListPlan &list, int64_t numRequests, const std::vector<int64_t> &totals);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_LAYOUT_H
