// SPDX-License-Identifier: Apache-2.0
// Blocks that move, join, repeat, group and pool rows.
#include "DescriptionGenerator.h"

#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

using Generator = DescriptionGenerator;

static const Described *anyValue(Generator &g) {
  return g.find([](const Described &) { return true; });
}

static Described like(Generator &g, const Described &value, Attribute space) {
  if (value.isFloat)
    return g.floatsOver(space, value.dims);
  if (value.dims.empty())
    return g.idsOver(space);
  return g.newInput(space, value.dims, /*isFloat=*/false);
}

static Described over(Attribute space, const Described &value) {
  Described result = value;
  result.name.clear();
  result.space = space;
  result.isInput = false;
  return result;
}

static bool makeConcatRows(Generator &g) {
  Described first = g.vectors();
  Attribute frame = getFrame(first.space), space = g.anyRows();
  if (!getSpaceWithin(frame, space))
    space = frame;
  if (!g.canMake(space))
    return false;
  Described second = g.floatsOver(space, first.dims);
  Attribute joined = getFramedConcatSpace(frame, {first.space, second.space});
  if (!g.isSmall(joined, first.width()))
    return false;
  pb::ConcatRows &block = *g.node().mutable_concat_rows();
  block.add_input(first.name);
  block.add_input(second.name);
  Described result = over(joined, first);
  result.size = std::max(first.size, second.size);
  result.low = 0;
  g.finish(result);
  return true;
}

/// Contextual rows, a history, candidates.
static bool makeAppend(Generator &g) {
  SmallVector<Attribute> spaces;
  Sequence sequence;
  pb::Append block;
  int64_t width = g.random.pick({4, 8}), kind = g.random.below(4);
  double size = 1;
  auto rowsThat = [&](bool constant) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      Attribute space = g.anyRows();
      if (!g.isNest(space) && cast<RowSpace>(space).getConstantRows().has_value() == constant &&
          !llvm::is_contained(spaces, space))
        return space;
    }
    return Attribute();
  };
  auto part = [&](bool wanted, bool constant, std::string &name) -> std::string {
    Attribute space = wanted ? rowsThat(constant) : Attribute();
    if (!space)
      return "";
    Described value = g.floatsOver(space, {width});
    name = g.rowsNamed(space);
    spaces.push_back(space);
    size = std::max(size, value.size);
    return value.name;
  };
  std::string context = part(kind != 0, g.random.chance(0.8), sequence.context);
  std::string history = part(true, false, sequence.history);
  std::string candidates = part(kind != 1, false, sequence.candidates);
  if (!context.empty())
    block.set_context(context);
  if (!history.empty())
    block.set_history(history);
  if (!candidates.empty())
    block.set_candidates(candidates);
  if (spaces.size() < 2 || history.empty())
    return false;
  Attribute space = getConcatSpace(spaces);
  if (!g.isSmall(space, width) || getSegments(space).size() != spaces.size())
    return false;
  *g.node().mutable_append() = block;
  g.finish({"", space, {width}, true, size});
  g.remember(space, sequence);
  return true;
}

static bool makeInterleave(Generator &g) {
  Described first = g.vectors();
  int64_t count = g.random.between(2, 3);
  Attribute space = getInterleaveSpace(first.space, count);
  if (!g.isSmall(space, first.width()))
    return false;
  pb::Interleave block;
  Described result = over(space, first);
  for (int64_t i = 0; i < count; ++i) {
    Described next = i ? g.floatsOver(first.space, first.dims) : first;
    block.add_input(next.name);
    result.size = std::max(result.size, next.size);
  }
  result.low = 0;
  *g.node().mutable_interleave() = block;
  g.finish(result);
  return true;
}

static bool makeDeinterleave(Generator &g) {
  const Described *found = g.find([](const Described &value) { return isa<InterleaveAttr>(value.space); });
  if (!found)
    return false;
  Described input = *found;
  auto space = cast<InterleaveAttr>(input.space);
  pb::Deinterleave &block = *g.node().mutable_deinterleave();
  block.set_input(input.name);
  block.set_phase(g.random.below(space.getTimes()));
  g.finish(over(space.getOf(), input));
  return true;
}

/// One part of a sequence, or the ends of rows: those that have a name.
static bool makeSelect(Generator &g) {
  const Described *found = anyValue(g);
  if (!found)
    return false;
  Described input = *found;
  Attribute wanted = g.anyRows();
  auto isTake = [](Attribute of, Attribute space) { return of != space && findTake(of, space).has_value(); };
  int64_t matches = 0;
  for (Attribute segment : getSegments(input.space))
    matches += segment == wanted || isTake(segment, wanted);
  bool whole = input.space == wanted || isTake(input.space, wanted) || g.filterOf(wanted) == input.space;
  if (!whole && (getSegments(input.space).size() < 2 || matches != 1))
    return false;
  pb::Select &block = *g.node().mutable_select();
  block.set_input(input.name);
  block.set_rows(g.rowsNamed(wanted));
  Described result = over(wanted, input);
  result.isInput = input.isInput;
  g.finish(result);
  return true;
}

static bool makeShift(Generator &g) {
  const Described *found = anyValue(g);
  if (!found || !g.canMake(getFrame(found->space)))
    return false;
  Described input = *found, fill = like(g, input, getFrame(input.space));
  pb::Shift &block = *g.node().mutable_shift();
  block.set_input(input.name);
  block.set_fill(fill.name);
  if (g.random.chance(0.7))
    block.set_from(g.random.pick({pb::Shift::NEXT, pb::Shift::PREVIOUS}));
  Described result = over(input.space, input);
  result.size = std::max(input.size, fill.size);
  result.low = 0;
  g.finish(result);
  return true;
}

/// Names the rows of a block: themselves, or a value over them.
template <typename Block>
static void nameRows(Generator &g, Block &block, const std::string &rows, const std::string &like) {
  if (!rows.empty() && (like.empty() || g.random.chance(0.5)))
    block.set_rows(rows);
  else
    block.set_like(like);
}

static bool makeBroadcast(Generator &g) {
  const Described *found = anyValue(g);
  Attribute space = found && g.random.chance(0.5) ? found->space : g.anyRows();
  std::string likeName = found && space == found->space ? found->name : "", rows = g.rowsNamed(space);
  if (!g.canMake(getFrame(space)))
    return false;
  Described input = g.vectors(16, getFrame(space));
  if (!g.isSmall(space, input.width()))
    return false;
  pb::BroadcastRows &block = *g.node().mutable_broadcast_rows();
  block.set_input(input.name);
  nameRows(g, block, rows, likeName);
  g.finish(over(space, input));
  return true;
}

static bool makeSplat(Generator &g) {
  const Described *found = anyValue(g);
  Attribute space = found ? found->space : g.anyRows();
  std::string likeName = found ? found->name : "", rows = g.rowsNamed(space);
  int64_t width = g.width();
  if (!g.isSmall(space, width))
    return false;
  pb::SplatRows &block = *g.node().mutable_splat_rows();
  block.set_weight(g.tensor());
  nameRows(g, block, rows, likeName);
  SmallVector<int64_t> dims = {width};
  if (g.random.chance(0.3)) {
    dims = {2, width};
    for (int64_t size : dims)
      block.add_dims(size);
  } else {
    block.set_width(width);
  }
  g.finish({"", space, dims});
  return true;
}

static bool makePad(Generator &g) {
  const Described *found = anyValue(g);
  if (!found)
    return false;
  Described input = *found;
  int64_t count = g.random.between(1, 6);
  Attribute space = getNestSpace(getFrame(input.space), getRowsSpace(g.context, count));
  if (!g.isSmall(space, 16))
    return false;
  pb::PadRows &block = *g.node().mutable_pad_rows();
  block.set_input(input.name);
  block.set_count(count);
  Described result = over(space, input);
  result.low = 0;
  g.finish(result);
  return true;
}

/// The rows nearest to each of others, and values at their places.
static bool makeNearest(Generator &g) {
  Described keys = g.ids(), query = g.ids();
  if (g.isNest(keys.space) || g.isNest(query.space) || !keys.dims.empty() || !query.dims.empty())
    return false;
  int64_t k = g.random.between(1, 4);
  Attribute space = getNestSpace(query.space, getRowsSpace(g.context, k));
  if (!space || !g.isSmall(space, 64))
    return false;
  pb::NearestRows &nearest = *g.node().mutable_nearest_rows();
  nearest.set_query(query.name);
  nearest.set_keys(keys.name);
  nearest.set_k(k);
  nearest.set_order(g.random.pick({pb::NearestRows::BY_PLACE, pb::NearestRows::BEST_FIRST}));
  if (g.random.chance(0.5))
    nearest.set_from(g.random.below(3));
  if (g.random.chance(0.3))
    nearest.set_half_scale(g.random.pick({0.005, 1.0, 700.0}));
  Described places = g.finish({"", query.space, {k}, false});
  Described input = g.vectors(16, keys.space);
  pb::GatherRows &gather = *g.node().mutable_gather_rows();
  gather.set_input(input.name);
  gather.set_places(places.name);
  Described result = over(space, input);
  result.low = 0;
  g.finish(result);
  return true;
}

static bool makeMaskRows(Generator &g) {
  Described input = g.vectors(), ids = g.idsOver(input.space);
  pb::MaskRows &block = *g.node().mutable_mask_rows();
  block.set_input(input.name);
  block.set_ids(ids.name);
  block.set_value(g.random.below(3));
  Described result = over(input.space, input);
  result.low = 0;
  g.finish(result);
  return true;
}

static bool makeMaskShort(Generator &g) {
  Described input = g.vectors();
  pb::MaskShort &block = *g.node().mutable_mask_short();
  block.set_input(input.name);
  for (int64_t i = 0, count = g.random.between(1, 2); i < count; ++i)
    block.add_rows(g.rowsNamed(g.anyRows()));
  block.set_min_rows(g.random.below(8));
  Described result = over(input.space, input);
  result.low = 0;
  g.finish(result);
  return true;
}

static bool makePool(Generator &g) {
  const Described *found = g.find([](const Described &value) { return value.isFloat; });
  if (!found)
    return false;
  Described input = *found;
  pb::Pool &block = *g.node().mutable_pool();
  block.set_input(input.name);
  block.set_kind(static_cast<pb::Pool::Kind>(g.random.below(5)));
  Described result = over(getFrame(input.space), input);
  result.low = 0;
  if (block.kind() == pb::Pool::SUM)
    result.size *= std::sqrt(1 + g.maxRows(input.space));
  g.finish(result);
  return true;
}

static bool makeRepeat(Generator &g) {
  Described input = g.vectors(12);
  Attribute outer = g.anyRows(), space = getNestSpace(outer, input.space);
  if (!g.isSmall(space, input.width()))
    return false;
  pb::RepeatRows &block = *g.node().mutable_repeat_rows();
  block.set_input(input.name);
  block.set_rows(g.rowsNamed(outer));
  g.finish(over(space, input));
  return true;
}

static bool makeGroup(Generator &g) {
  Described input = g.vectors(12);
  int64_t size = g.random.between(2, 4);
  auto remainder = static_cast<pb::GroupRows::Remainder>(g.random.below(4));
  Attribute groups = getGroupSpace(input.space, size, *symbolizeRemainder(remainder));
  Attribute space = getNestSpace(groups, getRowsSpace(g.context, size));
  if (!g.isSmall(space, input.width()))
    return false;
  pb::GroupRows &block = *g.node().mutable_group_rows();
  block.set_input(input.name);
  block.set_size(size);
  block.set_remainder(remainder);
  if (remainder <= pb::GroupRows::PAD_LAST && g.random.chance(0.5))
    block.set_fill(g.tensor());
  Described result = over(space, input);
  result.low = 0;
  result.size = std::max(1.0, result.size);
  g.finish(result);
  return true;
}

static bool makeFold(Generator &g) {
  auto rowsOf = [](Attribute space) {
    return cast<RowSpace>(getSpaceWithin(getFrame(space), space)).getConstantRows().value_or(0);
  };
  const Described *found = g.find(
      [&](const Described &value) { return value.isFloat && value.dims.size() < 3 && rowsOf(value.space) >= 1; });
  if (!found)
    return false;
  Described input = *found;
  g.node().mutable_fold_rows()->set_input(input.name);
  Described result = over(getFrame(input.space), input);
  result.dims.insert(result.dims.begin(), rowsOf(input.space));
  g.finish(result);
  return true;
}

std::vector<Generator::Block> rowBlocks() {
  return {makeConcatRows,   makeAppend,    makeAppend, makeAppend, makeAppend,    makeAppend, makeInterleave,
          makeDeinterleave, makeSelect,    makeSelect, makeShift,  makeBroadcast, makeSplat,  makePad,
          makeMaskRows,     makeMaskShort, makePool,   makeRepeat, makeGroup,     makeFold,   makeNearest};
}

} // namespace reccc::fuzz
