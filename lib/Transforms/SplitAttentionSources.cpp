// SPDX-License-Identifier: Apache-2.0
// Attention over concatenated rows becomes attention over several sources.
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

/// Segment `index` of `value`: the value itself when it has one segment.
static Value getSegment(OpBuilder &builder, Value value, int64_t index) {
  if (!isa<ConcatAttr>(cast<JaggedType>(value.getType()).getSpace()))
    return value;
  return builder.create<SliceRowsOp>(value.getLoc(), value, index, 1);
}

namespace {
struct SplitAttentionSources : reccc::impl::SplitAttentionSourcesPassBase<SplitAttentionSources> {
  void runOnOperation() override {
    getOperation().walk([&](AttentionOp op) { split(op); });
  }

  void split(AttentionOp op) {
    // 1. Which source segments stay: those that are seen, the first one when none is, because an attention has a
    // source.
    unsigned segments = op.getSourceSegments().size();
    SmallVector<bool> stays(segments);
    for (unsigned source = 0; source < segments; ++source)
      stays[source] = !isUnseen(op, source);
    if (!llvm::is_contained(stays, true))
      stays[0] = true;

    // 2. Keys and values of each. Segments count through all sources, as masks do.
    OpBuilder builder(op);
    SmallVector<Value> keys, values;
    unsigned source = 0;
    for (auto [key, value] : llvm::zip(op.getKeys(), op.getValues())) {
      unsigned count = recsys::getSegments(cast<JaggedType>(key.getType()).getSpace()).size();
      numSplit += count > 1;
      for (unsigned index = 0; index < count; ++index, ++source) {
        if (!stays[source]) {
          ++numDropped;
          continue;
        }
        keys.push_back(getSegment(builder, key, index));
        values.push_back(getSegment(builder, value, index));
      }
    }

    // 3. Their masks.
    SmallVector<Attribute> lists;
    for (unsigned segment = 0, e = op.getMasks().size(); segment < e; ++segment) {
      SmallVector<Attribute> masks;
      for (unsigned source = 0; source < segments; ++source)
        if (stays[source])
          masks.push_back(op.getMask(segment, source));
      lists.push_back(builder.getArrayAttr(masks));
    }
    if (keys.size() != op.getKeys().size())
      remark::passed(op.getLoc(), remark::RemarkOpts::name("sources split").category("recsys-split-attention-sources"))
          << ("attention reads " + Twine(keys.size()) + " sources instead of " + Twine(op.getKeys().size()) +
              "; nobody sees " + Twine(segments - keys.size()) + " of their segments")
                 .str();
    op.getKeysMutable().assign(keys);
    op.getValuesMutable().assign(values);
    op.setMasksAttr(builder.getArrayAttr(lists));
  }
};
} // namespace
