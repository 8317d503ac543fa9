// SPDX-License-Identifier: Apache-2.0
// Attention over concatenated rows becomes attention over several sources.
#include "reccc/Dialect/Recsys/IR/MaskConstructors.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

namespace reccc {
#define GEN_PASS_DEF_SPLITATTENTIONSOURCESPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;

/// No query segment sees source segment `source`.
static bool isUnseen(AttentionOp op, unsigned source) {
  for (unsigned segment = 0, e = op.getMasks().size(); segment < e; ++segment)
    if (!isa<NoMaskAttr>(op.getMask(segment, source)))
      return false;
  return true;
}

/// Among other rows of the request those of the frame are read as they are; alone, each would be read by itself.
static bool isRowsOfFrame(AttentionOp op, Value key, unsigned index, unsigned count) {
  Attribute frame = op.getFrame();
  return count > 1 && !getSpaceWithin(frame, spaceOf(key)) && getSegmentsWithin(frame, spaceOf(key))[index] == frame;
}

/// Segment `index` of `value`: the value itself when it has one segment.
static Value getSegment(OpBuilder &builder, AttentionOp op, Value value, unsigned index, unsigned count) {
  if (count == 1)
    return value;
  Value slice = SliceRowsOp::create(builder, value.getLoc(), value, index, 1);
  return isRowsOfFrame(op, value, index, count)
             ? RepeatRowsOp::create(builder, value.getLoc(), slice, op.getFrame()).getResult()
             : slice;
}

namespace {
struct SplitAttentionSources : reccc::impl::SplitAttentionSourcesPassBase<SplitAttentionSources> {
  void runOnOperation() override {
    getOperation().walk([&](AttentionOp op) { split(op); });
  }

  void split(AttentionOp op) {
    if (op.getToeplitz() || op.getBucketWeights())
      return; // a bias has one source

    // 1. Which source segments stay: those that are seen, the first one when none is, because an attention has a
    // source.
    unsigned segments = op.getSourceSegments().size();
    SmallVector<bool> stays(segments);
    for (unsigned source = 0; source < segments; ++source)
      stays[source] = !isUnseen(op, source);
    // A query over the frame itself has its rows grouped by a source: that one stays too.
    bool isGroupedBySource = op.getQuery().getType().getSpace() == op.getFrame();
    unsigned first = 0;
    for (Value key : op.getKeys().take_front(isGroupedBySource ? op.findGroupedSource() : 0))
      first += getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
    if (isGroupedBySource || !llvm::is_contained(stays, true))
      stays[first] = true;

    // 2. Keys and values of each. Segments count through all sources, as masks do.
    OpBuilder builder(op);
    SmallVector<Value> keys, values, keyMasks;
    SmallVector<int64_t> maskedSources;
    SmallVector<bool> repeated(segments);
    unsigned source = 0;
    for (auto [number, key] : llvm::enumerate(op.getKeys())) {
      Value value = op.getValues()[number], keyMask = op.getKeyMask(number);
      unsigned count = getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
      numSplit += count > 1;
      for (unsigned index = 0; index < count; ++index, ++source) {
        repeated[source] = isRowsOfFrame(op, key, index, count);
        if (!stays[source]) {
          ++numDropped;
          continue;
        }
        if (keyMask) {
          maskedSources.push_back(keys.size());
          keyMasks.push_back(getSegment(builder, op, keyMask, index, count));
        }
        keys.push_back(getSegment(builder, op, key, index, count));
        values.push_back(getSegment(builder, op, value, index, count));
      }
    }

    // 3. Their masks.
    SmallVector<Attribute> lists;
    for (unsigned segment = 0, e = op.getMasks().size(); segment < e; ++segment) {
      SmallVector<Attribute> masks;
      for (unsigned source = 0; source < segments; ++source)
        if (stays[source])
          masks.push_back(repeated[source] && isa<SelfMaskAttr>(op.getMask(segment, source))
                              ? getOwnColumnMask(op.getContext())
                              : op.getMask(segment, source));
      lists.push_back(builder.getArrayAttr(masks));
    }
    if (keys.size() != op.getKeys().size())
      remark::passed(op.getLoc(), remark::RemarkOpts::name("sources split").category("recsys-split-attention-sources"))
          << ("attention reads " + Twine(keys.size()) + " sources instead of " + Twine(op.getKeys().size()) +
              "; nobody sees " + Twine(segments - keys.size()) + " of their segments")
                 .str();
    op.getKeysMutable().assign(keys);
    op.getValuesMutable().assign(values);
    op.getKeyMasksMutable().assign(keyMasks);
    op.setMaskedSources(maskedSources);
    op.setMasksAttr(builder.getArrayAttr(lists));
  }
};
} // namespace
