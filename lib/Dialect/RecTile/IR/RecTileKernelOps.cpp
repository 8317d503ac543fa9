// SPDX-License-Identifier: Apache-2.0
// Assembly and verifiers of rectile.kernel and rectile.dispatch.
#include "mlir/IR/OpImplementation.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

using namespace mlir;
using namespace mlir::rectile;

#define GET_OP_CLASSES
#include "reccc/Dialect/RecTile/IR/RecTileOps.cpp.inc"

void YieldOp::build(OpBuilder &, OperationState &) {}

//===-- kernel -------------------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringRef keyword;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  auto kind = symbolizeKernelKind(keyword);
  if (!kind)
    return parser.emitError(loc, "expected 'rows', 'gemm', 'attention', 'top_k' or 'filter', got '") << keyword << '\'';
  result.addAttribute(getKindAttrName(result.name), KernelKindAttr::get(parser.getContext(), *kind));

  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types, results;
  auto parseInput = [&]() -> ParseResult {
    Type type;
    if (parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()) || parser.parseColonType(type))
      return failure();
    arguments.back().type = type;
    types.push_back(type);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseInput) || parser.parseArrow() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                     [&]() { return parser.parseType(results.emplace_back()); }) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) || parser.parseRegion(*result.addRegion(), arguments))
    return failure();
  ensureTerminator(*result.regions.front(), parser.getBuilder(), result.location);
  result.addTypes(results);
  return parser.resolveOperands(operands, types, loc, result.operands);
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ' << stringifyKernelKind(getKind()) << " (";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    printer.printRegionArgument(std::get<0>(pair), {}, /*omitType=*/true);
    printer << " = " << std::get<1>(pair) << " : " << std::get<1>(pair).getType();
  });
  printer << ") -> (";
  llvm::interleaveComma(getResultTypes(), printer);
  printer << ')';
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {getKindAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

static LogicalResult verifyLayouts(Operation *op, std::optional<ArrayAttr> layouts, TypeRange types, StringRef what) {
  if (!layouts)
    return success();
  if (layouts->size() != types.size()) // kernel_c3
    return op->emitOpError("expects one layout for each of the ")
           << types.size() << ' ' << what << "s, got " << layouts->size();
  for (auto [layout, type] : llvm::zip(*layouts, types)) {
    bool isJagged = isa<recsys::JaggedType>(type);
    if (isJagged ? !isa<LayoutAttr>(layout) : !isa<UnitAttr>(layout))
      return op->emitOpError("expects ") << (isJagged ? "a #rectile.layout" : "unit") << " for an " << what
                                         << " of type " << type << ", got " << layout;
  }
  return success();
}

/// Linears of a gemm share their input, or each reads what follows the one before.
static LogicalResult verifyGemmBody(KernelOp kernel) {
  recsys::LinearOp last;
  llvm::DenseSet<Value> behind; // the last linear
  for (Operation &op : kernel.getBody().front()) {
    auto linear = dyn_cast<recsys::LinearOp>(op);
    if (linear && last && linear.getInput() != last.getInput() && !behind.contains(linear.getInput())) {
      auto diag = linear.emitOpError("expects the input of the linear before it in this kernel, or what follows that");
      diag.attachNote(last.getLoc()) << "the linear before is here";
      return diag;
    }
    if (linear) {
      behind = {linear.getResult()};
      last = linear;
    } else if (llvm::any_of(op.getOperands(), [&](Value operand) { return behind.contains(operand); })) {
      behind.insert(op.result_begin(), op.result_end());
    }
  }
  if (!last)
    return kernel.emitOpError("of kind gemm expects at least one recsys.linear");
  return success();
}

template <typename OpT> static LogicalResult verifySingleOpBody(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  if (body.getOperations().size() != 2 || !isa<OpT>(body.front()))
    return kernel.emitOpError("of kind ")
           << stringifyKernelKind(kernel.getKind()) << " expects nothing but one " << OpT::getOperationName();
  return success();
}

LogicalResult KernelOp::verify() {
  Block &body = getBody().front();
  if (!llvm::equal(body.getArgumentTypes(), getInputs().getTypes())) // kernel_c1
    return emitOpError("expects block arguments of the operands' types, got (")
           << body.getArgumentTypes() << ") for (" << getInputs().getTypes() << ')';
  TypeRange yielded = body.getTerminator()->getOperandTypes();
  if (!llvm::equal(yielded, getResultTypes())) // kernel_c2
    return emitOpError("expects to yield the result types (") << getResultTypes() << "), got (" << yielded << ')';
  if (failed(verifyLayouts(*this, getOperandLayouts(), getInputs().getTypes(), "operand")) ||
      failed(verifyLayouts(*this, getResultLayouts(), getResultTypes(), "result")))
    return failure();
  switch (getKind()) { // kernel_c4
  case KernelKind::rows:
    return success();
  case KernelKind::gemm:
    return verifyGemmBody(*this);
  case KernelKind::attention:
    return verifySingleOpBody<recsys::AttentionOp>(*this);
  case KernelKind::top_k:
    return verifySingleOpBody<recsys::TopKOp>(*this);
  case KernelKind::filter:
    return verifySingleOpBody<recsys::FilterRowsOp>(*this);
  }
  llvm_unreachable("a kind of kernel");
}

//===-- dispatch -----------------------------------------------------------------------------===//

Attribute DispatchOp::getBoundRows() {
  auto places = getKind() == KernelKind::filter && getNumResults() == 1
                    ? dyn_cast<recsys::JaggedType>(getResult(0).getType())
                    : recsys::JaggedType();
  return places ? places.getSpace() : Attribute();
}

LogicalResult DispatchOp::verify() {
  if (getPackings().size() != getInputs().size())
    return emitOpError("expects one packing for each of the ")
           << getInputs().size() << " operands, got " << getPackings().size();
  if (failed(verifyLayouts(*this, getOperandLayouts(), getInputs().getTypes(), "operand")))
    return failure();
  return verifyLayouts(*this, getResultLayouts(), getResultTypes(), "result");
}
