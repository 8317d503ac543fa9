// SPDX-License-Identifier: Apache-2.0
// Sources are shared or not, query segment by query segment.
#include "AttentionParts.h"

#include "reccc/Dialect/Recsys/IR/MaskConstructors.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

bool reccc::canSplitAttention(AttentionOp op, Attribute frame) {
  return op.getFrame() == frame && areSegmentsApart(op);
}

namespace {
/// One segment of a source, and the query segment's mask on it.
struct Source {
  Value key, value, keyMask;
  Attribute mask;
};
} // namespace

static IntervalAttr fixRow(IntervalAttr interval) {
  AffineExpr zero = getAffineConstantExpr(0, interval.getContext());
  auto fix = [&](AffineMap map) {
    SmallVector<AffineExpr> results;
    for (AffineExpr result : map.getResults())
      results.push_back(simplifyAffineExpr(result.replaceDims(zero), 1, map.getNumSymbols()));
    return AffineMap::get(1, map.getNumSymbols(), results, map.getContext());
  };
  return IntervalAttr::get(interval.getContext(), fix(interval.getLower()), fix(interval.getUpper()),
                           interval.getLengths());
}

/// The mask of the only row that the query has in each row of the frame, in terms of any row number.
static Attribute fixRow(Attribute mask) {
  if (auto interval = dyn_cast<IntervalAttr>(mask))
    return fixRow(interval);
  if (auto intervals = dyn_cast<IntervalsAttr>(mask)) {
    SmallVector<IntervalAttr> fixed;
    for (IntervalAttr interval : intervals.getIntervals())
      fixed.push_back(fixRow(interval));
    return IntervalsAttr::get(mask.getContext(), fixed);
  }
  return mask;
}

/// What the only row sees of the only column: `self` or `none` between rows of the request. Nothing when lengths
/// decide.
static Attribute fixPair(Attribute mask) {
  MLIRContext *context = mask.getContext();
  if (isa<FullMaskAttr, SelfMaskAttr>(mask))
    return SelfMaskAttr::get(context);
  if (isa<NoMaskAttr>(mask))
    return mask;
  bool asksLengths = false;
  SmallVector<std::pair<int64_t, int64_t>> intervals;
  cast<Mask>(mask).getIntervals(0, 1, [&](Attribute) { return asksLengths = true, 0; }, intervals);
  if (asksLengths)
    return {};
  return intervals.empty() ? Attribute(NoMaskAttr::get(context)) : Attribute(SelfMaskAttr::get(context));
}

/// A query over the frame whose sources are not grouped by it is an attention among the rows of the request, where a
/// query has no own row number: masks say what row 0 saw. False when they cannot.
static bool leaveFrame(Attribute frame, MutableArrayRef<Source> sources) {
  SmallVector<Attribute> masks;
  for (const Source &source : sources) {
    masks.push_back(spaceOf(source.key) == frame ? fixPair(source.mask) : fixRow(source.mask));
    if (!masks.back())
      return false;
  }
  for (auto [source, mask] : llvm::zip_equal(sources, masks))
    source.mask = mask;
  return true;
}

/// A source that nobody sees and that keeps the op within the frame.
static Source getGroupedSource(OpBuilder &builder, AttentionOp op, Attribute frame, SplitValues &values) {
  unsigned number = op.findGroupedSource();
  return {values.getVarying(op.getKeys()[number], 0), values.getVarying(op.getValues()[number], 0), Value(),
          NoMaskAttr::get(op.getContext())};
}

static Value buildAttention(OpBuilder &builder, AttentionOp op, Value query, ArrayRef<Source> sources) {
  SmallVector<Value> keys, valuesRead, keyMasks;
  SmallVector<int64_t> maskedSources;
  SmallVector<Attribute> masks;
  for (const Source &source : sources) {
    if (source.keyMask) {
      maskedSources.push_back(keys.size());
      keyMasks.push_back(source.keyMask);
    }
    keys.push_back(source.key);
    valuesRead.push_back(source.value);
    masks.push_back(source.mask);
  }
  auto copy = cast<AttentionOp>(builder.clone(*op));
  copy.getQueryMutable().assign(query);
  copy.getKeysMutable().assign(keys);
  copy.getValuesMutable().assign(valuesRead);
  copy.getKeyMasksMutable().assign(keyMasks);
  copy.setMaskedSources(maskedSources);
  copy.setMasksAttr(builder.getArrayAttr({builder.getArrayAttr(masks)}));
  copy.getResult().setType(copy.getResult().getType().withSpace(spaceOf(query)));
  return copy.getResult();
}

SmallVector<SplitValues::Part> reccc::splitAttention(OpBuilder &builder, AttentionOp op, Attribute frame,
                                                     const FrameDependence &dependence, SplitValues &values) {
  SmallVector<SplitValues::Part> parts;
  for (unsigned segment = 0, e = op.getMasks().size(); segment < e; ++segment) {
    bool isShared = !dependence.varies(op.getResult(), segment);
    Value query = isShared ? values.getPart(op.getQuery(), segment).value : values.getVarying(op.getQuery(), segment);

    // 1. The sources that this segment sees, or the first one: an attention has a source.
    SmallVector<Source> sources;
    unsigned column = 0;
    bool seesNothing = llvm::all_of(cast<ArrayAttr>(op.getMasks()[segment]), llvm::IsaPred<NoMaskAttr>);
    for (auto [number, key] : llvm::enumerate(op.getKeys())) {
      Value value = op.getValues()[number], keyMask = op.getKeyMask(number);
      bool isWithin = values.isWithinFrame(key);
      unsigned count = getSegmentsWithin(frame, spaceOf(key)).size();
      for (unsigned i = 0; i < count; ++i, ++column) {
        Attribute mask = op.getMask(segment, column);
        if (isa<NoMaskAttr>(mask) && !(seesNothing && column == 0))
          continue;
        bool sourceShared = isWithin && values.getPart(key, i).isShared && values.getPart(value, i).isShared &&
                            (!keyMask || values.getPart(keyMask, i).isShared);
        // A row of the frame may read rows of the request, but not those of another frame.
        sourceShared &= isShared || (isWithin && isa<RequestAttr>(getFrame(spaceOf(values.getPart(key, i).value))));
        if (!isShared && sourceShared && isa<SelfMaskAttr>(mask)) // no longer among the query's own rows
          mask = getOwnColumnMask(op.getContext());
        auto get = [&](Value whole) -> Value {
          if (!whole)
            return whole;
          return sourceShared || !isWithin ? values.getPart(whole, i).value : values.getVarying(whole, i);
        };
        sources.push_back({get(key), get(value), get(keyMask), mask});
      }
    }

    // 2. The attention.
    bool isGrouped =
        llvm::any_of(sources, [&](const Source &source) { return getFrame(spaceOf(source.key)) == frame; });
    if (!isShared && spaceOf(query) == frame && !isGrouped && !leaveFrame(frame, sources))
      sources.push_back(getGroupedSource(builder, op, frame, values));
    parts.push_back({buildAttention(builder, op, query, sources), isShared});
  }
  return parts;
}
