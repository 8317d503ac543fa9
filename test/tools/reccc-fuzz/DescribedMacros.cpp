// SPDX-License-Identifier: Apache-2.0
// Blocks that several published models share.
#include "DescriptionGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

using Generator = DescriptionGenerator;

/// Stages of an MLP that ends with `outputs` numbers, and the widths of its linear ones.
template <typename Block> static void fillStages(Generator &g, Block &block, int64_t outputs, bool sloped) {
  bool normed = false;
  for (int64_t i = 0, count = g.random.between(0, 4); i < count; ++i) {
    auto stage = static_cast<pb::Mlp::Stage>(g.random.below(pb::Mlp::Stage_ARRAYSIZE));
    if (stage == pb::Mlp::LEAKY_RELU && !sloped)
      stage = pb::Mlp::RELU;
    normed |= stage == pb::Mlp::LAYER_NORM || stage == pb::Mlp::SWISH_NORM || stage == pb::Mlp::BATCH_NORM ||
              stage == pb::Mlp::DICE;
    if (stage == pb::Mlp::LINEAR)
      block.add_widths(g.random.between(1, 12));
    if constexpr (std::is_same_v<Block, pb::Mlp>)
      if (stage == pb::Mlp::LEAKY_RELU)
        block.set_slope(0.1);
    block.add_stage(stage);
  }
  block.add_stage(pb::Mlp::LINEAR);
  block.add_widths(outputs);
  block.set_weights(g.tensor() + (g.random.chance(0.7) ? ".{stage}." : ".{stage}_{linear}."));
  if (normed)
    block.set_eps(1e-2);
}

static bool makeMlp(Generator &g) {
  Described input = g.vectors();
  int64_t outputs = g.width();
  if (!g.isSmall(input.space, outputs))
    return false;
  pb::Mlp &block = *g.node().mutable_mlp();
  block.set_input(input.name);
  fillStages(g, block, outputs, /*sloped=*/true);
  g.finish({"", input.space, {outputs}, true, 4});
  return true;
}

static bool makeMultitaskHead(Generator &g) {
  Described user = g.vectors(), item = g.floatsOver(user.space, user.dims);
  int64_t tasks = g.random.between(1, 4);
  pb::MultitaskHead &block = *g.node().mutable_multitask_head();
  block.set_user(user.name);
  block.set_item(item.name);
  fillStages(g, block, tasks, /*sloped=*/false);
  for (int64_t i = 0; i < tasks; ++i) {
    auto &task = *block.add_task();
    task.set_name("task" + std::to_string(i));
    task.set_kind(g.random.pick({pb::MultitaskHead::Task::BINARY, pb::MultitaskHead::Task::REGRESSION}));
  }
  g.finish({"", user.space, {tasks}, true, 4});
  return true;
}

static bool makeContextualRows(Generator &g) {
  pb::ContextualRows block;
  int64_t inputs = g.random.pick({2, 4}), width = g.random.pick({4, 8}), places = 0;
  for (int64_t i = 0, count = g.random.between(1, 2); i < count; ++i) {
    Attribute space = g.random.chance(0.5) ? getRequestSpace(g.context) : g.anyRows();
    if (g.isNest(space))
      return false;
    auto &feature = *block.add_feature();
    feature.set_input(g.floatsOver(space, {inputs}).name);
    int64_t number = g.random.between(1, 3);
    if (number > 1)
      feature.set_places(number);
    places += number;
    if (g.random.chance(0.4)) {
      feature.set_min_rows(g.random.below(6));
      feature.add_counted(g.rowsNamed(g.anyRows()));
    }
  }
  block.set_weight(g.tensor());
  block.set_bias(g.tensor());
  block.set_width(width);
  *g.node().mutable_contextual_rows() = block;
  g.finish({"", getRowsSpace(g.context, places), {width}, true, 2});
  return true;
}

static bool makeContextualMlp(Generator &g) {
  Described input = g.vectors(8), context = g.vectors(16, getRequestSpace(g.context));
  int64_t outputs = g.random.between(1, 6);
  pb::ContextualMlp &block = *g.node().mutable_contextual_mlp();
  block.set_input(input.name);
  block.set_context(context.name);
  block.set_weights(g.tensor() + ".");
  block.set_eps(1e-2);
  block.set_outputs(outputs);
  block.set_hidden(g.random.between(2, 8));
  g.finish({"", input.space, {outputs}, true, 3 * input.width() * input.size});
  return true;
}

static void fillHstuSettings(Generator &g, pb::Hstu &block) {
  for (pb::Hstu::Norm *norm : {block.mutable_input_norm(), block.mutable_output_norm()}) {
    norm->set_eps(1e-2);
    norm->set_affine(g.random.chance(0.6));
  }
  if (g.random.chance(0.5))
    block.mutable_output_norm()->set_per_head(g.random.chance(0.6));
  block.mutable_silu()->set_u(g.random.chance(0.5));
  block.mutable_silu()->set_v(g.random.chance(0.5));
  block.mutable_silu()->set_q(g.random.chance(0.5));
  block.mutable_silu()->set_k(g.random.chance(0.5));
  block.set_output(static_cast<pb::Hstu::Output>(g.random.below(3)));
  if (g.random.chance(0.3))
    block.set_residual(g.random.chance(0.3));
  pb::Hstu::Weights &weights = *block.mutable_weights();
  weights.set_uvqk("uvqk");
  weights.set_output("output");
  weights.set_use_uvqk_bias(g.random.chance(0.5));
  weights.set_use_output_bias(g.random.chance(0.5));
  weights.set_uvqk_bias("uvqk_bias");
  weights.set_output_bias("output_bias");
  weights.set_input_norm_weight("input_norm.weight");
  weights.set_input_norm_bias("input_norm.bias");
  weights.set_output_norm_weight("output_norm.weight");
  weights.set_output_norm_bias("output_norm.bias");
  weights.set_order(g.random.pick({pb::Hstu::Weights::BLOCKS_UVQK, pb::Hstu::Weights::HEADS_UVQK}));
  weights.set_uvqk_layout(g.random.pick({pb::OUT_IN, pb::IN_OUT}));
  weights.set_output_layout(g.random.pick({pb::OUT_IN, pb::IN_OUT}));
}

/// A softmax over the columns of a padded batch: of a history alone, in one head, under a causal mask.
static bool padHstu(Generator &g, pb::Hstu &block, Attribute space) {
  std::optional<int64_t> most = cast<RowSpace>(space).getMaxRows();
  if (block.has_preset() || !most || *most == 0 || getSegments(space).size() != 1 ||
      !isa<RequestAttr>(getFrame(space)) || !g.random.chance(0.3))
    return false;
  block.set_heads(1);
  block.mutable_mask()->Clear();
  block.mutable_mask()->mutable_causal();
  block.mutable_score()->mutable_softmax()->set_padded_rows(*most);
  return true;
}

static bool makeHstu(Generator &g) {
  Described input = g.tokens(16);
  if (!g.isSmall(input.space, 64) || input.width() < 2)
    return false;
  pb::Hstu block;
  block.set_input(input.name);
  block.set_layers(g.random.between(1, 2));
  block.set_heads(g.random.between(1, 3));
  block.set_qk_width(g.random.pick({1, 2, 4}));
  block.set_v_width(g.random.pick({1, 2, 4, 5}));
  if (g.random.chance(0.2))
    block.set_first_layer(g.random.between(1, 3));
  g.fillMask(*block.mutable_mask(), input.space);
  if (g.random.chance(0.4)) {
    block.set_preset(static_cast<pb::Hstu::Preset>(g.random.below(3)));
    block.mutable_score()->mutable_silu()->set_divisor(g.random.pick({16.0, 50.0}));
    // What the presets' tiny eps would magnify.
    block.mutable_input_norm()->set_eps(1e-2);
    block.mutable_output_norm()->set_eps(1e-2);
  } else {
    fillHstuSettings(g, block);
    g.fillScore(*block.mutable_score());
  }
  bool isPadded = padHstu(g, block, input.space);
  // META_RESEARCH_HSTU has both biases or none.
  bool both = block.has_preset() && block.preset() == pb::Hstu::META_RESEARCH_HSTU;
  if (!block.mask().has_context() && g.random.chance(0.3) &&
      !g.fillBias(*block.mutable_bias(), input.space, /*isStacked=*/true, both))
    block.clear_bias();
  if (isPadded && !block.has_bias()) // which has weights for no more rows
    block.mutable_score()->mutable_softmax()->set_padded_rows(block.score().softmax().padded_rows() +
                                                              g.random.below(4));
  block.mutable_weights()->set_prefix(g.tensor() + ".{layer}.");
  *g.node().mutable_hstu() = block;
  g.finish({"", input.space, input.dims, true, input.size + 4 * block.layers()});
  return true;
}

static bool makeTransformer(Generator &g) {
  Described input = g.tokens(16);
  if (!g.isSmall(input.space, 64) || input.width() < 2)
    return false;
  pb::Transformer block;
  block.set_input(input.name);
  block.set_layers(g.random.between(1, 2));
  block.set_heads(input.width() % 2 ? 1 : g.random.pick({1, 2}));
  block.set_inner_width(g.random.between(1, 12));
  if (g.random.chance(0.4)) {
    block.set_preset(static_cast<pb::Transformer::Preset>(g.random.below(2)));
    block.set_eps(1e-2);
    block.mutable_weights()->set_prefix(g.tensor() + ".{layer}.");
  } else {
    block.set_norm(g.random.pick({pb::Transformer::POST, pb::Transformer::PRE}));
    block.set_eps(1e-2);
    block.set_activation(static_cast<pb::Transformer::Activation>(g.random.below(5)));
    if (block.activation() == pb::Transformer::LEAKY_RELU)
      block.set_slope(0.2);
    if (g.random.chance(0.4))
      block.set_norm_kind(g.random.pick({pb::Transformer::LAYER_NORM, pb::Transformer::RMS_NORM}));
    g.fillMask(*block.mutable_mask(), input.space);
    g.fillScore(*block.mutable_score());
    pb::Transformer::Weights &weights = *block.mutable_weights();
    weights.set_prefix(g.tensor() + ".{layer}.");
    if (g.random.chance(0.3)) {
      weights.set_packed("in_proj");
    } else {
      weights.set_query("query");
      weights.set_key("key");
      weights.set_value("value");
    }
    weights.set_attention_output("dense");
    weights.set_attention_norm("norm1");
    weights.set_inner("inner1");
    weights.set_inner_output("inner2");
    weights.set_output_norm("norm2");
    if (g.random.chance(0.5))
      weights.set_use_bias(g.random.chance(0.5));
  }
  Attribute space = input.space;
  if (g.random.chance(0.25)) {
    block.set_key_mask(g.idsOver(space).name);
    if (g.random.chance(0.4))
      block.set_masked_see_themselves(true);
  } else if (g.random.chance(0.25)) { // queries of other rows: under a full mask
    space = g.anyRows();
    if (g.isNest(space) || g.isNest(input.space))
      return false;
    block.set_query(g.floatsOver(space, input.dims).name);
    block.clear_mask();
    block.mutable_mask()->mutable_full();
  }
  *g.node().mutable_transformer() = block;
  g.finish({"", space, input.dims, true, input.size + 4 * block.layers()});
  return true;
}

static bool makeMixture(Generator &g) {
  int64_t experts = g.random.between(1, 4);
  Described first = g.vectors(16), gate = g.floatsOver(first.space, {experts});
  pb::Mixture block;
  block.set_gate(gate.name);
  double size = 0;
  for (int64_t i = 0; i < experts; ++i) {
    Described expert = i ? g.floatsOver(first.space, first.dims) : first;
    block.add_expert(expert.name);
    size += gate.size * expert.size;
  }
  *g.node().mutable_mixture() = block;
  g.finish({"", first.space, first.dims, true, size});
  return true;
}

static bool makeCross(Generator &g) {
  Described input = g.vectors(16);
  pb::Cross &block = *g.node().mutable_cross();
  block.set_input(input.name);
  block.set_layers(g.random.between(1, 2));
  std::string name = g.tensor();
  auto named = [&](const char *suffix) { return name + ".{layer}." + suffix; };
  if (g.random.chance(0.5)) {
    block.mutable_full()->set_weight(named("weight"));
    block.mutable_full()->set_bias(named("bias"));
  } else {
    pb::Cross::LowRank &low = *block.mutable_low_rank();
    low.set_experts(g.random.between(1, 3));
    low.set_gate(named("gate.{expert}."));
    low.set_v(named("v"));
    low.set_c(named("c"));
    low.set_u(named("u"));
    low.set_bias(named("b"));
    low.set_activation(g.random.pick({pb::Cross::LowRank::IDENTITY, pb::Cross::LowRank::TANH}));
    low.set_rank(g.random.between(1, 5));
  }
  double size = input.size;
  for (int64_t layer = 0; layer < block.layers(); ++layer)
    size = input.size * (size + 1) + size;
  g.finish({"", input.space, input.dims, true, size});
  return true;
}

static bool makeMaskNet(Generator &g) {
  Described input = g.vectors(16);
  pb::MaskNet &block = *g.node().mutable_mask_net();
  block.set_input(input.name);
  block.set_blocks(g.random.between(1, 3));
  block.set_weights(g.tensor() + ".{block}.");
  block.set_eps(1e-2);
  block.set_mask_width(g.random.between(1, 8));
  block.set_width(g.random.between(1, 8));
  g.finish({"", input.space, {block.blocks() * block.width()}, true, 4});
  return true;
}

static bool makeDot(Generator &g) {
  Described left = g.vectors(), right = g.floatsOver(left.space, left.dims);
  pb::Dot &block = *g.node().mutable_dot();
  block.set_left(left.name);
  block.set_right(right.name);
  g.finish({"", left.space, {1}, true, left.width() * left.size * right.size});
  return true;
}

std::vector<Generator::Block> macroBlocks() {
  return {makeMlp,         makeMlp,     makeMultitaskHead, makeContextualRows, makeContextualMlp,
          makeHstu,        makeHstu,    makeHstu,          makeTransformer,    makeTransformer,
          makeTransformer, makeMixture, makeCross,         makeMaskNet,        makeDot};
}

} // namespace reccc::fuzz
