// SPDX-License-Identifier: Apache-2.0
// Macros of the request's context: contextual rows, and linear layers whose weights the context
// makes.
#include "Blocks.h"

using namespace reccc;

/// Record `place` of a feature, for each request; zeros when there is none.
static Value placeOf(ModelBuilder &b, Value feature, int64_t place) {
  MLIRContext *context = b.builder.getContext();
  if (place == 0 && b.spaceOf(feature) == ir::getRequestSpace(context))
    return feature;
  ir::JaggedType type = b.typeOf(feature);
  Value padded =
      ir::PadRowsOp::create(b.builder, b.where, type.withSpace(ir::getRowsSpace(context, place + 1)), feature);
  if (place == 0)
    return padded;
  return ir::PoolOp::create(b.builder, b.where, type.withSpace(ir::getRequestSpace(context)), padded,
                            ir::PoolKind::last);
}

Built reccc::build(ModelBuilder &b, const pb::ContextualRows &block) {
  // 1. One record for each place of each feature.
  SmallVector<Value> records;
  for (const auto &feature : block.feature()) {
    auto input = b.vectors(feature, "input");
    if (failed(input))
      return failure();
    b.at(feature);
    if (!records.empty() && b.widthOf(*input) != b.widthOf(records[0])) {
      b.error(feature, "input", Code::RecordsDiffer)
          << "node " << quoted(b.nodeName()) << ": feature '" << feature.input() << "' has " << b.widthOf(*input)
          << " numbers a row, expected " << b.widthOf(records[0]) << " as the first feature";
      return failure();
    }
    if (feature.has_min_rows() != (feature.counted_size() > 0)) {
      b.error(feature, "", Code::Contradiction)
          << "node " << quoted(b.nodeName()) << " has one of min_rows and counted, expected both or neither";
      return failure();
    }
    SmallVector<Attribute> counted;
    for (const std::string &name : feature.counted())
      counted.push_back(b.rows(name));
    for (int64_t place = 0, places = feature.has_places() ? feature.places() : 1; place < places; ++place) {
      Value record = placeOf(b, *input, place);
      if (feature.has_min_rows())
        record = ir::MaskShortOp::create(b.builder, b.where, record.getType(), record, b.builder.getArrayAttr(counted),
                                         feature.min_rows());
      records.push_back(record);
    }
  }
  b.at(block);
  int64_t places = records.size(), inputs = b.widthOf(records[0]);

  // 2. Each through its own linear layer.
  Dim width(block.has_width() ? block.width() : -1, "width");
  auto weight = b.weight(block, "weight", block.weight(),
                         {{places, "places of the features"}, {inputs, "width of the features"}, width});
  if (failed(weight))
    return failure();
  int64_t outputs = b.shapeOf(*weight)[2];
  SmallVector<Dim> biasDims = {{places, "places of the features"}, {outputs, "outputs of the weight"}};
  if (auto shape = b.weights.shapeOf(block.bias()); shape && shape->size() == 3)
    biasDims.insert(biasDims.begin() + 1, Dim(1));
  auto bias = b.weight(block, "bias", block.bias(), biasDims);
  if (failed(bias) || failed(b.jagged(block, b.spaceOf(records[0]), {places * inputs}, b.builder.getF32Type())))
    return failure();
  SmallVector<Value> rows;
  for (auto [place, record] : llvm::enumerate(records)) {
    Value matrix = b.paramReshape(b.paramSlice(*weight, 0, place, 1), {inputs, outputs});
    Value shift = b.paramReshape(b.paramSlice(*bias, 0, place, 1), {outputs});
    rows.push_back(b.linear(record, matrix, shift, /*transposed=*/false));
  }
  b.define("features", b.concatFeatures(records));
  return b.concatRows(block, rows);
}

Built reccc::build(ModelBuilder &b, const pb::ContextualMlp &block) {
  auto input = b.vectors(block, "input");
  auto context = b.vectors(block, "context");
  if (failed(input) || failed(context) || failed(b.overRequest(block, "context", *context)))
    return failure();
  const std::string &prefix = block.weights();
  int64_t inputs = b.widthOf(*input);
  Dim hidden(block.has_hidden() ? block.hidden() : -1, "hidden"),
      outputs(block.has_outputs() ? block.outputs() : -1, "outputs");

  auto summary = buildTorchLinear(b, block, "weights", *context, prefix + "_dense_features_compress.", hidden);
  if (failed(summary))
    return failure();
  // The norm's gain has the shape of the matrix that it normalizes.
  auto gain =
      b.weight(block, "weights", prefix + "_attn_weights_norm.weight", {{inputs, "width of the input"}, outputs});
  if (failed(gain))
    return failure();
  int64_t width = b.shapeOf(*gain)[1];
  auto shift = b.weight(block, "weights", prefix + "_attn_weights_norm.bias",
                        {{inputs, "width of the input"}, {width, "outputs"}});
  auto raw =
      buildTorchLinear(b, block, "weights", *summary, prefix + "_attn_raw_weights.0.",
                       {inputs * width, std::to_string(inputs) + " inputs x " + std::to_string(width) + " outputs"});
  if (failed(shift) || failed(raw))
    return failure();
  Value matrix = b.layerNorm(b.reshape(*raw, {inputs, width}), *gain, *shift, block.eps());

  auto bias = buildTorchLinear(b, block, "weights", *summary, prefix + "_res_weights.0.", hidden);
  if (succeeded(bias))
    bias = buildSwishNorm(b, block, "weights", *bias, prefix + "_res_weights.1.", block.eps());
  if (succeeded(bias))
    bias = buildTorchLinear(b, block, "weights", *bias, prefix + "_res_weights.2.", {width, "outputs"});
  if (failed(bias))
    return failure();
  b.define("weight", matrix);
  b.define("bias", *bias);
  return Value(
      ir::RequestLinearOp::create(b.builder, b.where, b.typeOf(*input).withDims({width}), *input, matrix, *bias));
}
