// SPDX-License-Identifier: Apache-2.0
// Runs requests by user states, as a host does that keeps them: prefill, append, export, import, score slice by slice.
#ifndef RECCC_TOOLS_RECCC_RUN_STATES_H
#define RECCC_TOOLS_RECCC_RUN_STATES_H

#include "Options.h"

#include "reccc/Requests/RequestBatch.h"

#include <vector>

namespace reccc {

/// An output of all requests, put together from the slices.
struct SlicedOutput {
  recrt_tensor_info tensor;
  std::vector<unsigned char> data;
  std::vector<int64_t> offsets;
};

struct StateTimes {
  std::vector<double> prefill, score; // milliseconds
};

/// Runs `batch`, made for the first entry, `options.repeat` times. Returns the status of the call that failed.
recrt_status runByStates(const Options &options, const recrt_model *model, recrt_context *context,
                         const recrt_request &batch, std::vector<SlicedOutput> &outputs, StateTimes &times);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_RUN_STATES_H
