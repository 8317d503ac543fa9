// SPDX-License-Identifier: Apache-2.0
// Blocks of the family dense: arithmetic on the records of each row.
#include "Blocks.h"

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

Built reccc::build(ModelBuilder &b, const pb::LayerNorm &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  int64_t elements = b.typeOf(*input).getRowElements(), groups = block.has_groups() ? block.groups() : 1;
  if (elements % groups) {
    b.error(block, "groups", Code::OutOfRange)
        << "groups is " << groups << ", expected a divisor of the " << elements << " numbers of a record";
    return failure();
  }
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
  return Value(ir::L2NormOp::create(b.builder, b.where, input->getType(), *input, llvm::APFloat(block.eps())));
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
  return failed(input) ? input : Built(b.scale(*input, block.factor()));
}

Built reccc::build(ModelBuilder &b, const pb::ConcatFeatures &block) {
  SmallVector<Value> inputs;
  int64_t width = 0;
  for (int i = 0; i < block.input_size(); ++i) {
    auto input = b.vectors(block, "input", i);
    if (failed(input) || (i && failed(b.sameRows(block, "input", i, *input, inputs[0]))))
      return failure();
    inputs.push_back(*input);
    width += b.widthOf(*input);
  }
  if (failed(b.jagged(block, b.spaceOf(inputs[0]), {width}, b.builder.getF32Type())))
    return failure();
  return b.concatFeatures(inputs);
}

Built reccc::build(ModelBuilder &b, const pb::SliceFeatures &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  int64_t width = b.widthOf(*input);
  if (block.offset() >= width || block.size() > width - block.offset()) {
    b.error(block, "size", Code::OutOfRange)
        << "numbers " << block.offset() << " to " << block.offset() << " + " << block.size()
        << " are asked for, expected a part of the " << width << " that the input has";
    return failure();
  }
  return b.sliceFeatures(*input, block.offset(), block.size());
}

Built reccc::build(ModelBuilder &b, const pb::ReshapeFeatures &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  SmallVector<int64_t> dims(block.dims().begin(), block.dims().end());
  auto type = b.jagged(block, b.spaceOf(*input), dims, b.builder.getF32Type());
  if (failed(type))
    return failure();
  if (type->getRowElements() != b.typeOf(*input).getRowElements()) {
    b.error(block, "dims", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": shape " << shapeText(dims) << " has " << type->getRowElements()
        << " numbers, expected the " << b.typeOf(*input).getRowElements() << " of the input";
    return failure();
  }
  return b.reshape(*input, dims);
}

static Built buildOperands(ModelBuilder &b, const pb::Operands &block, bool exactlyTwo,
                           llvm::function_ref<Value(Value, Value)> combine) {
  if (block.input_size() < 2 || (exactlyTwo && block.input_size() != 2)) {
    b.error(block, "", Code::MissingField)
        << "node " << quoted(b.nodeName()) << " has " << block.input_size()
        << (block.input_size() == 1 ? " input" : " inputs") << ", expected " << (exactlyTwo ? "two" : "two or more");
    return failure();
  }
  Value result;
  for (int i = 0; i < block.input_size(); ++i) {
    auto input = b.floats(block, "input", i);
    if (failed(input) || (result && (failed(b.sameRows(block, "input", i, *input, result)) ||
                                     failed(b.sameRecord(block, "input", i, *input, result)))))
      return failure();
    result = result ? combine(result, *input) : *input;
  }
  return result;
}

Built reccc::buildElementwise(ModelBuilder &b, const pb::Node &node) {
  auto operand = [&](const pb::Operand &block, llvm::function_ref<Value(Value)> apply) -> Built {
    auto input = b.floats(block, "input");
    return failed(input) ? input : Built(apply(*input));
  };
  switch (node.block_case()) {
  case pb::Node::kAdd:
    return buildOperands(b, node.add(), false, [&](Value x, Value y) { return b.binary<ir::AddOp>(x, y); });
  case pb::Node::kSub:
    return buildOperands(b, node.sub(), true, [&](Value x, Value y) { return b.binary<ir::SubOp>(x, y); });
  case pb::Node::kMul:
    return buildOperands(b, node.mul(), false, [&](Value x, Value y) { return b.binary<ir::MulOp>(x, y); });
  case pb::Node::kSilu:
    return operand(node.silu(), [&](Value x) { return b.unary<ir::SiluOp>(x); });
  case pb::Node::kSigmoid:
    return operand(node.sigmoid(), [&](Value x) { return b.unary<ir::SigmoidOp>(x); });
  case pb::Node::kGelu:
    return operand(node.gelu(), [&](Value x) { return b.gelu(x, /*tanh=*/false); });
  case pb::Node::kGeluTanh:
    return operand(node.gelu_tanh(), [&](Value x) { return b.gelu(x, /*tanh=*/true); });
  case pb::Node::kRelu:
    return operand(node.relu(), [&](Value x) { return b.unary<ir::ReluOp>(x); });
  default:
    return operand(node.tanh(), [&](Value x) { return b.unary<ir::TanhOp>(x); });
  }
}
