// SPDX-License-Identifier: Apache-2.0
// Reads recrt_kernel_args in the prologue of a kernel.
#include "reccc/Codegen/Common/KernelFrame.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "recrt/module.h"
#include <cstddef>

using namespace mlir;
using namespace reccc;

FunctionType KernelFrame::getKernelType(MLIRContext *context) {
  Type ptr = LLVM::LLVMPointerType::get(context), i64 = IntegerType::get(context, 64);
  return FunctionType::get(context, {ptr, i64, i64, ptr}, {});
}

FunctionType KernelFrame::getAreaType(MLIRContext *context) {
  Type ptr = LLVM::LLVMPointerType::get(context), i64 = IntegerType::get(context, 64);
  return FunctionType::get(context, {ptr, ptr}, {i64});
}

static OpBuilder beginBody(func::FuncOp function) { return OpBuilder::atBlockBegin(function.addEntryBlock()); }

KernelFrame::KernelFrame(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces,
                         const TargetDescription &target)
    : b(kernel.getLoc(), beginBody(function), target), kernel(kernel), entry(&function.getBody().front()),
      spaces(spaces), hasScratch(function.getNumArguments() == 4) {
  b.setInsertionPointToEnd(entry);
  // Anchors the prologue; dead.
  entryEnd = b.i64(0).getDefiningOp();
  auto describe = [&](Type type, Attribute layout) {
    KernelOperand operand;
    if (auto jagged = dyn_cast<recsys::JaggedType>(type)) {
      operand.element = jagged.getElementType();
      operand.elements = jagged.getRowElements();
      operand.layout = layout ? cast<rectile::LayoutAttr>(layout)
                              : rectile::LayoutAttr::get(b.getContext(), operand.elements,
                                                         /*mapped=*/false, /*step=*/1,
                                                         /*padded=*/false);
    } else {
      auto tensor = cast<RankedTensorType>(type);
      operand.element = tensor.getElementType();
      operand.elements = tensor.getNumElements();
    }
    operands.push_back(operand);
  };
  auto layoutAt = [](std::optional<ArrayAttr> layouts, unsigned index) {
    return layouts ? (*layouts)[index] : Attribute();
  };
  for (auto [index, type] : llvm::enumerate(kernel.getInputs().getTypes()))
    describe(type, layoutAt(kernel.getOperandLayouts(), index));
  for (auto [index, type] : llvm::enumerate(kernel.getResultTypes()))
    describe(type, layoutAt(kernel.getResultLayouts(), index));
  Value array = argsField(offsetof(recrt_kernel_args, operands), b.ptr());
  for (auto [index, operand] : llvm::enumerate(operands)) {
    operand.data = inEntry([&] {
      int64_t offset = index * sizeof(recrt_operand) + offsetof(recrt_operand, data);
      return b.loadScalar(b.at(array, offset, b.getI8Type()), b.ptr());
    });
    if (operand.layout && operand.layout.getMapped())
      operand.rows = inEntry([&] {
        int64_t offset = index * sizeof(recrt_operand) + offsetof(recrt_operand, rows);
        return b.loadScalar(b.at(array, offset, b.getI8Type()), b.ptr());
      });
  }
}

Value KernelFrame::inEntry(function_ref<Value()> build) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entryEnd);
  return build();
}

Value KernelFrame::argsField(uint64_t offset, Type type) {
  return inEntry([&] { return b.loadScalar(b.at(entry->getArgument(0), offset, b.getI8Type()), type); });
}

Value KernelFrame::items() { return argsField(offsetof(recrt_kernel_args, items), b.ptr()); }

Value KernelFrame::numSplits() { return argsField(offsetof(recrt_kernel_args, num_splits), b.getI64Type()); }

Value KernelFrame::spaceField(Attribute space, uint64_t offset, Type type) {
  Value &field = spaceFields[{space, offset}];
  if (!field) {
    int64_t place = spaces.index(space) * sizeof(recrt_space_view) + offset;
    Value array = argsField(offsetof(recrt_kernel_args, spaces), b.ptr());
    field = inEntry([&] { return b.loadScalar(b.at(array, place, b.getI8Type()), type); });
  }
  return field;
}

KernelOperand &KernelFrame::operand(Value argument) { return operands[cast<BlockArgument>(argument).getArgNumber()]; }

Value KernelFrame::rowPointer(KernelOperand &operand, Value row) {
  if (operand.rows)
    row = b.loadScalar(b.at(operand.rows, row, b.getI64Type()), b.getI64Type());
  return b.at(operand.data, b.mul(row, operand.layout.getStride()), operand.element);
}

Value KernelFrame::offsetOf(Attribute space, Value request) {
  if (std::optional<int64_t> rows = cast<recsys::RowSpace>(space).getConstantRows())
    return b.mul(request, *rows);
  Value offsets = spaceField(space, offsetof(recrt_space_view, offsets), b.ptr());
  return b.loadScalar(b.at(offsets, request, b.getI64Type()), b.getI64Type());
}

Value KernelFrame::requestOfRow(Attribute space, Value row) {
  if (std::optional<int64_t> rows = cast<recsys::RowSpace>(space).getConstantRows(); rows && *rows > 0)
    return b.floorDiv(row, *rows);
  Value requests = spaceField(space, offsetof(recrt_space_view, request_of_row), b.ptr());
  Value request = b.loadScalar(b.at(requests, row, b.getI32Type()), b.getI32Type());
  return b.make<arith::ExtSIOp>(b.getI64Type(), request);
}

Value KernelFrame::totalRows(Attribute space) {
  return spaceField(space, offsetof(recrt_space_view, total), b.getI64Type());
}

Value KernelFrame::bagOffset(Attribute bags, Value row) {
  Value offsets = spaceField(bags, offsetof(recrt_space_view, bags), b.ptr());
  return b.loadScalar(b.at(offsets, row, b.getI64Type()), b.getI64Type());
}

Value KernelFrame::rowsOf(Attribute space, Value request) {
  if (std::optional<int64_t> rows = cast<recsys::RowSpace>(space).getConstantRows())
    return b.i64(*rows);
  return b.sub(offsetOf(space, b.add(request, 1)), offsetOf(space, request));
}

Instance KernelFrame::instance(Attribute frame, Value index) {
  return {frame, index, isa<recsys::RequestAttr>(frame) ? index : requestOfRow(frame, index)};
}

Instance KernelFrame::instanceOfRow(Attribute frame, Attribute space, Value row) {
  if (space == frame)
    return instance(frame, row);
  Attribute own = recsys::getFrame(space);
  if (isa<recsys::RequestAttr>(own)) {
    Value request = requestOfRow(space, row);
    return {own, request, request};
  }
  Attribute within = recsys::getSpaceWithin(own, space);
  Instance found;
  if (std::optional<int64_t> rows = cast<recsys::RowSpace>(within).getConstantRows(); rows && *rows > 0) {
    found = instance(own, b.floorDiv(row, *rows));
  } else {
    Value request = requestOfRow(space, row);
    Value number = b.make<arith::DivSIOp>(b.sub(row, offsetOf(space, request)), rowsOf(within, request));
    found = {own, b.add(offsetOf(own, request), number), request};
  }
  return own == frame ? found : instanceOfRow(frame, own, found.index);
}

Value KernelFrame::rowsOf(Attribute space, const Instance &instance) {
  Attribute within = recsys::getSpaceWithin(instance.frame, space);
  return rowsOf(within ? within : space, instance.request);
}

Value KernelFrame::offsetOf(Attribute space, const Instance &instance) {
  Attribute within = recsys::getSpaceWithin(instance.frame, space);
  if (!within || isa<recsys::RequestAttr>(instance.frame))
    return offsetOf(space, instance.request);
  if (std::optional<int64_t> rows = cast<recsys::RowSpace>(within).getConstantRows())
    return b.mul(instance.index, *rows);
  Value number = b.sub(instance.index, offsetOf(instance.frame, instance.request));
  return b.add(offsetOf(space, instance.request), b.mul(number, rowsOf(within, instance.request)));
}

/// An affine expression over the row (d0) and lengths (s0, …).
static Value buildAffine(TileBuilder &b, AffineExpr expr, Value row, ArrayRef<Value> lengths) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return b.i64(constant.getValue());
  if (isa<AffineDimExpr>(expr))
    return row;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return lengths[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = buildAffine(b, binary.getLHS(), row, lengths);
  if (binary.getKind() == AffineExprKind::Add)
    return b.add(lhs, buildAffine(b, binary.getRHS(), row, lengths));
  Value rhs = buildAffine(b, binary.getRHS(), row, lengths);
  switch (binary.getKind()) {
  case AffineExprKind::Mul:
    return b.mul(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return b.createOrFold<arith::FloorDivSIOp>(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return b.createOrFold<arith::CeilDivSIOp>(lhs, rhs);
  default:
    return b.sub(lhs, b.mul(b.createOrFold<arith::FloorDivSIOp>(lhs, rhs), rhs));
  }
}

SmallVector<Value> KernelFrame::affineResults(AffineMap map, ArrayRef<Attribute> lengthSpaces, Value row,
                                              Value request) {
  SmallVector<Value> lengths;
  for (Attribute space : lengthSpaces)
    lengths.push_back(rowsOf(space, request));
  return llvm::map_to_vector(map.getResults(), [&](AffineExpr expr) { return buildAffine(b, expr, row, lengths); });
}

Value KernelFrame::scratch(int64_t bytes) {
  assert(hasScratch && "area functions have no scratch");
  int64_t offset = scratchUsed;
  scratchUsed += llvm::alignTo(bytes, 64);
  return inEntry([&] { return b.at(entry->getArgument(3), offset, b.getI8Type()); });
}

void KernelFrame::finish(ValueRange results) {
  b.setInsertionPointToEnd(entry);
  b.make<func::ReturnOp>(results);
}
