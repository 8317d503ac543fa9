// SPDX-License-Identifier: Apache-2.0
// Row-wise operators that read other rows of the request, or zero rows.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "reccc/Codegen/Common/RowProgram.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

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
  Instance instance = instanceIn(getFrame(space));
  Value first = frame.offsetOf(space, instance);
  Value end = b.add(first, frame.rowsOf(space, instance));
  int64_t by = op.getBy();
  Value neighbour = b.add(row, -by);
  Value inside =
      by < 0 ? b.cmp(arith::CmpIPredicate::slt, neighbour, end) : b.cmp(arith::CmpIPredicate::sge, neighbour, first);
  readEither(op, inside, op.getInput(), neighbour, op.getFill(), instance.index);
}

void RowProgram::emitPadRows(PadRowsOp op) {
  Attribute from = cast<JaggedType>(op.getInput().getType()).getSpace();
  Instance instance = instanceIn(getFrame(from));
  Value place = b.sub(row, frame.offsetOf(space, instance));
  Value exists = b.cmp(arith::CmpIPredicate::slt, place, frame.rowsOf(from, instance));
  readIf(op, exists, op.getInput(), b.add(frame.offsetOf(from, instance), place));
}

void RowProgram::emitGroupRows(GroupRowsOp op) {
  auto input = cast<JaggedType>(op.getInput().getType());
  Attribute from = input.getSpace(), groups = getFrame(space);
  Instance instance = instanceIn(getFrame(from)); // a nest of one group each is over the frame itself
  Value rows = frame.rowsOf(from, instance);
  Value firstGroup = frame.offsetOf(groups, instance);
  Value place = b.sub(row, b.mul(firstGroup, op.getSize()));
  Remainder remainder = op.getRemainder();
  if (remainder == Remainder::pad_first || remainder == Remainder::drop_first)
    place = b.add(place, b.sub(rows, b.mul(frame.rowsOf(groups, instance), op.getSize())));
  Value exists = b.make<arith::AndIOp>(b.cmp(arith::CmpIPredicate::sge, place, b.i64(0)),
                                       b.cmp(arith::CmpIPredicate::slt, place, rows));
  Value at = b.add(frame.offsetOf(from, instance), place);
  if (!op.getFill())
    return readIf(op, exists, op.getInput(), at);
  int64_t size = input.getRowElements();
  Value pointer = scratchRow(size);
  KernelOperand &fill = frame.operand(op.getFill());
  b.ifElse(
      exists, [&] { copy(operandRow(op.getInput(), at), pointer, b.getF32Type()); },
      [&] { copy(inMemory(fill.data, fill.element, size, /*padded=*/true), pointer, b.getF32Type()); });
  define(op, inMemory(pointer, b.getF32Type(), size, /*padded=*/true));
}

void RowProgram::emitFoldRows(FoldRowsOp op) {
  int64_t size = op.getInput().getType().getRowElements(), all = op.getResult().getType().getRowElements();
  Value folded = scratchRow(all);
  for (int64_t place = 0; place * size < all; ++place) {
    RowValue part = operandRow(op.getInput(), b.add(b.mul(row, all / size), place));
    copy(part, b.at(folded, place * size, b.getF32Type()), b.getF32Type());
  }
  define(op, inMemory(folded, b.getF32Type(), all, /*padded=*/true));
}

void RowProgram::emitGatherRows(GatherRowsOp op) {
  KernelOperand &places = frame.operand(op.getPlaces());
  int64_t count = places.elements;
  Value from = frame.rowPointer(places, b.floorDiv(row, count));
  Value place = b.loadScalar(b.at(from, b.mod(row, count), places.element), places.element);
  auto input = cast<JaggedType>(op.getInput().getType());
  Instance instance = instanceIn(getFrame(input.getSpace()));
  Value exists =
      b.make<arith::AndIOp>(b.cmp(arith::CmpIPredicate::sge, place, b.i64(0)),
                            b.cmp(arith::CmpIPredicate::slt, place, frame.rowsOf(input.getSpace(), instance)));
  readIf(op, exists, op.getInput(), b.add(frame.offsetOf(input.getSpace(), instance), place));
}

void RowProgram::emitPool(PoolOp op) {
  JaggedType type = op.getInput().getType();
  Instance instance = instanceIn(getFrame(type.getSpace()));
  Value first = frame.offsetOf(type.getSpace(), instance);
  Value end = b.add(first, frame.rowsOf(type.getSpace(), instance));
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
  if (isa<ShiftOp, BroadcastRowsOp, SplatRowsOp, PadRowsOp, GroupRowsOp, FoldRowsOp, GatherRowsOp, PoolOp>(op) &&
      failed(checkArgument(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ShiftOp shift) { return emitShift(shift), success(); })
      .Case([&](PadRowsOp pad) { return emitPadRows(pad), success(); })
      .Case([&](PoolOp pool) { return emitPool(pool), success(); })
      .Case([&](GroupRowsOp group) { return emitGroupRows(group), success(); })
      .Case([&](FoldRowsOp fold) { return emitFoldRows(fold), success(); })
      .Case([&](GatherRowsOp gather) { return emitGatherRows(gather), success(); })
      .Case([&](BroadcastRowsOp broadcast) {
        Value input = broadcast.getInput();
        KernelOperand &operand = frame.operand(input);
        Value at = instanceIn(cast<JaggedType>(input.getType()).getSpace()).index;
        if (isFloatRow(input))
          define(broadcast, operandRow(input, at));
        else if (operand.elements == 1)
          scalars[broadcast] = b.loadScalar(frame.rowPointer(operand, at), operand.element);
        else
          integers[broadcast] = frame.rowPointer(operand, at);
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
