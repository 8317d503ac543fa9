// SPDX-License-Identifier: Apache-2.0
// Blocks of the family dense: arithmetic on the records of each row.
#include "Blocks.h"
#include <cmath>

using namespace reccc;

Built reccc::build(ModelBuilder &b, const pb::Linear &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  bool transposed = !block.has_layout() || block.layout() == pb::OUT_IN;
  SmallVector<Dim> dims = {{block.has_outputs() ? block.outputs() : -1, "outputs"},
                           {b.widthOf(*input), "width of the input"}};
  if (!transposed)
    std::swap(dims[0], dims[1]);
  auto weight = b.weight(block, "weight", block.weight(), dims,
                         {{b.places.of(block, "input"), "the input is " + valueText(*input) + "; the layout is " +
                                                            (transposed ? "OUT_IN" : "IN_OUT")}});
  if (failed(weight))
    return failure();
  Value bias;
  if (block.has_bias()) {
    auto given =
        b.weight(block, "bias", block.bias(), {{b.shapeOf(*weight)[transposed ? 0 : 1], "outputs of the weight"}});
    if (failed(given))
      return failure();
    bias = *given;
  }
  if (failed(b.jagged(block, b.spaceOf(*input), {b.shapeOf(*weight)[transposed ? 0 : 1]}, b.builder.getF32Type())))
    return failure();
  return b.linear(*input, *weight, bias, transposed);
}

Built reccc::build(ModelBuilder &b, const pb::RequestLinear &block) {
  auto input = b.vectors(block, "input");
  auto weight = b.floats(block, "weight");
  auto bias = b.vectors(block, "bias");
  if (failed(input) || failed(weight) || failed(bias) || failed(b.overRequest(block, "weight", *weight)) ||
      failed(b.overRequest(block, "bias", *bias)))
    return failure();
  ArrayRef<int64_t> dims = b.typeOf(*weight).getDims();
  if (dims.size() != 2 || dims[0] != b.widthOf(*input) || dims[1] != b.widthOf(*bias)) {
    b.error(block, "weight", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": weight has records of shape " << shapeText(dims) << ", expected ["
        << b.widthOf(*input) << ", " << b.widthOf(*bias) << "] (width of the input, width of the bias)";
    return failure();
  }
  return Value(
      ir::RequestLinearOp::create(b.builder, b.where, b.typeOf(*input).withDims({dims[1]}), *input, *weight, *bias));
}

static LogicalResult checkGroups(ModelBuilder &b, const Message &block, int64_t groups, int64_t elements) {
  if (elements % groups == 0)
    return success();
  return b.error(block, "groups", Code::OutOfRange)
         << "groups is " << groups << ", expected a divisor of the " << elements << " numbers of a record";
}

Built reccc::build(ModelBuilder &b, const pb::LayerNorm &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  int64_t elements = b.typeOf(*input).getRowElements(), groups = block.has_groups() ? block.groups() : 1;
  if (failed(checkGroups(b, block, groups, elements)))
    return failure();
  if (block.has_weight() != block.has_bias()) {
    b.error(block, "", Code::Contradiction)
        << "node " << quoted(b.nodeName()) << " has one of weight and bias, expected both or neither";
    return failure();
  }
  Value weight, bias;
  if (block.has_weight()) {
    SmallVector<Dim> dims;
    if (groups > 1)
      dims = {{groups, "one for each group"}};
    else
      for (int64_t size : b.typeOf(*input).getDims())
        dims.push_back({size, "shape of the input's record"});
    auto gain = b.weight(block, "weight", block.weight(), dims);
    auto shift = b.weight(block, "bias", block.bias(), dims);
    if (failed(gain) || failed(shift))
      return failure();
    weight = *gain, bias = *shift;
  }
  return b.layerNorm(*input, weight, bias, block.eps(), groups);
}

Built reccc::build(ModelBuilder &b, const pb::L2Norm &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  int64_t elements = b.typeOf(*input).getRowElements(), groups = block.has_groups() ? block.groups() : 1;
  if (failed(checkGroups(b, block, groups, elements)))
    return failure();
  return Value(ir::L2NormOp::create(b.builder, b.where, input->getType(), *input, llvm::APFloat(block.eps()), groups));
}

Built reccc::build(ModelBuilder &b, const pb::BatchNorm &block) {
  auto input = b.vectors(block, "input");
  return failed(input) ? input : buildTorchBatchNorm(b, block, "weights", *input, block.weights(), block.eps());
}

Built reccc::build(ModelBuilder &b, const pb::Div &block) {
  auto input = b.floats(block, "input");
  auto by = b.floats(block, "by");
  if (failed(input) || failed(by) || failed(b.sameRows(block, "by", -1, *by, *input)) ||
      failed(b.sameRecord(block, "by", -1, *by, *input)))
    return failure();
  auto byZero = block.by_zero() == pb::Div::ZERO ? ir::ByZero::zero : ir::ByZero::ieee;
  return Value(ir::DivOp::create(b.builder, b.where, input->getType(), *input, *by, byZero));
}

Built reccc::build(ModelBuilder &b, const pb::RmsNorm &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  Value weight;
  if (block.has_weight()) {
    SmallVector<Dim> dims;
    for (int64_t size : b.typeOf(*input).getDims())
      dims.push_back({size, "shape of the input's record"});
    auto gain = b.weight(block, "weight", block.weight(), dims);
    if (failed(gain))
      return failure();
    weight = *gain;
  }
  return Value(ir::RmsNormOp::create(b.builder, b.where, input->getType(), *input, weight, llvm::APFloat(block.eps())));
}

Built reccc::build(ModelBuilder &b, const pb::Scale &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  if (block.times_case() == pb::Scale::TIMES_NOT_SET && !block.has_plus()) {
    b.error(block, "", Code::MissingField)
        << "node " << quoted(b.nodeName()) << " scales by nothing, expected factor, divisor or plus";
    return failure();
  }
  double factor = block.has_factor() ? block.factor() : block.has_divisor() ? 1 / block.divisor() : 1;
  return b.scale(*input, factor, block.plus());
}

Built reccc::build(ModelBuilder &b, const pb::LeakyRelu &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  return Value(ir::LeakyReluOp::create(b.builder, b.where, input->getType(), *input, llvm::APFloat(block.slope())));
}

Built reccc::build(ModelBuilder &b, const pb::Clamp &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  if (block.low() > block.high()) {
    b.error(block, "high", Code::OutOfRange)
        << "high is " << numberText(block.high()) << ", expected at least low, which is " << numberText(block.low());
    return failure();
  }
  return Value(ir::ClampOp::create(b.builder, b.where, input->getType(), *input, llvm::APFloat(block.low()),
                                   llvm::APFloat(block.high())));
}

Built reccc::build(ModelBuilder &b, const pb::Log &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  Value log = b.unary<ir::LogOp>(*input);
  return block.has_base() ? b.scale(log, 1 / std::log(block.base())) : log;
}

static Built buildOperands(ModelBuilder &b, const pb::Operands &block, bool exactlyTwo, bool integers,
                           llvm::function_ref<Value(Value, Value)> combine) {
  if (block.input_size() < 2 || (exactlyTwo && block.input_size() != 2)) {
    b.error(block, "", Code::MissingField)
        << "node " << quoted(b.nodeName()) << " has " << block.input_size()
        << (block.input_size() == 1 ? " input" : " inputs") << ", expected " << (exactlyTwo ? "two" : "two or more");
    return failure();
  }
  Value result;
  for (int i = 0; i < block.input_size(); ++i) {
    auto input = integers ? b.value(block, "input", i) : b.floats(block, "input", i);
    if (failed(input) || (result && (failed(b.sameRows(block, "input", i, *input, result)) ||
                                     failed(b.sameRecord(block, "input", i, *input, result)))))
      return failure();
    result = result ? combine(result, *input) : *input;
  }
  return result;
}

static Built buildToFloat(ModelBuilder &b, const pb::Operand &block, Value input) {
  ir::JaggedType type = b.typeOf(input);
  if (!type.isFloat())
    return Value(ir::ToFloatOp::create(b.builder, b.where, type.withElementType(b.builder.getF32Type()), input));
  b.error(block, "input", Code::ElementType) << "node " << quoted(b.nodeName()) << ": input " << quoted(block.input())
                                             << " is " << valueText(input) << ", expected INT64";
  return failure();
}

static Built buildSoftmax(ModelBuilder &b, const pb::Operand &block, Value input) {
  if (!b.typeOf(input).getDims().empty())
    return b.unary<ir::SoftmaxOp>(input);
  b.error(block, "input", Code::RecordsDiffer)
      << "node " << quoted(b.nodeName()) << ": input " << quoted(block.input()) << " is " << valueText(input)
      << ", expected records of at least one dimension";
  return failure();
}

Built reccc::buildElementwise(ModelBuilder &b, const pb::Node &node) {
  auto operand = [&](const pb::Operand &block, llvm::function_ref<Value(Value)> apply) -> Built {
    auto input = b.floats(block, "input");
    return failed(input) ? input : Built(apply(*input));
  };
  switch (node.block_case()) {
  case pb::Node::kAdd:
    return buildOperands(b, node.add(), false, true, [&](Value x, Value y) { return b.binary<ir::AddOp>(x, y); });
  case pb::Node::kSub:
    return buildOperands(b, node.sub(), true, true, [&](Value x, Value y) { return b.binary<ir::SubOp>(x, y); });
  case pb::Node::kMul:
    return buildOperands(b, node.mul(), false, false, [&](Value x, Value y) { return b.binary<ir::MulOp>(x, y); });
  case pb::Node::kSilu:
    return operand(node.silu(), [&](Value x) { return b.unary<ir::SiluOp>(x); });
  case pb::Node::kSigmoid:
    return operand(node.sigmoid(), [&](Value x) { return b.unary<ir::SigmoidOp>(x); });
  case pb::Node::kGelu:
    return operand(node.gelu(), [&](Value x) { return b.gelu(x, /*tanh=*/false); });
  case pb::Node::kGeluTanh:
    return operand(node.gelu_tanh(), [&](Value x) { return b.gelu(x, /*tanh=*/true); });
  case pb::Node::kToFloat: {
    auto input = b.value(node.to_float(), "input");
    return failed(input) ? input : buildToFloat(b, node.to_float(), *input);
  }
  case pb::Node::kSoftmax: {
    auto input = b.floats(node.softmax(), "input");
    return failed(input) ? input : buildSoftmax(b, node.softmax(), *input);
  }
  case pb::Node::kExp:
    return operand(node.exp(), [&](Value x) { return b.unary<ir::ExpOp>(x); });
  case pb::Node::kRelu:
    return operand(node.relu(), [&](Value x) { return b.unary<ir::ReluOp>(x); });
  default:
    return operand(node.tanh(), [&](Value x) { return b.unary<ir::TanhOp>(x); });
  }
}
