// SPDX-License-Identifier: Apache-2.0
// Demands: normal form, join, coordinates.
#include "reccc/Analysis/RowDemand.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static std::optional<int64_t> constantRows(Attribute space) { return cast<RowSpace>(space).getConstantRows(); }

//===-- The lattice --------------------------------------------------------------------------===//

RowDemand::RowDemand(Attribute space, ArrayRef<SegmentDemand> parts) : space(space), parts(parts) { normalize(); }

RowDemand RowDemand::none(Attribute space) {
  return RowDemand(space, SmallVector<SegmentDemand>(getSegments(space).size(), {SegmentDemand::None, 0}));
}

RowDemand RowDemand::all(Attribute space) {
  return RowDemand(space, SmallVector<SegmentDemand>(getSegments(space).size(), {SegmentDemand::All, 0}));
}

RowDemand RowDemand::take(Attribute space, SegmentDemand::Kind kind, int64_t count) {
  return getSegments(space).size() > 1 ? all(space) : RowDemand(space, SegmentDemand{kind, count});
}

RowDemand RowDemand::phase(Attribute space, int64_t phase) {
  return isa<InterleaveAttr>(space) ? RowDemand(space, SegmentDemand{SegmentDemand::Phase, phase}) : all(space);
}

bool RowDemand::isNone() const {
  return llvm::all_of(parts, [](const SegmentDemand &part) { return part.kind == SegmentDemand::None; });
}

bool RowDemand::isAll() const {
  return llvm::all_of(parts, [](const SegmentDemand &part) { return part.kind == SegmentDemand::All; });
}

static SegmentDemand joinParts(SegmentDemand a, SegmentDemand b) {
  if (a.kind == SegmentDemand::None || a == b)
    return b;
  if (b.kind == SegmentDemand::None)
    return a;
  if (a.kind == b.kind && a.kind != SegmentDemand::Phase)
    return {a.kind, std::max(a.number, b.number)};
  return {SegmentDemand::All, 0};
}

void RowDemand::join(const RowDemand &other) {
  for (auto [mine, theirs] : llvm::zip_equal(parts, other.parts))
    mine = joinParts(mine, theirs);
  normalize();
}

void RowDemand::normalize() {
  SmallVector<Attribute> segments;
  for (Attribute segment : getSegments(space))
    segments.push_back(getSpaceWithin(getFrame(space), segment));
  for (auto [segment, part] : llvm::zip_equal(segments, parts)) {
    bool isTake = part.kind == SegmentDemand::First || part.kind == SegmentDemand::Last;
    std::optional<int64_t> max = cast<RowSpace>(segment).getMaxRows();
    // A take of constantly many rows has a type that does not say which end; a phase of joined rows would not be one
    // segment.
    if ((isTake && (constantRows(segment) || (max && part.number >= *max))) ||
        (part.kind == SegmentDemand::Phase && isa<ConcatAttr>(cast<InterleaveAttr>(segment).getOf())))
      part = {SegmentDemand::All, 0};
  }
  // Two constant segments with nothing left between them would merge into one: what lies between them stays.
  std::optional<unsigned> before;
  for (auto [index, segment] : llvm::enumerate(segments)) {
    if (parts[index].kind == SegmentDemand::None)
      continue;
    if (before && constantRows(segment) && constantRows(segments[*before]))
      for (unsigned between = *before + 1; between < index; ++between)
        parts[between] = {SegmentDemand::All, 0};
    before = index;
  }
}

Attribute RowDemand::getPartSpace(unsigned index) const {
  Attribute segment = getSegments(space)[index];
  switch (parts[index].kind) {
  case SegmentDemand::None:
    return {};
  case SegmentDemand::All:
    return segment;
  case SegmentDemand::First:
    return getTakeFirstSpace(segment, parts[index].number);
  case SegmentDemand::Last:
    return getTakeLastSpace(segment, parts[index].number);
  case SegmentDemand::Phase:
    return cast<InterleaveAttr>(segment).getOf();
  }
  llvm_unreachable("kinds are covered");
}

Attribute RowDemand::getSpace() const {
  SmallVector<Attribute> spaces;
  for (unsigned index = 0; index < parts.size(); ++index)
    if (Attribute part = getPartSpace(index))
      spaces.push_back(part);
  return getFramedConcatSpace(getFrame(space), spaces);
}

//===-- Coordinates --------------------------------------------------------------------------===//

/// The number of rows of `space`: a constant, or a symbol that `lengths` gets.
static AffineExpr getLength(Attribute space, SmallVectorImpl<Attribute> &lengths) {
  if (std::optional<int64_t> rows = constantRows(space))
    return getAffineConstantExpr(*rows, space.getContext());
  auto *it = llvm::find(lengths, space);
  unsigned position = it - lengths.begin();
  if (it == lengths.end())
    lengths.push_back(space);
  return getAffineSymbolExpr(position, space.getContext());
}

RowMap reccc::getRowInSegment(const RowDemand &demand, unsigned index) {
  MLIRContext *context = demand.getWholeSpace().getContext();
  Attribute frame = getFrame(demand.getWholeSpace());
  Attribute segment = getSpaceWithin(frame, getSegments(demand.getWholeSpace())[index]);
  // A value over the frame itself counts its rows through the request; within the frame there is one.
  if (!isa<RequestAttr>(frame) && demand.getPartSpace(index) == frame)
    return {getAffineConstantExpr(0, context), {}};
  SegmentDemand part = demand.getParts()[index];
  RowMap map{getAffineDimExpr(0, context), {}};
  if (part.kind == SegmentDemand::Last) {
    AffineExpr all = getLength(segment, map.lengths),
               left = getLength(getSpaceWithin(frame, demand.getPartSpace(index)), map.lengths);
    map.expr = map.expr + all - left;
  } else if (part.kind == SegmentDemand::Phase) {
    map.expr = map.expr * cast<InterleaveAttr>(segment).getTimes() + part.number;
  }
  return map;
}

std::optional<RowMap> reccc::getRowInRequest(const RowDemand &demand) {
  ArrayRef<SegmentDemand> parts = demand.getParts();
  SmallVector<Attribute> segments = getSegments(demand.getWholeSpace());
  auto isLive = [](const SegmentDemand &part) { return part.kind != SegmentDemand::None; };
  size_t first = llvm::find_if(parts, isLive) - parts.begin(), last = parts.size() - 1;
  while (!isLive(parts[last]))
    --last;
  // Rows follow one another when a segment is cut only at the ends of the run.
  for (size_t index = first; index <= last && first != last; ++index) {
    SegmentDemand::Kind kind = parts[index].kind;
    if (kind != SegmentDemand::All && !(index == first && kind == SegmentDemand::Last) &&
        !(index == last && kind == SegmentDemand::First))
      return std::nullopt;
  }
  RowMap map = getRowInSegment(demand, first);
  for (size_t index = 0; index < first; ++index)
    map.expr = map.expr + getLength(getSpaceWithin(getFrame(demand.getWholeSpace()), segments[index]), map.lengths);
  return map;
}

AffineMap reccc::composeWithRows(AffineMap map, SmallVectorImpl<Attribute> &lengths, const RowMap &rows) {
  SmallVector<AffineExpr> symbols;
  for (Attribute space : rows.lengths)
    symbols.push_back(getLength(space, lengths));
  AffineExpr row = rows.expr.replaceSymbols(symbols);
  SmallVector<AffineExpr> results;
  for (AffineExpr result : map.getResults())
    results.push_back(simplifyAffineExpr(result.replaceDims(row), 1, lengths.size()));
  return AffineMap::get(1, lengths.size(), results, map.getContext());
}
