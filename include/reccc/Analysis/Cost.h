// SPDX-License-Identifier: Apache-2.0
// What ops cost: rows as formulas over the lengths that come with a request, arithmetic and memory traffic for given
// lengths. The one place where reports count.
//
// One multiply-add is two operations. Pairs that a mask hides are not counted, nor is padding. Elementwise arithmetic
// is not counted as operations; attention tells its visible pairs apart. Bytes are compulsory ones: operands read once,
// results written once.
#ifndef RECCC_ANALYSIS_COST_H
#define RECCC_ANALYSIS_COST_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/LLVM.h"
#include <string>

namespace reccc {

/// The rows of `space` in one request, as text: "3 + 2 min(history, 50) + candidates".
std::string describeRows(Attribute space);

/// The number of rows of each base space (an Attribute) in one request.
using BaseLengths = llvm::function_ref<int64_t(Attribute)>;

int64_t countRows(Attribute space, BaseLengths lengths);

struct Cost {
  /// Of linears and attention: floating-point operations.
  double flops = 0;
  /// Of attention: visible pairs of a query and a key, over all heads.
  double pairs = 0;
  /// Activations read and written.
  double activationBytes = 0;
  /// Of embedding tables the rows looked up, of other parameters everything.
  double weightBytes = 0;

  Cost &operator+=(const Cost &other);
};

/// The cost of one request. A kernel is the arithmetic of its body and the traffic of its operands and results; views
/// and parameter expressions cost nothing.
Cost computeCost(Operation *op, BaseLengths lengths);

/// The arithmetic of `op` as a formula: "2 64 192 (3 + history)". Empty when it has none.
std::string describeFlops(Operation *op);

} // namespace reccc

#endif // RECCC_ANALYSIS_COST_H
