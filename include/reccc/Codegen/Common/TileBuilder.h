// SPDX-License-Identifier: Apache-2.0
// Builds the body of a kernel: loops, addresses, vectors of fp32 in registers whatever the storage type, and fragments.
// Values are folded where they can be, so a generator needs no special cases for constants.
#ifndef RECCC_CODEGEN_COMMON_TILEBUILDER_H
#define RECCC_CODEGEN_COMMON_TILEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "reccc/Codegen/CPU/TargetDescription.h"

namespace reccc {

class TileBuilder : public ImplicitLocOpBuilder {
public:
  TileBuilder(Location loc, OpBuilder builder, const TargetDescription &target);

  const TargetDescription &target;
  const int64_t lanes;

  template <typename OpT, typename... Args> auto make(Args &&...args) {
    return OpT::create(*this, std::forward<Args>(args)...);
  }

  // Types.
  Type ptr() { return LLVM::LLVMPointerType::get(getContext()); }
  VectorType vectorOf(Type element) { return VectorType::get({lanes}, element); }
  VectorType f32Vector() { return vectorOf(getF32Type()); }
  VectorType i32Vector() { return vectorOf(getI32Type()); }

  // Constants. A splat is a vector of `lanes` equal values.
  Value i64(int64_t value);
  Value i32(int64_t value);
  Value f32(double value);
  Value splat(double value);
  Value splatI32(int64_t value);
  Value broadcast(Value scalar);

  // Integer arithmetic, i64 unless both operands are of another type.
  Value add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
  Value add(Value a, int64_t b) { return add(a, i64(b)); }
  Value sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
  Value mul(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }
  Value mul(Value a, int64_t b) { return mul(a, i64(b)); }
  Value floorDiv(Value a, int64_t b);
  Value mod(Value a, int64_t b);
  Value min(Value a, Value b) { return createOrFold<arith::MinSIOp>(a, b); }
  Value max(Value a, Value b) { return createOrFold<arith::MaxSIOp>(a, b); }
  Value cmp(arith::CmpIPredicate predicate, Value a, Value b) { return createOrFold<arith::CmpIOp>(predicate, a, b); }
  Value cmpf(arith::CmpFPredicate predicate, Value a, Value b) { return createOrFold<arith::CmpFOp>(predicate, a, b); }
  Value select(Value condition, Value a, Value b) { return createOrFold<arith::SelectOp>(condition, a, b); }

  // fp32 arithmetic: no reassociation, no contraction beyond what is written.
  Value addf(Value a, Value b) { return createOrFold<arith::AddFOp>(a, b); }
  Value subf(Value a, Value b) { return createOrFold<arith::SubFOp>(a, b); }
  Value mulf(Value a, Value b) { return createOrFold<arith::MulFOp>(a, b); }
  Value divf(Value a, Value b) { return createOrFold<arith::DivFOp>(a, b); }
  Value fma(Value a, Value b, Value c) { return make<LLVM::FMAOp>(a.getType(), a, b, c); }

  // Addresses. `offset` counts elements of `element`.
  Value at(Value pointer, Value offset, Type element);
  Value at(Value pointer, int64_t offset, Type element) { return at(pointer, i64(offset), element); }

  // Memory.
  /// bf16 becomes fp32, other elements stay.
  Value loadScalar(Value pointer, Type element);
  void storeScalar(Value value, Value pointer) { make<LLVM::StoreOp>(value, pointer); }
  /// fp32 vector from `element` storage. With `valid` < lanes only the first `valid` elements are read, the rest is 0.
  Value loadVector(Value pointer, Type element, int64_t valid);
  Value loadVector(Value pointer, Type element) { return loadVector(pointer, element, lanes); }
  /// Rounds to `element`; writes the first `valid` elements.
  void storeVector(Value value, Value pointer, Type element, int64_t valid);
  void storeVector(Value value, Value pointer, Type element) { storeVector(value, pointer, element, lanes); }
  /// An fp32 vector as `element` storage would give it back.
  Value round(Value value, Type element);
  /// A constant mask of the first `valid` lanes.
  Value laneMask(int64_t valid);
  /// [0, 1, …, lanes - 1] as i32.
  Value laneNumbers();

  // Control.
  /// for (i = low; i < high; i += step)
  void forTiles(Value low, Value high, int64_t step, function_ref<void(Value)> body);
  using CarryBody = function_ref<SmallVector<Value>(Value, ValueRange)>;
  SmallVector<Value> forCarry(Value low, Value high, int64_t step, ValueRange init, CarryBody body);
  void ifThen(Value condition, function_ref<void()> then);
  void ifElse(Value condition, function_ref<void()> then, function_ref<void()> otherwise);
  /// Visits the vectors of a row of `size` elements: a loop over the full ones, then the rest with fewer valid lanes.
  void forVectors(int64_t size, function_ref<void(Value offset, int64_t valid)> body);
  /// Covers [low, high) with fragments of falling height: body(first row, height).
  void forRows(Value low, Value high, function_ref<void(Value, int64_t)> body);

  /// Column c of the rows becomes row c at `to + c * toStride` in fp32. As many rows as make whole vectors.
  void transpose(Type element, ArrayRef<Value> rowPointers, int64_t columns, Value to, int64_t toStride);
};

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_TILEBUILDER_H
