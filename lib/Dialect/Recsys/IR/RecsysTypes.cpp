// SPDX-License-Identifier: Apache-2.0
// The jagged type: assembly and checks.
#include "reccc/Dialect/Recsys/IR/RecsysTypes.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

static constexpr int64_t kElementLimit = int64_t(1) << 31;

RowSpace JaggedType::getRowSpace() const { return cast<RowSpace>(getSpace()); }

int64_t JaggedType::getRowElements() const {
  int64_t elements = 1;
  for (int64_t dim : getDims())
    elements *= dim;
  return elements;
}

JaggedType JaggedType::withSpace(Attribute space) const {
  return get(getContext(), space, getDims(), getElementType());
}
JaggedType JaggedType::withDims(ArrayRef<int64_t> dims) const {
  return get(getContext(), getSpace(), dims, getElementType());
}
JaggedType JaggedType::withElementType(Type type) const { return get(getContext(), getSpace(), getDims(), type); }

LogicalResult JaggedType::verify(function_ref<InFlightDiagnostic()> emitError, Attribute space, ArrayRef<int64_t> dims,
                                 Type elementType) {
  if (!isa_and_nonnull<RowSpace>(space)) // jagged_c1
    return emitError() << "expected a row space, got " << space;
  int64_t elements = 1; // jagged_c2
  if (dims.size() > 8)
    return emitError() << "expected at most 8 dimensions, got " << dims.size();
  for (int64_t dim : dims)
    if (dim < 1 || llvm::MulOverflow(elements, dim, elements) || elements >= kElementLimit)
      return emitError() << "expected dimensions of at least 1 and fewer than 2^31 elements in a "
                            "row, got dimension "
                         << dim;
  if (!elementType || !(elementType.isF32() || elementType.isBF16() || elementType.isF64() ||
                        elementType.isSignlessInteger(64))) // jagged_c3
    return emitError() << "expected elements of f32, bf16, f64 or i64, got " << elementType;
  return success();
}

Type JaggedType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute space;
  SmallVector<int64_t> dims;
  Type elementType;
  if (parser.parseLess() || parser.parseAttribute(space) || parser.parseKeyword("x") ||
      parser.parseDimensionList(dims, /*allowDynamic=*/false, /*withTrailingX=*/true) ||
      parser.parseType(elementType) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), space, ArrayRef<int64_t>(dims),
                    elementType);
}

void JaggedType::print(AsmPrinter &printer) const {
  printer << "<" << getSpace() << " x ";
  for (int64_t dim : getDims())
    printer << dim << "x";
  printer << getElementType() << ">";
}

bool recsys::equalUpToStorage(Type a, Type b) {
  if (a == b)
    return true;
  if (isa<FloatType>(a) && isa<FloatType>(b))
    return true;
  if (auto jaggedA = dyn_cast<JaggedType>(a)) {
    auto jaggedB = dyn_cast<JaggedType>(b);
    return jaggedB && jaggedA.getSpace() == jaggedB.getSpace() && jaggedA.getDims() == jaggedB.getDims() &&
           equalUpToStorage(jaggedA.getElementType(), jaggedB.getElementType());
  }
  auto tensorA = dyn_cast<RankedTensorType>(a), tensorB = dyn_cast<RankedTensorType>(b);
  return tensorA && tensorB && tensorA.getShape() == tensorB.getShape() &&
         equalUpToStorage(tensorA.getElementType(), tensorB.getElementType());
}

bool recsys::equalUpToStorage(TypeRange a, TypeRange b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           return equalUpToStorage(std::get<0>(pair), std::get<1>(pair));
         });
}
