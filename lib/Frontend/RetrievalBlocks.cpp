// SPDX-License-Identifier: Apache-2.0
// Blocks of the family retrieval: all items scored, the best ones named.
#include "Blocks.h"
#include <cmath>

using namespace reccc;

Built reccc::build(ModelBuilder &b, const pb::DotTable &block) {
  auto input = b.vectors(block, "input");
  auto weight = bindTable(b, b.table(block.table()));
  if (failed(input) || failed(weight))
    return failure();
  int64_t rows = b.shapeOf(*weight)[0], width = b.shapeOf(*weight)[1], first = block.first_row();
  if (width != b.widthOf(*input)) {
    b.error(block, "input", Code::RecordsDiffer)
            .note(b.places.of(b.table(block.table())), "the table is " + shapeText(b.shapeOf(*weight)))
        << "node " << quoted(b.nodeName()) << ": input '" << block.input() << "' has " << b.widthOf(*input)
        << " numbers a row, expected the " << width << " of table " << quoted(block.table());
    return failure();
  }
  if (first >= rows) {
    b.error(block, "first_row", Code::OutOfRange)
        << "first_row is " << first << ", expected a row of the table, which has " << rows;
    return failure();
  }
  int64_t end = block.has_end_row() ? block.end_row() : rows;
  if (end <= first || end > rows) {
    b.error(block, "end_row", Code::OutOfRange)
        << "end_row is " << end << ", expected " << first + 1 << " to " << rows << ", the rows of the table";
    return failure();
  }
  Value bias;
  if (block.has_bias()) {
    auto given = b.weight(block, "bias", block.bias(), {{end, "one for each row of the table"}});
    if (failed(given))
      return failure();
    bias = b.paramSlice(*given, 0, first, end - first);
  }
  Value items = b.paramSlice(*weight, 0, first, end - first);
  if (block.has_unit_rows())
    items =
        ir::ParamL2NormOp::create(b.builder, b.where, items.getType(), items, llvm::APFloat(block.unit_rows().eps()));
  if (failed(b.jagged(block, b.spaceOf(*input), {end - first}, b.builder.getF32Type())))
    return failure();
  Value scores = b.linear(*input, items, bias, /*transposed=*/true);
  b.firstIds[scores] = first;
  return scores;
}

Built reccc::build(ModelBuilder &b, const pb::TopK &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  int64_t firstId = b.firstIds.lookup(*input), columns = b.widthOf(*input);
  int64_t fromId = block.has_from_id() ? block.from_id() : firstId;
  if (fromId < firstId || fromId - firstId >= columns) {
    b.error(block, "from_id", Code::OutOfRange)
        << "from_id is " << fromId << ", expected an id of the input, " << firstId << " to " << firstId + columns - 1;
    return failure();
  }
  Value scores = b.sliceFeatures(*input, fromId - firstId, columns - (fromId - firstId));
  Value exclude;
  if (block.has_exclude()) {
    auto ids = b.ids(block, "exclude");
    if (failed(ids))
      return failure();
    exclude = *ids;
  }
  int64_t k = block.k();
  ir::JaggedType type = b.typeOf(scores).withDims({k});
  auto top = ir::TopKOp::create(b.builder, b.where, type.withElementType(b.builder.getI64Type()), type, scores, exclude,
                                k, fromId);
  b.define("ids", top.getIds());
  b.define("scores", top.getBest());
  return Value(top.getIds());
}

Built reccc::build(ModelBuilder &b, const pb::NearestRows &block) {
  auto query = b.integers(block, "query");
  auto keys = b.integers(block, "keys");
  if (failed(query) || failed(keys) || failed(b.sameRecord(block, "keys", -1, *keys, *query)) ||
      failed(b.notNested(block, "keys", *keys)))
    return failure();
  auto order = block.order() == pb::NearestRows::BEST_FIRST ? ir::NearestOrder::best_first : ir::NearestOrder::by_place;
  FloatAttr scale;
  if (block.has_half_scale()) {
    float factor = static_cast<float>(block.half_scale());
    if (!(factor > 0) || !std::isfinite(factor)) {
      b.error(block, "half_scale", Code::OutOfRange)
          << "half_scale is " << block.half_scale() << ", expected a number that fp32 holds";
      return failure();
    }
    scale = b.builder.getF32FloatAttr(factor);
  }
  ir::JaggedType type = b.typeOf(*query).withDims({block.k()});
  return Value(ir::NearestRowsOp::create(b.builder, b.where, type, *query, *keys, order, block.k(), block.from(), scale)
                   .getPlaces());
}
