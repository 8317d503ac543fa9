// SPDX-License-Identifier: Apache-2.0
// Storage types of values and parameters.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Transforms/Passes.h"

#include "llvm/ADT/EquivalenceClasses.h"

namespace reccc {
#define GEN_PASS_DEF_ASSIGNPRECISIONPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static bool isF32(Value value) {
  auto type = dyn_cast<JaggedType>(value.getType());
  return type && type.getElementType().isF32();
}

/// Numbers of the state values that keep f32: one that does in one entry point does in all.
using WideStates = llvm::DenseSet<int64_t>;

/// The jagged values of `model` that keep f32: inputs, outputs, what top-k compares and gives, partial sums, states of
/// sums, and whatever shares their memory through views. State values are no part of the signature.
static DenseSet<Value> findKept(ModelOp model, const WideStates &wide) {
  llvm::EquivalenceClasses<Value> memory;
  auto isKept = [&](std::optional<int64_t> state) { return !state || wide.contains(*state); };
  SmallVector<Value> kept;
  for (BlockArgument argument : model.getArguments())
    if (isKept(model.getInputState(argument.getArgNumber())))
      kept.push_back(argument);
  model.walk([&](Operation *op) {
    if (isa<View>(op))
      for (Value operand : op->getOperands())
        memory.unionSets(operand, op->getResult(0));
    if (op->hasAttr(kPartialSumAttr))
      llvm::append_range(kept, op->getResults());
    if (isa<OutputOp>(op))
      for (OpOperand &operand : op->getOpOperands())
        if (isKept(model.getOutputState(operand.getOperandNumber())))
          kept.push_back(operand.get());
    if (auto attention = dyn_cast<AttentionOp>(op); attention && attention.getState())
      kept.push_back(attention.getState()); // numbers in an exponent
    if (isa<TopKOp>(op)) {
      llvm::append_range(kept, op->getOperands());
      llvm::append_range(kept, op->getResults());
    }
  });
  DenseSet<Value> all;
  for (Value value : kept) {
    all.insert(value);
    if (memory.contains(value))
      for (Value other : memory.members(value))
        all.insert(other);
  }
  return all;
}

/// Grows until the entry points agree.
static WideStates findWideStates(ModuleOp module) {
  WideStates wide;
  for (bool grew = true; grew;) {
    grew = false;
    for (auto model : module.getOps<ModelOp>()) {
      DenseSet<Value> kept = findKept(model, wide);
      auto note = [&](Value value, std::optional<int64_t> state) {
        grew |= state && isF32(value) && kept.contains(value) && wide.insert(*state).second;
      };
      for (BlockArgument argument : model.getArguments())
        note(argument, model.getInputState(argument.getArgNumber()));
      for (OpOperand &operand : model.getBody().front().getTerminator()->getOpOperands())
        note(operand.get(), model.getOutputState(operand.getOperandNumber()));
    }
  }
  return wide;
}

namespace {
struct AssignPrecision : reccc::impl::AssignPrecisionPassBase<AssignPrecision> {
  using Base::Base;

  void runOnOperation() override {
    if (precision == Precision::fp32)
      return;
    Type bf16 = BFloat16Type::get(&getContext());
    // 1. Parameters, and expressions over them.
    for (auto parameter : getOperation().getOps<ParameterOp>()) {
      auto type = cast<RankedTensorType>(parameter.getType());
      if (type.getElementType().isF32())
        parameter.setType(type.clone(bf16));
    }
    WideStates wide = findWideStates(getOperation());
    for (auto model : getOperation().getOps<ModelOp>()) {
      DenseSet<Value> kept = findKept(model, wide);
      for (BlockArgument argument : model.getArguments())
        if (isF32(argument) && !kept.contains(argument))
          argument.setType(cast<JaggedType>(argument.getType()).withElementType(bf16));
      model.walk([&](Operation *op) {
        for (Value value : op->getResults()) {
          auto tensor = dyn_cast<RankedTensorType>(value.getType());
          if (tensor && tensor.getElementType().isF32()) {
            value.setType(tensor.clone(bf16));
          } else if (isF32(value) && kept.contains(value)) {
            ++numKept;
          } else if (isF32(value)) {
            // 2. Values that nobody outside sees.
            value.setType(cast<JaggedType>(value.getType()).withElementType(bf16));
            ++numValues;
          }
        }
      });
      Block &body = model.getBody().front();
      model.setFunctionType(
          FunctionType::get(&getContext(), body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
    }
  }
};
} // namespace
