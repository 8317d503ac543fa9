// SPDX-License-Identifier: Apache-2.0
// Polynomials are minimax fits in double, rounded to fp32; the ranges where they hold stand beside them.
#include "reccc/Codegen/Common/VectorMath.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>

using namespace mlir;
using namespace reccc;
using arith::CmpFPredicate;

/// Coefficients from the constant on, by Horner's rule.
static Value polynomial(TileBuilder &b, Value x, ArrayRef<double> coefficients) {
  Value sum = b.splat(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = b.fma(sum, x, b.splat(coefficient));
  return sum;
}

/// value * 2^n for integral n in [-150, 129]: past the range of one exponent, so in two steps where there is no
/// instruction for it.
static Value scaleByPower(TileBuilder &b, Value value, Value n) {
  Value exponent = b.make<arith::FPToSIOp>(b.i32Vector(), n);
  Value half = b.make<arith::ShRSIOp>(exponent, b.splatI32(1));
  for (Value part : {half, b.sub(exponent, half)}) {
    Value bits = b.make<arith::ShLIOp>(b.add(part, b.splatI32(127)), b.splatI32(23));
    value = b.mulf(value, b.make<arith::BitcastOp>(b.f32Vector(), bits));
  }
  return value;
}

/// The same by one instruction, where `lanes` are set; 0 elsewhere.
static Value scaleLanesByPower(TileBuilder &b, Value value, Value n, Value lanes) {
  Value mask = b.make<LLVM::BitcastOp>(b.getI16Type(), lanes);
  return b
      .make<LLVM::CallIntrinsicOp>(Type(b.f32Vector()), b.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
                                   ValueRange{value, n, b.splat(0.0), mask, b.i32(4)})
      .getResult(0);
}

Value reccc::buildExp(TileBuilder &b, Value x) {
  // Infinite above 89, and 0 below -104, where masked scores are: a product that underflows takes the processor a
  // hundred cycles, so those lanes compute none. Comparisons let NaN pass.
  x = b.select(b.cmpf(CmpFPredicate::OGT, x, b.splat(89.0)), b.splat(89.0), x);
  Value isPositive = b.cmpf(CmpFPredicate::UGE, x, b.splat(-104.0));
  if (!b.target.hasScalef)
    x = b.select(isPositive, x, b.splat(0.0));
  Value n = b.make<math::RoundEvenOp>(b.mulf(x, b.splat(1.4426950408889634)));
  // ln 2 in two parts; the first has zeros at its end, so n times it is exact.
  Value r = b.fma(n, b.splat(-0.693359375), x);
  r = b.fma(n, b.splat(2.12194440054690583e-4), r);
  // (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2
  Value p =
      polynomial(b, r, {0.5, 0.16666516661643982, 0.04166620224714279, 0.008369088172912598, 0.0013950832653790712});
  p = b.fma(b.mulf(r, r), p, r);
  p = b.addf(p, b.splat(1.0));
  // A NaN has no integer exponent; its product is NaN whatever n is.
  return b.target.hasScalef ? scaleLanesByPower(b, p, n, isPositive)
                            : b.select(isPositive, scaleByPower(b, p, n), b.splat(0.0));
}

Value reccc::buildLog(TileBuilder &b, Value x) {
  // Denormals become normal.
  Value isSmall = b.cmpf(CmpFPredicate::OLT, x, b.splat(1.1754943508222875e-38));
  Value scaled = b.select(isSmall, b.mulf(x, b.splat(8388608.0)), x);
  // x = m 2^n with m in [sqrt(1/2), sqrt(2)): the constant holds the bits of sqrt(1/2).
  Value bits = b.make<arith::BitcastOp>(b.i32Vector(), scaled);
  Value exponent = b.make<arith::ShRSIOp>(b.sub(bits, b.splatI32(0x3f3504f3)), b.splatI32(23));
  Value m = b.sub(bits, b.make<arith::ShLIOp>(exponent, b.splatI32(23)));
  Value f = b.subf(b.make<arith::BitcastOp>(b.f32Vector(), m), b.splat(1.0));
  Value n = b.make<arith::SIToFPOp>(b.f32Vector(), exponent);
  n = b.subf(n, b.select(isSmall, b.splat(23.0), b.splat(0.0)));
  // (log(1 + f) - f + f^2 / 2) / f^3
  Value p = polynomial(b, f,
                       {0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.1666799634695053,
                        0.14219552278518677, -0.1240558922290802, 0.11888165026903152, -0.11675649136304855,
                        0.06746630370616913});
  Value square = b.mulf(f, f);
  // ln 2 in two parts, as in exp.
  Value y = b.fma(n, b.splat(-2.12194440054690583e-4), b.mulf(b.mulf(f, square), p));
  y = b.addf(f, b.fma(square, b.splat(-0.5), y));
  y = b.fma(n, b.splat(0.693359375), y);
  double infinity = std::numeric_limits<double>::infinity();
  y = b.select(b.cmpf(CmpFPredicate::OEQ, x, b.splat(infinity)), x, y);
  y = b.select(b.cmpf(CmpFPredicate::OEQ, x, b.splat(0.0)), b.splat(-infinity), y);
  return b.select(b.cmpf(CmpFPredicate::ULT, x, b.splat(0.0)), b.splat(std::nan("")), y);
}

static Value onePlusExpOfMinus(TileBuilder &b, Value x) {
  Value minus = b.make<arith::NegFOp>(x);
  return b.addf(buildExp(b, minus), b.splat(1.0));
}

Value reccc::buildSigmoid(TileBuilder &b, Value x) { return b.divf(b.splat(1.0), onePlusExpOfMinus(b, x)); }

Value reccc::buildSilu(TileBuilder &b, Value x) { return b.divf(x, onePlusExpOfMinus(b, x)); }

Value reccc::buildTanh(TileBuilder &b, Value x) {
  // (tanh(x) - x) / x^3 in x^2, for |x| <= 0.63
  Value square = b.mulf(x, x);
  Value p = polynomial(
      b, square,
      {-0.3333328068256378, 0.1333138346672058, -0.05373400077223778, 0.020618120208382607, -0.005679302383214235});
  Value small = b.fma(b.mulf(square, x), p, x);
  Value magnitude = b.make<math::AbsFOp>(x);
  Value e = buildExp(b, b.addf(magnitude, magnitude));
  Value large = b.subf(b.splat(1.0), b.divf(b.splat(2.0), b.addf(e, b.splat(1.0))));
  large = b.make<math::CopySignOp>(large, x);
  return b.select(b.cmpf(CmpFPredicate::OLT, magnitude, b.splat(0.625)), small, large);
}

Value reccc::buildGelu(TileBuilder &b, Value x) {
  Value t = b.mulf(x, b.splat(0.70710678118654752));
  // (erf(t) - t) / t in t^2, for |t| <= 1
  Value square = b.mulf(t, t);
  Value p = polynomial(b, square,
                       {0.12837916612625122, -0.3761262595653534, 0.11283600330352783, -0.026854444295167923,
                        0.005189535208046436, -0.0008020841050893068, 7.889118569437414e-05});
  Value erf = b.fma(t, p, t);
  Value small = b.mulf(b.mulf(x, b.splat(0.5)), b.addf(erf, b.splat(1.0)));
  // max(x, 0) - |x| / 2 (1 - erf|t|), which loses nothing where erf is near -1. log(1 - erf(t)) for 1 <= t <= 4; behind
  // that erf is 1 in fp32.
  Value magnitude = b.make<math::AbsFOp>(t), isFar = b.cmpf(CmpFPredicate::OGT, magnitude, b.splat(4.0));
  Value clamped = b.select(isFar, b.splat(4.0), magnitude);
  Value log = polynomial(b, clamped,
                         {0.0001880362833617255, -1.1295783519744873, -0.6332198977470398, -0.1084185466170311,
                          0.0252082422375679, -0.0042045568116009235, 0.00044133549090474844, -2.1686782929464243e-05});
  Value rest = b.select(isFar, b.splat(0.0), buildExp(b, log));
  Value large = b.subf(buildRelu(b, x), b.mulf(b.mulf(clamped, b.splat(0.70710678118654752)), rest));
  return b.select(b.cmpf(CmpFPredicate::OLT, magnitude, b.splat(1.0)), small, large);
}

Value reccc::buildGeluTanh(TileBuilder &b, Value x) {
  Value cube = b.mulf(b.mulf(x, x), x);
  // (1 + tanh(y)) / 2 = 1 / (1 + exp(-2 y)), which loses nothing where tanh is near -1.
  Value twice = b.mulf(b.fma(cube, b.splat(0.044715), x), b.splat(1.5957691216057307));
  return b.divf(x, onePlusExpOfMinus(b, twice));
}

Value reccc::buildRelu(TileBuilder &b, Value x) {
  return b.select(b.cmpf(CmpFPredicate::OLT, x, b.splat(0.0)), b.splat(0.0), x);
}

Value reccc::buildMax(TileBuilder &b, Value x, Value y) {
  Value takesY = b.make<arith::OrIOp>(b.cmpf(CmpFPredicate::OGT, y, x), b.cmpf(CmpFPredicate::UNO, y, y));
  return b.select(takesY, y, x);
}

std::pair<Value, Value> reccc::buildCosSin(TileBuilder &b, Value angle) {
  Type f64 = b.getF64Type();
  auto constant = [&](double value) -> Value { return b.make<arith::ConstantOp>(b.getF64FloatAttr(value)); };
  auto horner = [&](Value x, ArrayRef<double> coefficients) {
    Value sum = constant(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      sum = b.fma(sum, x, constant(coefficient));
    return sum;
  };
  Value x = b.make<arith::ExtFOp>(f64, angle);
  Value n = b.make<math::RoundEvenOp>(b.mulf(x, constant(0.63661977236758134)));
  Value r = b.fma(n, constant(-1.5707963267948966), x);
  r = b.fma(n, constant(-6.123233995736766e-17), r);
  Value square = b.mulf(r, r);
  // (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| <= pi / 4
  Value sine = horner(square, {-1.66666667e-01, 8.33333333e-03, -1.98412638e-04, 2.75553507e-06, -2.47611302e-08});
  sine = b.fma(b.mulf(square, r), sine, r);
  Value cosine = horner(square, {4.16666667e-02, -1.38888889e-03, 2.48015860e-05, -2.75564835e-07, 2.07054083e-09});
  cosine = b.fma(b.mulf(square, square), cosine, b.fma(square, constant(-0.5), constant(1.0)));
  // Quarter turns exchange the two and change signs.
  Value quarter = b.make<arith::FPToSIOp>(b.getI64Type(), n);
  auto bit = [&](Value value, int64_t mask) {
    return b.cmp(arith::CmpIPredicate::ne, b.make<arith::AndIOp>(value, b.i64(mask)), b.i64(0));
  };
  auto negateIf = [&](Value condition, Value value) {
    return b.select(condition, b.make<arith::NegFOp>(value), value);
  };
  Value odd = bit(quarter, 1);
  Value c = negateIf(bit(b.add(quarter, 1), 2), b.select(odd, sine, cosine));
  Value s = negateIf(bit(quarter, 2), b.select(odd, cosine, sine));
  return {b.make<arith::TruncFOp>(b.getF32Type(), c), b.make<arith::TruncFOp>(b.getF32Type(), s)};
}

/// All lanes joined as a tree.
static Value joinLanes(TileBuilder &b, Value vector, function_ref<Value(Value, Value)> join) {
  for (int64_t half = b.lanes / 2; half >= 1; half /= 2) {
    SmallVector<int64_t> upper;
    for (int64_t i = 0; i < b.lanes; ++i)
      upper.push_back((i + half) % b.lanes);
    vector = join(vector, b.make<vector::ShuffleOp>(vector, vector, upper));
  }
  return b.make<vector::ExtractOp>(vector, int64_t(0));
}

Value reccc::buildLaneSum(TileBuilder &b, Value vector) {
  return joinLanes(b, vector, [&](Value x, Value y) { return b.addf(x, y); });
}

Value reccc::buildLaneMax(TileBuilder &b, Value vector) {
  return joinLanes(b, vector, [&](Value x, Value y) { return buildMax(b, x, y); });
}
