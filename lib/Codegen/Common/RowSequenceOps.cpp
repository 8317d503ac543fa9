// SPDX-License-Identifier: Apache-2.0
// Row-wise operators that read other rows of the request, or zero rows.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "reccc/Codegen/Common/RowProgram.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

/// A value that one of two branches computes.
static Value choose(TileBuilder &b, Type type, Value condition, function_ref<Value()> then,
                    function_ref<Value()> otherwise) {
  auto op = b.make<scf::IfOp>(TypeRange(type), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(op.thenBlock());
  b.make<scf::YieldOp>(then());
  b.setInsertionPointToEnd(op.elseBlock());
  b.make<scf::YieldOp>(otherwise());
  return op.getResult(0);
}

void RowProgram::readIf(Value result, Value condition, Value argument, Value at) {
  if (!isFloatRow(argument)) {
    Type i64 = b.getI64Type();
    int64_t count = cast<JaggedType>(argument.getType()).getRowElements();
    auto place = [&] { return frame.rowPointer(frame.operand(argument), at); };
    if (count == 1) {
      scalars[result] = choose(b, i64, condition, [&] { return b.loadScalar(place(), i64); }, [&] { return b.i64(0); });
      return;
    }
    Value zeros = frame.scratch(count * sizeof(int64_t));
    b.forTiles(b.i64(0), b.i64(count), 1, [&](Value k) { b.storeScalar(b.i64(0), b.at(zeros, k, i64)); });
    integers[result] = choose(b, b.ptr(), condition, place, [&] { return zeros; });
    return;
  }
  int64_t size = cast<JaggedType>(argument.getType()).getRowElements();
  Value pointer = scratchRow(size);
  b.ifElse(
      condition, [&] { copy(operandRow(argument, at), pointer, b.getF32Type()); },
      [&] {
        b.forVectors(size, [&](Value offset, int64_t) {
          b.storeVector(b.splat(0.0), b.at(pointer, offset, b.getF32Type()), b.getF32Type());
        });
      });
  define(result, inMemory(pointer, b.getF32Type(), size, /*padded=*/true));
}

void RowProgram::readEither(Value result, Value condition, Value argument, Value at, Value otherArgument,
                            Value otherRow) {
  if (!isFloatRow(argument)) {
    Type i64 = b.getI64Type();
    auto place = [&](Value from, Value fromRow) { return frame.rowPointer(frame.operand(from), fromRow); };
    if (cast<JaggedType>(argument.getType()).getRowElements() == 1)
      scalars[result] = choose(
          b, i64, condition, [&] { return b.loadScalar(place(argument, at), i64); },
          [&] { return b.loadScalar(place(otherArgument, otherRow), i64); });
    else
      integers[result] = choose(
          b, b.ptr(), condition, [&] { return place(argument, at); }, [&] { return place(otherArgument, otherRow); });
    return;
  }
  int64_t size = cast<JaggedType>(argument.getType()).getRowElements();
  Value pointer = scratchRow(size);
  b.ifElse(
      condition, [&] { copy(operandRow(argument, at), pointer, b.getF32Type()); },
      [&] { copy(operandRow(otherArgument, otherRow), pointer, b.getF32Type()); });
  define(result, inMemory(pointer, b.getF32Type(), size, /*padded=*/true));
}

void RowProgram::emitShift(ShiftOp op) {
  Value first = frame.offsetOf(space, request());
  Value end = frame.offsetOf(space, b.add(request(), 1));
  int64_t by = op.getBy();
  Value neighbour = b.add(row, -by);
  Value inside =
      by < 0 ? b.cmp(arith::CmpIPredicate::slt, neighbour, end) : b.cmp(arith::CmpIPredicate::sge, neighbour, first);
  readEither(op, inside, op.getInput(), neighbour, op.getFill(), request());
}

void RowProgram::emitPadRows(PadRowsOp op) {
  Attribute from = cast<JaggedType>(op.getInput().getType()).getSpace();
  Value place = b.sub(row, frame.offsetOf(space, request()));
  Value exists = b.cmp(arith::CmpIPredicate::slt, place, frame.rowsOf(from, request()));
  readIf(op, exists, op.getInput(), b.add(frame.offsetOf(from, request()), place));
}

void RowProgram::emitPool(PoolOp op) {
  JaggedType type = op.getInput().getType();
  Value first = frame.offsetOf(type.getSpace(), request());
  Value end = frame.offsetOf(type.getSpace(), b.add(request(), 1));
  if (op.getKind() == PoolKind::first || op.getKind() == PoolKind::last) {
    Value exists = b.cmp(arith::CmpIPredicate::slt, first, end);
    Value place = op.getKind() == PoolKind::first ? first : b.add(end, -1);
    return readIf(op, exists, op.getInput(), place);
  }
  int64_t size = type.getRowElements();
  Value pooled = scratchRow(size);
  beginPool(op.getKind(), pooled, size);
  b.forTiles(first, end, 1, [&](Value at) { addToPool(op.getKind(), pooled, operandRow(op.getInput(), at)); });
  defineFloats(op, endPool(op.getKind(), pooled, size, b.sub(end, first)));
}

/// Operators that read rows at other places read them from memory.
static LogicalResult checkArgument(Operation *op) {
  for (Value operand : op->getOperands())
    if (!isa<BlockArgument>(operand))
      return op->emitOpError("in a kernel expects operands that are operands of the kernel");
  return success();
}

LogicalResult RowProgram::emitSequence(Operation *op) {
  if (isa<ShiftOp, BroadcastRowsOp, SplatRowsOp, PadRowsOp, PoolOp>(op) && failed(checkArgument(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ShiftOp shift) { return emitShift(shift), success(); })
      .Case([&](PadRowsOp pad) { return emitPadRows(pad), success(); })
      .Case([&](PoolOp pool) { return emitPool(pool), success(); })
      .Case([&](BroadcastRowsOp broadcast) {
        Value input = broadcast.getInput();
        KernelOperand &operand = frame.operand(input);
        if (isFloatRow(input))
          define(broadcast, operandRow(input, request()));
        else if (operand.elements == 1)
          scalars[broadcast] = b.loadScalar(frame.rowPointer(operand, request()), operand.element);
        else
          integers[broadcast] = frame.rowPointer(operand, request());
        return success();
      })
      .Case([&](SplatRowsOp splat) {
        KernelOperand &operand = frame.operand(splat.getInput());
        define(splat, inMemory(operand.data, operand.element, operand.elements, true));
        return success();
      })
      .Case([&](MaskRowsOp mask) {
        Value keep = b.cmp(arith::CmpIPredicate::ne, getScalar(mask.getIds()), b.i64(mask.getValue()));
        selectOrZero(mask, keep, get(mask.getInput()));
        return success();
      })
      .Case([&](MaskShortOp mask) {
        Value rows = b.i64(0);
        for (Attribute part : mask.getSpaces())
          rows = b.add(rows, frame.rowsOf(part, request()));
        Value keep = b.cmp(arith::CmpIPredicate::sge, rows, b.i64(mask.getMinRows()));
        selectOrZero(mask, keep, get(mask.getInput()));
        return success();
      })
      .Default([](Operation *) { return failure(); });
}
