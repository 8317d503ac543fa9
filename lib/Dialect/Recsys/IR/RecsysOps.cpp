// SPDX-License-Identifier: Apache-2.0
// The generated op classes and the pieces of assembly that the declarative format cannot say.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace mlir::recsys;

/// `@name`, with `public`, `private` or `nested` before it.
static ParseResult parseSymbol(OpAsmParser &parser, StringAttr &visibility, StringAttr &name) {
  StringRef keyword;
  if (succeeded(parser.parseOptionalKeyword(&keyword, {"public", "private", "nested"})))
    visibility = parser.getBuilder().getStringAttr(keyword);
  return parser.parseSymbolName(name);
}

static void printSymbol(OpAsmPrinter &printer, Operation *, StringAttr visibility, StringAttr name) {
  if (visibility)
    printer << visibility.getValue() << " ";
  printer.printSymbolName(name.getValue());
}

/// The bare keyword of an enumeration; the attribute's own form would print a second space.
template <typename EnumAttribute> static ParseResult parseKeyword(OpAsmParser &parser, EnumAttribute &attribute) {
  auto value = FieldParser<decltype(attribute.getValue())>::parse(parser);
  if (failed(value))
    return failure();
  attribute = EnumAttribute::get(parser.getContext(), *value);
  return success();
}

template <typename EnumAttribute>
static void printKeyword(OpAsmPrinter &printer, Operation *, EnumAttribute attribute) {
  printer << stringifyEnum(attribute.getValue());
}

/// `%k0, %v0; %k1, %v1`: the key and value of each source.
static ParseResult parseSources(OpAsmParser &parser, SmallVectorImpl<OpAsmParser::UnresolvedOperand> &keys,
                                SmallVectorImpl<OpAsmParser::UnresolvedOperand> &values,
                                SmallVectorImpl<OpAsmParser::UnresolvedOperand> &keyMasks,
                                DenseI64ArrayAttr &maskedSources) {
  OpAsmParser::UnresolvedOperand key;
  SmallVector<int64_t> masked;
  llvm::scope_exit finish([&] { maskedSources = parser.getBuilder().getDenseI64ArrayAttr(masked); });
  OptionalParseResult first = parser.parseOptionalOperand(key);
  if (!first.has_value())
    return success();
  if (failed(*first))
    return failure();
  while (true) {
    keys.push_back(key);
    if (parser.parseComma() || parser.parseOperand(values.emplace_back()))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("valid"))) {
      if (parser.parseOperand(keyMasks.emplace_back()))
        return failure();
      masked.push_back(keys.size() - 1);
    }
    if (failed(parser.parseOptionalKeyword("and")))
      return success();
    if (parser.parseOperand(key))
      return failure();
  }
}

static void printSources(OpAsmPrinter &printer, AttentionOp op, OperandRange keys, OperandRange values, OperandRange,
                         DenseI64ArrayAttr) {
  for (unsigned source = 0; source < keys.size(); ++source) {
    printer << (source ? " and " : "") << keys[source] << ", " << values[source];
    if (Value mask = op.getKeyMask(source))
      printer << " valid " << mask;
  }
}

#define GET_OP_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysOps.cpp.inc"
