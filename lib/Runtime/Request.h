// SPDX-License-Identifier: Apache-2.0
// Checks a batch against the signature of its entry. A batch that passes can be run.
#ifndef RECCC_LIB_RUNTIME_REQUEST_H
#define RECCC_LIB_RUNTIME_REQUEST_H

#include "Plan.h"

namespace recrt {

/// The parts of a batch in the order of the entry.
struct BoundRequest {
  std::vector<const recrt_row_offsets *> rowOffsets; // by index in EntryPlan::bases
  std::vector<const recrt_input *> inputs;
  std::vector<const recrt_output *> outputs; // null: the context keeps it

  void reserve(const Plan &plan);
};

/// Limits that the host declared for a context.
struct BatchLimits {
  int64_t maxRequests = maxRequestsOfBatch;
  std::vector<int64_t> maxTotalRows; // by space of the module; counts for base spaces
};

/// Finds every part of the batch by its name and checks offsets and lengths.
Status bindRequest(const Plan &plan, const EntryPlan &entry, const recrt_request &request, const BatchLimits &limits,
                   BoundRequest &bound);

/// Checks the arrays against the rows of the batch (`totals`, by space), then every id.
Status checkTensors(const Plan &plan, const EntryPlan &entry, const BoundRequest &bound, int64_t numRequests,
                    const std::vector<int64_t> &totals, const std::vector<int64_t *> &offsets);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_REQUEST_H
