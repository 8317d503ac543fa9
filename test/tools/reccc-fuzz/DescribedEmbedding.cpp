// SPDX-License-Identifier: Apache-2.0
// Blocks that make records from ids, numbers, places and times.
#include "DescriptionGenerator.h"

namespace reccc::fuzz {

using Generator = DescriptionGenerator;

/// Ids, and whether a table may refuse them.
static Described someIds(Generator &g) { return g.ids(); }

static bool makeEmbedding(Generator &g) {
  Described ids = someIds(g);
  int64_t width = g.width();
  if (!g.isSmall(ids.space, width))
    return false;
  std::string table = g.table(width, ids.isInput && g.random.chance(0.5));
  pb::Embedding &block = *g.node().mutable_embedding();
  block.set_ids(ids.name);
  block.set_table(table);
  g.finish({"", ids.space, {width}});
  return true;
}

static bool makeEmbeddingBag(Generator &g) {
  mlir::Attribute space = g.random.chance(0.5) ? mlir::recsys::getRequestSpace(g.context) : g.anyRows();
  auto bags = mlir::dyn_cast<mlir::recsys::BagsAttr>(space);
  Described ids =
      g.newInput(space, bags ? llvm::SmallVector<int64_t>() : llvm::SmallVector<int64_t>{g.random.between(1, 4)},
                 /*isFloat=*/false);
  int64_t width = g.width(), rows = 0;
  std::string table = g.table(width, ids.isInput && g.random.chance(0.5), &rows);
  pb::EmbeddingBag &block = *g.node().mutable_embedding_bag();
  block.set_ids(ids.name);
  block.set_table(table);
  block.set_kind(g.random.pick({pb::Pool::SUM, pb::Pool::MEAN, pb::Pool::MAX}));
  if (g.random.chance(0.5))
    block.set_padding(g.random.below(std::min<int64_t>(rows, 3)));
  g.finish({"", bags ? bags.getOf() : ids.space, {width}, true, 4});
  return true;
}

static bool makeActionBits(Generator &g) {
  Described input = g.ids();
  int64_t count = g.random.between(1, 4), width = g.random.between(1, 5);
  pb::ActionBits &block = *g.node().mutable_action_bits();
  block.set_input(input.name);
  block.set_weight(g.tensor());
  for (int64_t i = 0; i < count; ++i)
    block.add_bit(int64_t(1) << i);
  block.set_width(width);
  g.finish({"", input.space, {count * width}});
  return true;
}

static bool makeThresholdBits(Generator &g) {
  Described input = g.ids();
  std::string bits = g.random.chance(0.5) ? g.idsOver(input.space).name : "";
  pb::ThresholdBits &block = *g.node().mutable_threshold_bits();
  block.set_input(input.name);
  if (!bits.empty())
    block.set_bits(bits);
  for (int64_t i = 0, count = g.random.between(1, 3); i < count; ++i) {
    auto &threshold = *block.add_threshold();
    threshold.set_at_least(g.random.between(-2, 40));
    threshold.set_bit(int64_t(1) << g.random.below(8));
  }
  g.finish({"", input.space, {}, false});
  return true;
}

static bool makeBucketize(Generator &g) {
  Described input = g.ids();
  pb::Bucketize &block = *g.node().mutable_bucketize();
  block.set_input(input.name);
  g.fillRule(*block.mutable_rule(), /*needsLast=*/true);
  g.finish({"", input.space, {}, false});
  return true;
}

static bool makeVocabulary(Generator &g) {
  Described input = g.ids();
  pb::Vocabulary &block = *g.node().mutable_vocabulary();
  block.set_input(input.name);
  for (int64_t id = g.random.between(-3, 3), i = g.random.between(1, 6); i > 0; --i)
    block.add_id(id += g.random.between(1, 4));
  block.set_absent(g.random.between(-1, 6));
  g.finish({"", input.space, {}, false});
  return true;
}

static bool makeRowIndex(Generator &g) {
  mlir::Attribute space = g.anyRows();
  pb::RowIndex row;
  row.set_rows(g.rowsNamed(space));
  for (int64_t i = 0, count = g.random.between(1, 2); i < count; ++i) {
    auto &affine = *row.add_least_of();
    affine.set_constant(g.random.between(-3, 20));
    affine.set_row(g.random.between(-2, 2));
    if (mlir::Attribute of = g.anyRows(); !g.isNest(of) && g.random.chance(0.6)) {
      auto &length = *affine.add_length();
      length.set_of(g.rowsNamed(of));
      if (g.random.chance(0.5))
        length.set_times(g.random.between(-2, 2));
    }
  }
  *g.node().mutable_row_index() = row;
  g.finish({"", space, {}, false});
  return true;
}

static bool makeCalendar(Generator &g) {
  Described input = g.ids();
  pb::Calendar &block = *g.node().mutable_calendar();
  block.set_input(input.name);
  int64_t count = g.random.between(1, 3);
  for (int64_t i = 0; i < count; ++i) {
    auto &period = *block.add_period();
    period.set_seconds(g.random.pick({3, 3600, 86400}));
    period.set_steps(g.random.pick({7, 24}));
  }
  block.set_two_pi(6.28);
  g.finish({"", input.space, {2 * count}});
  return true;
}

static bool makeHashIds(Generator &g) {
  Described input = g.ids();
  pb::HashIds &block = *g.node().mutable_hash_ids();
  block.set_input(input.name);
  block.set_multiplier(g.random.pick({int64_t(1469086537), int64_t(-5)}));
  block.set_addend(g.random.below(100));
  block.set_modulus(g.random.pick({int64_t(2147483647), int64_t(31)}));
  block.set_rows(g.random.between(1, 40));
  g.finish({"", input.space, {}, false});
  return true;
}

static bool makeHashedEmbedding(Generator &g) {
  Described ids = g.ids();
  bool concat = g.random.chance(0.5);
  int64_t hashes = g.random.between(1, 3), width = g.random.between(1, 6);
  pb::HashedEmbedding block;
  block.set_ids(ids.name);
  for (int64_t i = 0, tables = g.random.chance(0.5) ? 1 : hashes; i < tables; ++i)
    block.add_table(g.table(width, /*rejects=*/false));
  for (int64_t i = 0; i < hashes; ++i) {
    auto &hash = *block.add_hash();
    hash.set_multiplier(1469086537 + 2 * i);
    hash.set_addend(g.random.below(1000));
  }
  block.set_modulus(2147483647);
  block.set_combine(concat ? pb::HashedEmbedding::CONCAT : pb::HashedEmbedding::SUM);
  *g.node().mutable_hashed_embedding() = block;
  g.finish({"", ids.space, {concat ? hashes * width : width}, true, double(hashes)});
  return true;
}

static bool makeToFloat(Generator &g) {
  const Described *found = g.find([](const Described &value) { return !value.isFloat; });
  if (!found)
    return false;
  Described input = *found;
  g.node().mutable_to_float()->set_input(input.name);
  g.finish({"", input.space, input.dims, true, 1000});
  return true;
}

std::vector<Generator::Block> embeddingBlocks() {
  return {makeEmbedding,  makeEmbedding, makeEmbeddingBag, makeActionBits, makeThresholdBits,   makeBucketize,
          makeVocabulary, makeRowIndex,  makeCalendar,     makeHashIds,    makeHashedEmbedding, makeToFloat};
}

} // namespace reccc::fuzz
