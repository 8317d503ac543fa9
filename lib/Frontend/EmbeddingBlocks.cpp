// SPDX-License-Identifier: Apache-2.0
// Blocks of the family embedding: ids, bits, buckets, places and times to records.
#include "Blocks.h"
#include "TimeBuckets.h"

using namespace reccc;

Built reccc::bindTable(ModelBuilder &b, const pb::Table &table) {
  int64_t rows = table.has_rows() ? table.rows() : -1;
  auto shape = b.weights.shapeOf(table.weight());
  SmallVector<Dim> dims = {{table.has_first_row() ? -1 : rows, "rows"},
                           {table.has_width() ? table.width() : -1, "width"}};
  bool isVector = shape && shape->size() == 1 && table.width() <= 1;
  if (isVector)
    dims.pop_back();
  auto weight = b.weight(table, "weight", table.weight(), dims);
  if (failed(weight))
    return failure();
  int64_t all = b.shapeOf(*weight)[0];
  if (isVector)
    weight = b.paramReshape(*weight, {all, 1});
  if (!table.has_first_row())
    return weight;
  if (rows < 0) {
    b.error(table, "first_row", Code::MissingField)
        << "table " << quoted(table.name()) << ": rows is not set, expected the number of rows from first_row on";
    return failure();
  }
  if (table.first_row() > all - rows) {
    b.error(table, "first_row", Code::OutOfRange)
        << "table " << quoted(table.name()) << ": rows " << table.first_row() << " to " << table.first_row() << " + "
        << rows << " are asked for, expected a part of the " << all << " that weight " << quoted(table.weight())
        << " has";
    return failure();
  }
  return b.paramSlice(*weight, 0, table.first_row(), rows);
}

/// Only ids that come from the request can be refused before anything runs.
template <typename Block>
static LogicalResult checkRejectable(ModelBuilder &b, const Block &block, const pb::Table &table, Value ids) {
  while (Operation *op = ids.getDefiningOp()) {
    if (!isa<ir::ConcatRowsOp, ir::SliceRowsOp, ir::TakeRowsOp, ir::InterleaveOp, ir::DeinterleaveOp, ir::PadRowsOp,
             ir::GatherRowsOp>(op))
      return b.error(block, "ids", Code::Contradiction)
                 .note(b.places.of(table, "out_of_range"),
                       "requests are rejected before anything is computed; say CLAMP here")
             << "node " << quoted(b.nodeName()) << ": ids '" << block.ids()
             << "' are computed, expected an input where the table rejects requests";
    ids = op->getOperand(0);
  }
  return success();
}

static ir::OutOfRange outOfRange(const pb::Table &table) {
  return table.out_of_range() == pb::Table::CLAMP ? ir::OutOfRange::clamp : ir::OutOfRange::reject_request;
}

Built reccc::build(ModelBuilder &b, const pb::Embedding &block) {
  auto ids = b.ids(block, "ids");
  const pb::Table &table = b.table(block.table());
  auto weight = bindTable(b, table);
  if (failed(ids) || failed(weight))
    return failure();
  auto type = b.jagged(block, b.spaceOf(*ids), {b.shapeOf(*weight)[1]}, b.builder.getF32Type());
  if (failed(type) ||
      (outOfRange(table) == ir::OutOfRange::reject_request && failed(checkRejectable(b, block, table, *ids))))
    return failure();
  return Value(ir::EmbeddingOp::create(b.builder, b.where, *type, *ids, *weight, outOfRange(table)));
}

Built reccc::build(ModelBuilder &b, const pb::EmbeddingBag &block) {
  auto ids = b.value(block, "ids");
  const pb::Table &table = b.table(block.table());
  auto weight = bindTable(b, table);
  if (failed(ids) || failed(weight))
    return failure();
  auto bags = dyn_cast<ir::BagsAttr>(b.spaceOf(*ids));
  bool isOneId = b.typeOf(*ids).getDims().empty();
  if (b.typeOf(*ids).isFloat() || (isOneId ? !bags : b.typeOf(*ids).getDims().size() != 1)) {
    b.error(block, "ids", Code::ElementType)
        << "node " << quoted(b.nodeName()) << ": ids " << quoted(block.ids()) << " is " << valueText(*ids)
        << ", expected INT64 records of one dimension, or one INT64 for each row of bags";
    return failure();
  }
  auto kind = reducingKind(b, block, block.kind());
  if (failed(kind))
    return failure();
  if (block.has_padding() && block.padding() >= b.shapeOf(*weight)[0]) {
    b.error(block, "padding", Code::OutOfRange) << "padding is " << block.padding() << ", expected a row of table "
                                                << quoted(block.table()) << ", which has " << b.shapeOf(*weight)[0];
    return failure();
  }
  Attribute space = isOneId ? bags.getOf() : b.spaceOf(*ids);
  auto type = b.jagged(block, space, {b.shapeOf(*weight)[1]}, b.builder.getF32Type());
  if (failed(type) ||
      (outOfRange(table) == ir::OutOfRange::reject_request && failed(checkRejectable(b, block, table, *ids))))
    return failure();
  IntegerAttr padding = block.has_padding() ? b.builder.getI64IntegerAttr(block.padding()) : IntegerAttr();
  auto kindAttr = ir::PoolKindAttr::get(b.builder.getContext(), *kind);
  auto rangeAttr = ir::OutOfRangeAttr::get(b.builder.getContext(), outOfRange(table));
  if (isOneId)
    return Value(ir::EmbeddingBagsOp::create(b.builder, b.where, *type, *ids, *weight, kindAttr, padding, rangeAttr));
  return Value(ir::EmbeddingBagOp::create(b.builder, b.where, *type, *ids, *weight, kindAttr, padding, rangeAttr));
}

Built reccc::build(ModelBuilder &b, const pb::HashIds &block) {
  auto input = b.ids(block, "input");
  if (failed(input))
    return failure();
  return Value(ir::HashIdsOp::create(b.builder, b.where, input->getType(), *input, block.multiplier(), block.addend(),
                                     block.modulus(), block.rows()));
}

Built reccc::build(ModelBuilder &b, const pb::HashedEmbedding &block) {
  auto ids = b.ids(block, "ids");
  if (failed(ids))
    return failure();
  if (block.table_size() != 1 && block.table_size() != block.hash_size()) {
    b.error(block, "table", Code::Contradiction, 0)
        << "node " << quoted(b.nodeName()) << " has " << block.table_size() << " tables and " << block.hash_size()
        << " hashes, expected one table, or one for each hash";
    return failure();
  }
  SmallVector<Value> records;
  int64_t width = 0;
  for (auto [j, hash] : llvm::enumerate(block.hash())) {
    int number = block.table_size() > 1 ? j : 0;
    const pb::Table &table = b.table(block.table(number));
    auto weight = bindTable(b, table);
    if (failed(weight))
      return failure();
    ArrayRef<int64_t> shape = b.shapeOf(*weight);
    width = block.combine() == pb::HashedEmbedding::CONCAT ? width + shape[1] : shape[1];
    if (block.combine() == pb::HashedEmbedding::SUM && j && shape[1] != b.widthOf(records[0])) {
      b.error(block, "table", Code::RecordsDiffer, number)
          << "node " << quoted(b.nodeName()) << ": table " << quoted(block.table(number)) << " has " << shape[1]
          << " numbers a row, expected " << b.widthOf(records[0]) << " as the first one";
      return failure();
    }
    auto type = b.jagged(block, b.spaceOf(*ids), {shape[1]}, b.builder.getF32Type());
    if (failed(type) || failed(b.jagged(block, b.spaceOf(*ids), {width}, b.builder.getF32Type())))
      return failure();
    Value rows = ir::HashIdsOp::create(b.builder, b.where, ids->getType(), *ids, hash.multiplier(), hash.addend(),
                                       block.modulus(), shape[0]);
    b.define("rows." + Twine(j), rows);
    // Every hash is a row of the table: nothing is ever clamped.
    records.push_back(ir::EmbeddingOp::create(b.builder, b.where, *type, rows, *weight, ir::OutOfRange::clamp));
  }
  if (block.combine() == pb::HashedEmbedding::CONCAT)
    return b.concatFeatures(records);
  Value sum = records[0];
  for (Value record : ArrayRef(records).drop_front())
    sum = b.binary<ir::AddOp>(sum, record);
  return sum;
}

Built reccc::build(ModelBuilder &b, const pb::ActionBits &block) {
  auto input = b.ids(block, "input");
  if (failed(input))
    return failure();
  int64_t bits = block.bit_size();
  auto weight = b.weight(block, "weight", block.weight(),
                         {{bits, "one row for each bit"}, {block.has_width() ? block.width() : -1, "width"}},
                         {{b.places.of(block, "bit"), std::to_string(bits) + " bits are given here"}});
  if (failed(weight))
    return failure();
  auto type = b.jagged(block, b.spaceOf(*input), {bits * b.shapeOf(*weight)[1]}, b.builder.getF32Type());
  if (failed(type))
    return failure();
  SmallVector<int64_t> masks(block.bit().begin(), block.bit().end());
  return Value(ir::ActionBitsOp::create(b.builder, b.where, *type, *input, *weight, masks));
}

Built reccc::build(ModelBuilder &b, const pb::ThresholdBits &block) {
  auto input = b.ids(block, "input");
  if (failed(input))
    return failure();
  Value bits;
  if (block.has_bits()) {
    auto given = b.ids(block, "bits");
    if (failed(given) || failed(b.sameRows(block, "bits", -1, *given, *input)))
      return failure();
    bits = *given;
  } else {
    bits = b.binary<ir::SubOp>(*input, *input); // zeros
  }
  SmallVector<int64_t> thresholds, weights;
  for (const auto &threshold : block.threshold()) {
    thresholds.push_back(threshold.at_least());
    weights.push_back(threshold.bit());
  }
  return Value(ir::ThresholdBitsOp::create(b.builder, b.where, input->getType(), bits, *input, thresholds, weights));
}

FailureOr<Attribute> reccc::bucketRule(ModelBuilder &b, const pb::BucketRule &rule, int64_t last) {
  MLIRContext *context = b.builder.getContext();
  switch (rule.kind_case()) {
  case pb::BucketRule::kEdges: {
    SmallVector<int64_t> edges(rule.edges().edge().begin(), rule.edges().edge().end());
    if (!llvm::is_sorted(edges)) {
      size_t at = std::is_sorted_until(edges.begin(), edges.end()) - edges.begin();
      b.error(rule.edges(), "edge", Code::OutOfRange, at)
          << "edge " << edges[at] << " follows " << edges[at - 1] << ", expected edges that do not decrease";
      return failure();
    }
    return Attribute(ir::EdgesAttr::get(context, edges));
  }
  case pb::BucketRule::kSqrt: {
    int64_t most = rule.sqrt().has_last() ? rule.sqrt().last() : last;
    float unit = static_cast<float>(rule.sqrt().unit());
    if (most < 0) {
      b.error(rule.sqrt(), "", Code::MissingField) << "last is not set, expected the largest bucket";
      return failure();
    }
    if (!(unit > 0) || !std::isfinite(unit)) {
      b.error(rule.sqrt(), "unit", Code::OutOfRange)
          << "unit is " << rule.sqrt().unit() << ", expected a number that fp32 holds";
      return failure();
    }
    return Attribute(ir::SqrtBucketAttr::get(context, llvm::APFloat(unit), most));
  }
  case pb::BucketRule::kMetaResearchLog: {
    int64_t most =
        rule.meta_research_log().has_last() ? rule.meta_research_log().last() : std::min(last, kMostResearchBuckets);
    if (most < 0) {
      b.error(rule.meta_research_log(), "", Code::MissingField) << "last is not set, expected the largest bucket";
      return failure();
    }
    return Attribute(ir::EdgesAttr::get(context, researchLogEdges(most)));
  }
  case pb::BucketRule::kTorchEasyrec: {
    const auto &easy = rule.torch_easyrec();
    int64_t most = easy.has_last() ? easy.last() : last;
    float unit = static_cast<float>(easy.unit());
    if (most < 1 || most > kMostEasyRecBuckets) {
      b.error(easy, "", Code::OutOfRange)
          << "the largest bucket is " << most << ", expected 1 to " << kMostEasyRecBuckets;
      return failure();
    }
    if (!(unit > 0) || !std::isfinite(unit)) {
      b.error(easy, "unit", Code::OutOfRange) << "unit is " << easy.unit() << ", expected a number that fp32 holds";
      return failure();
    }
    bool isLog = easy.function() == pb::BucketRule::EasyRec::LOG;
    return Attribute(ir::EdgesAttr::get(context, easyRecEdges(isLog, unit, most)));
  }
  case pb::BucketRule::KIND_NOT_SET:
    break;
  }
  b.error(rule, "", Code::MissingField)
      << "the bucket rule has no kind, expected one of edges, sqrt, meta_research_log and torch_easyrec";
  return failure();
}

Built reccc::build(ModelBuilder &b, const pb::Vocabulary &block) {
  auto input = b.ids(block, "input");
  if (failed(input))
    return failure();
  SmallVector<int64_t> ids(block.id().begin(), block.id().end());
  auto wrong = llvm::adjacent_find(ids, std::greater_equal<>());
  if (wrong != ids.end()) {
    b.error(block, "id", Code::OutOfRange, wrong + 1 - ids.begin())
        << "id " << wrong[1] << " follows " << *wrong << ", expected ids each greater than the one before";
    return failure();
  }
  auto rule = ir::VocabularyAttr::get(b.builder.getContext(), ids, block.absent());
  return Value(ir::BucketizeOp::create(b.builder, b.where, input->getType(), *input, rule));
}

Built reccc::build(ModelBuilder &b, const pb::Bucketize &block) {
  auto input = b.ids(block, "input");
  auto rule = bucketRule(b, block.rule(), -1);
  if (failed(input) || failed(rule))
    return failure();
  return Value(ir::BucketizeOp::create(b.builder, b.where, input->getType(), *input, *rule));
}

Built reccc::build(ModelBuilder &b, const pb::RowIndex &block) {
  MLIRContext *context = b.builder.getContext();
  SmallVector<Attribute> lengths;
  SmallVector<AffineExpr> results;
  for (const auto &affine : block.least_of()) {
    AffineExpr expr = getAffineDimExpr(0, context) * affine.row() + affine.constant();
    for (const auto &length : affine.length()) {
      Attribute space = b.rows(length.of());
      auto it = llvm::find(lengths, space);
      unsigned symbol = it - lengths.begin();
      if (it == lengths.end())
        lengths.push_back(space);
      expr = expr + getAffineSymbolExpr(symbol, context) * (length.has_times() ? length.times() : 1);
    }
    results.push_back(expr);
  }
  auto type = b.jagged(block, b.rows(block.rows()), {}, b.builder.getI64Type());
  if (failed(type))
    return failure();
  return Value(ir::RowIndexOp::create(b.builder, b.where, *type,
                                      simplifyAffineMap(AffineMap::get(1, lengths.size(), results, context)),
                                      lengths.empty() ? ArrayAttr() : b.builder.getArrayAttr(lengths)));
}

Built reccc::build(ModelBuilder &b, const pb::Calendar &block) {
  auto input = b.ids(block, "input");
  if (failed(input))
    return failure();
  SmallVector<double> seconds, steps;
  for (const auto &period : block.period()) {
    seconds.push_back(period.seconds());
    steps.push_back(period.steps());
  }
  auto type = b.jagged(block, b.spaceOf(*input), {2 * block.period_size()}, b.builder.getF32Type());
  if (failed(type))
    return failure();
  return Value(
      ir::CalendarFeaturesOp::create(b.builder, b.where, *type, *input, seconds, steps, llvm::APFloat(block.two_pi())));
}
