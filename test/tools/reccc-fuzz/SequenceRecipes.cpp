// SPDX-License-Identifier: Apache-2.0
// Recipes of family sequence.
#include "ModelGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

static Value someValue(ModelGenerator &g) {
  Value value = g.random.chance(0.9) ? g.find([](Value) { return true; }) : Value();
  if (value)
    return value;
  Attribute space = g.anySpace();
  return g.random.chance(0.7) ? g.floatsOver(space, g.dims()) : g.integersOver(space, {});
}

/// Of a value that holds rows of both.
static Facts join(const Facts &a, const Facts &b) {
  Facts both;
  both.size = std::max(a.size, b.size);
  both.low = std::min(a.low, b.low);
  both.orZero = a.orZero || b.orZero;
  both.exact = a.exact && b.exact;
  both.least = std::min(a.least, b.least);
  both.most = std::max(a.most, b.most);
  both.arranged = a.arranged && b.arranged;
  return both;
}

/// Rows of zeros may stand among the others.
static Facts withZeros(Facts known) {
  known.orZero = known.low > 0;
  known.least = std::min<int64_t>(known.least, 0);
  known.most = std::max<int64_t>(known.most, 0);
  return known;
}

static Value like(ModelGenerator &g, Value value, Attribute space) {
  JaggedType type = g.typeOf(value);
  return type.isFloat() ? g.floatsOver(space, type.getDims()) : g.integersOver(space, type.getDims());
}

static bool makeConcatRows(ModelGenerator &g) {
  Value first = someValue(g);
  JaggedType type = g.typeOf(first);
  Attribute frame = getFrame(type.getSpace());
  auto joins = [&](Value value) {
    JaggedType other = g.typeOf(value);
    return other.getDims() == type.getDims() && other.isFloat() == type.isFloat() &&
           getSpaceWithin(frame, other.getSpace());
  };
  SmallVector<Value> inputs = {first};
  SmallVector<Attribute> spaces = {type.getSpace()};
  Facts known = g.factsOf(first);
  for (int64_t i = 0, more = g.random.pick({0, 1, 1, 2}); i < more; ++i) {
    Value next = g.random.chance(0.5) ? g.find(joins) : Value();
    if (!next) {
      Attribute inner = g.anySpace(40);
      Attribute space = isa<RequestAttr>(getFrame(inner)) ? getNestSpace(frame, inner) : frame;
      next = like(g, first, g.maxRows(space) <= ModelGenerator::kMostRows ? space : frame);
    }
    known = join(known, g.factsOf(next));
    inputs.insert(g.random.chance(0.5) ? inputs.begin() : inputs.end(), next);
    spaces.push_back(g.spaceOf(next));
  }
  if (!g.isSmall(getFramedConcatSpace(frame, spaces), type.getRowElements()))
    return false;
  Value result = g.add(ConcatRowsOp::create(g.builder, g.loc, inputs), known);
  // What joins is often taken apart again.
  for (int64_t segments = getSegments(g.spaceOf(result)).size(); segments > 1 && g.random.chance(0.2);) {
    int64_t place = g.random.below(segments), count = g.random.between(1, segments - place);
    g.add(SliceRowsOp::create(g.builder, g.loc, result, place, count), known);
  }
  return true;
}

static bool makeInterleave(ModelGenerator &g) {
  Value first = someValue(g);
  int64_t count = g.random.between(1, 3);
  if (!g.isSmall(g.spaceOf(first), g.typeOf(first).getRowElements() * count) ||
      g.maxRows(g.spaceOf(first)) * count > ModelGenerator::kMostRows)
    return false;
  SmallVector<Value> inputs = {first};
  Facts known = g.factsOf(first);
  while (static_cast<int64_t>(inputs.size()) < count) {
    inputs.push_back(g.another(first));
    known = join(known, g.factsOf(inputs.back()));
  }
  g.add(InterleaveOp::create(g.builder, g.loc, inputs), known);
  return true;
}

static bool makeSliceRows(ModelGenerator &g) {
  Value x = g.find([&](Value value) { return getSegments(g.spaceOf(value)).size() > 1; });
  if (!x)
    return false;
  int64_t segments = getSegments(g.spaceOf(x)).size(), first = g.random.below(segments);
  g.add(SliceRowsOp::create(g.builder, g.loc, x, first, g.random.between(1, segments - first)), g.factsOf(x));
  return true;
}

static bool makeTakeRows(ModelGenerator &g) {
  Value x = someValue(g);
  Attribute space = g.spaceOf(x);
  int64_t count = g.random.between(1, g.random.chance(0.5) ? 3 : 12);
  Attribute taken = g.random.chance(0.5) ? getTakeFirstSpace(space, count) : getTakeLastSpace(space, count);
  if (!findTake(space, taken))
    return false;
  g.add(TakeRowsOp::create(g.builder, g.loc, g.typeOf(x).withSpace(taken), x), g.factsOf(x));
  return true;
}

static bool makeDeinterleave(ModelGenerator &g) {
  auto spaceWithin = [&](Value value) {
    return dyn_cast<InterleaveAttr>(getSpaceWithin(getFrame(g.spaceOf(value)), g.spaceOf(value)));
  };
  Value x = g.find([&](Value value) { return spaceWithin(value) != nullptr; });
  if (!x)
    return false;
  g.add(DeinterleaveOp::create(g.builder, g.loc, x, g.random.below(spaceWithin(x).getTimes())), g.factsOf(x));
  return true;
}

static bool makeShift(ModelGenerator &g) {
  Value x = someValue(g), fill = like(g, x, getFrame(g.spaceOf(x)));
  g.add(ShiftOp::create(g.builder, g.loc, x, fill, g.random.pick({-1, 1})), join(g.factsOf(x), g.factsOf(fill)));
  return true;
}

static bool makeBroadcast(ModelGenerator &g) {
  Attribute space = g.anySpace(), from = getFrame(space);
  while (!isa<RequestAttr>(from) && g.random.chance(0.3))
    from = getFrame(from);
  Value x = g.find([&](Value value) { return g.spaceOf(value) == from; });
  if (!x)
    x = g.floatsOver(from, g.dims());
  if (!g.isSmall(space, g.typeOf(x).getRowElements()))
    return false;
  g.add(BroadcastRowsOp::create(g.builder, g.loc, g.typeOf(x).withSpace(space), x), g.factsOf(x));
  return true;
}

static bool makeRepeat(ModelGenerator &g) {
  Value x = someValue(g);
  Attribute outer = g.anySpace(20);
  if (g.maxRows(outer) * g.maxRows(g.spaceOf(x)) > ModelGenerator::kMostRows ||
      !g.isSmall(getNestSpace(outer, g.spaceOf(x)), g.typeOf(x).getRowElements()))
    return false;
  g.add(RepeatRowsOp::create(g.builder, g.loc, x, outer), g.factsOf(x));
  return true;
}

static bool makeGroup(ModelGenerator &g) {
  int64_t size = g.random.between(2, 5);
  auto isSmall = [&](JaggedType type) { return g.isSmall(type.getSpace(), type.getRowElements() * size); };
  if (g.random.chance(0.2)) {
    Value ids = g.integersOver(g.anySpace(60), {});
    if (!isSmall(g.typeOf(ids)))
      return false;
    Facts known = g.factsOf(ids);
    known.least = std::min<int64_t>(known.least, 0);
    known.most = std::max<int64_t>(known.most, 0);
    g.add(GroupRowsOp::create(g.builder, g.loc, ids, Value(), size, *symbolizeRemainder(g.random.below(4))), known);
    return true;
  }
  Value x = g.findFloats(isSmall);
  if (!x)
    return false;
  Remainder remainder = *symbolizeRemainder(g.random.below(4));
  Value fill = isPadded(remainder) && g.random.chance(0.5) ? g.weight({g.typeOf(x).getRowElements()}, 1) : Value();
  Facts known = withZeros(g.factsOf(x));
  known.size = std::max(known.size, 1.0);
  if (fill)
    known = Facts{known.size};
  Value groups = g.add(GroupRowsOp::create(g.builder, g.loc, x, fill, size, remainder), known);
  if (g.random.chance(0.5))
    g.add(FoldRowsOp::create(g.builder, g.loc, groups), known);
  return true;
}

static bool makeFold(ModelGenerator &g) {
  Value x = g.findFloats([&](JaggedType type) {
    auto rows = cast<RowSpace>(getSpaceWithin(getFrame(type.getSpace()), type.getSpace())).getConstantRows();
    return rows && *rows >= 1 && type.getDims().size() < 4;
  });
  if (!x)
    return false;
  g.add(FoldRowsOp::create(g.builder, g.loc, x), g.factsOf(x));
  return true;
}

static bool makeSplat(ModelGenerator &g) {
  Attribute space = g.anySpace();
  auto type = JaggedType::get(g.builder.getContext(), space, g.dims(), g.builder.getF32Type());
  g.add(SplatRowsOp::create(g.builder, g.loc, type, g.weight({1, type.getRowElements()}, 1)), Facts{1});
  return true;
}

static bool makePad(ModelGenerator &g) {
  Value x = someValue(g);
  Attribute frame = getFrame(g.spaceOf(x)), rows = getRowsSpace(g.builder.getContext(), g.random.pick({0, 1, 2, 5, 8}));
  Attribute padded = getNestSpace(frame, rows);
  if (!g.isSmall(padded, g.typeOf(x).getRowElements()))
    return false;
  g.add(PadRowsOp::create(g.builder, g.loc, g.typeOf(x).withSpace(padded), x), withZeros(g.factsOf(x)));
  return true;
}

static bool makeGather(ModelGenerator &g) {
  Value x = someValue(g);
  if (!isa<RequestAttr>(getFrame(g.spaceOf(x))))
    return false;
  // Places of rows, and some of none.
  Value places = g.random.chance(0.5) ? g.find([&](Value value) {
    const Facts &known = g.factsOf(value);
    return !g.typeOf(value).isFloat() && g.typeOf(value).getDims().size() <= 1 && known.least >= -20 &&
           known.most <= 500;
  })
                                      : Value();
  if (!places) {
    SmallVector<int64_t> dims;
    if (g.random.chance(0.8))
      dims.push_back(g.random.between(1, 4));
    places = g.newIds(g.anySpace(40), dims, g.maxRows(g.spaceOf(x)) + 2);
  }
  Attribute gathered =
      getNestSpace(g.spaceOf(places), getRowsSpace(g.builder.getContext(), g.typeOf(places).getRowElements()));
  if (!gathered || g.maxRows(gathered) > ModelGenerator::kMostRows ||
      !g.isSmall(gathered, g.typeOf(x).getRowElements()))
    return false;
  Facts known = withZeros(g.factsOf(x));
  known.arranged = false;
  g.add(GatherRowsOp::create(g.builder, g.loc, x, places), known);
  return true;
}

/// Rows that a flag keeps, and mostly what some value has there.
static bool makeFilter(ModelGenerator &g) {
  Attribute space = g.anySpace(60);
  if (!isa<RequestAttr>(getFrame(space)) || g.maxRows(space) == 0)
    return false;
  Value keep = g.random.chance(0.6) ? g.newIds(space, {}, g.random.pick({1, 2, 9})) : g.integersOver(space, {});
  MLIRContext *context = g.builder.getContext();
  std::string id = "kept" + std::to_string(g.builder.getInsertionBlock()->getOperations().size());
  auto kept = OpaqueSpaceAttr::get(context, StringAttr::get(context, id), g.maxRows(space));
  Facts known;
  known.most = g.maxRows(space) - 1;
  auto type = JaggedType::get(context, kept, {}, g.builder.getI64Type());
  Value places = g.add(FilterRowsOp::create(g.builder, g.loc, type, keep), known);
  if (g.random.chance(0.2))
    return true;
  Value x = g.random.chance(0.7) ? g.floatsOver(space, {g.width()}) : g.integersOver(space, {});
  known = withZeros(g.factsOf(x));
  known.arranged = false;
  g.add(GatherRowsOp::create(g.builder, g.loc, x, places), known);
  return true;
}

static bool makeMaskRows(ModelGenerator &g) {
  Value x = g.random.chance(0.3) ? g.positiveOver(g.anySpace(), {g.width()}) : g.findFloats();
  if (!x)
    return false;
  Value ids = g.integersOver(g.spaceOf(x), {});
  g.add(MaskRowsOp::create(g.builder, g.loc, x, ids, g.random.between(0, 3)), withZeros(g.factsOf(x)));
  return true;
}

static bool makeMaskShort(ModelGenerator &g) {
  Value x = g.findFloats();
  if (!x)
    return false;
  SmallVector<Attribute> spaces = {g.anySpace()};
  if (g.random.chance(0.5))
    spaces.push_back(g.anySpace());
  g.add(MaskShortOp::create(g.builder, g.loc, x, g.builder.getArrayAttr(spaces), g.random.below(12)),
        withZeros(g.factsOf(x)));
  return true;
}

static bool makePool(ModelGenerator &g) {
  Value x = g.findFloats();
  if (!x)
    return false;
  PoolKind kind = *symbolizePoolKind(g.random.below(5));
  Facts known = withZeros(g.factsOf(x));
  if (kind == PoolKind::sum)
    known = Facts{known.size * std::sqrt(1 + g.maxRows(g.spaceOf(x)))};
  if (kind == PoolKind::mean)
    known = Facts{known.size};
  g.add(PoolOp::create(g.builder, g.loc, x, kind), known);
  return true;
}

ArrayRef<ModelGenerator::Recipe> sequenceRecipes() {
  static const ModelGenerator::Recipe recipes[] = {
      makeConcatRows, makeConcatRows, makeInterleave, makeSliceRows, makeTakeRows, makeTakeRows, makeDeinterleave,
      makeShift,      makeBroadcast,  makeRepeat,     makeGroup,     makeFold,     makeSplat,    makePad,
      makeGather,     makeFilter,     makeMaskRows,   makeMaskShort, makePool};
  return recipes;
}

} // namespace reccc::fuzz
