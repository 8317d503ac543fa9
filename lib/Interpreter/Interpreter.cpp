// SPDX-License-Identifier: Apache-2.0
// Runs the ops of a model in order.
#include "reccc/Interpreter/Interpreter.h"

#include "Families.h"
#include "Requests.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

std::optional<InterpreterMode> parseInterpreterMode(StringRef text) {
  return llvm::StringSwitch<std::optional<InterpreterMode>>(text)
      .Case("double", InterpreterMode::Double)
      .Case("f32", InterpreterMode::NaiveF32)
      .Case("bf16", InterpreterMode::NaiveBF16)
      .Case("typed", InterpreterMode::AsTyped)
      .Default(std::nullopt);
}

static LogicalResult evaluateAny(Operation *op, Evaluation &evaluation) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<GetParameterOp, ParamSliceOp, ParamTransposeOp, ParamReshapeOp, ParamConcatOp, ParamAddOp, ParamSubOp,
            ParamMulOp, ParamRsqrtOp, ParamScaleRowsOp, ParamVecmatOp, ParamMatmulOp, ParamL2NormOp>(
          [&](auto known) { return evaluate(known, evaluation); })
      .Case<EmbeddingOp, EmbeddingBagOp, EmbeddingBagsOp, ToFloatOp, ActionBitsOp, ThresholdBitsOp, HashIdsOp,
            BucketizeOp, RowIndexOp, CalendarFeaturesOp>([&](auto known) { return evaluate(known, evaluation); })
      .Case<ConcatRowsOp, InterleaveOp, SliceRowsOp, TakeRowsOp, DeinterleaveOp, ShiftOp, BroadcastRowsOp, SplatRowsOp,
            RepeatRowsOp, GroupRowsOp, FoldRowsOp, PadRowsOp, GatherRowsOp, FilterRowsOp, MaskRowsOp, MaskShortOp,
            PoolOp>([&](auto known) { return evaluate(known, evaluation); })
      .Case<LinearOp, RequestLinearOp, LayerNormOp, L2NormOp, RmsNormOp, AddOp, SubOp, MulOp, DivOp, ScaleOp, SiluOp,
            SigmoidOp, GeluOp, ReluOp, TanhOp, LeakyReluOp, ClampOp, ExpOp, LogOp>(
          [&](auto known) { return evaluate(known, evaluation); })
      .Case<ConcatFeaturesOp, SliceFeaturesOp, ReshapeFeaturesOp, ScalePartsOp, SoftmaxOp, ReduceFeaturesOp,
            FeatureDotsOp>([&](auto known) { return evaluate(known, evaluation); })
      .Case<AttentionOp, TopKOp, NearestRowsOp>([&](auto known) { return evaluate(known, evaluation); })
      .Default([](Operation *unknown) {
        return unknown->emitError() << "expected a recsys op or rectile.kernel, got '" << unknown->getName()
                                    << "'; the interpreter runs the stages up to 'kernels'";
      });
}

namespace {
/// Runs blocks, and forgets values after their last use.
class BlockRunner {
public:
  BlockRunner(Evaluation &evaluation, const InterpreterObserver &observer)
      : evaluation(evaluation), observer(observer) {}

  /// Runs all ops but the terminator, whose operands stay.
  LogicalResult run(Block &block) {
    for (BlockArgument argument : block.getArguments())
      begin(argument);
    for (Operation &op : block.without_terminator()) {
      if (failed(runOp(op)))
        return failure();
      for (Value operand : op.getOperands())
        if (--uses[operand] == 0)
          evaluation.erase(operand);
    }
    return success();
  }

private:
  void begin(Value value) {
    uses[value] = std::distance(value.use_begin(), value.use_end());
    if (observer && isa<JaggedType>(value.getType()))
      observer(value, evaluation.get(value));
  }

  /// The body sees the kernel's operands as its arguments; what it yields are the results.
  LogicalResult runKernel(rectile::KernelOp kernel) {
    Block &body = kernel.getBody().front();
    for (auto [argument, operand] : llvm::zip_equal(body.getArguments(), kernel.getOperands()))
      evaluation.bind(argument, operand);
    if (failed(run(body)))
      return failure();
    Operation *yield = body.getTerminator();
    for (auto [result, yielded] : llvm::zip_equal(kernel.getResults(), yield->getOperands())) {
      evaluation.bind(result, yielded);
      begin(result);
    }
    for (Value yielded : yield->getOperands())
      evaluation.erase(yielded);
    return success();
  }

  LogicalResult runOp(Operation &op) {
    if (auto kernel = dyn_cast<rectile::KernelOp>(op))
      return runKernel(kernel);
    if (auto filter = dyn_cast<FilterRowsOp>(op))
      bindRows(filter, evaluation);
    for (Value result : op.getResults())
      if (failed(evaluation.prepare(op.getLoc(), result)))
        return failure();
    if (failed(evaluateAny(&op, evaluation)))
      return failure();
    for (Value result : op.getResults()) {
      evaluation.finish(result);
      begin(result);
    }
    return success();
  }

  Evaluation &evaluation;
  const InterpreterObserver &observer;
  llvm::DenseMap<Value, int64_t> uses;
};
} // namespace

FailureOr<std::vector<NamedValue>> interpret(ModelOp model, const NamedTensors &weights, const NamedTensors &requests,
                                             InterpreterMode mode, const InterpreterObserver &observer) {
  FailureOr<RequestLengths> lengths = readLengths(model, requests);
  if (failed(lengths))
    return failure();
  Evaluation evaluation(mode, weights, std::move(*lengths));
  Block &body = model.getBody().front();
  if (failed(readInputs(model, requests, evaluation)) || failed(BlockRunner(evaluation, observer).run(body)))
    return failure();
  std::vector<NamedValue> outputs;
  for (auto [index, value] : llvm::enumerate(body.getTerminator()->getOperands()))
    outputs.push_back({model.getOutputName(index).str(), evaluation.get(value)});
  return outputs;
}

bool writeValues(const std::string &path, ArrayRef<NamedValue> values, InterpreterMode mode, FileError &error) {
  // Tensors point into `narrow`, whose elements must not move.
  std::vector<std::vector<float>> narrow(values.size());
  std::vector<TensorToWrite> tensors;
  for (auto [index, named] : llvm::enumerate(values)) {
    const JaggedValue &value = named.value;
    TensorToWrite tensor{named.name, TensorType::I64, {value.numRows()}, value.integers.data()};
    llvm::append_range(tensor.shape, value.type.getDims());
    if (value.type.isFloat() && mode == InterpreterMode::Double) {
      tensor.type = TensorType::F64;
      tensor.data = value.floats.data();
    } else if (value.type.isFloat()) {
      narrow[index].assign(value.floats.begin(), value.floats.end());
      tensor.type = TensorType::F32;
      tensor.data = narrow[index].data();
    }
    tensors.push_back(std::move(tensor));
    if (!value.type.getRowSpace().getConstantRows())
      tensors.push_back({named.name + ".offsets", TensorType::I64, {value.numRequests() + 1}, value.offsets.data()});
  }
  return writeSafetensors(path, tensors, error);
}

} // namespace reccc
