// SPDX-License-Identifier: Apache-2.0
// Recipes of family dense.
#include "ModelGenerator.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

/// Known floats, or an input.
static Value someFloats(ModelGenerator &g) {
  Value value = g.random.chance(0.9) ? g.findFloats() : Value();
  return value ? value : g.floatsOver(g.anySpace(), g.dims());
}

/// Floats as records of one dimension that a matrix can take.
static Value someVectors(ModelGenerator &g) {
  Value value = g.findFloats([](JaggedType type) { return type.getRowElements() <= 160; });
  return value ? g.reshape(value, {ModelGenerator::typeOf(value).getRowElements()}) : g.floatsOver(g.anySpace(), {4});
}

static bool makeLinear(ModelGenerator &g) {
  Value x = someVectors(g);
  int64_t in = g.typeOf(x).getRowElements(), out = g.width();
  if (!g.isSmall(g.spaceOf(x), out))
    return false;
  bool transposed = g.random.chance(0.5), biased = g.random.chance(0.5);
  Facts known{g.factsOf(x).size + (biased ? 0.5 : 0)};
  // Several linears of one value become one kernel; slices of one linear are split.
  Value weight = g.matrix(in, out, transposed), bias = biased ? g.weight({out}, 0.5) : Value();
  Value y = g.add(LinearOp::create(g.builder, g.loc, x, weight, bias, transposed), known);
  for (int64_t part = 0; out > 2 && g.random.chance(0.3) && part < 3; ++part) {
    int64_t offset = g.random.below(out - 1), size = g.random.between(1, out - offset);
    g.add(SliceFeaturesOp::create(g.builder, g.loc, y, offset, size), g.factsOf(y));
  }
  return true;
}

/// A norm or a product and a linear behind it: what folds.
static bool makeAffineLinear(ModelGenerator &g) {
  Value x = someVectors(g);
  int64_t in = g.typeOf(x).getRowElements(), out = g.width();
  if (!g.isSmall(g.spaceOf(x), out))
    return false;
  auto splat = [&] {
    return SplatRowsOp::create(g.builder, g.loc, g.typeOf(x).withDims({out}), g.weight({out}, 1)).getResult();
  };
  Value norm =
      g.random.chance(0.5)
          ? LayerNormOp::create(g.builder, g.loc, x, g.weight({in}, 1), g.weight({in}, 1), g.number(g.eps()), 1)
                .getResult()
          : RmsNormOp::create(g.builder, g.loc, x, g.weight({in}, 1), g.number(g.eps())).getResult();
  g.add(norm, Facts{3});
  Value y = LinearOp::create(g.builder, g.loc, norm, g.matrix(in, out),
                             g.random.chance(0.5) ? g.weight({out}, 1) : Value(), false);
  y = g.add(y, Facts{4});
  if (g.random.chance(0.5))
    y = g.add(MulOp::create(g.builder, g.loc, y, splat()), g.factsOf(y));
  if (g.random.chance(0.5))
    g.add(AddOp::create(g.builder, g.loc, y, splat()), Facts{g.factsOf(y).size + 1});
  return true;
}

static bool makeRequestLinear(ModelGenerator &g) {
  Value x = g.findFloats([](JaggedType type) { return type.getDims().size() == 1 && type.getDims()[0] <= 9; });
  if (!x)
    return false;
  int64_t in = g.typeOf(x).getDims()[0], out = g.random.between(1, 6);
  Attribute request = getRequestSpace(g.builder.getContext());
  Value weight = g.floatsOver(request, {in, out});
  Value bias = g.random.chance(0.5) ? g.floatsOver(request, {out}) : Value();
  Facts known{in * g.factsOf(x).size * g.factsOf(weight).size + (bias ? g.factsOf(bias).size : 0)};
  g.add(RequestLinearOp::create(g.builder, g.loc, x, weight, bias), known);
  return true;
}

static bool makeLayerNorm(ModelGenerator &g) {
  Value x = someFloats(g);
  int64_t elements = g.typeOf(x).getRowElements(), groups = g.random.chance(0.7) ? 1 : g.divisorOf(elements);
  bool affine = g.random.chance(0.6);
  int64_t gains = groups > 1 && g.random.chance(0.5) ? groups : elements;
  Value gain = affine ? g.weight({gains}, 1) : Value(), bias = affine ? g.weight({gains}, 1) : Value();
  g.add(LayerNormOp::create(g.builder, g.loc, x, gain, bias, g.number(g.eps()), groups), Facts{4});
  return true;
}

static bool makeRmsNorm(ModelGenerator &g) {
  Value x = someFloats(g);
  Value gain = g.random.chance(0.5) ? g.weight({g.typeOf(x).getRowElements()}, 1) : Value();
  g.add(RmsNormOp::create(g.builder, g.loc, x, gain, g.number(g.eps())), Facts{4});
  return true;
}

static bool makeL2Norm(ModelGenerator &g) {
  Value x = someFloats(g);
  int64_t groups = g.random.chance(0.7) ? 1 : g.divisorOf(g.typeOf(x).getRowElements());
  g.add(L2NormOp::create(g.builder, g.loc, x, g.number(g.eps()), groups), Facts{1});
  return true;
}

/// Integers wrap: a sum that may is any number.
static void addRanges(Facts &known, const Facts &a, int64_t least, int64_t most) {
  if (llvm::AddOverflow(a.least, least, known.least) || llvm::AddOverflow(a.most, most, known.most)) {
    known.least = std::numeric_limits<int64_t>::min();
    known.most = std::numeric_limits<int64_t>::max();
  }
}

static bool makeIntegers(ModelGenerator &g, bool subtract) {
  Value a = g.find([&](Value value) { return !g.typeOf(value).isFloat(); });
  if (!a)
    return false;
  Value b = g.another(a);
  if (subtract && a == b)
    return false;
  const Facts &left = g.factsOf(a), &right = g.factsOf(b);
  Facts known;
  if (!subtract)
    addRanges(known, left, right.least, right.most);
  else if (right.least == std::numeric_limits<int64_t>::min()) // has no opposite
    addRanges(known, left, right.least, right.most);
  else
    addRanges(known, left, -right.most, -right.least);
  if (subtract)
    g.add(SubOp::create(g.builder, g.loc, a, b), known);
  else
    g.add(AddOp::create(g.builder, g.loc, a, b), known);
  return true;
}

static bool makeAdd(ModelGenerator &g) {
  if (g.random.chance(0.2))
    return makeIntegers(g, /*subtract=*/false);
  Value a = someFloats(g), b = g.another(a);
  g.add(AddOp::create(g.builder, g.loc, a, b), Facts{g.factsOf(a).size + g.factsOf(b).size});
  return true;
}

/// Not x - x: what is zero for all inputs leaves behind it constants, of which no sample tells how large errors may be.
static bool makeSub(ModelGenerator &g) {
  if (g.random.chance(0.2))
    return makeIntegers(g, /*subtract=*/true);
  Value a = someFloats(g), b = g.another(a);
  if (a == b)
    return false;
  g.add(SubOp::create(g.builder, g.loc, a, b), Facts{g.factsOf(a).size + g.factsOf(b).size});
  return true;
}

static bool makeMul(ModelGenerator &g) {
  Value a = someFloats(g), b = g.another(a);
  g.add(MulOp::create(g.builder, g.loc, a, b), Facts{g.factsOf(a).size * g.factsOf(b).size});
  return true;
}

static bool makeDiv(ModelGenerator &g) {
  Value a = someFloats(g);
  Value b = g.positiveOver(g.spaceOf(a), g.typeOf(a).getDims());
  // By a plain 0: only of what is not 0 in any precision.
  bool zeros = g.factsOf(b).orZero, positive = g.factsOf(a).low > 0 && !g.factsOf(a).orZero;
  ByZero rule = zeros && !positive ? ByZero::zero : g.random.pick({ByZero::zero, ByZero::ieee});
  Facts known{g.factsOf(a).size / g.factsOf(b).low};
  known.last = zeros && rule == ByZero::ieee;
  g.add(DivOp::create(g.builder, g.loc, a, b, rule), known);
  return true;
}

static bool makeScale(ModelGenerator &g) {
  Value x = someFloats(g);
  double plus = g.random.chance(0.5) ? 0 : g.random.around0();
  double factor = g.random.pick({1.0, -1.0, 0.5, 2.0, -0.3, 0.0});
  g.add(ScaleOp::create(g.builder, g.loc, x, g.number(factor), g.number(plus)),
        Facts{(g.factsOf(x).size + std::abs(plus)) * std::abs(factor)});
  return true;
}

template <typename Op> static bool makeActivation(ModelGenerator &g) {
  Value x = someFloats(g);
  Facts known{g.factsOf(x).size};
  if constexpr (std::is_same_v<Op, SigmoidOp> || std::is_same_v<Op, TanhOp>)
    known.size = 1;
  g.add(Op::create(g.builder, g.loc, x.getType(), x), known);
  return true;
}

static bool makeGelu(ModelGenerator &g) {
  Value x = someFloats(g);
  g.add(GeluOp::create(g.builder, g.loc, x, g.random.chance(0.5)), Facts{g.factsOf(x).size});
  return true;
}

static bool makeLeakyRelu(ModelGenerator &g) {
  Value x = someFloats(g);
  g.add(LeakyReluOp::create(g.builder, g.loc, x, g.number(g.random.pick({0.01, 0.2, -0.5, 1.0}))),
        Facts{g.factsOf(x).size});
  return true;
}

static bool makeClamp(ModelGenerator &g) {
  Value x = someFloats(g);
  double low = g.random.pick({-1.0, -0.25, 0.0}), high = g.random.pick({0.0, 0.3, 1.0});
  g.add(ClampOp::create(g.builder, g.loc, x, g.number(low), g.number(high)), Facts{1});
  return true;
}

static bool makeExp(ModelGenerator &g) {
  Value x = someFloats(g);
  Value clamped = g.add(ClampOp::create(g.builder, g.loc, x, g.number(-3.0), g.number(1.0)), Facts{3});
  g.add(ExpOp::create(g.builder, g.loc, clamped), Facts{3});
  return true;
}

static bool makeLog(ModelGenerator &g) {
  Value any = someFloats(g);
  Value x = g.positiveOver(g.spaceOf(any), g.typeOf(any).getDims());
  Facts known{std::max(std::abs(std::log(g.factsOf(x).low)), std::log(1 + g.factsOf(x).size))};
  known.last = g.factsOf(x).orZero;
  g.add(LogOp::create(g.builder, g.loc, x), known);
  return true;
}

ArrayRef<ModelGenerator::Recipe> denseRecipes() {
  static const ModelGenerator::Recipe recipes[] = {makeLinear,
                                                   makeLinear,
                                                   makeLinear,
                                                   makeAffineLinear,
                                                   makeAffineLinear,
                                                   makeRequestLinear,
                                                   makeLayerNorm,
                                                   makeRmsNorm,
                                                   makeL2Norm,
                                                   makeAdd,
                                                   makeSub,
                                                   makeMul,
                                                   makeDiv,
                                                   makeScale,
                                                   makeActivation<SiluOp>,
                                                   makeActivation<SigmoidOp>,
                                                   makeActivation<ReluOp>,
                                                   makeActivation<TanhOp>,
                                                   makeGelu,
                                                   makeLeakyRelu,
                                                   makeClamp,
                                                   makeExp,
                                                   makeLog};
  return recipes;
}

} // namespace reccc::fuzz
