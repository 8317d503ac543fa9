// SPDX-License-Identifier: Apache-2.0
// Recipes of family feature.
#include "ModelGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

static bool makeConcatFeatures(ModelGenerator &g) {
  Value first = g.findFloats([](JaggedType type) { return type.getDims().size() == 1; });
  if (!first)
    return false;
  SmallVector<Value> inputs = {first};
  Facts known{g.factsOf(first).size};
  int64_t width = g.typeOf(first).getRowElements();
  for (int64_t i = 0, more = g.random.below(4); i < more; ++i) {
    Value next = g.random.chance(0.5) ? g.findFloats([&](JaggedType type) {
      return type.getDims().size() == 1 && type.getSpace() == g.spaceOf(first);
    })
                                      : g.floatsOver(g.spaceOf(first), {g.width()});
    width += g.typeOf(next).getRowElements();
    known.size = std::max(known.size, g.factsOf(next).size);
    inputs.push_back(next);
  }
  if (!g.isSmall(g.spaceOf(first), width))
    return false;
  g.add(ConcatFeaturesOp::create(g.builder, g.loc, inputs), known);
  return true;
}

static bool makeSliceFeatures(ModelGenerator &g) {
  Value x = g.findFloats([](JaggedType type) { return type.getDims().size() == 1; });
  if (!x)
    return false;
  int64_t width = g.typeOf(x).getRowElements(), offset = g.random.below(width);
  g.add(SliceFeaturesOp::create(g.builder, g.loc, x, offset, g.random.between(1, width - offset)), g.factsOf(x));
  return true;
}

static bool makeReshape(ModelGenerator &g) {
  Value x = g.findFloats();
  if (!x)
    return false;
  int64_t elements = g.typeOf(x).getRowElements(), rows = g.divisorOf(elements);
  SmallVector<int64_t> dims = {rows, elements / rows};
  if (elements == 1 && g.random.chance(0.5))
    dims.clear();
  else if (g.random.chance(0.2))
    dims = {elements};
  else if (g.random.chance(0.2))
    dims.push_back(1);
  g.add(ReshapeFeaturesOp::create(g.builder, g.loc, g.typeOf(x).withDims(dims), x), g.factsOf(x));
  return true;
}

static bool makeScaleParts(ModelGenerator &g) {
  Value x = g.findFloats();
  if (!x)
    return false;
  int64_t parts = g.divisorOf(g.typeOf(x).getRowElements());
  Value factors =
      g.floatsOver(g.spaceOf(x), g.random.chance(0.8) ? SmallVector<int64_t>{parts} : SmallVector<int64_t>{});
  g.add(ScalePartsOp::create(g.builder, g.loc, x, factors), Facts{g.factsOf(x).size * g.factsOf(factors).size});
  return true;
}

static bool makeSoftmax(ModelGenerator &g) {
  Value x = g.findFloats([](JaggedType type) { return !type.getDims().empty(); });
  if (!x)
    return false;
  g.add(SoftmaxOp::create(g.builder, g.loc, x), Facts{1});
  return true;
}

static bool makeReduce(ModelGenerator &g) {
  Value x = g.findFloats([](JaggedType type) { return !type.getDims().empty(); });
  if (!x)
    return false;
  int64_t dim = g.random.below(g.typeOf(x).getDims().size());
  PoolKind kind = g.random.pick({PoolKind::sum, PoolKind::mean, PoolKind::max});
  Facts known{g.factsOf(x).size};
  if (kind == PoolKind::sum)
    known.size *= std::sqrt(g.typeOf(x).getDims()[dim]);
  g.add(ReduceFeaturesOp::create(g.builder, g.loc, x, kind, dim), known);
  return true;
}

static bool makeDots(ModelGenerator &g) {
  Value x = g.findFloats([](JaggedType type) { return type.getRowElements() <= 96; });
  if (!x)
    return false;
  int64_t elements = g.typeOf(x).getRowElements(), count = g.divisorOf(elements), width = elements / count;
  Value a = g.reshape(x, {count, width});
  Pairs pairs = *symbolizePairs(g.random.below(5));
  bool triangle = pairs != Pairs::all;
  if ((pairs == Pairs::lower || pairs == Pairs::upper) && count < 2)
    pairs = Pairs::all;
  Value b = g.random.chance(0.4) ? a : g.floatsOver(g.spaceOf(a), {triangle ? count : g.random.between(1, 5), width});
  if (!g.isSmall(g.spaceOf(a), count * g.typeOf(b).getDims()[0]))
    return false;
  g.add(FeatureDotsOp::create(g.builder, g.loc, a, b, pairs), Facts{g.factsOf(a).size * g.factsOf(b).size * width});
  return true;
}

ArrayRef<ModelGenerator::Recipe> featureRecipes() {
  static const ModelGenerator::Recipe recipes[] = {makeConcatFeatures, makeSliceFeatures, makeReshape, makeScaleParts,
                                                   makeSoftmax,        makeReduce,        makeDots};
  return recipes;
}

} // namespace reccc::fuzz
