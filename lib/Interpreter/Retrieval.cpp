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

/// Wraps, as machine code does.
static int64_t dotProduct(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  uint64_t sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += static_cast<uint64_t>(x) * static_cast<uint64_t>(y);
  return static_cast<int64_t>(sum);
}

/// The fp16 number that `number` stands for, in steps of 2^-24.
static int64_t halfSteps(int64_t number, float scale) {
  llvm::APFloat half(std::clamp(static_cast<float>(number) * scale, -65504.0f, 65504.0f));
  bool inexact;
  half.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return static_cast<int64_t>(std::ldexp(half.convertToDouble(), 24));
}

LogicalResult evaluate(NearestRowsOp op, Evaluation &evaluation) {
  const JaggedValue &query = evaluation.get(op.getQuery());
  const JaggedValue &keys = evaluation.get(op.getKeys());
  JaggedValue &result = evaluation.get(op.getPlaces());
  int64_t width = keys.type.getRowElements(), k = op.getK();
  std::fill(result.integers.begin(), result.integers.end(), -1);
  for (int64_t request = 0; request < query.numRequests(); ++request) {
    int64_t begin = keys.offsets[request], rows = keys.offsets[request + 1] - begin;
    for (int64_t row = query.offsets[request]; row < query.offsets[request + 1]; ++row) {
      SmallVector<int64_t> numbers(ArrayRef(query.integers).slice(row * width, width));
      if (std::optional<llvm::APFloat> scale = op.getHalfScale())
        for (int64_t &number : numbers)
          number = halfSteps(number, scale->convertToFloat());
      std::vector<std::pair<int64_t, int64_t>> ranked; // dot product, place
      for (int64_t place = op.getFrom(); place < rows; ++place)
        ranked.emplace_back(dotProduct(numbers, ArrayRef(keys.integers).slice((begin + place) * width, width)), place);
      llvm::stable_sort(ranked, [](auto a, auto b) { return a.first > b.first; });
      ranked.resize(std::min<size_t>(ranked.size(), k));
      if (op.getOrder() == NearestOrder::by_place)
        llvm::sort(ranked, llvm::less_second());
      for (auto [rank, best] : llvm::enumerate(ranked))
        result.integers[row * k + rank] = best.second;
    }
  }
  return success();
}

} // namespace reccc
