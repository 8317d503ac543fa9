// SPDX-License-Identifier: Apache-2.0
// Affine maps of a row and of lengths: what keeps them from overflowing, and their values.
#include "reccc/Dialect/Recsys/IR/RowMaps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

static constexpr uint64_t kValueLimit = uint64_t(1) << 62;

/// The greatest magnitude the expression can have; nullopt where that is too large or there is no value.
static std::optional<uint64_t> magnitude(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    uint64_t value = llvm::AbsoluteValue(constant.getValue());
    return value < kValueLimit ? std::optional(value) : std::nullopt;
  }
  if (isa<AffineDimExpr, AffineSymbolExpr>(expr))
    return kRowLimit;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<uint64_t> lhs = magnitude(binary.getLHS()), rhs = magnitude(binary.getRHS());
  if (!lhs || !rhs)
    return std::nullopt;
  bool overflow = false;
  uint64_t value = 0;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    value = *lhs + *rhs;
    break;
  case AffineExprKind::Mul:
    value = llvm::SaturatingMultiply(*lhs, *rhs, &overflow);
    break;
  default: {
    auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    overflow = !divisor || divisor.getValue() <= 0;
    value = expr.getKind() == AffineExprKind::Mod ? *rhs : *lhs;
  }
  }
  return overflow || value >= kValueLimit ? std::nullopt : std::optional(value);
}

LogicalResult recsys::checkRowMap(EmitError emitError, AffineMap map) {
  for (AffineExpr expr : map.getResults())
    if (!magnitude(expr))
      return emitError() << "expected a map that divides by positive constants only and stays below 2^62, got "
                         << AffineMapAttr::get(map);
  return success();
}

int64_t recsys::evaluateRowExpr(AffineExpr expr, int64_t row, ArrayRef<int64_t> lengths) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (isa<AffineDimExpr>(expr))
    return row;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return lengths[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t lhs = evaluateRowExpr(binary.getLHS(), row, lengths);
  int64_t rhs = evaluateRowExpr(binary.getRHS(), row, lengths);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(lhs, rhs);
  default:
    return lhs - rhs * llvm::divideFloorSigned(lhs, rhs); // Mod
  }
}
