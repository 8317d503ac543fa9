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

static Attribute frameOf(const JaggedValue &value) { return getFrame(value.type.getSpace()); }

LogicalResult evaluate(ConcatRowsOp op, Evaluation &evaluation) {
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t target = 0;
  Attribute frame = frameOf(result);
  for (const Instance &instance : evaluation.getInstances(frame))
    for (Value value : op.getInputs()) {
      const JaggedValue &input = evaluation.get(value);
      int64_t rows = evaluation.getRowsWithin(frame, input.type.getSpace(), instance);
      copyRows(input, evaluation.getFirstRow(frame, input, instance), result, target, rows);
      target += rows;
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
  Attribute frame = frameOf(input);
  SmallVector<Attribute> parts = getSegments(input.type.getSpace());
  int64_t target = 0;
  for (const Instance &instance : evaluation.getInstances(frame)) {
    int64_t source = evaluation.getFirstRow(frame, input, instance);
    for (Attribute part : ArrayRef(parts).take_front(op.getFirst()))
      source += evaluation.getRowsWithin(frame, part, instance);
    int64_t rows = evaluation.getRowsWithin(frame, result.type.getSpace(), instance);
    copyRows(input, source, result, target, rows);
    target += rows;
  }
  return success();
}

LogicalResult evaluate(TakeRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  Attribute frame = frameOf(input), from = input.type.getSpace(), to = result.type.getSpace();
  bool isLast = findTake(from, to)->isLast;
  int64_t target = 0;
  for (const Instance &instance : evaluation.getInstances(frame)) {
    int64_t rows = evaluation.getRowsWithin(frame, to, instance);
    int64_t source = evaluation.getFirstRow(frame, input, instance);
    if (isLast)
      source += evaluation.getRowsWithin(frame, from, instance) - rows;
    copyRows(input, source, result, target, rows);
    target += rows;
  }
  return success();
}

LogicalResult evaluate(DeinterleaveOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  Attribute frame = frameOf(input);
  int64_t times = cast<InterleaveAttr>(getSpaceWithin(frame, input.type.getSpace())).getTimes();
  for (int64_t row = 0; row < result.numRows(); ++row)
    copyRows(input, row * times + op.getPhase(), result, row, 1);
  return success();
}

LogicalResult evaluate(ShiftOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  const JaggedValue &fill = evaluation.get(op.getFill());
  JaggedValue &result = evaluation.get(op.getResult());
  bool fromNext = static_cast<int64_t>(op.getBy()) == -1;
  Attribute frame = frameOf(input);
  for (auto [number, instance] : llvm::enumerate(evaluation.getInstances(frame))) {
    int64_t begin = evaluation.getFirstRow(frame, input, instance);
    int64_t rows = evaluation.getRowsWithin(frame, input.type.getSpace(), instance);
    if (rows == 0)
      continue;
    copyRows(input, fromNext ? begin + 1 : begin, result, fromNext ? begin : begin + 1, rows - 1);
    copyRows(fill, number, result, fromNext ? begin + rows - 1 : begin, 1);
  }
  return success();
}

LogicalResult evaluate(BroadcastRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  // Each row of an outer space has as many rows of the result as the others of its request.
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t outer = input.offsets[request + 1] - input.offsets[request];
    int64_t begin = result.offsets[request], rows = result.offsets[request + 1] - begin;
    for (int64_t row = 0; row < rows; ++row)
      copyRows(input, input.offsets[request] + row / (rows / outer), result, begin + row, 1);
  }
  return success();
}

LogicalResult evaluate(RepeatRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  for (int64_t request = 0; request < result.numRequests(); ++request) {
    int64_t begin = input.offsets[request], rows = input.offsets[request + 1] - begin;
    int64_t target = result.offsets[request];
    for (int64_t copy = 0, copies = evaluation.getRows(op.getOuter(), request); copy < copies; ++copy, target += rows)
      copyRows(input, begin, result, target, rows);
  }
  return success();
}

LogicalResult evaluate(GroupRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  ArrayRef<double> fill = op.getFill() ? evaluation.getParameter(op.getFill()).stored() : ArrayRef<double>();
  Attribute groups = frameOf(result), frame = getFrame(input.type.getSpace());
  Remainder remainder = op.getRemainder();
  int64_t size = op.getSize(), width = result.type.getRowElements(), target = 0;
  for (const Instance &instance : evaluation.getInstances(frame)) {
    int64_t begin = evaluation.getFirstRow(frame, input, instance);
    int64_t rows = evaluation.getRowsWithin(frame, input.type.getSpace(), instance);
    int64_t grouped = evaluation.getRowsWithin(frame, groups, instance) * size;
    // Places before the first row are missing rows of a first group; rows before the first place are dropped.
    int64_t first = remainder == Remainder::pad_first || remainder == Remainder::drop_first ? rows - grouped : 0;
    for (int64_t place = 0; place < grouped; ++place, ++target) {
      int64_t row = first + place;
      if (row >= 0 && row < rows)
        copyRows(input, begin + row, result, target, 1);
      else if (!fill.empty())
        llvm::copy(fill, result.floats.begin() + target * width);
    }
  }
  return success();
}

LogicalResult evaluate(FoldRowsOp op, Evaluation &evaluation) {
  evaluation.get(op.getResult()).floats = evaluation.get(op.getInput()).floats;
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
  Attribute frame = frameOf(input);
  for (const Instance &instance : evaluation.getInstances(frame)) {
    int64_t rows = std::min(evaluation.getRowsWithin(frame, input.type.getSpace(), instance),
                            evaluation.getRowsWithin(frame, result.type.getSpace(), instance));
    copyRows(input, evaluation.getFirstRow(frame, input, instance), result,
             evaluation.getFirstRow(frame, result, instance), rows);
  }
  return success();
}

LogicalResult evaluate(GatherRowsOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  const JaggedValue &places = evaluation.get(op.getPlaces());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t count = places.type.getRowElements();
  for (int64_t request = 0; request < input.numRequests(); ++request) {
    int64_t begin = input.offsets[request], rows = input.offsets[request + 1] - begin;
    for (int64_t target = places.offsets[request] * count; target < places.offsets[request + 1] * count; ++target)
      if (int64_t place = places.integers[target]; place >= 0 && place < rows)
        copyRows(input, begin + place, result, target, 1);
  }
  return success();
}

void bindRows(FilterRowsOp op, Evaluation &evaluation) {
  const JaggedValue &keep = evaluation.get(op.getKeep());
  std::vector<int64_t> rows(keep.numRequests());
  for (int64_t request = 0; request < keep.numRequests(); ++request)
    for (int64_t row = keep.offsets[request]; row < keep.offsets[request + 1]; ++row)
      rows[request] += keep.integers[row] != 0;
  evaluation.bindRows(op.getBoundRows(), std::move(rows));
}

LogicalResult evaluate(FilterRowsOp op, Evaluation &evaluation) {
  const JaggedValue &keep = evaluation.get(op.getKeep());
  std::vector<int64_t> &places = evaluation.get(op.getPlaces()).integers;
  int64_t next = 0;
  for (int64_t request = 0; request < keep.numRequests(); ++request)
    for (int64_t row = keep.offsets[request]; row < keep.offsets[request + 1]; ++row)
      if (keep.integers[row] != 0)
        places[next++] = row - keep.offsets[request];
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
      copyRows(input, input.offsets[request], result, result.offsets[request],
               result.offsets[request + 1] - result.offsets[request]);
  }
  return success();
}

LogicalResult evaluate(PoolOp op, Evaluation &evaluation) {
  const JaggedValue &input = evaluation.get(op.getInput());
  JaggedValue &result = evaluation.get(op.getResult());
  int64_t width = result.type.getRowElements();
  evaluation.inArithmetic([&](auto zero) {
    using Real = decltype(zero);
    Attribute frame = frameOf(input);
    for (auto [pooled, instance] : llvm::enumerate(evaluation.getInstances(frame))) {
      int64_t begin = evaluation.getFirstRow(frame, input, instance);
      int64_t end = begin + evaluation.getRowsWithin(frame, input.type.getSpace(), instance);
      if (begin == end)
        continue;
      if (op.getKind() == PoolKind::first || op.getKind() == PoolKind::last) {
        copyRows(input, op.getKind() == PoolKind::first ? begin : end - 1, result, pooled, 1);
        continue;
      }
      for (int64_t d = 0; d < width; ++d) {
        PoolSum<Real> sum(op.getKind());
        for (int64_t row = begin; row < end; ++row)
          sum.add(static_cast<Real>(input.floats[row * width + d]));
        result.floats[pooled * width + d] = sum.get();
      }
    }
  });
  return success();
}

} // namespace reccc
