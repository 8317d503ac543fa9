// SPDX-License-Identifier: Apache-2.0
// Sum, mean or maximum of numbers that come one by one.
#ifndef RECCC_LIB_INTERPRETER_POOLSUM_H
#define RECCC_LIB_INTERPRETER_POOLSUM_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

namespace reccc {

template <typename Real> class PoolSum {
public:
  explicit PoolSum(recsys::PoolKind kind) : kind(kind) {}

  void add(Real x) {
    if (kind != recsys::PoolKind::max)
      sum += x;
    else if (count == 0 || x > sum || x != x) // a NaN is not less than what follows, and stays
      sum = x;
    ++count;
  }

  /// 0 of none.
  Real get() const { return kind == recsys::PoolKind::mean && count ? sum / static_cast<Real>(count) : sum; }

private:
  recsys::PoolKind kind;
  Real sum = 0;
  int64_t count = 0;
};

} // namespace reccc

#endif // RECCC_LIB_INTERPRETER_POOLSUM_H
