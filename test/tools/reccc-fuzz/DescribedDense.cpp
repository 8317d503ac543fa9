// SPDX-License-Identifier: Apache-2.0
// Blocks that compute on the records of rows.
#include "DescriptionGenerator.h"

#include <cmath>

namespace reccc::fuzz {

using Generator = DescriptionGenerator;

static Described someFloats(Generator &g) {
  const Described *found = g.find([](const Described &value) { return value.isFloat; });
  return found ? *found : g.vectors();
}

/// Another value of the same rows and record.
static Described another(Generator &g, const Described &value) {
  return g.random.chance(0.15) ? value : g.floatsOver(value.space, value.dims);
}

static Described like(const Described &value, double size) { return {"", value.space, value.dims, true, size}; }

static int64_t numbers(const Described &value) {
  int64_t count = 1;
  for (int64_t size : value.dims)
    count *= size;
  return count;
}

static int64_t divisorOf(Generator &g, int64_t number) {
  llvm::SmallVector<int64_t> divisors;
  for (int64_t i = 1; i <= number; ++i)
    if (number % i == 0)
      divisors.push_back(i);
  return g.random.pick<int64_t>(divisors);
}

static bool makeLinear(Generator &g) {
  Described input = g.vectors();
  int64_t outputs = g.width();
  if (!g.isSmall(input.space, outputs))
    return false;
  pb::Linear &block = *g.node().mutable_linear();
  block.set_input(input.name);
  block.set_weight(g.tensor());
  if (g.random.chance(0.5))
    block.set_bias(g.tensor());
  if (g.random.chance(0.7))
    block.set_layout(g.random.pick({pb::OUT_IN, pb::IN_OUT}));
  block.set_outputs(outputs);
  g.finish({"", input.space, {outputs}, true, input.size + 1});
  return true;
}

static bool makeRequestLinear(Generator &g) {
  Described input = g.vectors(8);
  int64_t outputs = g.random.between(1, 5);
  mlir::Attribute request = mlir::recsys::getRequestSpace(g.context);
  Described weight = g.floatsOver(request, {input.width(), outputs}), bias = g.floatsOver(request, {outputs});
  pb::RequestLinear &block = *g.node().mutable_request_linear();
  block.set_input(input.name);
  block.set_weight(weight.name);
  block.set_bias(bias.name);
  g.finish({"", input.space, {outputs}, true, input.width() * input.size * weight.size + bias.size});
  return true;
}

static bool makeLayerNorm(Generator &g) {
  Described input = someFloats(g);
  int64_t groups = g.random.chance(0.6) ? 1 : divisorOf(g, numbers(input));
  pb::LayerNorm &block = *g.node().mutable_layer_norm();
  block.set_input(input.name);
  if (g.random.chance(0.6)) {
    block.set_weight(g.tensor());
    block.set_bias(g.tensor());
  }
  block.set_eps(g.eps());
  if (groups > 1)
    block.set_groups(groups);
  g.finish(like(input, 4));
  return true;
}

static bool makeRmsNorm(Generator &g) {
  Described input = someFloats(g);
  pb::RmsNorm &block = *g.node().mutable_rms_norm();
  block.set_input(input.name);
  if (g.random.chance(0.5))
    block.set_weight(g.tensor());
  block.set_eps(g.eps());
  g.finish(like(input, 4));
  return true;
}

static bool makeL2Norm(Generator &g) {
  Described input = someFloats(g);
  pb::L2Norm &block = *g.node().mutable_l2_norm();
  block.set_input(input.name);
  block.set_eps(g.eps());
  if (g.random.chance(0.3))
    block.set_groups(divisorOf(g, numbers(input)));
  g.finish(like(input, 1));
  return true;
}

static bool makeBatchNorm(Generator &g) {
  Described input = g.vectors();
  pb::BatchNorm &block = *g.node().mutable_batch_norm();
  block.set_input(input.name);
  block.set_weights(g.tensor() + ".");
  block.set_eps(1e-3);
  g.finish(like(input, 2 * (input.size + 1)));
  return true;
}

static bool makeOperands(Generator &g) {
  Described first = someFloats(g);
  int64_t kind = g.random.below(3), count = kind == 1 ? 2 : g.random.between(2, 3);
  pb::Operands operands;
  double sum = 0, product = 1;
  for (int64_t i = 0; i < count; ++i) {
    Described next = i ? another(g, first) : first;
    operands.add_input(next.name);
    sum += next.size;
    product *= next.size;
  }
  pb::Node &node = g.node();
  *(kind == 0 ? node.mutable_add() : kind == 1 ? node.mutable_sub() : node.mutable_mul()) = operands;
  g.finish(like(first, kind == 2 ? product : sum));
  return true;
}

static bool makeIntegers(Generator &g) {
  Described first = g.ids(), second = g.idsOver(first.space);
  pb::Node &node = g.node();
  pb::Operands &operands = g.random.chance(0.5) ? *node.mutable_add() : *node.mutable_sub();
  operands.add_input(first.name);
  operands.add_input(second.name);
  g.finish({"", first.space, {}, false});
  return true;
}

static bool makeDiv(Generator &g) {
  Described input = someFloats(g), by = g.positive(input);
  pb::Div &block = *g.node().mutable_div();
  block.set_input(input.name);
  block.set_by(by.name);
  block.set_by_zero(g.random.pick({pb::Div::IEEE, pb::Div::ZERO}));
  g.finish(like(input, input.size / by.low));
  return true;
}

static bool makeScale(Generator &g) {
  Described input = someFloats(g);
  pb::Scale &block = *g.node().mutable_scale();
  block.set_input(input.name);
  int64_t kind = g.random.below(3);
  if (kind == 0)
    block.set_factor(-0.5);
  if (kind == 1)
    block.set_divisor(3);
  if (kind == 2 || g.random.chance(0.3))
    block.set_plus(0.5);
  g.finish(like(input, input.size + 0.5));
  return true;
}

static bool makeActivation(Generator &g) {
  Described input = someFloats(g);
  pb::Node &node = g.node();
  pb::Operand *operands[] = {node.mutable_silu()};
  node.clear_block();
  switch (g.random.below(6)) {
  case 0:
    operands[0] = node.mutable_silu();
    break;
  case 1:
    operands[0] = node.mutable_sigmoid();
    break;
  case 2:
    operands[0] = node.mutable_gelu();
    break;
  case 3:
    operands[0] = node.mutable_gelu_tanh();
    break;
  case 4:
    operands[0] = node.mutable_relu();
    break;
  default:
    operands[0] = node.mutable_tanh();
  }
  operands[0]->set_input(input.name);
  g.finish(like(input, input.size));
  return true;
}

static bool makeLeakyRelu(Generator &g) {
  Described input = someFloats(g);
  pb::LeakyRelu &block = *g.node().mutable_leaky_relu();
  block.set_input(input.name);
  block.set_slope(0.2);
  g.finish(like(input, input.size));
  return true;
}

static bool makeClamp(Generator &g) {
  Described input = someFloats(g);
  pb::Clamp &block = *g.node().mutable_clamp();
  block.set_input(input.name);
  block.set_low(-0.5);
  block.set_high(1);
  g.finish(like(input, 1));
  return true;
}

static bool makeExp(Generator &g) {
  Described input = someFloats(g);
  pb::Clamp &clamp = *g.node().mutable_clamp();
  clamp.set_input(input.name);
  clamp.set_low(-3);
  clamp.set_high(1);
  Described clamped = g.finish(like(input, 3));
  g.node().mutable_exp()->set_input(clamped.name);
  g.finish(like(input, 3));
  return true;
}

static bool makeLog(Generator &g) {
  Described input = g.positive(someFloats(g));
  pb::Log &block = *g.node().mutable_log();
  block.set_input(input.name);
  if (g.random.chance(0.5))
    block.set_base(10);
  g.finish(like(input, 2));
  return true;
}

static bool makeConcatFeatures(Generator &g) {
  Described first = g.vectors();
  pb::ConcatFeatures block;
  int64_t width = 0;
  double size = 0;
  for (int64_t i = 0, count = g.random.between(1, 3); i < count; ++i) {
    Described next = i ? g.vectors(32, first.space) : first;
    block.add_input(next.name);
    width += next.width();
    size = std::max(size, next.size);
  }
  if (!g.isSmall(first.space, width))
    return false;
  *g.node().mutable_concat_features() = block;
  g.finish({"", first.space, {width}, true, size});
  return true;
}

static bool makeSliceFeatures(Generator &g) {
  Described input = g.vectors();
  int64_t offset = g.random.below(input.width()), size = g.random.between(1, input.width() - offset);
  pb::SliceFeatures &block = *g.node().mutable_slice_features();
  block.set_input(input.name);
  block.set_offset(offset);
  block.set_size(size);
  g.finish({"", input.space, {size}, true, input.size, input.low});
  return true;
}

static bool makeReshape(Generator &g) {
  Described input = someFloats(g);
  int64_t count = numbers(input), rows = divisorOf(g, count);
  g.reshaped(input, {rows, count / rows});
  return true;
}

static bool makeSoftmax(Generator &g) {
  Described input = g.vectors();
  g.node().mutable_softmax()->set_input(input.name);
  g.finish(like(input, 1));
  return true;
}

static bool makeScaleParts(Generator &g) {
  Described input = someFloats(g), factors = g.floatsOver(input.space, {divisorOf(g, numbers(input))});
  pb::ScaleParts &block = *g.node().mutable_scale_parts();
  block.set_input(input.name);
  block.set_factors(factors.name);
  g.finish(like(input, input.size * factors.size));
  return true;
}

static bool makeReduce(Generator &g) {
  const Described *found = g.find([](const Described &value) { return value.isFloat && value.dims.size() == 2; });
  Described input = found ? *found : g.vectors();
  int64_t dim = g.random.below(input.dims.size());
  pb::ReduceFeatures &block = *g.node().mutable_reduce_features();
  block.set_input(input.name);
  block.set_kind(g.random.pick({pb::Pool::SUM, pb::Pool::MEAN, pb::Pool::MAX}));
  block.set_dim(dim);
  Described result = like(input, input.size * std::sqrt(input.dims[dim]));
  result.dims.erase(result.dims.begin() + dim);
  // A record of one dimension becomes one of one number.
  if (result.dims.empty())
    result.dims = {1};
  g.finish(result);
  return true;
}

static bool makeFeatureDots(Generator &g) {
  Described input = g.vectors();
  int64_t count = divisorOf(g, input.width()), width = input.width() / count;
  Described left = g.reshaped(input, {count, width});
  auto pairs = static_cast<pb::FeatureDots::Pairs>(g.random.below(5));
  if (count < 2)
    pairs = pb::FeatureDots::ALL;
  Described right = another(g, left);
  pb::FeatureDots &block = *g.node().mutable_feature_dots();
  block.set_left(left.name);
  block.set_right(right.name);
  block.set_pairs(pairs);
  int64_t triangle = count * (count - 1) / 2;
  bool diagonal = pairs == pb::FeatureDots::LOWER_DIAGONAL || pairs == pb::FeatureDots::UPPER_DIAGONAL;
  Described result = {"", left.space, {diagonal ? triangle + count : triangle}, true, left.size * right.size * width};
  if (pairs == pb::FeatureDots::ALL)
    result.dims = {count, count};
  g.finish(result);
  return true;
}

std::vector<Generator::Block> denseBlocks() {
  return {makeLinear,     makeLinear,         makeRequestLinear, makeLayerNorm, makeRmsNorm, makeL2Norm,
          makeBatchNorm,  makeOperands,       makeOperands,      makeIntegers,  makeDiv,     makeScale,
          makeActivation, makeActivation,     makeActivation,    makeLeakyRelu, makeClamp,   makeExp,
          makeLog,        makeConcatFeatures, makeSliceFeatures, makeReshape,   makeSoftmax, makeScaleParts,
          makeReduce,     makeFeatureDots};
}

} // namespace reccc::fuzz
