// SPDX-License-Identifier: Apache-2.0
// Family embedding: ids, bits, positions and times to records.
#include "Families.h"
#include "PoolSum.h"

#include "reccc/Dialect/Recsys/IR/RowMaps.h"
#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

/// The request that packed row `row` belongs to.
static int64_t requestOf(const JaggedValue &value, int64_t row) {
  return llvm::upper_bound(value.offsets, row) - value.offsets.begin() - 1;
}

/// The row of the table that number `index` of the ids reads.
template <typename Op> static FailureOr<int64_t> getTableRow(Op op, const JaggedValue &ids, int64_t index) {
  int64_t id = ids.integers[index], rows = op.getTable().getType().getDimSize(0);
  if (op.getOutOfRange() == OutOfRange::clamp)
    return std::clamp<int64_t>(id, 0, rows - 1);
  if (id >= 0 && id < rows)
    return id;
  int64_t row = index / ids.type.getRowElements(), request = requestOf(ids, row);
  return op.emitError() << "expected ids in [0, " << rows << "), got " << id << " in row " << row - ids.offsets[request]
                        << " of request " << request;
}

LogicalResult evaluate(EmbeddingOp op, Evaluation &evaluation) {
  const JaggedValue &ids = evaluation.get(op.getIds());
  JaggedValue &result = evaluation.get(op.getResult());
  ArrayRef<double> table = evaluation.getParameter(op.getTable()).stored();
  int64_t width = op.getTable().getType().getDimSize(1);
  for (int64_t row = 0; row < ids.numRows(); ++row) {
    FailureOr<int64_t> from = getTableRow(op, ids, row);
    if (failed(from))
      return failure();
    std::copy_n(table.begin() + *from * width, width, result.floats.begin() + row * width);
  }
  return success();
}

/// Row r of the result joins the rows of the ids [first(r), first(r + 1)).
template <typename Op>
static LogicalResult joinBags(Op op, Evaluation &evaluation, llvm::function_ref<int64_t(int64_t)> first) {
  const JaggedValue &ids = evaluation.get(op.getIds());
  JaggedValue &result = evaluation.get(op.getResult());
  ArrayRef<double> table = evaluation.getParameter(op.getTable()).stored();
  int64_t width = op.getTable().getType().getDimSize(1);
  for (int64_t row = 0; row < result.numRows(); ++row) {
    SmallVector<int64_t> rows;
    for (int64_t index = first(row); index < first(row + 1); ++index) {
      FailureOr<int64_t> from = getTableRow(op, ids, index);
      if (failed(from))
        return failure();
      if (!op.getPadding() || ids.integers[index] != static_cast<int64_t>(*op.getPadding()))
        rows.push_back(*from);
    }
    evaluation.inArithmetic([&](auto zero) {
      using Real = decltype(zero);
      for (int64_t d = 0; d < width; ++d) {
        PoolSum<Real> sum(op.getKind());
        for (int64_t from : rows)
          sum.add(static_cast<Real>(table[from * width + d]));
        result.floats[row * width + d] = sum.get();
      }
    });
  }
  return success();
}

LogicalResult evaluate(EmbeddingBagOp op, Evaluation &evaluation) {
  int64_t count = op.getIds().getType().getRowElements();
  return joinBags(op, evaluation, [&](int64_t row) { return row * count; });
}

LogicalResult evaluate(EmbeddingBagsOp op, Evaluation &evaluation) {
  ArrayRef<int64_t> offsets = evaluation.getBagOffsets(cast<BagsAttr>(op.getIds().getType().getSpace()));
  return joinBags(op, evaluation, [&](int64_t row) { return offsets[row]; });
}

LogicalResult evaluate(ToFloatOp op, Evaluation &evaluation) {
  llvm::copy(evaluation.get(op.getInput()).integers, evaluation.get(op.getResult()).floats.begin());
  return success();
}

LogicalResult evaluate(ActionBitsOp op, Evaluation &evaluation) {
  const JaggedValue &actions = evaluation.get(op.getActions());
  JaggedValue &result = evaluation.get(op.getResult());
  ArrayRef<double> table = evaluation.getParameter(op.getTable()).stored();
  int64_t width = op.getTable().getType().getDimSize(1);
  ArrayRef<int64_t> weights = op.getWeights();
  for (int64_t row = 0; row < actions.numRows(); ++row)
    for (auto [bit, weight] : llvm::enumerate(weights))
      if (actions.integers[row] & weight)
        std::copy_n(table.begin() + bit * width, width, result.floats.begin() + (row * weights.size() + bit) * width);
  return success();
}

LogicalResult evaluate(ThresholdBitsOp op, Evaluation &evaluation) {
  const JaggedValue &values = evaluation.get(op.getValues());
  JaggedValue &result = evaluation.get(op.getResult());
  result.integers = evaluation.get(op.getActions()).integers;
  for (int64_t row = 0; row < values.numRows(); ++row)
    for (auto [threshold, weight] : llvm::zip_equal(op.getThresholds(), op.getWeights()))
      if (values.integers[row] >= threshold)
        result.integers[row] |= weight;
  return success();
}

/// x mod y in [0, y).
static int64_t remainder(int64_t x, int64_t y) {
  int64_t rest = x % y;
  return rest < 0 ? rest + y : rest;
}

LogicalResult evaluate(HashIdsOp op, Evaluation &evaluation) {
  const JaggedValue &ids = evaluation.get(op.getIds());
  JaggedValue &result = evaluation.get(op.getResult());
  for (size_t i = 0; i < ids.integers.size(); ++i) {
    // Without sign: the product wraps.
    uint64_t sum = op.getMultiplier() * static_cast<uint64_t>(ids.integers[i]) + op.getAddend();
    result.integers[i] = remainder(remainder(static_cast<int64_t>(sum), op.getModulus()), op.getRows());
  }
  return success();
}

LogicalResult evaluate(BucketizeOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  for (size_t i = 0; i < input.integers.size(); ++i)
    result.integers[i] = getBucket(op.getRule(), input.integers[i]);
  return success();
}

LogicalResult evaluate(RowIndexOp op, Evaluation &evaluation) {
  JaggedValue &result = evaluation.get(op.getResult());
  Attribute frame = getFrame(result.type.getSpace());
  for (const Instance &instance : evaluation.getInstances(frame)) {
    SmallVector<int64_t> lengths;
    if (ArrayAttr spaces = op.getLengthsAttr())
      for (Attribute space : spaces)
        lengths.push_back(evaluation.getRows(space, instance.request));
    int64_t begin = evaluation.getFirstRow(frame, result, instance);
    int64_t end = begin + evaluation.getRowsWithin(frame, result.type.getSpace(), instance);
    for (int64_t row = begin; row < end; ++row) {
      int64_t least = std::numeric_limits<int64_t>::max();
      for (AffineExpr expr : op.getMap().getResults())
        least = std::min(least, evaluateRowExpr(expr, row - begin, lengths));
      result.integers[row] = least;
    }
  }
  return success();
}

/// How often `period` fits into the fp32 timestamp, modulo `units`, as a part of them: an angle in
/// fp32.
static float phaseAngle(int64_t timestamp, double period, double units, double twoPi) {
  double seconds = static_cast<float>(timestamp);
  // fmod is exact, so that this is the floor of the exact quotient though the division rounds.
  double rest = std::fmod(seconds, period);
  double whole = std::nearbyint((seconds - rest) / period);
  if (rest < 0)
    whole -= 1;
  float narrowUnits = static_cast<float>(units);
  float phase = std::fmod(static_cast<float>(whole), narrowUnits);
  if (phase < 0)
    phase += narrowUnits;
  return phase / narrowUnits * static_cast<float>(twoPi);
}

LogicalResult evaluate(CalendarFeaturesOp op, Evaluation &evaluation) {
  const JaggedValue &timestamps = evaluation.get(op.getTimestamps());
  JaggedValue &result = evaluation.get(op.getResult());
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    auto out = result.floats.begin();
    for (int64_t timestamp : timestamps.integers)
      for (auto [period, units] : llvm::zip_equal(op.getPeriods(), op.getUnits())) {
        Real angle = phaseAngle(timestamp, period, units, op.getTwoPi().convertToDouble());
        *out++ = std::cos(angle);
        *out++ = std::sin(angle);
      }
  });
  return success();
}

} // namespace reccc
