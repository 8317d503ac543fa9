// SPDX-License-Identifier: Apache-2.0
// What there is comes from the dialect itself, so that a new op without a recipe is found.
#include "Coverage.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

/// "recsys.pool last", for attributes of enumerations.
template <typename EnumAttribute>
static bool addKeyword(StringRef op, Attribute attribute, llvm::StringMap<int64_t> &counts) {
  auto keyword = dyn_cast<EnumAttribute>(attribute);
  if (keyword)
    ++counts[(op + " " + stringifyEnum(keyword.getValue())).str()];
  return keyword != nullptr;
}

static void expectKeywords(llvm::StringMap<int64_t> &counts, StringRef op, std::initializer_list<StringRef> keywords) {
  for (StringRef keyword : keywords)
    counts[(op + " " + keyword).str()];
}

Coverage::Coverage(MLIRContext *context) {
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (isa<RecsysDialect>(name.getDialect()))
      counts[name.getStringRef()];
  for (StringRef name :
       {BaseSpaceAttr::name,   RowsAttr::name,      RequestAttr::name,  ConcatAttr::name,     InterleaveAttr::name,
        GroupAttr::name,       TakeFirstAttr::name, TakeLastAttr::name, NestAttr::name,       BagsAttr::name,
        OpaqueSpaceAttr::name, FullMaskAttr::name,  NoMaskAttr::name,   SelfMaskAttr::name,   IntervalAttr::name,
        IntervalsAttr::name,   TableMaskAttr::name, EdgesAttr::name,    SqrtBucketAttr::name, VocabularyAttr::name})
    counts[name];
  expectKeywords(counts, "recsys.group", {"pad_first", "pad_last", "drop_first", "drop_last"});
  expectKeywords(counts, "recsys.group_rows", {"pad_first", "pad_last", "drop_first", "drop_last"});
  expectKeywords(counts, "recsys.embedding", {"reject_request", "clamp"});
  expectKeywords(counts, "recsys.embedding_bag", {"reject_request", "clamp", "sum", "mean", "max"});
  expectKeywords(counts, "recsys.embedding_bags", {"reject_request", "clamp", "sum", "mean", "max"});
  expectKeywords(counts, "recsys.pool", {"last", "first", "sum", "mean", "max"});
  expectKeywords(counts, "recsys.reduce_features", {"sum", "mean", "max"});
  expectKeywords(counts, "recsys.div", {"ieee", "zero"});
  expectKeywords(counts, "recsys.nearest_rows", {"by_place", "best_first"});
  expectKeywords(counts, "recsys.feature_dots", {"all", "lower", "lower_diagonal", "upper", "upper_diagonal"});
  expectKeywords(counts, "recsys.attention",
                 {"silu", "softmax", "scale_then_add", "add_then_scale", "key_masks", "toeplitz", "places",
                  "time_buckets", "divisor_rows", "several sources", "grouped heads", "in a frame", "initial",
                  "initial_state", "with_state"});
}

static void countAttention(AttentionOp op, llvm::StringMap<int64_t> &counts) {
  auto count = [&](bool present, StringRef what) { counts[("recsys.attention " + what).str()] += present; };
  count(!op.getKeyMasks().empty(), "key_masks");
  count(static_cast<bool>(op.getToeplitz()), "toeplitz");
  count(op.getPlaces().has_value(), "places");
  count(static_cast<bool>(op.getBucketWeights()), "time_buckets");
  count(op.getDivisorRows().has_value(), "divisor_rows");
  count(static_cast<bool>(op.getInitial()), "initial");
  count(static_cast<bool>(op.getInitialState()), "initial_state");
  count(op.getWithState(), "with_state");
  count(op.getKeys().size() > 1, "several sources");
  count(cast<JaggedType>(op.getKeys().front().getType()).getDims()[0] < op.getHeads(), "grouped heads");
  count(!isa<RequestAttr>(op.getFrame()), "in a frame");
}

void Coverage::count(ModuleOp module) {
  for (auto model : module.getOps<ModelOp>()) {
    ++counts[model->getName().getStringRef()];
    ++counts["recsys.parameter"];
    llvm::SetVector<Operation *> live;
    Operation *output = model.getBody().front().getTerminator();
    BackwardSliceOptions options;
    options.inclusive = true;
    (void)getBackwardSlice(output, &live, options);
    for (Operation *op : live) {
      StringRef name = op->getName().getStringRef();
      ++counts[name];
      AttrTypeWalker walker;
      walker.addWalk([&](Attribute attribute) {
        ++counts[attribute.getAbstractAttribute().getName()];
        if (auto group = dyn_cast<GroupAttr>(attribute))
          ++counts[("recsys.group " + stringifyEnum(group.getRemainder())).str()];
      });
      for (NamedAttribute attribute : op->getAttrDictionary()) {
        walker.walk(attribute.getValue());
        Attribute value = attribute.getValue();
        (void)(addKeyword<RemainderAttr>(name, value, counts) || addKeyword<OutOfRangeAttr>(name, value, counts) ||
               addKeyword<PoolKindAttr>(name, value, counts) || addKeyword<ByZeroAttr>(name, value, counts) ||
               addKeyword<PairsAttr>(name, value, counts) || addKeyword<ScoreKindAttr>(name, value, counts) ||
               addKeyword<ScoreOrderAttr>(name, value, counts) || addKeyword<NearestOrderAttr>(name, value, counts));
      }
      for (Type type : op->getResultTypes())
        walker.walk(type);
      if (auto attention = dyn_cast<AttentionOp>(op))
        countAttention(attention, counts);
    }
  }
}

bool Coverage::reportMissing(llvm::raw_ostream &os) const {
  SmallVector<StringRef> missing;
  for (const auto &entry : counts)
    if (entry.second == 0)
      missing.push_back(entry.first());
  llvm::sort(missing);
  for (StringRef name : missing)
    os << "in no model: " << name << "\n";
  return !missing.empty();
}

} // namespace reccc::fuzz
