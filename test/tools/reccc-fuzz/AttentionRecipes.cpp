// SPDX-License-Identifier: Apache-2.0
// Recipes of families attention and retrieval.
#include "ModelGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

//===-- Masks --------------------------------------------------------------------------------===//

/// Bounds that move with the row and with lengths, in and out of the segment.
static AffineMap someBound(ModelGenerator &g, int64_t symbols, int64_t shift) {
  MLIRContext *context = g.builder.getContext();
  AffineExpr row = getAffineDimExpr(0, context);
  SmallVector<AffineExpr> results;
  for (int64_t i = 0, count = g.random.pick({0, 1, 1, 1, 2}); i < count; ++i) {
    AffineExpr length = symbols ? getAffineSymbolExpr(g.random.below(symbols), context)
                                : getAffineConstantExpr(g.random.between(0, 12), context);
    switch (g.random.below(7)) {
    case 0:
      results.push_back(getAffineConstantExpr(g.random.between(-1, 9) + shift, context));
      break;
    case 1:
      results.push_back(length - g.random.between(0, 4) + shift);
      break;
    case 2:
      results.push_back(row.floorDiv(g.random.between(2, 4)) * g.random.between(1, 3) + shift);
      break;
    case 3:
      results.push_back(row * 2 + shift);
      break;
    case 4:
      results.push_back(row + length.floorDiv(2) - g.random.between(0, 3) + shift);
      break;
    default:
      results.push_back(row + g.random.between(-4, 2) + shift);
    }
  }
  return AffineMap::get(1, symbols, results, context);
}

static IntervalAttr someInterval(ModelGenerator &g, ArrayRef<Attribute> atHand) {
  SmallVector<Attribute> lengths;
  for (int64_t i = 0, count = g.random.pick({0, 0, 1, 2}); i < count; ++i) {
    Attribute length = g.random.chance(0.7) ? g.random.pick(atHand) : g.anySpace();
    // Of rows that a filter keeps only the attention itself can know how many there are.
    if (ModelGenerator::hasOpaque(length))
      length = g.random.pick(atHand);
    lengths.push_back(ModelGenerator::lengthOf(length));
  }
  return IntervalAttr::get(g.builder.getContext(), someBound(g, lengths.size(), -2), someBound(g, lengths.size(), 2),
                           lengths);
}

static Attribute someMask(ModelGenerator &g, Attribute query, Attribute source) {
  MLIRContext *context = g.builder.getContext();
  SmallVector<Attribute> atHand = {query, source};
  switch (g.random.below(10)) {
  case 0:
  case 1:
    return FullMaskAttr::get(context);
  case 2:
    return NoMaskAttr::get(context);
  case 3:
  case 4:
    if (query == source)
      return SelfMaskAttr::get(context);
    break;
  case 5:
  case 6: {
    SmallVector<IntervalAttr> intervals = {someInterval(g, atHand), someInterval(g, atHand)};
    if (g.random.chance(0.3))
      intervals.push_back(someInterval(g, atHand));
    return IntervalsAttr::get(context, intervals);
  }
  case 7: // causal
    return IntervalAttr::get(context, AffineMap::get(1, 0, {}, context),
                             AffineMap::get(1, 0, getAffineDimExpr(0, context) + 1), {});
  }
  return someInterval(g, atHand);
}

//===-- Attention ----------------------------------------------------------------------------===//

namespace {
struct Sources {
  SmallVector<Value> keys, values, keyMasks;
  SmallVector<int64_t> masked;
  double size = 0; // of values
};
} // namespace

static void addSource(ModelGenerator &g, Sources &sources, Attribute space, int64_t heads, int64_t keyWidth,
                      int64_t valueWidth) {
  Value key = g.floatsOver(space, {heads, keyWidth});
  bool same = keyWidth == valueWidth && g.random.chance(0.3);
  Value value = same ? key : g.floatsOver(space, {heads, valueWidth});
  if (g.random.chance(0.2)) {
    sources.masked.push_back(sources.keys.size());
    sources.keyMasks.push_back(g.integersOver(space, {}));
  }
  sources.keys.push_back(key);
  sources.values.push_back(value);
  sources.size = std::max(sources.size, g.factsOf(value).size);
}

/// A space whose rows the frame of an attention can read.
static Attribute sourceSpace(ModelGenerator &g, Attribute query, Attribute frame) {
  if (g.random.chance(0.3))
    return query;
  Attribute space = g.anySpace(200), grouping = getFrame(space);
  bool isWithin = space == frame || grouping == frame || grouping == query;
  return isWithin || isa<RequestAttr>(grouping) ? space : frame;
}

static bool makeAttention(ModelGenerator &g) {
  int64_t heads = g.random.pick({1, 1, 2, 3, 4}), keyWidth = g.random.pick({1, 2, 4, 5, 8, 16, 20}),
          valueWidth = g.random.chance(0.5) ? keyWidth : g.random.pick({1, 3, 4, 8, 17});
  Attribute space = g.anySpace(200);
  if (!g.isSmall(space, heads * std::max(keyWidth, valueWidth)))
    return false;
  Value query = g.floatsOver(space, {heads, keyWidth});
  Attribute frame = getFrame(space);
  bool biased = g.random.chance(0.4);
  // The query may have the last rows of the source of a bias.
  Attribute before, biasedSpace = space;
  if (biased && isa<RequestAttr>(frame) && g.random.chance(0.4)) {
    before = g.anySpace(60);
    if (isa<RequestAttr>(getFrame(before)))
      biasedSpace = getConcatSpace({before, space});
    else
      before = {};
  }

  Sources sources;
  int64_t sourceHeads = g.divisorOf(heads);
  for (int64_t i = 0, count = biased ? 1 : g.random.pick({1, 1, 2, 3}); i < count; ++i) {
    // Sources may have fewer heads than one another.
    int64_t grouped = g.random.chance(0.7) ? sourceHeads : g.divisorOf(heads);
    Attribute from = biased ? biasedSpace : sourceSpace(g, space, frame);
    if (!g.isSmall(from, grouped * std::max(keyWidth, valueWidth)))
      return false;
    addSource(g, sources, from, grouped, keyWidth, valueWidth);
  }

  SmallVector<Attribute> lists;
  int64_t columns = 0;
  for (Value key : sources.keys)
    columns += g.maxRows(g.spaceOf(key));
  for (Attribute querySegment : getSegmentsWithin(frame, space)) {
    SmallVector<Attribute> masks;
    for (Value key : sources.keys)
      for (Attribute segment : getSegmentsWithin(frame, g.spaceOf(key)))
        masks.push_back(someMask(g, querySegment, segment));
    lists.push_back(g.builder.getArrayAttr(masks));
  }

  // Tables in the place of some masks.
  SmallVector<Value> bounds;
  if (g.random.chance(0.2)) {
    for (int64_t i = 0, count = g.random.between(1, 3); i < count; ++i)
      bounds.push_back(g.integersOver(space, {}));
    auto someNumber = [&] { return g.random.below(bounds.size()); };
    for (Attribute &list : lists) {
      SmallVector<Attribute> masks(cast<ArrayAttr>(list).getValue());
      for (Attribute &mask : masks)
        if (g.random.chance(0.7)) {
          bool hasLower = g.random.chance(0.6);
          mask = TableMaskAttr::get(g.builder.getContext(), hasLower ? someNumber() : -1,
                                    !hasLower || g.random.chance(0.6) ? someNumber() : -1);
        }
      list = g.builder.getArrayAttr(masks);
    }
  }

  bool silu = g.random.chance(0.5), byLength = silu && g.random.chance(0.3);
  double divisor = g.random.pick({1.0, 7.0, 100.0});
  Value toeplitz, bucketWeights, queryTimes, keyTimes;
  bool lastAtOnePlace = false;
  IntegerAttr center;
  AffineMapAttr places;
  ArrayAttr placeLengths;
  Attribute rule;
  if (biased && g.random.chance(0.6)) {
    int64_t rows = std::max<int64_t>(g.maxRows(biasedSpace), 1), more = g.random.below(3);
    toeplitz = g.weight({2 * rows - 1 + more + g.random.below(3)}, 1);
    center = g.builder.getI64IntegerAttr(rows - 1 + more);
    lastAtOnePlace = g.random.chance(0.3);
    if (before) {
      MLIRContext *context = g.builder.getContext();
      std::optional<int64_t> constant = cast<RowSpace>(before).getConstantRows();
      AffineExpr count = constant ? getAffineConstantExpr(*constant, context) : getAffineSymbolExpr(0, context);
      places = AffineMapAttr::get(AffineMap::get(1, constant ? 0 : 1, getAffineDimExpr(0, context) + count));
      placeLengths = constant ? ArrayAttr() : g.builder.getArrayAttr({before});
    }
  }
  if (biased && (!toeplitz || g.random.chance(0.4))) {
    bucketWeights = g.weight({g.random.between(1, 12)}, 1);
    queryTimes = g.integersOver(space, {});
    keyTimes = !before && g.random.chance(0.5) ? queryTimes : g.integersOver(biasedSpace, {});
    if (g.random.chance(0.5))
      rule = SqrtBucketAttr::get(g.builder.getContext(), g.number(g.random.pick({1.0, 60.0})), g.random.between(0, 14));
    else
      rule = EdgesAttr::get(g.builder.getContext(), {1, 5, 5, 40, 1000, 100000});
  }
  SmallVector<Attribute> spaces = {spaceOf(query)};
  for (Value key : sources.keys)
    spaces.push_back(spaceOf(key));
  Attribute divisorRows = byLength ? getSpaceWithin(findFrame(spaces), spaceOf(query)) : Attribute();
  Facts known{sources.size};
  if (silu)
    known.size = sources.size * g.factsOf(query).size * std::max<double>(columns, 1) / (byLength ? 1 : divisor);
  auto scale = g.number(g.random.pick({1.0, 0.5, 1 / std::sqrt(double(keyWidth))}));
  auto order = g.random.pick({ScoreOrder::scale_then_add, ScoreOrder::add_then_scale});
  // One over all columns; or one that goes on from another, which saw the same ones.
  Value initial, initialState;
  for (int64_t left = g.random.chance(0.2); left >= 0; --left) {
    auto op = AttentionOp::create(g.builder, g.loc, query, sources.keys, sources.values, sources.keyMasks, toeplitz,
                                  bucketWeights, queryTimes, keyTimes, initial, initialState, bounds, sources.masked,
                                  g.builder.getArrayAttr(lists), silu ? ScoreKind::silu : ScoreKind::softmax, scale,
                                  silu && !byLength ? g.numberAttr(divisor) : FloatAttr(), divisorRows, center,
                                  lastAtOnePlace, places, placeLengths, rule, order,
                                  /*with_state=*/left == 1 && !silu);
    initial = op.getResult();
    initialState = op.getState();
    if (left == 1)
      known.size *= 2;
  }
  g.add(initial, known);
  return true;
}

//===-- Retrieval ----------------------------------------------------------------------------===//

static bool makeTopK(ModelGenerator &g) {
  Value scores;
  bool exact = g.random.chance(0.4);
  if (exact) { // with ties
    Value counts = g.newIds(g.anySpace(60), {g.width()}, g.random.pick({2, 100, 255}));
    Facts known;
    known.size = g.factsOf(counts).most;
    known.exact = true;
    scores = g.add(ToFloatOp::create(g.builder, g.loc, counts), known);
  } else {
    scores = g.findFloats([](JaggedType type) { return type.getDims().size() == 1; });
  }
  if (!scores)
    return false;
  exact = g.factsOf(scores).exact;
  int64_t columns = g.typeOf(scores).getDims()[0], k = g.random.between(1, std::min<int64_t>(columns + 2, 12));
  Value exclude = g.random.chance(0.4) ? g.integersOver(g.anySpace(), {}) : Value();
  int64_t firstId = g.random.below(3);
  auto op = TopKOp::create(g.builder, g.loc, scores, exclude, k, firstId);
  Facts ids, best = g.factsOf(scores);
  ids.least = -1;
  ids.most = firstId + columns - 1;
  ids.last = !exact;
  best.low = 0;
  best.last = exclude || k > columns;
  g.add(op.getIds(), ids);
  g.add(op.getBest(), best);
  return true;
}

static bool makeNearest(ModelGenerator &g) {
  // Small numbers: many equal products.
  Value keys = g.random.chance(0.3) ? g.find([&](Value value) {
    return !g.typeOf(value).isFloat() && isa<RequestAttr>(getFrame(g.spaceOf(value)));
  })
                                    : Value();
  if (!keys) {
    Attribute space = g.anySpace(60);
    if (!isa<RequestAttr>(getFrame(space)))
      return false;
    keys = g.newIds(space, {g.random.between(1, 5)}, g.random.pick({2, 127}));
  }
  Value query = g.random.chance(0.2) ? keys : g.integersOver(g.anySpace(60), g.typeOf(keys).getDims());
  Facts places;
  places.least = -1;
  places.most = g.maxRows(g.spaceOf(keys));
  auto order = g.random.pick({NearestOrder::by_place, NearestOrder::best_first});
  int64_t from = g.random.chance(0.6) ? 0 : g.random.below(4);
  FloatAttr scale =
      g.random.chance(0.7) ? FloatAttr() : g.builder.getF32FloatAttr(g.random.pick({0.005f, 1.0f, 700.0f}));
  g.add(NearestRowsOp::create(g.builder, g.loc, query, keys, order, g.random.between(1, 6), from, scale), places);
  return true;
}

ArrayRef<ModelGenerator::Recipe> attentionRecipes() {
  static const ModelGenerator::Recipe recipes[] = {makeAttention, makeTopK, makeNearest};
  return recipes;
}

} // namespace reccc::fuzz
