// SPDX-License-Identifier: Apache-2.0
// Row spaces as text. A form that is not normal parses to its normal form; only the generic builders can make another,
// and the verifiers refuse it.
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace mlir::recsys;

static ParseResult parseSpace(AsmParser &parser, Attribute &space) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseAttribute(space))
    return failure();
  if (!isa<RowSpace>(space))
    return parser.emitError(loc, "expected a row space, got ") << space;
  return success();
}

static ParseResult parseCount(AsmParser &parser, int64_t least, int64_t &count) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseInteger(count))
    return failure();
  if (count < least || count >= kRowLimit)
    return parser.emitError(loc, "expected a number in [") << least << ", 2^31), got " << count;
  return success();
}

/// `<"name", max = n>`, with `of = space` in between where there is room for it.
static ParseResult parseNamed(AsmParser &parser, StringAttr &name, int64_t &max, Attribute *of = nullptr) {
  std::string text;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseString(&text))
    return failure();
  if (text.empty())
    return parser.emitError(loc, "expected a name that is not empty");
  name = StringAttr::get(parser.getContext(), text);
  if (of && (parser.parseComma() || parser.parseKeyword("of") || parser.parseEqual() || parseSpace(parser, *of)))
    return failure();
  return failure(parser.parseComma() || parser.parseKeyword("max") || parser.parseEqual() ||
                 parseCount(parser, 1, max) || parser.parseGreater());
}

static void printNamed(AsmPrinter &printer, StringAttr name, int64_t max) {
  printer << "<" << name << ", max = " << max << ">";
}

Attribute BaseSpaceAttr::parse(AsmParser &parser, Type) {
  StringAttr name;
  int64_t max;
  if (parseNamed(parser, name, max))
    return {};
  return get(parser.getContext(), name, max);
}
void BaseSpaceAttr::print(AsmPrinter &printer) const { printNamed(printer, getName(), getMax()); }

Attribute OpaqueSpaceAttr::parse(AsmParser &parser, Type) {
  StringAttr id;
  int64_t max;
  if (parseNamed(parser, id, max))
    return {};
  return get(parser.getContext(), id, max);
}
void OpaqueSpaceAttr::print(AsmPrinter &printer) const { printNamed(printer, getId(), getMax()); }

Attribute BagsAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  StringAttr name;
  Attribute of;
  int64_t max;
  if (parseNamed(parser, name, max, &of))
    return {};
  return getBagsSpace(name.getValue(), of, max, [&] { return parser.emitError(loc); });
}
void BagsAttr::print(AsmPrinter &printer) const {
  printer << "<" << getName() << ", of = " << getOf() << ", max = " << getMax() << ">";
}

Attribute RowsAttr::parse(AsmParser &parser, Type) {
  int64_t count;
  if (parser.parseLess() || parseCount(parser, 0, count) || parser.parseGreater())
    return {};
  return getRowsSpace(parser.getContext(), count);
}
void RowsAttr::print(AsmPrinter &printer) const { printer << "<" << getCount() << ">"; }

Attribute RequestAttr::parse(AsmParser &parser, Type) { return get(parser.getContext()); }
void RequestAttr::print(AsmPrinter &) const {}

Attribute ConcatAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<Attribute> parts;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     [&] { return parseSpace(parser, parts.emplace_back()); }))
    return {};
  if (parts.empty()) {
    parser.emitError(loc, "expected at least one row space");
    return {};
  }
  return getConcatSpace(parts, [&] { return parser.emitError(loc); });
}
void ConcatAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getSpaces(), printer);
  printer << ">";
}

/// `<space, count`, the closing bracket left to the caller.
static ParseResult parseCounted(AsmParser &parser, Attribute &space, int64_t &count) {
  return failure(parser.parseLess() || parseSpace(parser, space) || parser.parseComma() ||
                 parseCount(parser, 1, count));
}

Attribute InterleaveAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute of;
  int64_t times;
  if (parseCounted(parser, of, times) || parser.parseGreater())
    return {};
  return getInterleaveSpace(of, times, [&] { return parser.emitError(loc); });
}
void InterleaveAttr::print(AsmPrinter &printer) const { printer << "<" << getOf() << ", " << getTimes() << ">"; }

Attribute GroupAttr::parse(AsmParser &parser, Type) {
  SMLoc start = parser.getCurrentLocation();
  Attribute of;
  int64_t size;
  StringRef keyword;
  SMLoc loc;
  if (parseCounted(parser, of, size) || parser.parseComma() || parser.getCurrentLocation(&loc) ||
      parser.parseKeyword(&keyword))
    return {};
  std::optional<Remainder> remainder = symbolizeRemainder(keyword);
  if (!remainder) {
    parser.emitError(loc, "expected pad_first, pad_last, drop_first or drop_last, got ") << keyword;
    return {};
  }
  if (parser.parseGreater())
    return {};
  return getGroupSpace(of, size, *remainder, [&] { return parser.emitError(start); });
}
void GroupAttr::print(AsmPrinter &printer) const {
  printer << "<" << getOf() << ", " << getSize() << ", " << stringifyRemainder(getRemainder()) << ">";
}

Attribute TakeFirstAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute of;
  int64_t count;
  if (parseCounted(parser, of, count) || parser.parseGreater())
    return {};
  return getTakeFirstSpace(of, count, [&] { return parser.emitError(loc); });
}
void TakeFirstAttr::print(AsmPrinter &printer) const { printer << "<" << getOf() << ", " << getCount() << ">"; }

Attribute TakeLastAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute of;
  int64_t count;
  if (parseCounted(parser, of, count) || parser.parseGreater())
    return {};
  return getTakeLastSpace(of, count, [&] { return parser.emitError(loc); });
}
void TakeLastAttr::print(AsmPrinter &printer) const { printer << "<" << getOf() << ", " << getCount() << ">"; }

Attribute NestAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute outer, inner;
  if (parser.parseLess() || parseSpace(parser, outer) || parser.parseComma() || parseSpace(parser, inner) ||
      parser.parseGreater())
    return {};
  return getNestSpace(outer, inner, [&] { return parser.emitError(loc); });
}
void NestAttr::print(AsmPrinter &printer) const { printer << "<" << getOuter() << ", " << getInner() << ">"; }
