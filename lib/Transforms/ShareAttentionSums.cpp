// SPDX-License-Identifier: Apache-2.0
// Where queries are the same for every row of a frame, their sum over keys that are the same is made once and gone on
// from.
#include "reccc/Analysis/Cost.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Remarks.h"

namespace reccc {
#define GEN_PASS_DEF_SHAREATTENTIONSUMSPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

namespace {
/// Sources of an attention, all of the request or all grouped by the frame.
struct Sources {
  SmallVector<Value> keys, values, keyMasks;
  SmallVector<int64_t> masked;
  SmallVector<SmallVector<Attribute>> masks; // for each query segment

  bool areSeen() const {
    return llvm::any_of(masks, [](ArrayRef<Attribute> list) { return !llvm::all_of(list, llvm::IsaPred<NoMaskAttr>); });
  }
  ArrayAttr getMasks(Builder &builder) const {
    SmallVector<Attribute> lists;
    for (ArrayRef<Attribute> list : masks)
      lists.push_back(builder.getArrayAttr(list));
    return builder.getArrayAttr(lists);
  }
};
} // namespace

static void addSource(Sources &sources, AttentionOp op, unsigned source, unsigned firstSegment) {
  Value key = op.getKeys()[source];
  if (Value keyMask = op.getKeyMask(source)) {
    sources.masked.push_back(sources.keys.size());
    sources.keyMasks.push_back(keyMask);
  }
  sources.keys.push_back(key);
  sources.values.push_back(op.getValues()[source]);
  unsigned count = getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
  for (auto [segment, list] : llvm::enumerate(sources.masks))
    for (unsigned i = 0; i < count; ++i)
      list.push_back(op.getMask(segment, firstSegment + i));
}

/// Masks may count rows of an opaque space only where a source has them.
static bool countsOpaqueRows(AttentionOp op) {
  bool found = false;
  AttrTypeWalker walker;
  walker.addWalk([&](OpaqueSpaceAttr) { found = true; });
  walker.walk(op.getMasks());
  return found;
}

static bool share(AttentionOp op) {
  // 1. A query that repeats rows of the request.
  auto repeat = op.getQuery().getDefiningOp<RepeatRowsOp>();
  if (!repeat || repeat.getOuter() != op.getFrame() || !isa<RequestAttr>(getFrame(spaceOf(repeat.getInput()))) ||
      op.getInitial() || op.getWithState() || op.getToeplitz() || op.getBucketWeights() || !op.getBounds().empty() ||
      countsOpaqueRows(op))
    return false;

  // 2. Sources of the request, and the rest.
  Sources shared, own;
  shared.masks.resize(op.getMasks().size());
  own.masks.resize(op.getMasks().size());
  unsigned segment = 0;
  for (auto [source, key] : llvm::enumerate(op.getKeys())) {
    bool isOwn = static_cast<bool>(getSpaceWithin(op.getFrame(), spaceOf(key)));
    addSource(isOwn ? own : shared, op, source, segment);
    segment += getSegmentsWithin(op.getFrame(), spaceOf(key)).size();
  }
  if (own.keys.empty() || !shared.areSeen())
    return false;

  // 3. The sum over what is shared, once.
  OpBuilder builder(op);
  auto once = AttentionOp::create(
      builder, op.getLoc(), repeat.getInput(), shared.keys, shared.values, shared.keyMasks, Value(), Value(), Value(),
      Value(), Value(), Value(), ValueRange(), builder.getDenseI64ArrayAttr(shared.masked), shared.getMasks(builder),
      op.getScoreAttr(), op.getScaleAttr(), op.getDivisorAttr(), op.getDivisorRowsAttr(), IntegerAttr(), UnitAttr(),
      AffineMapAttr(), ArrayAttr(), Attribute(), op.getOrderAttr(),
      op.getScore() == ScoreKind::softmax ? builder.getUnitAttr() : UnitAttr());
  once->setAttr(kPartialSumAttr, builder.getUnitAttr());
  auto repeatRows = [&](Value value) -> Value {
    return value ? RepeatRowsOp::create(builder, op.getLoc(), value, op.getFrame()).getResult() : Value();
  };
  Value initial = repeatRows(once.getResult()), state = repeatRows(once.getState());

  // 4. The rest goes on from it.
  op.getKeysMutable().assign(own.keys);
  op.getValuesMutable().assign(own.values);
  op.getKeyMasksMutable().assign(own.keyMasks);
  op.getInitialMutable().assign(initial);
  if (state)
    op.getInitialStateMutable().assign(state);
  op.setMaskedSources(own.masked);
  op.setMasksAttr(own.getMasks(builder));
  remark::passed(op.getLoc(), remark::RemarkOpts::name("sum shared").category("recsys-share-attention-sums"))
      << ("recsys.attention sums over " + describeRows(spaceOf(shared.keys.front())) + " rows once, and each of " +
          describeRows(op.getFrame()) + " rows goes on from there");
  return true;
}

namespace {
struct ShareAttentionSums : reccc::impl::ShareAttentionSumsPassBase<ShareAttentionSums> {
  void runOnOperation() override {
    getOperation().walk([&](AttentionOp op) { numShared += share(op); });
  }
};
} // namespace
