// SPDX-License-Identifier: Apache-2.0
// The time buckets of Meta's research HSTU as exact integer steps.
#ifndef RECCC_LIB_FRONTEND_TIMEBUCKETS_H
#define RECCC_LIB_FRONTEND_TIMEBUCKETS_H

#include "reccc/Support/LLVM.h"
#include <cstdint>

namespace reccc {

/// The bucket of 2^63 - 1.
constexpr int64_t kMostResearchBuckets = 145;

/// Edges e_1 … e_last so that bucket(x) = number of edges <= x is trunc(ln(max(x, 1)) / 0.301) as
/// PyTorch evaluates it in fp32, at most `last`.
SmallVector<int64_t> researchLogEdges(int64_t last);

/// The fp32 expression with a correctly rounded logarithm; x >= 0.
int64_t researchLogBucket(int64_t x);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_TIMEBUCKETS_H
