// SPDX-License-Identifier: Apache-2.0
// Family retrieval.
#include "Families.h"

#include "llvm/ADT/DenseSet.h"
#include <cmath>
#include <limits>
#include <set>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

/// Columns in the order of their rank: NaN behind all numbers, equal scores by column.
static std::vector<int64_t> rankColumns(ArrayRef<double> scores) {
  std::vector<int64_t> columns(scores.size());
  std::iota(columns.begin(), columns.end(), 0);
  std::stable_sort(columns.begin(), columns.end(), [&](int64_t a, int64_t b) {
    if (std::isnan(scores[a]) || std::isnan(scores[b]))
      return !std::isnan(scores[a]) && std::isnan(scores[b]);
    return scores[a] > scores[b];
  });
  return columns;
}

LogicalResult evaluate(TopKOp op, Evaluation &evaluation) {
  const JaggedValue &scores = evaluation.get(op.getScores());
  JaggedValue &ids = evaluation.get(op.getIds());
  JaggedValue &best = evaluation.get(op.getBest());
  int64_t width = scores.type.getDims()[0], k = op.getK(), firstId = op.getFirstId();
  std::fill(ids.integers.begin(), ids.integers.end(), -1);
  std::fill(best.floats.begin(), best.floats.end(), -std::numeric_limits<double>::infinity());
  for (int64_t request = 0; request < scores.numRequests(); ++request) {
    std::set<int64_t> excluded;
    if (op.getExclude()) {
      const JaggedValue &exclude = evaluation.get(op.getExclude());
      excluded.insert(exclude.integers.begin() + exclude.offsets[request],
                      exclude.integers.begin() + exclude.offsets[request + 1]);
    }
    for (int64_t row = scores.offsets[request]; row < scores.offsets[request + 1]; ++row) {
      ArrayRef<double> record = ArrayRef(scores.floats).slice(row * width, width);
      int64_t rank = row * k, end = rank + k;
      for (int64_t column : rankColumns(record)) {
        if (rank == end)
          break;
        if (excluded.count(firstId + column))
          continue;
        ids.integers[rank] = firstId + column;
        best.floats[rank++] = record[column];
      }
    }
  }
  return success();
}

} // namespace reccc
