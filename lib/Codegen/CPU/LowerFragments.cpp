// SPDX-License-Identifier: Apache-2.0
// The FMA levels (AVX2, AVX-512): a fragment is a block of vector registers. One accumulator for each element and k in
// order, so that no result depends on the shape of the fragment that it was computed in.
#include "reccc/Codegen/CPU/LowerFragments.h"
#include "reccc/Codegen/Common/TileBuilder.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"

using namespace mlir;
using namespace reccc;

/// Steps of k in one iteration of a dot's loop.
static constexpr int64_t kUnroll = 4;

namespace {
/// The registers of every fragment, row by row.
class FragmentLowering {
public:
  explicit FragmentLowering(const TargetDescription &target) : target(target) {}
  LogicalResult lower(Operation *op);

private:
  void lowerZero(TileBuilder &b, rectile::ZeroOp op);
  void lowerLoad(TileBuilder &b, rectile::LoadOp op);
  void lowerStore(TileBuilder &b, rectile::StoreOp op);
  void lowerDot(TileBuilder &b, rectile::DotOp op);

  const TargetDescription &target;
  llvm::DenseMap<Value, SmallVector<Value>> registers;
};
} // namespace

/// Visits the vectors of a fragment: row, first column.
static void forEachVector(TileBuilder &b, rectile::FragmentType type, function_ref<void(int64_t, int64_t)> body) {
  for (int64_t row = 0; row < type.getRows(); ++row)
    for (int64_t column = 0; column < type.getColumns(); column += b.lanes)
      body(row, column);
}

void FragmentLowering::lowerZero(TileBuilder &b, rectile::ZeroOp op) {
  SmallVector<Value> &vectors = registers[op.getResult()];
  Value zero = b.splat(0.0);
  forEachVector(b, op.getType(), [&](int64_t, int64_t) { vectors.push_back(zero); });
}

void FragmentLowering::lowerLoad(TileBuilder &b, rectile::LoadOp op) {
  SmallVector<Value> &vectors = registers[op.getResult()];
  Type f32 = b.getF32Type();
  forEachVector(b, op.getType(), [&](int64_t row, int64_t column) {
    Value address = b.at(op.getSource(), row * op.getStride() + column, f32);
    vectors.push_back(b.loadVector(address, f32));
  });
}

void FragmentLowering::lowerStore(TileBuilder &b, rectile::StoreOp op) {
  Type f32 = b.getF32Type();
  auto *vector = registers[op.getValue()].begin();
  forEachVector(b, op.getValue().getType(), [&](int64_t row, int64_t column) {
    b.storeVector(*vector++, b.at(op.getDestination(), row * op.getStride() + column, f32), f32);
  });
}

void FragmentLowering::lowerDot(TileBuilder &b, rectile::DotOp op) {
  rectile::FragmentType type = op.getType();
  int64_t valid = op.getBColumns().value_or(type.getColumns());
  auto step = [&](Value k, int64_t ahead, ValueRange accumulators) {
    Value aColumn = b.at(b.at(op.getA(), b.mul(k, op.getAK()), op.getAType()), ahead * op.getAK(), op.getAType());
    Value bRow = b.at(b.at(op.getB(), b.mul(k, op.getBK()), op.getBType()), ahead * op.getBK(), op.getBType());
    SmallVector<Value> bVectors, next;
    if (auto distance = op->getAttrOfType<IntegerAttr>(kPrefetchAttr)) {
      constexpr int64_t kLine = 64;
      int64_t bytes = op.getBType().getIntOrFloatBitWidth() / 8;
      for (int64_t column = 0; column < valid; column += kLine / bytes)
        b.make<LLVM::Prefetch>(b.at(bRow, distance.getInt() * int64_t(op.getBK()) + column, op.getBType()),
                               /*rw=*/0u, /*hint=*/3u, /*cache=*/1u);
    }
    for (int64_t column = 0; column < type.getColumns(); column += b.lanes)
      bVectors.push_back(column < valid ? b.loadVector(b.at(bRow, column, op.getBType()), op.getBType(),
                                                       std::min(b.lanes, valid - column))
                                        : b.splat(0.0));
    for (int64_t row = 0; row < type.getRows(); ++row) {
      Value address = b.at(aColumn, row * op.getARow(), op.getAType());
      Value a = b.broadcast(b.loadScalar(address, op.getAType()));
      for (Value bVector : bVectors)
        next.push_back(b.fma(a, bVector, accumulators[next.size()]));
    }
    return next;
  };
  // Several k in a row: addresses and the loop itself cost less. The order of k stays.
  APInt depth;
  bool isKnown = matchPattern(op.getDepth(), m_ConstantInt(&depth));
  Value unrolledEnd =
      isKnown ? b.i64(depth.getSExtValue() / kUnroll * kUnroll) : b.mul(b.floorDiv(op.getDepth(), kUnroll), kUnroll);
  auto loop = [&](Value low, Value high, int64_t count, ValueRange init) {
    return b.forCarry(low, high, count, init, [&](Value k, ValueRange accumulators) {
      SmallVector<Value> sums(accumulators);
      for (int64_t ahead = 0; ahead < count; ++ahead)
        sums = step(k, ahead, sums);
      return sums;
    });
  };
  SmallVector<Value> sums = loop(b.i64(0), unrolledEnd, kUnroll, registers[op.getAccumulator()]);
  if (!isKnown || depth.getSExtValue() % kUnroll != 0)
    sums = loop(unrolledEnd, op.getDepth(), 1, sums);
  registers[op.getResult()] = std::move(sums);
}

LogicalResult FragmentLowering::lower(Operation *op) {
  for (Type type : llvm::concat<Type>(llvm::to_vector_of<Type>(op->getOperandTypes()),
                                      llvm::to_vector_of<Type>(op->getResultTypes())))
    if (auto fragment = dyn_cast<rectile::FragmentType>(type))
      if (fragment.getColumns() % target.lanes != 0)
        return op->emitOpError("expects fragments of whole vectors (a multiple of ")
               << target.lanes << " columns) for " << target.name << ", got " << fragment;
  OpBuilder at(op);
  TileBuilder b(op->getLoc(), at, target);
  if (auto zero = dyn_cast<rectile::ZeroOp>(op))
    lowerZero(b, zero);
  else if (auto load = dyn_cast<rectile::LoadOp>(op))
    lowerLoad(b, load);
  else if (auto store = dyn_cast<rectile::StoreOp>(op))
    lowerStore(b, store);
  else
    lowerDot(b, cast<rectile::DotOp>(op));
  return success();
}

LogicalResult reccc::lowerFragments(func::FuncOp function, const TargetDescription &target) {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (isa<rectile::ZeroOp, rectile::LoadOp, rectile::StoreOp, rectile::DotOp>(op))
      ops.push_back(op);
  });
  FragmentLowering lowering(target);
  for (Operation *op : ops)
    if (failed(lowering.lower(op)))
      return failure();
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  return success();
}
