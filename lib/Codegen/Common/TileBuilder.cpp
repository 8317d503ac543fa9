// SPDX-License-Identifier: Apache-2.0
// Loops, addresses and memory of generated kernels.
#include "reccc/Codegen/Common/TileBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace reccc;

TileBuilder::TileBuilder(Location loc, OpBuilder builder, const TargetDescription &target)
    : ImplicitLocOpBuilder(loc, builder), target(target), lanes(target.lanes) {}

//===-- Constants and arithmetic -------------------------------------------------------------===//

Value TileBuilder::i64(int64_t value) { return make<arith::ConstantOp>(getI64IntegerAttr(value)); }

Value TileBuilder::i32(int64_t value) { return make<arith::ConstantOp>(getI32IntegerAttr(value)); }

Value TileBuilder::f32(double value) { return make<arith::ConstantOp>(getF32FloatAttr(value)); }

Value TileBuilder::splat(double value) {
  return make<arith::ConstantOp>(DenseElementsAttr::get(f32Vector(), static_cast<float>(value)));
}

Value TileBuilder::splatI32(int64_t value) {
  return make<arith::ConstantOp>(DenseElementsAttr::get(i32Vector(), static_cast<int32_t>(value)));
}

Value TileBuilder::broadcast(Value scalar) {
  return createOrFold<vector::BroadcastOp>(vectorOf(scalar.getType()), scalar);
}

Value TileBuilder::floorDiv(Value a, int64_t b) { return createOrFold<arith::FloorDivSIOp>(a, i64(b)); }

Value TileBuilder::mod(Value a, int64_t b) { return sub(a, mul(floorDiv(a, b), b)); }

//===-- Memory -------------------------------------------------------------------------------===//

Value TileBuilder::at(Value pointer, Value offset, Type element) {
  if (matchPattern(offset, m_Zero()))
    return pointer;
  return make<LLVM::GEPOp>(ptr(), element, pointer, ArrayRef<LLVM::GEPArg>{offset});
}

Value TileBuilder::loadScalar(Value pointer, Type element) {
  if (!element.isBF16())
    return make<LLVM::LoadOp>(element, pointer);
  Value bits = make<LLVM::LoadOp>(getI16Type(), pointer);
  bits = make<arith::ShLIOp>(make<arith::ExtUIOp>(getI32Type(), bits), i32(16));
  return make<arith::BitcastOp>(getF32Type(), bits);
}

Value TileBuilder::laneMask(int64_t valid) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), valid, true);
  return make<arith::ConstantOp>(DenseElementsAttr::get(vectorOf(getI1Type()), ArrayRef<bool>(bits)));
}

Value TileBuilder::laneNumbers() {
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  return make<arith::ConstantOp>(DenseElementsAttr::get(i32Vector(), ArrayRef<int32_t>(numbers)));
}

/// The fp32 that has these upper halves.
static Value widenBf16(TileBuilder &b, Value halves) {
  Value bits = b.make<arith::ShLIOp>(b.make<arith::ExtUIOp>(b.i32Vector(), halves), b.splatI32(16));
  return b.make<arith::BitcastOp>(b.f32Vector(), bits);
}

Value TileBuilder::loadVector(Value pointer, Type element, int64_t valid) {
  VectorType type = vectorOf(element.isBF16() ? Type(getI16Type()) : element);
  unsigned bytes = type.getElementTypeBitWidth() / 8;
  Value value;
  if (valid >= lanes) {
    value = make<LLVM::LoadOp>(type, pointer, bytes);
  } else {
    Value zero = make<arith::ConstantOp>(cast<TypedAttr>(getZeroAttr(type)));
    value = make<LLVM::MaskedLoadOp>(type, pointer, laneMask(valid), zero, bytes);
  }
  return element.isBF16() ? widenBf16(*this, value) : value;
}

/// fp32 to the bits of the nearest bf16, ties to even; a NaN stays one.
static Value roundToBf16(TileBuilder &b, Value value) {
  Value bits = b.make<arith::BitcastOp>(b.i32Vector(), value);
  Value top = b.make<arith::ShRUIOp>(bits, b.splatI32(16));
  Value odd = b.make<arith::AndIOp>(top, b.splatI32(1));
  Value up = b.add(b.add(bits, b.splatI32(0x7fff)), odd);
  Value rounded = b.make<arith::ShRUIOp>(up, b.splatI32(16));
  Value quiet = b.make<arith::OrIOp>(top, b.splatI32(0x40));
  Value isNan = b.cmpf(arith::CmpFPredicate::UNO, value, value);
  return b.make<arith::TruncIOp>(b.vectorOf(b.getI16Type()), b.select(isNan, quiet, rounded));
}

Value TileBuilder::round(Value value, Type element) {
  return element.isBF16() ? widenBf16(*this, roundToBf16(*this, value)) : value;
}

void TileBuilder::storeVector(Value value, Value pointer, Type element, int64_t valid) {
  if (element.isBF16())
    value = roundToBf16(*this, value);
  unsigned bytes = cast<VectorType>(value.getType()).getElementTypeBitWidth() / 8;
  if (valid >= lanes)
    make<LLVM::StoreOp>(value, pointer, bytes);
  else if (valid == 1) // LLVM 22 makes four bytes of a truncated masked store of one 16-bit lane
    make<LLVM::StoreOp>(make<LLVM::ExtractElementOp>(value, i64(0)).getResult(), pointer, bytes);
  else
    make<LLVM::MaskedStoreOp>(value, pointer, laneMask(valid), bytes);
}

//===-- Control ------------------------------------------------------------------------------===//

void TileBuilder::forTiles(Value low, Value high, int64_t step, function_ref<void(Value)> body) {
  forCarry(low, high, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value> TileBuilder::forCarry(Value low, Value high, int64_t step, ValueRange init, CarryBody body) {
  auto loop = make<scf::ForOp>(low, high, i64(step), init);
  OpBuilder::InsertionGuard guard(*this);
  // A loop that carries nothing is born with its terminator.
  if (init.empty())
    loop.getBody()->getTerminator()->erase();
  setInsertionPointToEnd(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  make<scf::YieldOp>(next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

void TileBuilder::ifThen(Value condition, function_ref<void()> then) {
  auto op = make<scf::IfOp>(condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(op.thenYield());
  then();
}

void TileBuilder::ifElse(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto op = make<scf::IfOp>(condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(op.thenYield());
  then();
  setInsertionPoint(op.elseYield());
  otherwise();
}

void TileBuilder::forVectors(int64_t size, function_ref<void(Value, int64_t)> body) {
  constexpr int64_t kUnrolled = 4; // vectors that need no loop
  int64_t full = size / lanes * lanes;
  if (full <= kUnrolled * lanes)
    for (int64_t offset = 0; offset < full; offset += lanes)
      body(i64(offset), lanes);
  else
    forTiles(i64(0), i64(full), lanes, [&](Value offset) { body(offset, lanes); });
  if (full < size)
    body(i64(full), size - full);
}

void TileBuilder::forRows(Value low, Value high, function_ref<void(Value, int64_t)> body) {
  SmallVector<int64_t> heights = {target.fragmentRows};
  llvm::append_range(heights, target.tailRows);
  for (int64_t height : heights) {
    Value end = high;
    if (height != 1)
      end = add(low, mul(floorDiv(sub(high, low), height), height));
    forTiles(low, end, height, [&](Value row) { body(row, height); });
    low = end;
  }
}

void TileBuilder::transpose(Type element, ArrayRef<Value> rowPointers, int64_t columns, Value to, int64_t toStride) {
  int64_t numRows = rowPointers.size();
  assert(numRows % lanes == 0 && "whole vectors of rows");
  // A perfect shuffle of the vectors, log2(lanes) times, exchanges rows and columns of a square block.
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < lanes / 2; ++i) {
    low.append({i, lanes + i});
    high.append({lanes / 2 + i, lanes + lanes / 2 + i});
  }
  for (int64_t first = 0; first < numRows; first += lanes) {
    forVectors(columns, [&](Value offset, int64_t valid) {
      SmallVector<Value> block;
      for (Value row : rowPointers.slice(first, lanes))
        block.push_back(loadVector(at(row, offset, element), element, valid));
      for (int64_t round = 1; round < lanes; round *= 2) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < lanes / 2; ++i) {
          next.push_back(make<vector::ShuffleOp>(block[i], block[i + lanes / 2], low));
          next.push_back(make<vector::ShuffleOp>(block[i], block[i + lanes / 2], high));
        }
        block = std::move(next);
      }
      Value corner = at(to, add(mul(offset, toStride), first), getF32Type());
      for (int64_t i = 0; i < valid; ++i)
        storeVector(block[i], at(corner, i * toStride, getF32Type()), getF32Type());
    });
  }
}
