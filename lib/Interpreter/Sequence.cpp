// SPDX-License-Identifier: Apache-2.0
// Family sequence: which rows, in which order.
#include "Families.h"
#include "PoolSum.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

/// Copies `count` rows of `from`, from packed row `source` on, to packed row `target` of `to`.
static void copyRows(const JaggedValue &from, int64_t source, JaggedValue &to, int64_t target, int64_t count) {
  int64_t width = to.type.getRowElements();
  if (to.type.isFloat())
    std::copy_n(from.floats.begin() + source * width, count * width, to.floats.begin() + target * width);
  else
    std::copy_n(from.integers.begin() + source * width, count * width, to.integers.begin() + target * width);
}

static int64_t rowsOf(const JaggedValue &value, int64_t request) {
  return value.offsets[request + 1] - value.offsets[request];
}

LogicalResult evaluate(ConcatRowsOp op, Evaluation &evaluation) {
  JaggedValue &result = evaluation.get(op.getResult());
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t target = result.offsets[request];
    for (Value value : op.getInputs()) {
      const JaggedValue &input = evaluation.get(value);
      copyRows(input, input.offsets[request], result, target, rowsOf(input, request));
      target += rowsOf(input, request);
    }
  }
  return success();
}

LogicalResult evaluate(InterleaveOp op, Evaluation &evaluation) {
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t times = op.getInputs().size();
  // Request r begins at times * offsets[r]: packed rows interleave as the rows of each request do.
  for (auto [phase, value] : llvm::enumerate(op.getInputs())) {
    const JaggedValue &input = evaluation.get(value);
    for (int64_t row = 0; row < input.numRows(); ++row)
      copyRows(input, row, result, row * times + phase, 1);
  }
  return success();
}

LogicalResult evaluate(SliceRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  SmallVector<Attribute> parts = getSegments(input.type.getSpace());
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t source = input.offsets[request];
    for (Attribute part : ArrayRef(parts).take_front(op.getFirst()))
      source += evaluation.getRows(part, request);
    copyRows(input, source, result, result.offsets[request], rowsOf(result, request));
  }
  return success();
}

LogicalResult evaluate(TakeRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  Attribute from = input.type.getSpace(), to = result.type.getSpace();
  int64_t count = *result.type.getRowSpace().getMaxRows();
  bool isFirst = getTakeFirstSpace(from, count) == to, isLast = getTakeLastSpace(from, count) == to;
  if (isFirst && isLast && from != to)
    return op.emitError() << "expected a result type that says which rows are taken, got " << to
                          << ", which the first and the last " << count << " rows of " << from << " both have";
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t rows = rowsOf(result, request);
    int64_t source = isFirst ? input.offsets[request] : input.offsets[request + 1] - rows;
    copyRows(input, source, result, result.offsets[request], rows);
  }
  return success();
}

LogicalResult evaluate(DeinterleaveOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t times = cast<InterleaveAttr>(input.type.getSpace()).getTimes();
  for (int64_t row = 0; row < result.numRows(); ++row)
    copyRows(input, row * times + op.getPhase(), result, row, 1);
  return success();
}

LogicalResult evaluate(ShiftOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  const JaggedValue &fill = evaluation.get(op.getFill());
  JaggedValue &result = evaluation.get(op.getResult());
  bool fromNext = static_cast<int64_t>(op.getBy()) == -1;
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t begin = result.offsets[request], rows = rowsOf(result, request);
    if (rows == 0)
      continue;
    copyRows(input, fromNext ? begin + 1 : begin, result, fromNext ? begin : begin + 1, rows - 1);
    copyRows(fill, request, result, fromNext ? begin + rows - 1 : begin, 1);
  }
  return success();
}

LogicalResult evaluate(BroadcastRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  for (int64_t request = 0; request < result.numRequests(); ++request)
    for (int64_t row = result.offsets[request]; row < result.offsets[request + 1]; ++row)
      copyRows(input, request, result, row, 1);
  return success();
}

LogicalResult evaluate(SplatRowsOp op, Evaluation &evaluation) {
  JaggedValue &result = evaluation.get(op.getResult());
  ArrayRef<double> record = evaluation.getParameter(op.getInput()).stored();
  for (int64_t row = 0; row < result.numRows(); ++row)
    llvm::copy(record, result.floats.begin() + row * record.size());
  return success();
}

LogicalResult evaluate(PadRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  for (int64_t request = 0; request < result.numRequests(); ++request)
    copyRows(input, input.offsets[request], result, result.offsets[request],
             std::min(rowsOf(input, request), rowsOf(result, request)));
  return success();
}

LogicalResult evaluate(MaskRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  const JaggedValue &ids = evaluation.get(op.getIds());
  JaggedValue &result = evaluation.get(op.getResult());
  for (int64_t row = 0; row < result.numRows(); ++row)
    if (ids.integers[row] != static_cast<int64_t>(op.getValue()))
      copyRows(input, row, result, row, 1);
  return success();
}

LogicalResult evaluate(MaskShortOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t rows = 0;
    for (Attribute space : op.getSpaces())
      rows += evaluation.getRows(space, request);
    if (rows >= static_cast<int64_t>(op.getMinRows()))
      copyRows(input, input.offsets[request], result, result.offsets[request], rowsOf(result, request));
  }
  return success();
}

LogicalResult evaluate(PoolOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t width = result.type.getRowElements();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    for (int64_t request = 0; request < result.numRequests(); ++request) {
      int64_t begin = input.offsets[request], end = input.offsets[request + 1];
      if (begin == end)
        continue;
      if (op.getKind() == PoolKind::first || op.getKind() == PoolKind::last) {
        copyRows(input, op.getKind() == PoolKind::first ? begin : end - 1, result, request, 1);
        continue;
      }
      for (int64_t d = 0; d < width; ++d) {
        PoolSum<Real> sum(op.getKind());
        for (int64_t row = begin; row < end; ++row)
          sum.add(static_cast<Real>(input.floats[row * width + d]));
        result.floats[request * width + d] = sum.get();
      }
    }
  });
  return success();
}

} // namespace reccc
