// SPDX-License-Identifier: Apache-2.0
// Clones of a model and what is done to each of them.
#include "EntryClones.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

ModelOp reccc::cloneEntry(ModelOp model, StringRef name, IRMapping &mapping) {
  OpBuilder builder = OpBuilder::atBlockEnd(model->getBlock());
  auto clone = cast<ModelOp>(builder.clone(*model, mapping));
  clone.setSymName(name);
  clone->setAttr(ModelOp::kEntryKindAttr, builder.getStringAttr(name));
  return clone;
}

LogicalResult reccc::narrowEntry(ModelOp model, RunPasses run) {
  OpPassManager passes(ModelOp::getOperationName());
  passes.addPass(createRemoveDeadRowsPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (failed(run(passes, model)))
    return failure();
  llvm::BitVector unread(model.getNumArguments());
  for (BlockArgument argument : model.getArguments())
    unread[argument.getArgNumber()] = argument.use_empty();
  return model.eraseArguments(unread);
}

DictionaryAttr reccc::describeState(MLIRContext *context, int64_t number) {
  Builder builder(context);
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(ModelOp::kNameAttr, builder.getStringAttr("state." + Twine(number))),
       builder.getNamedAttr(ModelOp::kStateAttr, builder.getI64IntegerAttr(number))});
}

void reccc::separateRows(ModelOp model, const RowDependence &dependence) {
  OpBuilder builder(model.getContext());
  SmallVector<OpOperand *> together;
  model.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (dependence.readsBoth(operand))
        together.push_back(&operand);
  });
  for (OpOperand *operand : together) {
    Value value = operand->get();
    builder.setInsertionPoint(operand->getOwner());
    ArrayRef<bool> varying = dependence.getSegments(value);
    SmallVector<Value> runs;
    for (unsigned first = 0, next; first < varying.size(); first = next) {
      for (next = first + 1; next < varying.size() && varying[next] == varying[first];)
        ++next;
      runs.push_back(SliceRowsOp::create(builder, operand->getOwner()->getLoc(), value, first, next - first));
    }
    operand->set(ConcatRowsOp::create(builder, operand->getOwner()->getLoc(), runs));
  }
}

bool reccc::isOnCut(Value value, const RowDependence &dependence) {
  if (!isJagged(value) || dependence.isVarying(value))
    return false;
  Operation *op = value.getDefiningOp();
  if (op && llvm::none_of(op->getOperands(), isJagged))
    return false;
  return llvm::any_of(value.getUsers(),
                      [&](Operation *user) { return isa<OutputOp>(user) || dependence.isVarying(user); });
}

SmallVector<Value> reccc::findCut(ModelOp model, const RowDependence &dependence) {
  SmallVector<Value> cut;
  auto add = [&](ValueRange values) {
    llvm::copy_if(values, std::back_inserter(cut), [&](Value value) { return isOnCut(value, dependence); });
  };
  add(model.getArguments());
  for (Operation &op : model.getBody().front())
    add(op.getResults());
  return cut;
}

void reccc::setOutputs(ModelOp model, ArrayRef<Value> values, ArrayRef<Attribute> attrs) {
  model.getBody().front().getTerminator()->setOperands(values);
  model.setFunctionType(FunctionType::get(model.getContext(), model.getArgumentTypes(), ValueRange(values).getTypes()));
  model.setResAttrsAttr(ArrayAttr::get(model.getContext(), attrs));
}
