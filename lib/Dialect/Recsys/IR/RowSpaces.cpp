// SPDX-License-Identifier: Apache-2.0
// Row spaces: normal forms and sizes.
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

//===-- Questions ----------------------------------------------------------------------------===//

static std::optional<int64_t> constantRows(Attribute space) { return cast<RowSpace>(space).getConstantRows(); }

static std::optional<int64_t> maxRows(Attribute space) { return cast<RowSpace>(space).getMaxRows(); }

SmallVector<Attribute> recsys::getSegments(Attribute space) {
  Attribute frame = getFrame(space);
  auto concat = dyn_cast<ConcatAttr>(getSpaceWithin(frame, space));
  if (!concat)
    return {space};
  return llvm::map_to_vector(concat.getSpaces(), [&](Attribute part) { return getNestSpace(frame, part); });
}

Attribute recsys::getFrame(Attribute space) {
  if (auto nest = dyn_cast<NestAttr>(space))
    return nest.getOuter();
  return RequestAttr::get(space.getContext());
}

Attribute recsys::getSpaceWithin(Attribute frame, Attribute space) {
  if (getFrame(space) == frame)
    return isa<RequestAttr>(frame) ? space : cast<NestAttr>(space).getInner();
  if (space == frame)
    return RequestAttr::get(space.getContext());
  auto nest = isa<RequestAttr>(frame) ? NestAttr() : dyn_cast<NestAttr>(space);
  Attribute outer = nest ? getSpaceWithin(frame, nest.getOuter()) : Attribute();
  return outer ? getNestSpace(outer, nest.getInner()) : outer;
}

SmallVector<Attribute> recsys::getSegmentsWithin(Attribute frame, Attribute space) {
  if (space == frame)
    return {space};
  return getSegments(space);
}

static unsigned depthOf(Attribute frame) { return isa<RequestAttr>(frame) ? 0 : 1 + depthOf(getFrame(frame)); }

Attribute recsys::findFrame(ArrayRef<Attribute> spaces) {
  Attribute deepest = RequestAttr::get(spaces.front().getContext());
  for (Attribute space : spaces)
    if (Attribute frame = getFrame(space); depthOf(frame) > depthOf(deepest))
      deepest = frame;
  return deepest;
}

std::optional<Take> recsys::findTake(Attribute from, Attribute to) {
  Attribute frame = getFrame(from), inner = getSpaceWithin(frame, to);
  if (!inner)
    return std::nullopt;
  std::optional<int64_t> count = maxRows(inner);
  if (!count || *count < 1)
    return std::nullopt;
  bool isFirst = getTakeFirstSpace(from, *count) == to, isLast = getTakeLastSpace(from, *count) == to;
  if ((!isFirst && !isLast) || (isFirst && isLast && from != to))
    return std::nullopt;
  return Take{isLast, *count};
}

StringRef recsys::getRowsName(Attribute space) {
  return llvm::TypeSwitch<Attribute, StringRef>(space)
      .Case<BaseSpaceAttr, BagsAttr>([](auto named) { return named.getName().getValue(); })
      .Case([](OpaqueSpaceAttr opaque) { return opaque.getId().getValue(); })
      .Default(StringRef());
}

bool recsys::mentionsSpace(Attribute space, Attribute part) {
  if (space == part)
    return true;
  return llvm::any_of(cast<RowSpace>(space).getParts(), [&](Attribute inner) { return mentionsSpace(inner, part); });
}

//===-- Builders -----------------------------------------------------------------------------===//

template <typename Space, typename... Args>
static Attribute build(EmitError emitError, MLIRContext *context, Args... args) {
  if (emitError)
    return Space::getChecked(emitError, context, args...);
  return Space::get(context, args...);
}

/// a * b and a + b; a number that is no row count where that is too large.
static int64_t timesRows(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) || product >= kRowLimit ? kRowLimit : product;
}
static int64_t plusRows(int64_t a, int64_t b) { return a + b >= kRowLimit ? kRowLimit : a + b; }

Attribute recsys::getBaseSpace(MLIRContext *context, StringRef name, int64_t max, EmitError emitError) {
  return build<BaseSpaceAttr>(emitError, context, StringAttr::get(context, name), max);
}

Attribute recsys::getRowsSpace(MLIRContext *context, int64_t count, EmitError emitError) {
  if (count == 1)
    return RequestAttr::get(context);
  return build<RowsAttr>(emitError, context, count);
}

Attribute recsys::getRequestSpace(MLIRContext *context) { return RequestAttr::get(context); }

/// Flat, without empty parts, neighbouring constants merged.
Attribute recsys::getConcatSpace(ArrayRef<Attribute> parts, EmitError emitError) {
  MLIRContext *context = parts.front().getContext();
  SmallVector<Attribute> flat, merged;
  for (Attribute part : parts)
    llvm::append_range(flat, getSegments(part));
  for (size_t i = 0; i < flat.size(); ++i) {
    std::optional<int64_t> rows = constantRows(flat[i]);
    if (!rows) {
      merged.push_back(flat[i]);
      continue;
    }
    int64_t sum = *rows;
    while (i + 1 < flat.size() && (rows = constantRows(flat[i + 1]))) {
      sum = plusRows(sum, *rows);
      ++i;
    }
    if (sum == 0)
      continue;
    Attribute constant = getRowsSpace(context, sum, emitError);
    if (!constant)
      return {};
    merged.push_back(constant);
  }
  if (merged.empty())
    return getRowsSpace(context, 0, emitError);
  if (merged.size() == 1)
    return merged.front();
  return build<ConcatAttr>(emitError, context, ArrayRef<Attribute>(merged));
}

Attribute recsys::getFramedConcatSpace(Attribute frame, ArrayRef<Attribute> parts, EmitError emitError) {
  SmallVector<Attribute> inner;
  for (Attribute part : parts)
    inner.push_back(getSpaceWithin(frame, part));
  Attribute concat = getConcatSpace(inner, emitError);
  return concat ? getNestSpace(frame, concat, emitError) : concat;
}

/// Applies `make` to what a nest holds for each outer row; null where the space is no nest.
static Attribute applyInside(Attribute space, function_ref<Attribute(Attribute)> make, EmitError emitError) {
  auto nest = dyn_cast<NestAttr>(space);
  if (!nest)
    return {};
  Attribute inner = make(nest.getInner());
  return inner ? getNestSpace(nest.getOuter(), inner, emitError) : inner;
}

Attribute recsys::getInterleaveSpace(Attribute of, int64_t times, EmitError emitError) {
  MLIRContext *context = of.getContext();
  if (isa<NestAttr>(of))
    return applyInside(of, [&](Attribute inner) { return getInterleaveSpace(inner, times, emitError); }, emitError);
  if (std::optional<int64_t> rows = constantRows(of))
    return getRowsSpace(context, timesRows(*rows, times), emitError);
  if (times == 1)
    return of;
  if (auto inner = dyn_cast<InterleaveAttr>(of))
    return build<InterleaveAttr>(emitError, context, inner.getOf(), timesRows(inner.getTimes(), times));
  return build<InterleaveAttr>(emitError, context, of, times);
}

bool recsys::isPadded(Remainder remainder) {
  return remainder == Remainder::pad_first || remainder == Remainder::pad_last;
}

static int64_t groupRows(int64_t rows, int64_t size, Remainder remainder) {
  return isPadded(remainder) ? llvm::divideCeil(rows, size) : rows / size;
}

Attribute recsys::getGroupSpace(Attribute of, int64_t size, Remainder remainder, EmitError emitError) {
  if (size == 1)
    return of;
  if (isa<NestAttr>(of))
    return applyInside(
        of, [&](Attribute inner) { return getGroupSpace(inner, size, remainder, emitError); }, emitError);
  if (std::optional<int64_t> rows = constantRows(of); rows && size > 1)
    return getRowsSpace(of.getContext(), groupRows(*rows, size, remainder), emitError);
  return build<GroupAttr>(emitError, of.getContext(), of, size, remainder);
}

/// What a take normalizes to when it is no take at all.
static Attribute trivialTake(Attribute of, int64_t count, EmitError emitError) {
  if (std::optional<int64_t> rows = constantRows(of))
    return getRowsSpace(of.getContext(), std::min(*rows, count), emitError);
  std::optional<int64_t> max = maxRows(of);
  return max && *max <= count ? of : Attribute();
}

template <typename Take> static Attribute getTakeSpace(Attribute of, int64_t count, EmitError emitError) {
  if (isa<NestAttr>(of))
    return applyInside(of, [&](Attribute inner) { return getTakeSpace<Take>(inner, count, emitError); }, emitError);
  if (Attribute trivial = trivialTake(of, count, emitError))
    return trivial;
  if (auto inner = dyn_cast<Take>(of))
    of = inner.getOf();
  return build<Take>(emitError, of.getContext(), of, count);
}

Attribute recsys::getTakeFirstSpace(Attribute of, int64_t count, EmitError emitError) {
  return getTakeSpace<TakeFirstAttr>(of, count, emitError);
}

Attribute recsys::getTakeLastSpace(Attribute of, int64_t count, EmitError emitError) {
  return getTakeSpace<TakeLastAttr>(of, count, emitError);
}

Attribute recsys::getNestSpace(Attribute outer, Attribute inner, EmitError emitError) {
  if (isa<RequestAttr>(outer))
    return inner;
  if (isa<RequestAttr>(inner))
    return outer;
  // The innermost grouping is outside: rows of a nest belong to the row of `outer` that they are in.
  if (auto nest = dyn_cast<NestAttr>(inner)) {
    Attribute grouped = getNestSpace(outer, nest.getOuter(), emitError);
    return grouped ? getNestSpace(grouped, nest.getInner(), emitError) : grouped;
  }
  return build<NestAttr>(emitError, outer.getContext(), outer, inner);
}

Attribute recsys::getBagsSpace(StringRef name, Attribute of, int64_t max, EmitError emitError) {
  MLIRContext *context = of.getContext();
  return build<BagsAttr>(emitError, context, StringAttr::get(context, name), of, max);
}

//===-- Verifiers ----------------------------------------------------------------------------===//

static LogicalResult verifySpace(EmitError emitError, Attribute space) {
  if (isa_and_nonnull<RowSpace>(space))
    return success();
  return emitError() << "expected a row space, got " << space;
}

/// How many spaces a space is built from. Each of its parts has passed `verifyBounded`, so this is cheap.
static int64_t spaceSize(Attribute space) {
  int64_t size = 1;
  for (Attribute part : cast<RowSpace>(space).getParts())
    size += spaceSize(part);
  return size;
}

/// (bounded_c1) at most kSpaceSizeLimit spaces, (bounded_c2) fewer than 2^31 rows in a request.
static LogicalResult verifyBounded(EmitError emitError, ArrayRef<Attribute> parts, std::optional<int64_t> max) {
  int64_t size = 1;
  for (Attribute part : parts)
    size += spaceSize(part);
  if (size > kSpaceSizeLimit)
    return emitError() << "expected a row space built from at most " << kSpaceSizeLimit << " row spaces, got " << size;
  if (!max || *max >= kRowLimit)
    return emitError() << "expected a row space of fewer than 2^31 rows in a request";
  return success();
}

static std::optional<int64_t> sumMaxRows(ArrayRef<Attribute> spaces) {
  int64_t sum = 0;
  for (Attribute part : spaces) {
    std::optional<int64_t> max = maxRows(part);
    if (!max || llvm::AddOverflow(sum, *max, sum))
      return std::nullopt;
  }
  return sum;
}

static std::optional<int64_t> checkedMul(std::optional<int64_t> a, std::optional<int64_t> b) {
  int64_t product;
  if (!a || !b || llvm::MulOverflow(*a, *b, product))
    return std::nullopt;
  return product;
}

static LogicalResult verifyNotConstant(EmitError emitError, StringRef what, Attribute space) {
  if (failed(verifySpace(emitError, space)))
    return failure();
  if (isa<NestAttr>(space)) // nest_c1
    return emitError() << what << " of a nest is a nest of " << what << ", got " << space;
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
  return verifyNamed(emitError, id, max); // opaque_c1
}

LogicalResult RowsAttr::verify(EmitError emitError, int64_t count) {
  if (count < 0 || count == 1 || count >= kRowLimit) // rows_c1
    return emitError() << "expected a count that is 0 or in [2, 2^31), got " << count;
  return success();
}

LogicalResult ConcatAttr::verify(EmitError emitError, ArrayRef<Attribute> spaces) {
  bool normal = spaces.size() >= 2, constantBefore = false;
  for (Attribute space : spaces) {
    if (failed(verifySpace(emitError, space)))
      return failure();
    std::optional<int64_t> rows = constantRows(space);
    normal &= !isa<ConcatAttr>(space) && !(rows && (*rows == 0 || constantBefore));
    constantBefore = rows.has_value();
  }
  if (!normal) // concat_c1
    return emitError() << "expected a concat in normal form: at least two parts, none a concat or "
                          "empty, no two neighbours of constant size";
  return verifyBounded(emitError, spaces, sumMaxRows(spaces));
}

LogicalResult InterleaveAttr::verify(EmitError emitError, Attribute of, int64_t times) {
  if (times < 2 || times >= kRowLimit) // interleave_space_c1
    return emitError() << "expected an interleave of at least 2 and below 2^31, got " << times;
  if (failed(verifyNotConstant(emitError, "an interleave", of)))
    return failure();
  return verifyBounded(emitError, of, checkedMul(maxRows(of), times));
}

LogicalResult GroupAttr::verify(EmitError emitError, Attribute of, int64_t size, Remainder) {
  if (size < 2 || size >= kRowLimit) // group_c1
    return emitError() << "expected groups of at least 2 rows and below 2^31, got " << size;
  if (failed(verifyNotConstant(emitError, "a group", of)))
    return failure();
  return verifyBounded(emitError, of, maxRows(of));
}

template <typename Take> static LogicalResult verifyTake(EmitError emitError, Attribute of, int64_t count) {
  if (failed(verifyNotConstant(emitError, "a take", of)))
    return failure();
  std::optional<int64_t> max = maxRows(of);
  if (count < 1 || (max && count >= *max) || isa<Take>(of)) // take_c1
    return emitError() << "expected a take in normal form: 1 <= count < the most rows there can "
                          "be, not of a take of the same end; got count "
                       << count << " of " << of;
  return verifyBounded(emitError, of, count);
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
  if (isa<RequestAttr>(outer) || isa<RequestAttr, NestAttr>(inner)) // nest_c1
    return emitError() << "expected a nest in normal form: no #recsys.request, no nest as its inner space";
  return verifyBounded(emitError, {outer, inner}, checkedMul(maxRows(outer), maxRows(inner)));
}

LogicalResult BagsAttr::verify(EmitError emitError, StringAttr name, Attribute of, int64_t max) {
  if (failed(verifyNamed(emitError, name, max))) // bags_c2
    return failure();
  if (!isa_and_nonnull<BaseSpaceAttr>(of)) // bags_c1
    return emitError() << "expected bags of the rows of a base space, got " << of;
  return verifyBounded(emitError, of, checkedMul(maxRows(of), max));
}

//===-- Sizes --------------------------------------------------------------------------------===//

using BaseRows = llvm::function_ref<int64_t(Attribute)>;

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
std::optional<int64_t> ConcatAttr::getMaxRows() const { return sumMaxRows(getSpaces()); }
SmallVector<Attribute> ConcatAttr::getParts() const { return llvm::to_vector(getSpaces()); }
int64_t ConcatAttr::getRows(BaseRows baseRows) const {
  int64_t rows = 0;
  for (Attribute part : getSpaces())
    rows += cast<RowSpace>(part).getRows(baseRows);
  return rows;
}

std::optional<int64_t> InterleaveAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> InterleaveAttr::getMaxRows() const { return checkedMul(maxRows(getOf()), getTimes()); }
SmallVector<Attribute> InterleaveAttr::getParts() const { return {getOf()}; }
int64_t InterleaveAttr::getRows(BaseRows baseRows) const {
  return cast<RowSpace>(getOf()).getRows(baseRows) * getTimes();
}

std::optional<int64_t> GroupAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> GroupAttr::getMaxRows() const {
  std::optional<int64_t> max = maxRows(getOf());
  if (!max)
    return std::nullopt;
  return groupRows(*max, getSize(), getRemainder());
}
SmallVector<Attribute> GroupAttr::getParts() const { return {getOf()}; }
int64_t GroupAttr::getRows(BaseRows baseRows) const {
  return groupRows(cast<RowSpace>(getOf()).getRows(baseRows), getSize(), getRemainder());
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

std::optional<int64_t> NestAttr::getConstantRows() const {
  return checkedMul(constantRows(getOuter()), constantRows(getInner()));
}
std::optional<int64_t> NestAttr::getMaxRows() const { return checkedMul(maxRows(getOuter()), maxRows(getInner())); }
SmallVector<Attribute> NestAttr::getParts() const { return {getOuter(), getInner()}; }
int64_t NestAttr::getRows(BaseRows baseRows) const {
  return cast<RowSpace>(getOuter()).getRows(baseRows) * cast<RowSpace>(getInner()).getRows(baseRows);
}

std::optional<int64_t> OpaqueSpaceAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> OpaqueSpaceAttr::getMaxRows() const { return getMax(); }
SmallVector<Attribute> OpaqueSpaceAttr::getParts() const { return {}; }
int64_t OpaqueSpaceAttr::getRows(BaseRows baseRows) const { return baseRows(*this); }

std::optional<int64_t> BagsAttr::getConstantRows() const { return std::nullopt; }
std::optional<int64_t> BagsAttr::getMaxRows() const { return checkedMul(maxRows(getOf()), getMax()); }
SmallVector<Attribute> BagsAttr::getParts() const { return {getOf()}; }
int64_t BagsAttr::getRows(BaseRows baseRows) const { return baseRows(*this); }
