// SPDX-License-Identifier: Apache-2.0
// Random choices. The same seed makes the same choices on every machine: no distribution of the standard library.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_RANDOM_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_RANDOM_H

#include "llvm/ADT/ArrayRef.h"
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <random>

namespace reccc::fuzz {

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  /// An own source for part `index` of what `seed` makes.
  Random(uint64_t seed, uint64_t index)
      : engine((seed + 1) * 0x9e3779b97f4a7c15u ^ (index + 1) * 0xbf58476d1ce4e5b9u) {}

  /// [0, limit)
  int64_t below(int64_t limit) {
    assert(limit > 0);
    return static_cast<int64_t>(engine() % static_cast<uint64_t>(limit));
  }
  /// [low, high]
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  /// [0, 1)
  double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  /// [-1, 1), with the few bits of an fp32.
  float around0() { return static_cast<float>(2 * uniform() - 1); }
  bool chance(double probability) { return uniform() < probability; }

  template <typename T> const T &pick(llvm::ArrayRef<T> choices) { return choices[below(choices.size())]; }
  template <typename T> T pick(std::initializer_list<T> choices) { return choices.begin()[below(choices.size())]; }

private:
  std::mt19937_64 engine;
};

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_RANDOM_H
