// SPDX-License-Identifier: Apache-2.0
// Parameters, models and their outputs.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace mlir::recsys;

LogicalResult ParameterOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType()); // parameter_c1
  if (!type || !type.hasStaticShape() || llvm::is_contained(type.getShape(), 0) ||
      !(type.getElementType().isF32() || type.getElementType().isBF16() || type.getElementType().isSignlessInteger(64)))
    return emitOpError() << "expected a static tensor of f32, bf16 or i64 with dimensions of at "
                            "least 1, got "
                         << getType();
  return success();
}

//===-- model --------------------------------------------------------------------------------===//

static StringRef nameIn(ArrayAttr attrs, unsigned index) {
  if (!attrs || index >= attrs.size())
    return {};
  auto name = cast<DictionaryAttr>(attrs[index]).getAs<StringAttr>(ModelOp::kNameAttr);
  return name ? name.getValue() : StringRef();
}

StringRef ModelOp::getInputName(unsigned index) { return nameIn(getArgAttrsAttr(), index); }
StringRef ModelOp::getOutputName(unsigned index) { return nameIn(getResAttrsAttr(), index); }

static std::optional<int64_t> stateIn(ArrayAttr attrs, unsigned index) {
  if (!attrs || index >= attrs.size())
    return std::nullopt;
  auto state = cast<DictionaryAttr>(attrs[index]).getAs<IntegerAttr>(ModelOp::kStateAttr);
  return state ? std::optional(state.getInt()) : std::nullopt;
}

std::optional<int64_t> ModelOp::getInputState(unsigned index) { return stateIn(getArgAttrsAttr(), index); }
std::optional<int64_t> ModelOp::getOutputState(unsigned index) { return stateIn(getResAttrsAttr(), index); }

ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildFunctionType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                              function_interface_impl::VariadicFlag,
                              std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  getFunctionTypeAttrName(result.name), buildFunctionType,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void ModelOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
}

/// A name is one row space, and one offsets array of the request.
static LogicalResult verifyNames(ModelOp model, Attribute space, llvm::StringMap<Attribute> &named) {
  if (StringRef name = getRowsName(space); !name.empty()) {
    auto [it, isNew] = named.try_emplace(name, space);
    if (!isNew && it->second != space)
      return model.emitOpError() << "expected one row space '" << name << "', got " << it->second << " and " << space;
  }
  for (Attribute part : cast<RowSpace>(space).getParts())
    if (failed(verifyNames(model, part, named)))
      return failure();
  return success();
}

/// What types and attributes of an op and of those inside of it name.
static void findOpaque(Operation *op, llvm::SetVector<Attribute> &found) {
  AttrTypeWalker walker;
  walker.addWalk([&](OpaqueSpaceAttr space) { found.insert(space); });
  op->walk([&](Operation *inner) {
    walker.walk(inner->getAttrDictionary());
    for (Type type : inner->getResultTypes())
      walker.walk(type);
  });
}

llvm::SetVector<Attribute> recsys::findOpaqueSpaces(Operation *op) {
  llvm::SetVector<Attribute> found;
  findOpaque(op, found);
  return found;
}

llvm::SetVector<Attribute> recsys::findBoundSpaces(Operation *op) {
  llvm::SetVector<Attribute> bound;
  op->walk([&](BindsRows binder) {
    if (Attribute space = binder.getBoundRows())
      bound.insert(space);
  });
  return bound;
}

/// model_c4
static LogicalResult verifyOpaqueRows(ModelOp model) {
  llvm::SetVector<Attribute> bound;
  for (Type type : model.getArgumentTypes())
    if (WalkResult found = type.walk([](OpaqueSpaceAttr) { return WalkResult::interrupt(); }); found.wasInterrupted())
      return model.emitOpError() << "expected inputs over rows that the request brings, got " << type;
  for (Operation &op : model.getBody().front()) {
    for (Attribute space : findBoundSpaces(&op))
      if (!bound.insert(space))
        return op.emitOpError() << "binds " << space << ", expected one op that does; another one stands before it";
    for (Attribute space : findOpaqueSpaces(&op))
      if (!bound.contains(space))
        return op.emitOpError() << "names rows of " << space << ", expected an op before it that binds them";
  }
  return success();
}

LogicalResult ModelOp::verify() {
  if (!llvm::hasSingleElement(getBody())) // model_c1
    return emitOpError("expected one block");
  llvm::StringMap<Attribute> named;
  auto verifyValues = [&](TypeRange types, StringRef what, auto nameOf) -> LogicalResult {
    llvm::StringMap<unsigned> seen;
    for (auto [index, type] : llvm::enumerate(types)) { // model_c2
      auto jagged = dyn_cast<JaggedType>(type);
      if (!jagged)
        return emitOpError() << "expected " << what << " " << index << " to be jagged, got " << type;
      StringRef name = nameOf(index);
      if (name.empty())
        return emitOpError() << "expected a name (" << kNameAttr << ") for " << what << " " << index;
      if (!seen.try_emplace(name, index).second)
        return emitOpError() << "expected different names, got two " << what << "s '" << name << "'";
      if (failed(verifyNames(*this, jagged.getSpace(), named))) // model_c3
        return failure();
    }
    return success();
  };
  if (failed(verifyValues(getArgumentTypes(), "argument", [&](unsigned i) { return getInputName(i); })) ||
      failed(verifyValues(getResultTypes(), "result", [&](unsigned i) { return getOutputName(i); })))
    return failure();
  for (Operation &op : getBody().front()) // model_c3
    for (Type type : op.getResultTypes())
      if (auto jagged = dyn_cast<JaggedType>(type); jagged && failed(verifyNames(*this, jagged.getSpace(), named)))
        return failure();
  if (getBody().front().empty() || !isa<OutputOp>(getBody().front().back()))
    return emitOpError("expected recsys.output at the end");
  return verifyOpaqueRows(*this);
}

LogicalResult OutputOp::verify() {
  TypeRange expected = cast<ModelOp>((*this)->getParentOp()).getResultTypes(); // output_c1
  if (expected == getOperandTypes())
    return success();
  return emitOpError() << "expected the result types of the model (" << expected << "), got (" << getOperandTypes()
                       << ")";
}
