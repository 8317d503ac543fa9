// SPDX-License-Identifier: Apache-2.0
// The time buckets of published code as exact integer steps.
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

constexpr int64_t kMostEasyRecBuckets = 65536;

/// The fp32 expression of TorchEasyRec: trunc(clamp(f(max(x, 1e-6) / unit) / last, 0, 1) * last), f the square root or
/// the logarithm, which is correctly rounded.
int64_t easyRecBucket(bool isLog, float unit, int64_t last, int64_t x);

/// Edges so that easyRecBucket(x) = number of edges <= x.
SmallVector<int64_t> easyRecEdges(bool isLog, float unit, int64_t last);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_TIMEBUCKETS_H
