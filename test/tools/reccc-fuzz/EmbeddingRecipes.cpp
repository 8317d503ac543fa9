// SPDX-License-Identifier: Apache-2.0
// Recipes of family embedding.
#include "ModelGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

/// Ids for a table and how it takes them. A table that refuses ids gets inputs alone, which do not exceed it.
struct Ids {
  Value values;
  OutOfRange outOfRange;
  int64_t rows;
};

/// Over `space`, or any.
static Ids someIds(ModelGenerator &g, ArrayRef<int64_t> dims, Attribute space = nullptr) {
  constexpr int64_t kMostTableRows = 200;
  if (g.random.chance(0.5)) {
    auto fits = [&](Value value) {
      const Facts &known = g.factsOf(value);
      return !g.typeOf(value).isFloat() && g.typeOf(value).getDims() == dims && known.arranged && known.least >= 0 &&
             known.most < kMostTableRows && (!space || g.spaceOf(value) == space);
    };
    Value ids = g.random.chance(0.6) ? g.find(fits) : Value();
    if (!ids)
      ids = g.newIds(space ? space : g.anySpace(), dims, g.random.between(0, 50));
    return {ids, OutOfRange::reject_request, g.factsOf(ids).most + g.random.between(1, 3)};
  }
  // Some of which are in range.
  Value ids = g.find([&](Value value) {
    const Facts &known = g.factsOf(value);
    return !g.typeOf(value).isFloat() && g.typeOf(value).getDims() == dims && known.least >= -kMostTableRows &&
           known.most <= kMostTableRows && (!space || g.spaceOf(value) == space);
  });
  if (!ids)
    ids = g.newIds(space ? space : g.anySpace(), dims, g.random.between(0, 50));
  return {ids, OutOfRange::clamp, g.random.between(1, 40)};
}

static bool makeEmbedding(ModelGenerator &g) {
  Ids ids = someIds(g, {});
  int64_t width = g.width();
  if (!g.isSmall(g.spaceOf(ids.values), width))
    return false;
  g.add(EmbeddingOp::create(g.builder, g.loc, ids.values, g.weight({ids.rows, width}, 1), ids.outOfRange), Facts{1});
  return true;
}

static bool makeEmbeddingBag(ModelGenerator &g) {
  int64_t count = g.random.between(1, 5), width = g.width();
  Ids ids = someIds(g, {count});
  if (!g.isSmall(g.spaceOf(ids.values), width))
    return false;
  IntegerAttr padding = g.random.chance(0.6)
                            ? g.builder.getI64IntegerAttr(g.random.below(std::min<int64_t>(ids.rows, 3)))
                            : IntegerAttr();
  PoolKind kind = g.random.pick({PoolKind::sum, PoolKind::mean, PoolKind::max});
  Value table = g.weight({ids.rows, width}, 1);
  g.add(EmbeddingBagOp::create(g.builder, g.loc, ids.values, table, kind, padding, ids.outOfRange),
        Facts{kind == PoolKind::sum ? double(count) : 1});
  return true;
}

static bool makeEmbeddingBags(ModelGenerator &g) {
  auto bags = cast_or_null<BagsAttr>(g.anyBags());
  if (!bags)
    return false;
  Ids ids = someIds(g, {}, bags);
  int64_t width = g.width();
  if (!g.isSmall(bags.getOf(), width))
    return false;
  IntegerAttr padding = g.random.chance(0.4)
                            ? g.builder.getI64IntegerAttr(g.random.below(std::min<int64_t>(ids.rows, 3)))
                            : IntegerAttr();
  PoolKind kind = g.random.pick({PoolKind::sum, PoolKind::mean, PoolKind::max});
  Value table = g.weight({ids.rows, width}, 1);
  g.add(EmbeddingBagsOp::create(g.builder, g.loc, ids.values, table, kind, padding, ids.outOfRange),
        Facts{kind == PoolKind::sum ? double(bags.getMax()) : 1});
  return true;
}

static Value someIntegers(ModelGenerator &g) {
  Value x = g.find([&](Value value) { return !g.typeOf(value).isFloat(); });
  return x ? x : g.integersOver(g.anySpace(), g.random.chance(0.7) ? SmallVector<int64_t>() : g.dims());
}

static Value someScalars(ModelGenerator &g) {
  Value x = g.find([&](Value value) { return !g.typeOf(value).isFloat() && g.typeOf(value).getDims().empty(); });
  return x ? x : g.integersOver(g.anySpace(), {});
}

static bool makeToFloat(ModelGenerator &g) {
  Value x = someIntegers(g);
  const Facts &from = g.factsOf(x);
  Facts known;
  known.size = std::max(std::abs(double(from.least)), std::abs(double(from.most)));
  known.exact = known.size < 256;
  g.add(ToFloatOp::create(g.builder, g.loc, x), known);
  return true;
}

static bool makeActionBits(ModelGenerator &g) {
  Value actions = someScalars(g);
  int64_t count = g.random.between(1, 5), width = g.random.between(1, 9);
  if (!g.isSmall(g.spaceOf(actions), count * width))
    return false;
  SmallVector<int64_t> bits;
  for (int64_t i = 0; i < count; ++i)
    bits.push_back(g.random.pick({1, 2, 4, 8, 16, 3, 64}));
  g.add(ActionBitsOp::create(g.builder, g.loc, actions, g.weight({count, width}, 1), bits), Facts{1});
  return true;
}

static bool makeThresholdBits(ModelGenerator &g) {
  Value actions = someScalars(g), numbers = g.integersOver(g.spaceOf(actions), {});
  SmallVector<int64_t> thresholds, bits;
  Facts known = g.factsOf(actions);
  known.arranged = false;
  for (int64_t i = 0, count = g.random.between(1, 4); i < count; ++i) {
    thresholds.push_back(g.random.between(-5, 50));
    bits.push_back(int64_t(1) << g.random.below(8));
  }
  known.least = std::min<int64_t>(known.least, 0);
  known.most = std::max<int64_t>(known.most, 0) | 255;
  g.add(ThresholdBitsOp::create(g.builder, g.loc, actions, numbers, thresholds, bits), known);
  return true;
}

static bool makeHashIds(ModelGenerator &g) {
  Value ids = someScalars(g);
  Facts known;
  int64_t rows = g.random.between(1, 60), modulus = g.random.pick({int64_t(2147483647), int64_t(97), int64_t(1)});
  known.most = rows - 1;
  g.add(HashIdsOp::create(g.builder, g.loc, ids, g.random.pick({int64_t(1469086537), int64_t(-3), int64_t(1) << 40}),
                          g.random.pick({int64_t(99069248), int64_t(0), int64_t(-7)}), modulus, rows),
        known);
  return true;
}

static bool makeBucketize(ModelGenerator &g) {
  Value x = someIntegers(g);
  MLIRContext *context = g.builder.getContext();
  Attribute rule;
  Facts known;
  if (g.random.chance(0.2)) {
    SmallVector<int64_t> ids;
    for (int64_t id = g.random.between(-5, 3), i = g.random.between(1, 8); i > 0; --i)
      ids.push_back(id += g.random.between(1, 4));
    known.least = -1;
    known.most = ids.size();
    rule = VocabularyAttr::get(context, ids, g.random.between(-1, ids.size()));
  } else if (g.random.chance(0.5)) {
    SmallVector<int64_t> edges;
    for (int64_t edge = g.random.between(-30, 3), i = g.random.below(8); i > 0; --i)
      edges.push_back(edge += g.random.below(g.random.chance(0.2) ? 100000 : 12));
    known.most = edges.size();
    rule = EdgesAttr::get(context, edges);
  } else {
    known.most = g.random.pick({0, 3, 60, 2047});
    rule = SqrtBucketAttr::get(context, g.number(g.random.pick({1.0, 60.0, 0.5, 3.7})), known.most);
  }
  g.add(BucketizeOp::create(g.builder, g.loc, x, rule), known);
  return true;
}

static bool makeRowIndex(ModelGenerator &g) {
  MLIRContext *context = g.builder.getContext();
  Attribute space = g.anySpace();
  SmallVector<Attribute> lengths;
  for (int64_t i = 0, count = g.random.below(3); i < count; ++i)
    lengths.push_back(ModelGenerator::lengthOf(g.anySpace()));
  AffineExpr row = getAffineDimExpr(0, context);
  SmallVector<AffineExpr> results;
  for (int64_t i = 0, count = g.random.between(1, 2); i < count; ++i) {
    AffineExpr length = lengths.empty() ? getAffineConstantExpr(g.random.between(0, 30), context)
                                        : getAffineSymbolExpr(g.random.below(lengths.size()), context);
    switch (g.random.below(5)) {
    case 0:
      results.push_back(row + g.random.between(0, 5));
      break;
    case 1:
      results.push_back(length - row + g.random.between(-1, 3));
      break;
    case 2:
      results.push_back(row.floorDiv(g.random.between(1, 4)) + length);
      break;
    case 3:
      results.push_back(row % g.random.between(1, 5));
      break;
    default:
      results.push_back(length.ceilDiv(2) * 3 - row * 2);
    }
  }
  Facts known;
  known.least = -8 * ModelGenerator::kMostRows;
  known.most = 8 * ModelGenerator::kMostRows;
  auto type = JaggedType::get(context, space, {}, g.builder.getI64Type());
  ArrayAttr lengthsAttr = lengths.empty() ? ArrayAttr() : g.builder.getArrayAttr(lengths);
  g.add(RowIndexOp::create(g.builder, g.loc, type, AffineMap::get(1, lengths.size(), results, context), lengthsAttr),
        known);
  return true;
}

static bool makeCalendar(ModelGenerator &g) {
  // The phase of a timestamp after 2^53 periods is a matter of rounding.
  constexpr int64_t kLatest = int64_t(1) << 50;
  Value times = g.find([&](Value value) {
    return !g.typeOf(value).isFloat() && g.typeOf(value).getDims().empty() && g.factsOf(value).least >= -kLatest &&
           g.factsOf(value).most <= kLatest;
  });
  if (!times)
    times = g.newIds(g.anySpace(), {}, kLatest);
  SmallVector<double> periods, units;
  for (int64_t i = 0, count = g.random.between(1, 3); i < count; ++i) {
    periods.push_back(g.random.pick({3600.0, 86400.0, 7.0}));
    units.push_back(g.random.pick({24.0, 7.0, 365.0}));
  }
  g.add(
      CalendarFeaturesOp::create(g.builder, g.loc, times, periods, units, g.number(g.random.pick({6.28, 6.283185307}))),
      Facts{1});
  return true;
}

ArrayRef<ModelGenerator::Recipe> embeddingRecipes() {
  static const ModelGenerator::Recipe recipes[] = {makeEmbedding,     makeEmbedding,  makeEmbeddingBag,  makeToFloat,
                                                   makeEmbeddingBags, makeActionBits, makeThresholdBits, makeHashIds,
                                                   makeBucketize,     makeRowIndex,   makeCalendar};
  return recipes;
}

} // namespace reccc::fuzz
