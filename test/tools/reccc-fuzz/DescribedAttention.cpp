// SPDX-License-Identifier: Apache-2.0
// Attention, retrieval, positions.
#include "DescriptionGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

using Generator = DescriptionGenerator;

static bool makeAttention(Generator &g) {
  int64_t heads = g.random.between(1, 3), width = heads * g.random.pick({1, 2, 4, 8});
  Described input = g.tokens(64);
  Attribute space = input.space;
  if (!g.isSmall(space, width))
    return false;
  Described query = g.floatsOver(space, {width});
  pb::Attention block;
  Attribute from = space;
  if (g.random.chance(0.3)) { // other rows: under a full mask
    from = g.anyRows();
    if (!getSpaceWithin(getFrame(space), from) && !isa<RequestAttr>(getFrame(from)))
      return false;
    if (g.isNest(from) && getFrame(from) != getFrame(space))
      return false;
  }
  Described key = g.floatsOver(from, {width});
  Described value = g.random.chance(0.3) ? key : g.floatsOver(from, {heads * g.random.between(1, 5)});
  if (from == space && g.random.chance(0.3) && g.fillBias(*block.mutable_bias(), space, /*isStacked=*/false)) {
    block.mutable_mask()->mutable_full();
  } else {
    block.clear_bias();
    if (getSegments(from).size() == 1 && g.random.chance(0.2)) {
      bool hasLower = g.random.chance(0.6);
      if (hasLower)
        block.mutable_mask()->mutable_bounds()->set_lower(g.idsOver(space).name);
      if (!hasLower || g.random.chance(0.6))
        block.mutable_mask()->mutable_bounds()->set_upper(g.idsOver(space).name);
    } else if (from == space)
      g.fillMask(*block.mutable_mask(), space);
    else
      block.mutable_mask()->mutable_full();
  }
  if (g.random.chance(0.3)) {
    block.set_key_mask(g.idsOver(from).name);
    block.set_masked_see_themselves(from == space && !block.has_bias() && g.random.chance(0.5));
  }
  block.set_query(query.name);
  block.set_key(key.name);
  block.set_value(value.name);
  block.set_heads(heads);
  g.fillScore(*block.mutable_score());
  *g.node().mutable_attention() = block;
  g.finish({"", space, value.dims, true, value.size * (1 + g.maxRows(from) / 8.0)});
  return true;
}

static bool makeDotTable(Generator &g) {
  Described input = g.vectors(16);
  int64_t rows = 0;
  std::string table = g.table(input.width(), g.random.chance(0.5), &rows);
  if (!g.isSmall(input.space, rows))
    return false;
  int64_t first = 0, end = rows;
  pb::DotTable &block = *g.node().mutable_dot_table();
  block.set_input(input.name);
  block.set_table(table);
  if (rows > 3 && g.random.chance(0.5))
    block.set_first_row(first = g.random.below(3));
  if (rows > 3 && g.random.chance(0.3))
    block.set_end_row(end = rows - 1);
  if (g.random.chance(0.4))
    block.mutable_unit_rows()->set_eps(1e-3);
  if (g.random.chance(0.4))
    block.set_bias(g.tensor());
  std::string name = g.model.node(g.model.node_size() - 1).name();
  Described scores = g.finish({"", input.space, {end - first}, true, 2 * input.size});
  bool isTable = scores.name == name;
  if (g.random.chance(0.5))
    return true;
  std::string exclude = g.random.chance(0.5) ? g.ids().name : "";
  pb::Node &node = g.node();
  pb::TopK &top = *node.mutable_top_k();
  top.set_input(scores.name);
  top.set_k(g.random.between(1, 8));
  // Ids of a dot_table begin with its first row; scaled scores have forgotten it.
  if (g.random.chance(0.3) && isTable)
    top.set_from_id(first + g.random.below(end - first));
  if (!exclude.empty())
    top.set_exclude(exclude);
  Described ids{node.name() + ".ids", input.space, {top.k()}, false};
  ids.last = true;
  g.finish(ids);
  return true;
}

static bool makePositions(Generator &g) {
  Described input = g.tokens(16);
  Attribute space = input.space;
  const Sequence *sequence = g.sequenceOf(space);
  if (g.isNest(space))
    return false;
  pb::Positions block;
  block.set_input(input.name);
  bool preset = g.random.chance(0.5), timed = false;
  if (preset) {
    block.set_preset(static_cast<pb::Positions::Preset>(g.random.below(5)));
  } else {
    block.set_count(g.random.pick({pb::Positions::FROM_OLDEST, pb::Positions::FROM_NEWEST}));
    if (g.random.chance(0.5))
      block.mutable_sqrt_width();
    else
      block.set_factor(g.random.pick({1.0, 0.5}));
  }
  block.set_weight(g.tensor());
  block.set_entries(g.random.between(1, 40));
  if (sequence && !sequence->context.empty())
    block.add_context(sequence->context);
  if (sequence && !sequence->candidates.empty())
    block.set_candidates(sequence->candidates);
  if (g.random.chance(0.3))
    block.set_last(g.random.below(block.entries()));
  if (!preset && block.has_candidates() && block.count() == pb::Positions::FROM_OLDEST && g.random.chance(0.3))
    block.set_group(g.random.between(1, 3));
  // A time bias where one history stands in the middle.
  Attribute history = space;
  int64_t segments = getSegments(space).size();
  if (sequence)
    history = getSegments(space)[sequence->context.empty() ? 0 : 1];
  if ((segments == 1 || sequence) && g.random.chance(0.5)) {
    timed = true;
    auto &time = *block.mutable_time();
    time.set_weight(g.tensor());
    time.set_entries(g.random.between(2, 20));
    if (!g.canMake(history))
      return false;
    time.set_history(g.idsOver(history).name);
    time.set_request(g.idsOver(getRequestSpace(g.context)).name);
    if (sequence && !sequence->candidates.empty() && g.random.chance(0.5))
      time.set_candidates(g.idsOver(getSegments(space).back()).name);
    bool known =
        preset && (block.preset() == pb::Positions::META_HSTU || block.preset() == pb::Positions::META_HSTU_PYTORCH ||
                   block.preset() == pb::Positions::TORCH_EASYREC);
    if (!known) {
      g.fillRule(*time.mutable_rule(), /*needsLast=*/true);
      time.set_last(g.random.pick({pb::Positions::Time::LAST_ROW, pb::Positions::Time::WIDTH_MINUS_ONE}));
    }
    // TorchEasyRec's rule has 1 as its last bucket at least.
    if (known && input.width() < 2)
      return false;
  }
  *g.node().mutable_positions() = block;
  g.finish({"", space, input.dims, true, 4 * input.size + (timed ? 2 : 1)});
  return true;
}

std::vector<Generator::Block> attentionBlocks() {
  return {makeAttention, makeAttention, makeAttention, makeDotTable, makeDotTable, makePositions, makePositions};
}

} // namespace reccc::fuzz
