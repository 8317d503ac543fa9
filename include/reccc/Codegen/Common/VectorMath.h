// SPDX-License-Identifier: Apache-2.0
// Elementary functions on vectors of fp32, inlined: no call, a few ulp at most, right for NaN, infinities and large
// values.
#ifndef RECCC_CODEGEN_COMMON_VECTORMATH_H
#define RECCC_CODEGEN_COMMON_VECTORMATH_H

#include "reccc/Codegen/Common/TileBuilder.h"

namespace reccc {

Value buildExp(TileBuilder &b, Value x);
/// Natural logarithm.
Value buildLog(TileBuilder &b, Value x);
Value buildSigmoid(TileBuilder &b, Value x);
/// x / (1 + exp(-x))
Value buildSilu(TileBuilder &b, Value x);
Value buildTanh(TileBuilder &b, Value x);
/// x / 2 (1 + erf(x / sqrt 2))
Value buildGelu(TileBuilder &b, Value x);
/// The tanh approximation of GELU.
Value buildGeluTanh(TileBuilder &b, Value x);
/// max(x, 0); NaN stays.
Value buildRelu(TileBuilder &b, Value x);
/// The greater one; NaN if one is.
Value buildMax(TileBuilder &b, Value x, Value y);
/// Cosine and sine of a scalar fp32 angle of moderate size, correct to fp32: computed in double.
std::pair<Value, Value> buildCosSin(TileBuilder &b, Value angle);

/// The sum of all lanes, as a tree.
Value buildLaneSum(TileBuilder &b, Value vector);
/// The greatest of all lanes; NaN if one is.
Value buildLaneMax(TileBuilder &b, Value vector);

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_VECTORMATH_H
