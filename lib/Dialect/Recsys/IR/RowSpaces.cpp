// SPDX-License-Identifier: Apache-2.0
// Row spaces: normal forms, assembly, sizes.
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

//===-- Questions ----------------------------------------------------------------------------------------------------===//

static std::optional<int64_t> constantRows(Attribute space) {
  return cast<RowSpace>(space).getConstantRows();
}

static std::optional<int64_t> maxRows(Attribute space) {
  return cast<RowSpace>(space).getMaxRows();
}

SmallVector<Attribute> recsys::getSegments(Attribute space) {
  if (auto concat = dyn_cast<ConcatAttr>(space))
    return llvm::to_vector(concat.getSpaces());
  return {space};
}

bool recsys::mentionsSpace(Attribute space, Attribute part) {
  if (space == part)
    return true;
  return llvm::any_of(cast<RowSpace>(space).getParts(),
                      [&](Attribute inner) { return mentionsSpace(inner, part); });
}

//===-- Builders -----------------------------------------------------------------------------------------------------===//

Attribute recsys::getBaseSpace(MLIRContext *context, StringRef name, int64_t max) {
  return BaseSpaceAttr::get(context, StringAttr::get(context, name), max);
}

Attribute recsys::getRowsSpace(MLIRContext *context, int64_t count) {
  if (count == 1)
    return RequestAttr::get(context);
  return RowsAttr::get(context, count);
}

Attribute recsys::getRequestSpace(MLIRContext *context) { return RequestAttr::get(context); }

/// The parts of a concat in normal form: flat, without empty ones, neighbouring constants merged.
static SmallVector<Attribute> normalizeParts(ArrayRef<Attribute> parts) {
  SmallVector<Attribute> flat;
  for (Attribute part : parts)
    llvm::append_range(flat, getSegments(part));
  SmallVector<Attribute> merged;
  for (Attribute part : flat) {
    std::optional<int64_t> rows = constantRows(part);
    if (rows && *rows == 0)
      continue;
    std::optional<int64_t> before;
    if (rows && !merged.empty() && (before = constantRows(merged.back())))
      merged.back() = getRowsSpace(part.getContext(), *before + *rows);
    else
      merged.push_back(part);
  }
  return merged;
}

Attribute recsys::getConcatSpace(ArrayRef<Attribute> parts) {
  MLIRContext *context = parts.front().getContext();
  SmallVector<Attribute> merged = normalizeParts(parts);
  if (merged.empty())
    return getRowsSpace(context, 0);
  if (merged.size() == 1)
    return merged.front();
  return ConcatAttr::get(context, merged);
}

Attribute recsys::getInterleaveSpace(Attribute of, int64_t times) {
  if (std::optional<int64_t> rows = constantRows(of))
    return getRowsSpace(of.getContext(), *rows * times);
  if (times == 1)
    return of;
  if (auto inner = dyn_cast<InterleaveAttr>(of))
    return InterleaveAttr::get(of.getContext(), inner.getOf(), inner.getTimes() * times);
  return InterleaveAttr::get(of.getContext(), of, times);
}

Attribute recsys::getGroupSpace(Attribute of, int64_t size, Remainder remainder) {
  if (size == 1)
    return of;
  if (std::optional<int64_t> rows = constantRows(of))
    return getRowsSpace(of.getContext(), remainder == Remainder::pad
                                             ? llvm::divideCeil(*rows, size)
                                             : *rows / size);
  return GroupAttr::get(of.getContext(), of, size, remainder);
}

/// What a take normalizes to when it is no take at all.
static Attribute trivialTake(Attribute of, int64_t count) {
  if (std::optional<int64_t> rows = constantRows(of))
    return getRowsSpace(of.getContext(), std::min(*rows, count));
  std::optional<int64_t> max = maxRows(of);
  return max && *max <= count ? of : Attribute();
}

Attribute recsys::getTakeFirstSpace(Attribute of, int64_t count) {
  if (Attribute trivial = trivialTake(of, count))
    return trivial;
  if (auto inner = dyn_cast<TakeFirstAttr>(of))
    return TakeFirstAttr::get(of.getContext(), inner.getOf(), count);
  return TakeFirstAttr::get(of.getContext(), of, count);
}

Attribute recsys::getTakeLastSpace(Attribute of, int64_t count) {
  if (Attribute trivial = trivialTake(of, count))
    return trivial;
  if (auto inner = dyn_cast<TakeLastAttr>(of))
    return TakeLastAttr::get(of.getContext(), inner.getOf(), count);
  return TakeLastAttr::get(of.getContext(), of, count);
}

Attribute recsys::getNestSpace(Attribute outer, Attribute inner) {
  if (isa<RequestAttr>(outer))
    return inner;
  if (isa<RequestAttr>(inner))
    return outer;
  std::optional<int64_t> outerRows = constantRows(outer), innerRows = constantRows(inner);
  if (outerRows && innerRows)
    return getRowsSpace(outer.getContext(), *outerRows * *innerRows);
  return NestAttr::get(outer.getContext(), outer, inner);
}

//===-- Verifiers ----------------------------------------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

static LogicalResult verifySpace(EmitError emitError, Attribute space) {
  if (isa_and_nonnull<RowSpace>(space))
    return success();
  return emitError() << "expected a row space, got " << space;
}

static LogicalResult verifyNotConstant(EmitError emitError, StringRef what, Attribute space) {
  if (failed(verifySpace(emitError, space)))
    return failure();
  if (constantRows(space))
    return emitError() << what << " of a space of constant size is #recsys.rows, got " << space;
  return success();
}

static LogicalResult verifyNamed(EmitError emitError, StringAttr name, int64_t max) {
  if (!name || name.getValue().empty()) // space_c1
    return emitError() << "expected a name that is not empty";
  if (max < 1 || max >= kRowLimit) // space_c2
    return emitError() << "expected 1 <= max < 2^31, got " << max;
  return success();
}

LogicalResult BaseSpaceAttr::verify(EmitError emitError, StringAttr name, int64_t max) {
  return verifyNamed(emitError, name, max);
}

LogicalResult OpaqueSpaceAttr::verify(EmitError emitError, StringAttr id, int64_t max) {
  return verifyNamed(emitError, id, max);
}

LogicalResult RowsAttr::verify(EmitError emitError, int64_t count) {
  if (count < 0 || count == 1 || count >= kRowLimit) // rows_c1
    return emitError() << "expected a count that is 0 or in [2, 2^31), got " << count;
  return success();
}

LogicalResult ConcatAttr::verify(EmitError emitError, ArrayRef<Attribute> spaces) {
  for (Attribute space : spaces)
    if (failed(verifySpace(emitError, space)))
      return failure();
  if (spaces.size() < 2 || ArrayRef<Attribute>(normalizeParts(spaces)) != spaces) // concat_c1
    return emitError() << "expected a concat in normal form: at least two parts, none a concat or "
                          "empty, no two neighbours of constant size";
  return success();
}

LogicalResult InterleaveAttr::verify(EmitError emitError, Attribute of, int64_t times) {
  if (times < 2 || times >= kRowLimit) // interleave_c1
    return emitError() << "expected an interleave of at least 2, got " << times;
  return verifyNotConstant(emitError, "an interleave", of);
}

LogicalResult GroupAttr::verify(EmitError emitError, Attribute of, int64_t size, Remainder) {
  if (size < 2 || size >= kRowLimit) // group_c1
    return emitError() << "expected groups of at least 2 rows, got " << size;
  return verifyNotConstant(emitError, "a group", of);
}

template <typename Take>
static LogicalResult verifyTake(EmitError emitError, Attribute of, int64_t count) {
  if (failed(verifyNotConstant(emitError, "a take", of)))
    return failure();
  std::optional<int64_t> max = maxRows(of);
  if (count < 1 || (max && count >= *max) || isa<Take>(of)) // take_c1
    return emitError() << "expected a take in normal form: 1 <= count < the most rows there can "
                          "be, not of a take of the same end; got count "
                       << count << " of " << of;
  return success();
}

LogicalResult TakeFirstAttr::verify(EmitError emitError, Attribute of, int64_t count) {
  return verifyTake<TakeFirstAttr>(emitError, of, count);
}

LogicalResult TakeLastAttr::verify(EmitError emitError, Attribute of, int64_t count) {
  return verifyTake<TakeLastAttr>(emitError, of, count);
}

LogicalResult NestAttr::verify(EmitError emitError, Attribute outer, Attribute inner) {
  if (failed(verifySpace(emitError, outer)) || failed(verifySpace(emitError, inner)))
    return failure();
  if (isa<RequestAttr>(outer) || isa<RequestAttr>(inner) ||
      (constantRows(outer) && constantRows(inner))) // nest_c1
    return emitError() << "expected a nest in normal form: no #recsys.request, not both of "
                          "constant size";
  return success();
}

//===-- Sizes --------------------------------------------------------------------------------------------------------===//

using BaseRows = llvm::function_ref<int64_t(Attribute)>;

static std::optional<int64_t> checkedMul(std::optional<int64_t> a, int64_t b) {
  int64_t product;
  if (!a || llvm::MulOverflow(*a, b, product))
    return std::nullopt;
  return product;
}

std::optional<int64_t> BaseSpaceAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> BaseSpaceAttr::getMaxRows() const { return getMax(); }
SmallVector<Attribute> BaseSpaceAttr::getParts() const { return {}; }
int64_t BaseSpaceAttr::getRows(BaseRows baseRows) const { return baseRows(*this); }

std::optional<int64_t> RowsAttr::getConstantRows() const { return getCount(); }
std::optional<int64_t> RowsAttr::getMaxRows() const { return getCount(); }
SmallVector<Attribute> RowsAttr::getParts() const { return {}; }
int64_t RowsAttr::getRows(BaseRows) const { return getCount(); }

std::optional<int64_t> RequestAttr::getConstantRows() const { return 1; }
std::optional<int64_t> RequestAttr::getMaxRows() const { return 1; }
SmallVector<Attribute> RequestAttr::getParts() const { return {}; }
int64_t RequestAttr::getRows(BaseRows) const { return 1; }

std::optional<int64_t> ConcatAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> ConcatAttr::getMaxRows() const {
  int64_t sum = 0;
  for (Attribute part : getSpaces()) {
    std::optional<int64_t> max = maxRows(part);
    if (!max || llvm::AddOverflow(sum, *max, sum))
      return std::nullopt;
  }
  return sum;
}
SmallVector<Attribute> ConcatAttr::getParts() const { return llvm::to_vector(getSpaces()); }
int64_t ConcatAttr::getRows(BaseRows baseRows) const {
  int64_t rows = 0;
  for (Attribute part : getSpaces())
    rows += cast<RowSpace>(part).getRows(baseRows);
  return rows;
}

std::optional<int64_t> InterleaveAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> InterleaveAttr::getMaxRows() const {
  return checkedMul(maxRows(getOf()), getTimes());
}
SmallVector<Attribute> InterleaveAttr::getParts() const { return {getOf()}; }
int64_t InterleaveAttr::getRows(BaseRows baseRows) const {
  return cast<RowSpace>(getOf()).getRows(baseRows) * getTimes();
}

static int64_t groupRows(int64_t rows, GroupAttr group) {
  return group.getRemainder() == Remainder::pad ? llvm::divideCeil(rows, group.getSize())
                                                : rows / group.getSize();
}
std::optional<int64_t> GroupAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> GroupAttr::getMaxRows() const {
  std::optional<int64_t> max = maxRows(getOf());
  if (!max)
    return std::nullopt;
  return groupRows(*max, *this);
}
SmallVector<Attribute> GroupAttr::getParts() const { return {getOf()}; }
int64_t GroupAttr::getRows(BaseRows baseRows) const {
  return groupRows(cast<RowSpace>(getOf()).getRows(baseRows), *this);
}

std::optional<int64_t> TakeFirstAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> TakeFirstAttr::getMaxRows() const { return getCount(); }
SmallVector<Attribute> TakeFirstAttr::getParts() const { return {getOf()}; }
int64_t TakeFirstAttr::getRows(BaseRows baseRows) const {
  return std::min(cast<RowSpace>(getOf()).getRows(baseRows), getCount());
}

std::optional<int64_t> TakeLastAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> TakeLastAttr::getMaxRows() const { return getCount(); }
SmallVector<Attribute> TakeLastAttr::getParts() const { return {getOf()}; }
int64_t TakeLastAttr::getRows(BaseRows baseRows) const {
  return std::min(cast<RowSpace>(getOf()).getRows(baseRows), getCount());
}

std::optional<int64_t> NestAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> NestAttr::getMaxRows() const {
  std::optional<int64_t> inner = maxRows(getInner());
  return inner ? checkedMul(maxRows(getOuter()), *inner) : std::nullopt;
}
SmallVector<Attribute> NestAttr::getParts() const { return {getOuter(), getInner()}; }
int64_t NestAttr::getRows(BaseRows baseRows) const {
  return cast<RowSpace>(getOuter()).getRows(baseRows) *
         cast<RowSpace>(getInner()).getRows(baseRows);
}

std::optional<int64_t> OpaqueSpaceAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> OpaqueSpaceAttr::getMaxRows() const { return getMax(); }
SmallVector<Attribute> OpaqueSpaceAttr::getParts() const { return {}; }
int64_t OpaqueSpaceAttr::getRows(BaseRows baseRows) const { return baseRows(*this); }

//===-- Assembly -----------------------------------------------------------------------------------------------------===//
// A form that is not normal parses to its normal form; only the generic builders can make another, and the verifiers refuse it.

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

/// `<"name", max = n>`
static ParseResult parseNamed(AsmParser &parser, StringAttr &name, int64_t &max) {
  std::string text;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseString(&text))
    return failure();
  if (text.empty())
    return parser.emitError(loc, "expected a name that is not empty");
  name = StringAttr::get(parser.getContext(), text);
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
  SmallVector<Attribute> parts;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, [&] {
        return parseSpace(parser, parts.emplace_back());
      }))
    return {};
  if (parts.empty()) {
    parser.emitError(parser.getNameLoc(), "expected at least one row space");
    return {};
  }
  return getConcatSpace(parts);
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
  Attribute of;
  int64_t times;
  if (parseCounted(parser, of, times) || parser.parseGreater())
    return {};
  return getInterleaveSpace(of, times);
}
void InterleaveAttr::print(AsmPrinter &printer) const {
  printer << "<" << getOf() << ", " << getTimes() << ">";
}

Attribute GroupAttr::parse(AsmParser &parser, Type) {
  Attribute of;
  int64_t size;
  StringRef keyword;
  SMLoc loc;
  if (parseCounted(parser, of, size) || parser.parseComma() ||
      parser.getCurrentLocation(&loc) || parser.parseKeyword(&keyword))
    return {};
  std::optional<Remainder> remainder = symbolizeRemainder(keyword);
  if (!remainder) {
    parser.emitError(loc, "expected pad or drop_oldest, got ") << keyword;
    return {};
  }
  if (parser.parseGreater())
    return {};
  return getGroupSpace(of, size, *remainder);
}
void GroupAttr::print(AsmPrinter &printer) const {
  printer << "<" << getOf() << ", " << getSize() << ", " << stringifyRemainder(getRemainder())
          << ">";
}

Attribute TakeFirstAttr::parse(AsmParser &parser, Type) {
  Attribute of;
  int64_t count;
  if (parseCounted(parser, of, count) || parser.parseGreater())
    return {};
  return getTakeFirstSpace(of, count);
}
void TakeFirstAttr::print(AsmPrinter &printer) const {
  printer << "<" << getOf() << ", " << getCount() << ">";
}

Attribute TakeLastAttr::parse(AsmParser &parser, Type) {
  Attribute of;
  int64_t count;
  if (parseCounted(parser, of, count) || parser.parseGreater())
    return {};
  return getTakeLastSpace(of, count);
}
void TakeLastAttr::print(AsmPrinter &printer) const {
  printer << "<" << getOf() << ", " << getCount() << ">";
}

Attribute NestAttr::parse(AsmParser &parser, Type) {
  Attribute outer, inner;
  if (parser.parseLess() || parseSpace(parser, outer) || parser.parseComma() ||
      parseSpace(parser, inner) || parser.parseGreater())
    return {};
  return getNestSpace(outer, inner);
}
void NestAttr::print(AsmPrinter &printer) const {
  printer << "<" << getOuter() << ", " << getInner() << ">";
}
