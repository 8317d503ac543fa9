// SPDX-License-Identifier: Apache-2.0
// Packs parameters: plain, padded, or in panels of columns.
#include "reccc/Codegen/Common/PackParameter.h"

#include "reccc/Codegen/CPU/TargetDescription.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace mlir;
using namespace reccc;
using mlir::rectile::Packing;

static int64_t elementBytes(RankedTensorType type) { return type.getElementTypeBitWidth() / 8; }

Packing reccc::getPacking(OpOperand &use) {
  auto linear = dyn_cast<recsys::LinearOp>(use.getOwner());
  if (!linear)
    return Packing::plain;
  if (use.get() == linear.getBias())
    return Packing::padded;
  return linear.getTransposed() ? Packing::panels_transposed : Packing::panels;
}

int64_t reccc::getPackedBytes(RankedTensorType type, Packing packing) {
  int64_t elements = type.getNumElements();
  switch (packing) {
  case Packing::plain:
    break;
  case Packing::padded:
    elements = llvm::alignTo(elements, kPanelColumns);
    break;
  case Packing::panels:
    elements = type.getDimSize(0) * llvm::alignTo(type.getDimSize(1), kPanelColumns);
    break;
  case Packing::panels_transposed:
    elements = type.getDimSize(1) * llvm::alignTo(type.getDimSize(0), kPanelColumns);
    break;
  }
  return elements * elementBytes(type);
}

/// Writes one value as element `index`.
static void store(double value, bool isBF16, int64_t index, char *to) {
  if (!isBF16) {
    float rounded = static_cast<float>(value);
    std::memcpy(to + index * sizeof(float), &rounded, sizeof(float));
    return;
  }
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  auto bits = static_cast<uint16_t>(rounded.bitcastToAPInt().getZExtValue());
  std::memcpy(to + index * sizeof(bits), &bits, sizeof(bits));
}

void reccc::packParameter(ArrayRef<double> values, RankedTensorType type, Packing packing, char *to) {
  bool isBF16 = type.getElementType().isBF16();
  if (packing == Packing::plain || packing == Packing::padded) {
    for (auto [index, value] : llvm::enumerate(values))
      store(value, isBF16, index, to);
    return;
  }
  bool transposed = packing == Packing::panels_transposed;
  int64_t depth = type.getDimSize(transposed ? 1 : 0), columns = type.getDimSize(transposed ? 0 : 1);
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t column = 0; column < columns; ++column) {
      double value = transposed ? values[column * depth + k] : values[k * columns + column];
      int64_t panel = column / kPanelColumns;
      store(value, isBF16, (panel * depth + k) * kPanelColumns + column % kPanelColumns, to);
    }
}
