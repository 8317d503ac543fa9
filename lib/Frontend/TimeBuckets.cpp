// SPDX-License-Identifier: Apache-2.0
// The time buckets of published code as exact integer steps.
#include "TimeBuckets.h"
#include <algorithm>
#include <cmath>
#include <iterator>

using namespace reccc;

/// First x of bucket k + 1 for k = 0, 1, …: every integer below 2^25 where the fp32 expression of
/// PyTorch changes. Bucket 1 is skipped. Trained models depend on these steps, and libraries differ
/// at some of them by one.
static const int64_t kTorchEdges[] = {
    2,       2,       3,       4,       5,       7,        9,        12,       16,      21,      28,      38,
    51,      68,      92,      124,     167,     226,      305,      412,      557,     752,     1016,    1372,
    1854,    2505,    3385,    4574,    6180,    8350,     11283,    15245,    20600,   27834,   37610,   50818,
    68666,   92782,   125367,  169397,  228891,  309280,   417901,   564672,   762990,  1030959, 1393042, 1882290,
    2543367, 3436623, 4643595, 6274467, 8478123, 11455710, 15479070, 20915478, 28261151};

int64_t reccc::researchLogBucket(int64_t x) {
  // Rounding the extended logarithm is the correctly rounded one: it is off by less than the
  // distance of any such value to a tie.
  auto logarithm = static_cast<float>(std::log(static_cast<long double>(static_cast<float>(std::max<int64_t>(x, 1)))));
  return static_cast<int64_t>(logarithm / 0.301f);
}

/// The least x in (low, high] of a bucket >= `bucket`; the rule is monotonic, high has such a bucket, low has not.
template <typename Rule> static int64_t firstOf(int64_t bucket, int64_t low, int64_t high, Rule rule) {
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    (rule(middle) < bucket ? low : high) = middle;
  }
  return high;
}

SmallVector<int64_t> reccc::researchLogEdges(int64_t last) {
  SmallVector<int64_t> edges(std::begin(kTorchEdges), std::end(kTorchEdges));
  while (static_cast<int64_t>(edges.size()) < last) {
    int64_t bucket = edges.size() + 1;
    if (researchLogBucket(INT64_MAX) < bucket)
      break;
    edges.push_back(firstOf(bucket, edges.back(), INT64_MAX, researchLogBucket));
  }
  edges.truncate(std::min<size_t>(edges.size(), last));
  return edges;
}

int64_t reccc::easyRecBucket(bool isLog, float unit, int64_t last, int64_t x) {
  float time = std::max(static_cast<float>(x), 1e-6f) / unit, most = static_cast<float>(last);
  float value = isLog ? static_cast<float>(std::log(static_cast<long double>(time))) : std::sqrt(time);
  return static_cast<int64_t>(std::clamp(value / most, 0.0f, 1.0f) * most);
}

SmallVector<int64_t> reccc::easyRecEdges(bool isLog, float unit, int64_t last) {
  auto rule = [&](int64_t x) { return easyRecBucket(isLog, unit, last, x); };
  SmallVector<int64_t> edges;
  for (int64_t bucket = 1; bucket <= rule(INT64_MAX); ++bucket) {
    // Numbers below 1 are all alike.
    if (rule(0) >= bucket)
      edges.push_back(INT64_MIN);
    else
      edges.push_back(firstOf(bucket, 0, INT64_MAX, rule));
  }
  return edges;
}
