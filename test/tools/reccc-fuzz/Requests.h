// SPDX-License-Identifier: Apache-2.0
// Random requests for a model: empty ones, of one row, at the bound, and a huge one among small ones.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_REQUESTS_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_REQUESTS_H

#include "TensorSet.h"

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

namespace reccc::fuzz {

/// What requests may hold in an input.
struct InputRange {
  double size = 1;             // floats: in [-size, size)
  int64_t least = 0, most = 0; // integers
  bool sorted = false;         // scalar integers that do not decrease within a request
};

/// Requests [first, first + count) of those that the seed makes: request i is the same in every batch.
TensorSet makeRequests(mlir::recsys::ModelOp model, const llvm::StringMap<InputRange> &inputs, uint64_t seed,
                       int64_t first, int64_t count);

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_REQUESTS_H
