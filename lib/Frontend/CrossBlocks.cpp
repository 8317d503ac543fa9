// SPDX-License-Identifier: Apache-2.0
// Macros of rankers without sequences: mixtures of experts, cross networks, masks.
#include "Blocks.h"

using namespace reccc;

Value reccc::buildMixture(ModelBuilder &b, Value gate, Value experts) {
  Value scaled = b.binary<ir::ScalePartsOp>(experts, gate);
  int64_t width = b.typeOf(experts).getDims()[1];
  return ir::ReduceFeaturesOp::create(b.builder, b.where, b.typeOf(scaled).withDims({width}), scaled, ir::PoolKind::sum,
                                      0);
}

Built reccc::build(ModelBuilder &b, const pb::Mixture &block) {
  auto gate = b.vectors(block, "gate");
  if (failed(gate))
    return failure();
  SmallVector<Value> experts;
  for (int i = 0; i < block.expert_size(); ++i) {
    auto expert = b.vectors(block, "expert", i);
    if (failed(expert) || failed(b.sameRows(block, "expert", i, *expert, *gate)) ||
        (i && failed(b.sameRecord(block, "expert", i, *expert, experts[0]))))
      return failure();
    experts.push_back(*expert);
  }
  int64_t count = experts.size(), width = b.widthOf(experts[0]);
  if (b.widthOf(*gate) != count) {
    b.error(block, "gate", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": gate '" << block.gate() << "' has " << b.widthOf(*gate)
        << " numbers a row, expected " << count << ", one for each expert";
    return failure();
  }
  if (failed(b.jagged(block, b.spaceOf(*gate), {count, width}, b.builder.getF32Type())))
    return failure();
  return buildMixture(b, *gate, b.reshape(b.concatFeatures(experts), {count, width}));
}

//===-- The cross network --------------------------------------------------------------------===//

/// [D] or [D, 1] as [D].
static Built bindColumn(ModelBuilder &b, const Message &message, StringRef field, const std::string &name,
                        int64_t size) {
  SmallVector<Dim> dims = {{size, "width of the input"}};
  if (auto shape = b.weights.shapeOf(name); shape && shape->size() == 2)
    dims.push_back({1, "one column"});
  auto tensor = b.weight(message, field, name, dims);
  return failed(tensor) ? tensor : Built(b.paramReshape(*tensor, {size}));
}

static Built buildFullLayer(ModelBuilder &b, const pb::Cross::Full &block, Value x, int64_t layer) {
  int64_t width = b.widthOf(x);
  auto weight = b.weight(block, "weight", substitute(block.weight(), "layer", layer),
                         {{width, "width of the input"}, {width, "width of the input"}});
  auto bias = bindColumn(b, block, "bias", substitute(block.bias(), "layer", layer), width);
  if (failed(weight) || failed(bias))
    return failure();
  return b.linear(x, *weight, *bias, /*transposed=*/true);
}

/// Gates sum to 1, and a sum of products with matrices is a product with the matrices side by side: one linear into all
/// experts, one out of them.
static Built buildLowRankLayer(ModelBuilder &b, const pb::Cross::LowRank &block, Value x, int64_t layer) {
  int64_t width = b.widthOf(x), experts = block.experts();
  auto named = [&](const std::string &name) { return substitute(name, "layer", layer); };
  Dim expertDim(experts, "experts"), widthDim(width, "width of the input"),
      rankDim(block.has_rank() ? block.rank() : -1, "rank");
  auto v = b.weight(block, "v", named(block.v()), {expertDim, widthDim, rankDim});
  if (failed(v))
    return failure();
  int64_t rank = b.shapeOf(*v)[2];
  rankDim = Dim(rank, "rank of v");
  auto c = b.weight(block, "c", named(block.c()), {expertDim, rankDim, rankDim});
  auto u = b.weight(block, "u", named(block.u()), {expertDim, widthDim, rankDim});
  auto bias = bindColumn(b, block, "bias", named(block.bias()), width);
  if (failed(c) || failed(u) || failed(bias))
    return failure();
  SmallVector<Value> gateWeights, gateBiases, into, outOf;
  for (int64_t expert = 0; expert < experts; ++expert) {
    std::string prefix = substitute(named(block.gate()), "expert", expert);
    auto weight = b.weight(block, "gate", prefix + "weight", {{1, "one gate"}, widthDim});
    auto gateBias = b.weight(block, "gate", prefix + "bias", {{1, "one gate"}});
    if (failed(weight) || failed(gateBias))
      return failure();
    gateWeights.push_back(*weight);
    gateBiases.push_back(*gateBias);
    into.push_back(b.paramReshape(b.paramSlice(*v, 0, expert, 1), {width, rank}));
    outOf.push_back(b.paramReshape(b.paramSlice(*u, 0, expert, 1), {width, rank}));
  }
  if (failed(b.jagged(block, b.spaceOf(x), {experts, rank}, b.builder.getF32Type())))
    return failure();
  auto activate = [&](Value value) {
    return block.activation() == pb::Cross::LowRank::TANH ? b.unary<ir::TanhOp>(value) : value;
  };
  Value gates = b.linear(x, b.paramConcat(gateWeights, 0), b.paramConcat(gateBiases, 0), /*transposed=*/true);
  gates = b.unary<ir::SoftmaxOp>(gates);
  Value low = activate(b.linear(x, b.paramConcat(into, 1), Value(), /*transposed=*/false));
  SmallVector<Value> inner;
  for (int64_t expert = 0; expert < experts; ++expert) {
    Value square = b.paramReshape(b.paramSlice(*c, 0, expert, 1), {rank, rank});
    inner.push_back(b.linear(b.sliceFeatures(low, expert * rank, rank), square, Value(), /*transposed=*/true));
  }
  Value weighted = b.binary<ir::ScalePartsOp>(activate(b.concatFeatures(inner)), gates);
  return b.linear(weighted, b.paramConcat(outOf, 1), *bias, /*transposed=*/true);
}

Built reccc::build(ModelBuilder &b, const pb::Cross &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  if (block.kind_case() == pb::Cross::KIND_NOT_SET) {
    b.error(block, "", Code::MissingField)
        << "node " << quoted(b.nodeName()) << " has no kind of cross layer, expected full or low_rank";
    return failure();
  }
  Value x = *input;
  for (int64_t layer = 0; layer < block.layers(); ++layer) {
    auto crossed =
        block.has_full() ? buildFullLayer(b, block.full(), x, layer) : buildLowRankLayer(b, block.low_rank(), x, layer);
    if (failed(crossed))
      return failure();
    x = b.binary<ir::AddOp>(b.binary<ir::MulOp>(*crossed, *input), x);
    b.define("layers." + Twine(layer), x);
  }
  return x;
}

//===-- MaskNet ------------------------------------------------------------------------------===//

Built reccc::build(ModelBuilder &b, const pb::MaskNet &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  int64_t width = b.widthOf(*input);
  SmallVector<Value> blocks;
  for (int64_t i = 0; i < block.blocks(); ++i) {
    std::string prefix = substitute(block.weights(), "block", i);
    auto inner = buildTorchLinear(b, block, "weights", *input, prefix + "mask_layer.0.",
                                  Dim(block.has_mask_width() ? block.mask_width() : -1, "mask_width"));
    if (failed(inner))
      return failure();
    auto mask = buildTorchLinear(b, block, "weights", b.unary<ir::ReluOp>(*inner), prefix + "mask_layer.2.",
                                 Dim(width, "width of the input"));
    auto weight = b.weight(block, "weights", prefix + "hidden_layer.0.weight",
                           {{block.has_width() ? block.width() : -1, "width"}, {width, "width of the input"}});
    if (failed(mask) || failed(weight))
      return failure();
    Value hidden = b.linear(b.binary<ir::MulOp>(*mask, *input), *weight, Value(), /*transposed=*/true);
    auto norm = buildTorchNorm(b, block, "weights", hidden, prefix + "hidden_layer.1.", block.eps());
    if (failed(norm))
      return failure();
    blocks.push_back(b.unary<ir::ReluOp>(*norm));
    b.define("blocks." + Twine(i), blocks.back());
  }
  int64_t total = 0;
  for (Value each : blocks)
    total += b.widthOf(each);
  if (failed(b.jagged(block, b.spaceOf(*input), {total}, b.builder.getF32Type())))
    return failure();
  return b.concatFeatures(blocks);
}
