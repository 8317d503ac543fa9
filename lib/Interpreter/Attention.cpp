// SPDX-License-Identifier: Apache-2.0
// Family attention: one query row at a time, its scores over all visible columns, then the weighted
// sum.
#include "Families.h"

#include "reccc/Dialect/Recsys/IR/RowMaps.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

namespace {
/// A visible column: row `row` (packed) of source `source`.
struct Column {
  int64_t source;
  int64_t row;
};

/// The rows of a segment in one instance of the frame.
struct Segment {
  int64_t source;
  int64_t begin; // packed row
  int64_t rows;
};
} // namespace

static SmallVector<Segment> findSegments(Evaluation &evaluation, ValueRange values, Attribute frame,
                                         const Instance &instance) {
  SmallVector<Segment> segments;
  for (auto [source, value] : llvm::enumerate(values)) {
    const JaggedValue &rows = evaluation.get(value);
    int64_t begin = evaluation.getFirstRow(frame, rows, instance);
    Attribute space = rows.type.getSpace();
    // Among other rows of the request, those of the frame are no row of its own.
    bool isOfRequest = !getSpaceWithin(frame, space);
    for (Attribute part : getSegmentsWithin(frame, space)) {
      int64_t count =
          isOfRequest ? evaluation.getRows(part, instance.request) : evaluation.getRowsWithin(frame, part, instance);
      segments.push_back({static_cast<int64_t>(source), begin, count});
      begin += count;
    }
  }
  return segments;
}

/// |a - b|, or the largest number where that has no 64 bits.
static int64_t distance(int64_t a, int64_t b) {
  uint64_t difference = static_cast<uint64_t>(std::max(a, b)) - static_cast<uint64_t>(std::min(a, b));
  return std::min<uint64_t>(difference, std::numeric_limits<int64_t>::max());
}

namespace {
template <typename Real> class Attention {
public:
  Attention(AttentionOp op, Evaluation &evaluation)
      : op(op), evaluation(evaluation), query(evaluation.get(op.getQuery())), result(evaluation.get(op.getResult())),
        width(query.type.getDims()[1]), valueWidth(result.type.getDims()[1]) {
    if (op.getToeplitz())
      toeplitz = evaluation.getParameter(op.getToeplitz()).stored();
    if (op.getBucketWeights())
      buckets = evaluation.getParameter(op.getBucketWeights()).stored();
  }

  LogicalResult run() {
    Attribute frame = op.getFrame();
    for (const Instance &instance : evaluation.getInstances(frame)) {
      SmallVector<Segment> querySegments = findSegments(evaluation, op.getQuery(), frame, instance);
      SmallVector<Segment> sourceSegments = findSegments(evaluation, op.getKeys(), frame, instance);
      firstQuery = querySegments.front().begin;
      firstRow = sourceSegments.front().begin;
      lastPlace = op.getLastAtOnePlace() ? sourceSegments.back().begin - firstRow : std::numeric_limits<int64_t>::max();
      for (auto [number, segment] : llvm::enumerate(querySegments))
        for (int64_t place = 0; place < segment.rows; ++place)
          if (failed(runRow(instance, number, segment.begin + place, place, sourceSegments)))
            return failure();
    }
    return success();
  }

private:
  LogicalResult runRow(const Instance &instance, unsigned querySegment, int64_t row, int64_t place,
                       ArrayRef<Segment> sources) {
    std::vector<Column> columns;
    for (auto [number, segment] : llvm::enumerate(sources)) {
      SmallVector<std::pair<int64_t, int64_t>> intervals;
      Mask mask = op.getMask(querySegment, number);
      if (auto table = dyn_cast<TableMaskAttr>(mask)) {
        auto bound = [&](int64_t of, int64_t otherwise) {
          return of < 0 ? otherwise : evaluation.get(op.getBounds()[of]).integers[row];
        };
        int64_t low = std::max<int64_t>(bound(table.getLower(), 0), 0);
        int64_t high = std::min(bound(table.getUpper(), segment.rows), segment.rows);
        if (low < high)
          intervals.push_back({low, high});
      } else {
        mask.getIntervals(
            place, segment.rows, [&](Attribute space) { return evaluation.getRows(space, instance.request); },
            intervals);
      }
      Value valid = op.getKeyMask(segment.source);
      for (auto [low, high] : intervals)
        for (int64_t column = low; column < high; ++column)
          if (!valid || evaluation.get(valid).integers[segment.begin + column])
            columns.push_back({segment.source, segment.begin + column});
    }
    std::vector<Real> biases;
    if (failed(computeBiases(instance, row, columns, biases)))
      return failure();
    for (int64_t head = 0; head < op.getHeads(); ++head) {
      std::vector<Real> weights = computeScores(row, head, columns, biases);
      Real initial = 1; // the weight of the initial result
      if (op.getScore() == ScoreKind::softmax)
        initial = applySoftmax(row, head, weights);
      else
        applySilu(weights, instance);
      sumValues(row, head, columns, weights, initial);
    }
    return success();
  }

  /// Place of a row in the sequence, for the toeplitz weights.
  int64_t placeOf(int64_t row) const { return std::min(row - firstRow, lastPlace); }

  int64_t placeOfQuery(const Instance &instance, int64_t row) {
    if (!op.getPlaces())
      return placeOf(firstRow + row - firstQuery);
    SmallVector<int64_t> lengths;
    for (Attribute space : op.getPlaceSpaces())
      lengths.push_back(evaluation.getRows(space, instance.request));
    return placeOf(firstRow + evaluateRowExpr(op.getPlaces()->getResult(0), row - firstQuery, lengths));
  }

  LogicalResult computeBiases(const Instance &instance, int64_t row, ArrayRef<Column> columns,
                              std::vector<Real> &biases) {
    if (toeplitz.empty() && buckets.empty())
      return success();
    int64_t place = toeplitz.empty() ? 0 : placeOfQuery(instance, row);
    for (const Column &column : columns) {
      Real bias = 0;
      if (!toeplitz.empty()) {
        int64_t index = static_cast<int64_t>(*op.getToeplitzCenter()) + placeOf(column.row) - place;
        if (index < 0 || index >= static_cast<int64_t>(toeplitz.size()))
          return op.emitError() << "expected a toeplitz parameter that has a weight for row " << place << " and column "
                                << placeOf(column.row) << ", got " << toeplitz.size() << " weights, and none at "
                                << index;
        bias += static_cast<Real>(toeplitz[index]);
      }
      if (!buckets.empty()) {
        int64_t apart = distance(evaluation.get(op.getQueryTimes()).integers[row],
                                 evaluation.get(op.getKeyTimes()).integers[column.row]);
        int64_t bucket =
            std::clamp<int64_t>(getBucket(*op.getBucketRule(), apart), 0, static_cast<int64_t>(buckets.size()) - 1);
        bias += static_cast<Real>(buckets[bucket]);
      }
      biases.push_back(bias);
    }
    return success();
  }

  /// The head of a source that query head `head` reads.
  int64_t sourceHead(const JaggedValue &source, int64_t head) {
    return head / (op.getHeads() / source.type.getDims()[0]);
  }

  std::vector<Real> computeScores(int64_t row, int64_t head, ArrayRef<Column> columns, ArrayRef<Real> biases) {
    Real scale = static_cast<Real>(op.getScale().convertToDouble());
    auto queryHead = query.floats.begin() + (row * op.getHeads() + head) * width;
    std::vector<Real> scores;
    for (auto [index, column] : llvm::enumerate(columns)) {
      const JaggedValue &keys = evaluation.get(op.getKeys()[column.source]);
      auto key = keys.floats.begin() + (column.row * keys.type.getDims()[0] + sourceHead(keys, head)) * width;
      Real dot = 0;
      for (int64_t d = 0; d < width; ++d)
        dot += static_cast<Real>(queryHead[d]) * static_cast<Real>(key[d]);
      if (biases.empty())
        scores.push_back(scale * dot);
      else if (op.getOrder() == ScoreOrder::scale_then_add)
        scores.push_back(scale * dot + biases[index]);
      else
        scores.push_back(scale * (dot + biases[index]));
    }
    return scores;
  }

  void applySilu(MutableArrayRef<Real> scores, const Instance &instance) {
    Real divisor = op.getDivisor() ? static_cast<Real>(op.getDivisor()->convertToDouble())
                                   : static_cast<Real>(evaluation.getRows(*op.getDivisorRows(), instance.request));
    for (Real &score : scores)
      score = score / (1 + std::exp(-score)) / divisor;
  }

  /// Returns the weight of what was summed before.
  Real applySoftmax(int64_t row, int64_t head, MutableArrayRef<Real> scores) {
    int64_t place = 2 * (row * op.getHeads() + head);
    Real greatest = -std::numeric_limits<Real>::infinity(), sum = 0, before = 0;
    if (op.getInitialState()) {
      ArrayRef<double> state = evaluation.get(op.getInitialState()).floats;
      greatest = static_cast<Real>(state[place]);
      before = static_cast<Real>(state[place + 1]);
    }
    sum = before;
    if (!scores.empty()) {
      Real unit = std::max(greatest, *std::max_element(scores.begin(), scores.end()));
      sum = before *= std::exp(greatest - unit);
      greatest = unit;
      for (Real &score : scores)
        sum += score = std::exp(score - unit);
      for (Real &score : scores)
        score /= sum;
    }
    if (op.getState()) {
      JaggedValue &state = evaluation.get(op.getState());
      state.floats[place] = static_cast<double>(greatest);
      state.floats[place + 1] = static_cast<double>(sum);
    }
    return sum == 0 ? Real(0) : before / sum;
  }

  void sumValues(int64_t row, int64_t head, ArrayRef<Column> columns, ArrayRef<Real> weights, Real initial) {
    std::vector<Real> sums(valueWidth);
    int64_t place = (row * op.getHeads() + head) * valueWidth;
    if (op.getInitial())
      for (auto [sum, before] : llvm::zip(sums, ArrayRef(evaluation.get(op.getInitial()).floats).drop_front(place)))
        sum = initial * static_cast<Real>(before);
    for (auto [column, weight] : llvm::zip_equal(columns, weights)) {
      const JaggedValue &values = evaluation.get(op.getValues()[column.source]);
      auto value =
          values.floats.begin() + (column.row * values.type.getDims()[0] + sourceHead(values, head)) * valueWidth;
      for (int64_t d = 0; d < valueWidth; ++d)
        sums[d] += weight * static_cast<Real>(value[d]);
    }
    llvm::copy(sums, result.floats.begin() + place);
  }

  AttentionOp op;
  Evaluation &evaluation;
  const JaggedValue &query;
  JaggedValue &result;
  int64_t width, valueWidth;
  int64_t firstQuery = 0, firstRow = 0, lastPlace = 0; // of the query and the source, in an instance
  ArrayRef<double> toeplitz, buckets;
};
} // namespace

LogicalResult evaluate(AttentionOp op, Evaluation &evaluation) {
  LogicalResult status = success();
  evaluation.inArithmetic([&](auto zero) { status = Attention<decltype(zero)>(op, evaluation).run(); });
  return status;
}

} // namespace reccc
