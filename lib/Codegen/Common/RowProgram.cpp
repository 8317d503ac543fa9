// SPDX-License-Identifier: Apache-2.0
// Values of a row and the elementwise operators.
#include "reccc/Codegen/Common/RowProgram.h"
#include "reccc/Codegen/Common/VectorMath.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace reccc;

bool reccc::isFloatRow(Value value) {
  auto jagged = dyn_cast<recsys::JaggedType>(value.getType());
  return jagged && jagged.isFloat();
}

/// The frames that an op counts rows in.
static SmallVector<Attribute> framesOf(Operation *op, Attribute space) {
  if (isa<recsys::ShiftOp, recsys::RowIndexOp>(op))
    return {recsys::getFrame(space)};
  if (isa<recsys::PadRowsOp, recsys::PoolOp>(op))
    return {recsys::getFrame(cast<recsys::JaggedType>(op->getOperand(0).getType()).getSpace())};
  if (isa<recsys::BroadcastRowsOp>(op))
    return {cast<recsys::JaggedType>(op->getOperand(0).getType()).getSpace()};
  if (isa<recsys::GroupRowsOp>(op))
    return {recsys::getFrame(space), recsys::getFrame(recsys::getFrame(space))};
  return {};
}

void RowProgram::beginRow(Value newRow, ArrayRef<Operation *> ops, ArrayRef<std::pair<Attribute, Value>> outerRows) {
  row = newRow;
  cachedRequest = nullptr;
  instances.clear();
  floats.clear();
  scalars.clear();
  integers.clear();
  // What is used inside of loops must be found before them.
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (isa<BlockArgument>(operand))
        if (auto jagged = dyn_cast<recsys::JaggedType>(operand.getType()); jagged && jagged.getSpace() == space)
          jagged.isFloat()               ? void(get(operand))
          : jagged.getRowElements() == 1 ? void(getScalar(operand))
                                         : void(getIntegers(operand));
  request();
  for (auto [of, index] : outerRows)
    instances[of] = {of, index, request()};
  for (Operation *op : ops)
    for (Attribute of : framesOf(op, space))
      instanceIn(of);
}

const Instance &RowProgram::instanceIn(Attribute of) {
  auto it = instances.find(of);
  if (it == instances.end()) {
    Instance found =
        isa<recsys::RequestAttr>(of) ? Instance{of, request(), request()} : frame.instanceOfRow(of, space, row);
    it = instances.try_emplace(of, found).first;
  }
  return it->second;
}

Value RowProgram::request() {
  if (!cachedRequest)
    cachedRequest = isa<recsys::RequestAttr>(space) ? row : frame.requestOfRow(space, row);
  return cachedRequest;
}

RowValue RowProgram::inMemory(Value pointer, Type element, int64_t size, bool padded) {
  RowValue result;
  result.size = size;
  result.memory = pointer;
  result.element = element;
  result.vector = [this, pointer, element, padded](Value offset, int64_t valid) {
    return b.loadVector(b.at(pointer, offset, element), element, padded ? b.lanes : valid);
  };
  return result;
}

RowValue RowProgram::operandRow(Value argument, Value at) {
  KernelOperand &operand = frame.operand(argument);
  return inMemory(frame.rowPointer(operand, at), operand.element, operand.elements, operand.layout.getPadded());
}

RowValue RowProgram::get(Value value) {
  auto it = floats.find(value);
  if (it != floats.end())
    return it->second;
  RowValue found = operandRow(value, row);
  floats[value] = found;
  return found;
}

Value RowProgram::getScalar(Value value) {
  Value &scalar = scalars[value];
  if (!scalar) {
    KernelOperand &operand = frame.operand(value);
    scalar = b.loadScalar(frame.rowPointer(operand, row), operand.element);
  }
  return scalar;
}

Value RowProgram::getIntegers(Value value) {
  Value &pointer = integers[value];
  if (pointer)
    return pointer;
  // A record of one number that was computed here is in a register.
  if (Value scalar = scalars.lookup(value); scalar && !isa<BlockArgument>(value)) {
    pointer = frame.scratch(sizeof(int64_t));
    b.storeScalar(scalar, pointer);
  } else {
    pointer = frame.rowPointer(frame.operand(value), row);
  }
  return pointer;
}

/// Elements of a row of integers.
static int64_t sizeOf(Value value) { return cast<recsys::JaggedType>(value.getType()).getRowElements(); }

void RowProgram::integerwise(Value result, ArrayRef<Value> operands, function_ref<Value(ArrayRef<Value>)> compute) {
  int64_t size = sizeOf(result);
  SmallVector<Value> values;
  if (size == 1) {
    for (Value operand : operands)
      values.push_back(getScalar(operand));
    scalars[result] = compute(values);
    return;
  }
  Type i64 = b.getI64Type();
  SmallVector<Value> pointers;
  for (Value operand : operands)
    pointers.push_back(getIntegers(operand));
  Value joined = frame.scratch(size * sizeof(int64_t));
  b.forTiles(b.i64(0), b.i64(size), 1, [&](Value k) {
    values.clear();
    for (Value pointer : pointers)
      values.push_back(b.loadScalar(b.at(pointer, k, i64), i64));
    b.storeScalar(compute(values), b.at(joined, k, i64));
  });
  integers[result] = joined;
}

Value RowProgram::scratchRow(int64_t size) { return frame.scratch((llvm::alignTo(size, 16) + 16) * sizeof(float)); }

void RowProgram::copy(const RowValue &value, Value pointer, Type element) {
  b.forVectors(value.size, [&](Value offset, int64_t valid) {
    b.storeVector(value.vector(offset, valid), b.at(pointer, offset, element), element, valid);
  });
}

RowValue RowProgram::materialize(const RowValue &value) {
  Value pointer = scratchRow(value.size);
  copy(value, pointer, b.getF32Type());
  return inMemory(pointer, b.getF32Type(), value.size, /*padded=*/true);
}

void RowProgram::store(Value value, Value pointer, Type element) {
  if (isFloatRow(value))
    return copy(get(value), pointer, element);
  if (sizeOf(value) == 1)
    return b.storeScalar(getScalar(value), pointer);
  Value from = getIntegers(value);
  b.forTiles(b.i64(0), b.i64(sizeOf(value)), 1,
             [&](Value k) { b.storeScalar(b.loadScalar(b.at(from, k, element), element), b.at(pointer, k, element)); });
}

void RowProgram::defineFloats(Value result, RowValue value) {
  bool severalUses = !result.use_empty() && !result.hasOneUse();
  if (mayMaterialize && severalUses && !value.memory)
    value = materialize(value);
  define(result, std::move(value));
}

void RowProgram::elementwise(Value result, ArrayRef<Value> operands, std::function<Value(ArrayRef<Value>)> compute) {
  // Asked twice for the same vector of the same loop body, it answers the same value.
  struct Memo {
    Block *block = nullptr;
    Value offset, vector;
    int64_t valid = 0;
  };
  auto memo = std::make_shared<Memo>();
  SmallVector<RowValue> inputs;
  for (Value operand : operands)
    inputs.push_back(get(operand));
  RowValue value;
  value.size = inputs.front().size;
  value.vector = [this, memo, inputs, compute](Value offset, int64_t valid) {
    if (memo->block != b.getBlock() || memo->offset != offset || memo->valid != valid) {
      SmallVector<Value> vectors;
      for (const RowValue &input : inputs)
        vectors.push_back(input.vector(offset, valid));
      *memo = {b.getBlock(), offset, compute(vectors), valid};
    }
    return memo->vector;
  };
  defineFloats(result, std::move(value));
}

LogicalResult RowProgram::emitElementwise(Operation *op) {
  using namespace recsys;
  auto unary = [&](Value (*build)(TileBuilder &, Value)) {
    elementwise(op->getResult(0), op->getOperands().front(),
                [this, build](ArrayRef<Value> x) { return build(b, x[0]); });
    return success();
  };
  auto binary = [&](auto floatOp, auto integerOp) {
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    if (isFloatRow(lhs))
      elementwise(op->getResult(0), {lhs, rhs}, [floatOp](ArrayRef<Value> x) { return floatOp(x[0], x[1]); });
    else
      integerwise(op->getResult(0), {lhs, rhs}, [integerOp](ArrayRef<Value> x) { return integerOp(x[0], x[1]); });
    return success();
  };
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](AddOp) {
        return binary([this](Value x, Value y) { return b.addf(x, y); },
                      [this](Value x, Value y) { return b.add(x, y); });
      })
      .Case([&](SubOp) {
        return binary([this](Value x, Value y) { return b.subf(x, y); },
                      [this](Value x, Value y) { return b.sub(x, y); });
      })
      .Case([&](MulOp) {
        return binary([this](Value x, Value y) { return b.mulf(x, y); },
                      [this](Value x, Value y) { return b.mul(x, y); });
      })
      .Case([&](DivOp div) {
        bool zero = div.getByZero() == ByZero::zero;
        elementwise(div, {div.getLhs(), div.getRhs()}, [this, zero](ArrayRef<Value> x) {
          Value quotient = b.divf(x[0], x[1]);
          if (!zero)
            return quotient;
          return b.select(b.cmpf(arith::CmpFPredicate::OEQ, x[1], b.splat(0.0)), b.splat(0.0), quotient);
        });
        return success();
      })
      .Case([&](ScaleOp scale) {
        double factor = scale.getFactor().convertToDouble(), plus = scale.getPlus().convertToDouble();
        elementwise(scale, scale.getInput(), [this, factor, plus](ArrayRef<Value> x) {
          return b.mulf(plus == 0 ? x[0] : b.addf(x[0], b.splat(plus)), b.splat(factor));
        });
        return success();
      })
      .Case([&](LeakyReluOp relu) {
        double slope = relu.getSlope().convertToDouble();
        elementwise(relu, relu.getInput(), [this, slope](ArrayRef<Value> x) {
          Value positive = b.cmpf(arith::CmpFPredicate::OGT, x[0], b.splat(0.0));
          return b.select(positive, x[0], b.mulf(x[0], b.splat(slope)));
        });
        return success();
      })
      .Case([&](ClampOp clamp) {
        double low = clamp.getLow().convertToDouble(), high = clamp.getHigh().convertToDouble();
        elementwise(clamp, clamp.getInput(), [this, low, high](ArrayRef<Value> x) {
          // A NaN compares false and stays.
          Value above = b.select(b.cmpf(arith::CmpFPredicate::OGT, x[0], b.splat(high)), b.splat(high), x[0]);
          return b.select(b.cmpf(arith::CmpFPredicate::OLT, x[0], b.splat(low)), b.splat(low), above);
        });
        return success();
      })
      .Case([&](ExpOp) { return unary(buildExp); })
      .Case([&](LogOp) { return unary(buildLog); })
      .Case([&](SiluOp) { return unary(buildSilu); })
      .Case([&](SigmoidOp) { return unary(buildSigmoid); })
      .Case([&](GeluOp gelu) { return unary(gelu.getTanh() ? buildGeluTanh : buildGelu); })
      .Case([&](ReluOp) { return unary(buildRelu); })
      .Case([&](TanhOp) { return unary(buildTanh); })
      .Default([](Operation *) { return failure(); });
}

LogicalResult RowProgram::emit(Operation *op) {
  if (succeeded(emitElementwise(op)) || succeeded(emitEmbedding(op)) || succeeded(emitSequence(op)) ||
      succeeded(emitDense(op)) || succeeded(emitFeatures(op)) || succeeded(emitRetrieval(op)))
    return success();
  return op->emitOpError("cannot stand in a kernel as a row-wise operator");
}

LogicalResult RowProgram::emit(ArrayRef<Operation *> ops) {
  for (Operation *op : ops)
    if (failed(emit(op)))
      return failure();
  return success();
}
