// SPDX-License-Identifier: Apache-2.0
// Blocks of the family feature: the parts of each record.
#include "Blocks.h"

using namespace reccc;

Built reccc::build(ModelBuilder &b, const pb::ConcatFeatures &block) {
  SmallVector<Value> inputs;
  int64_t width = 0;
  for (int i = 0; i < block.input_size(); ++i) {
    auto input = b.vectors(block, "input", i);
    if (failed(input) || (i && failed(b.sameRows(block, "input", i, *input, inputs[0]))))
      return failure();
    inputs.push_back(*input);
    width += b.widthOf(*input);
  }
  if (failed(b.jagged(block, b.spaceOf(inputs[0]), {width}, b.builder.getF32Type())))
    return failure();
  return b.concatFeatures(inputs);
}

Built reccc::build(ModelBuilder &b, const pb::SliceFeatures &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  int64_t width = b.widthOf(*input);
  if (block.offset() >= width || block.size() > width - block.offset()) {
    b.error(block, "size", Code::OutOfRange)
        << "numbers " << block.offset() << " to " << block.offset() << " + " << block.size()
        << " are asked for, expected a part of the " << width << " that the input has";
    return failure();
  }
  return b.sliceFeatures(*input, block.offset(), block.size());
}

Built reccc::build(ModelBuilder &b, const pb::ReshapeFeatures &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  SmallVector<int64_t> dims(block.dims().begin(), block.dims().end());
  auto type = b.jagged(block, b.spaceOf(*input), dims, b.builder.getF32Type());
  if (failed(type))
    return failure();
  if (type->getRowElements() != b.typeOf(*input).getRowElements()) {
    b.error(block, "dims", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": shape " << shapeText(dims) << " has " << type->getRowElements()
        << " numbers, expected the " << b.typeOf(*input).getRowElements() << " of the input";
    return failure();
  }
  return b.reshape(*input, dims);
}

Built reccc::build(ModelBuilder &b, const pb::ScaleParts &block) {
  auto input = b.floats(block, "input");
  auto factors = b.floats(block, "factors");
  if (failed(input) || failed(factors) || failed(b.sameRows(block, "factors", -1, *factors, *input)))
    return failure();
  int64_t count = b.typeOf(*factors).getRowElements(), elements = b.typeOf(*input).getRowElements();
  if (elements % count) {
    b.error(block, "factors", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": factors '" << block.factors() << "' has " << count
        << " numbers a row, expected as many as a record of " << elements << " numbers has equal parts";
    return failure();
  }
  return b.binary<ir::ScalePartsOp>(*input, *factors);
}

Built reccc::build(ModelBuilder &b, const pb::ReduceFeatures &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  auto kind = reducingKind(b, block, block.kind());
  if (failed(kind))
    return failure();
  SmallVector<int64_t> dims(b.typeOf(*input).getDims());
  if (block.dim() >= static_cast<int64_t>(dims.size())) {
    b.error(block, "dim", Code::OutOfRange)
        << "dim is " << block.dim() << ", expected a dimension of " << valueText(*input) << ", counted from 0";
    return failure();
  }
  dims.erase(dims.begin() + block.dim());
  Value result =
      ir::ReduceFeaturesOp::create(b.builder, b.where, b.typeOf(*input).withDims(dims), *input, *kind, block.dim());
  return dims.empty() ? b.reshape(result, {1}) : result;
}

Built reccc::build(ModelBuilder &b, const pb::FeatureDots &block) {
  auto left = b.floats(block, "left");
  auto right = b.floats(block, "right");
  if (failed(left) || failed(right) || failed(b.sameRows(block, "right", -1, *right, *left)))
    return failure();
  ArrayRef<int64_t> f = b.typeOf(*left).getDims(), g = b.typeOf(*right).getDims();
  bool all = block.pairs() == pb::FeatureDots::ALL;
  bool diagonal = block.pairs() == pb::FeatureDots::LOWER_DIAGONAL || block.pairs() == pb::FeatureDots::UPPER_DIAGONAL;
  if (f.size() != 2 || g.size() != 2 || f[1] != g[1] || (!all && (f[0] != g[0] || f[0] < (diagonal ? 1 : 2)))) {
    b.error(block, "right", Code::RecordsDiffer).hint("reshape_features makes vectors of a record")
        << "node " << quoted(b.nodeName()) << ": left is " << valueText(*left) << " and right " << valueText(*right)
        << ", expected records of vectors of one width" << (all ? "" : ", as many on both sides and at least two");
    return failure();
  }
  SmallVector<int64_t> dims = {f[0], g[0]};
  if (!all)
    dims = {f[0] * (diagonal ? f[0] + 1 : f[0] - 1) / 2};
  auto type = b.jagged(block, b.spaceOf(*left), dims, b.builder.getF32Type());
  if (failed(type))
    return failure();
  static const ir::Pairs pairs[] = {ir::Pairs::all, ir::Pairs::lower, ir::Pairs::lower_diagonal, ir::Pairs::upper,
                                    ir::Pairs::upper_diagonal};
  return Value(ir::FeatureDotsOp::create(b.builder, b.where, *type, *left, *right, pairs[block.pairs()]));
}

Built reccc::build(ModelBuilder &b, const pb::Dot &block) {
  auto left = b.vectors(block, "left");
  auto right = b.vectors(block, "right");
  if (failed(left) || failed(right) || failed(b.sameRows(block, "right", -1, *right, *left)) ||
      failed(b.sameRecord(block, "right", -1, *right, *left)))
    return failure();
  int64_t width = b.widthOf(*left);
  auto type = b.typeOf(*left).withDims({1, 1});
  Value product = ir::FeatureDotsOp::create(b.builder, b.where, type, b.reshape(*left, {1, width}),
                                            b.reshape(*right, {1, width}), ir::Pairs::all);
  return b.reshape(product, {1});
}
