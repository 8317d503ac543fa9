// SPDX-License-Identifier: Apache-2.0
// Selects the best columns of a row of scores.
#ifndef RECCC_LIB_RUNTIME_TOPK_H
#define RECCC_LIB_RUNTIME_TOPK_H

#include <cstdint>

namespace recrt {

struct TopKRow {
  const float *scores; // numColumns
  int64_t numColumns;
  int64_t k;
  int64_t firstId; // column j has id j + firstId
  int64_t *ids;    // k results, best first
  float *best;     // k results
};

/// `excluded` holds a bit for each column, or is null. Equal scores go to the lower id; NaN comes
/// behind every number. Where fewer than k columns are left, the id is -1 and the score -infinity.
void selectTopK(const TopKRow &row, const uint64_t *excluded);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_TOPK_H
