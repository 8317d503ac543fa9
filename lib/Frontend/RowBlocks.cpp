// SPDX-License-Identifier: Apache-2.0
// Blocks of the family sequence: which rows, in which order.
#include "Blocks.h"
#include "llvm/Support/MathExtras.h"

using namespace reccc;

/// The inputs of a repeated field `input`, of equal records.
static FailureOr<SmallVector<Value>> equalInputs(ModelBuilder &b, const Message &message, int count, bool equalRows) {
  SmallVector<Value> inputs;
  for (int i = 0; i < count; ++i) {
    auto input = b.value(message, "input", i);
    if (failed(input) || (i && failed(b.sameRecord(message, "input", i, *input, inputs[0]))) ||
        (i && equalRows && failed(b.sameRows(message, "input", i, *input, inputs[0]))))
      return failure();
    inputs.push_back(*input);
  }
  return inputs;
}

static LogicalResult atLeastTwo(ModelBuilder &b, const Message &message, int count) {
  if (count >= 2)
    return success();
  return b.error(message, "", Code::MissingField)
         << "node " << quoted(b.nodeName()) << " has one input, expected two or more";
}

Built reccc::build(ModelBuilder &b, const pb::ConcatRows &block) {
  if (failed(atLeastTwo(b, block, block.input_size())))
    return failure();
  auto inputs = equalInputs(b, block, block.input_size(), /*equalRows=*/false);
  return failed(inputs) ? Built(failure()) : b.concatRows(block, *inputs);
}

Built reccc::build(ModelBuilder &b, const pb::Append &block) {
  SmallVector<Value> inputs;
  for (StringRef field : {"context", "history", "candidates"}) {
    if (!block.GetReflection()->HasField(block, fieldNamed(block, field)))
      continue;
    auto input = b.value(block, field);
    if (failed(input) || (!inputs.empty() && failed(b.sameRecord(block, field, -1, *input, inputs[0]))))
      return failure();
    inputs.push_back(*input);
  }
  if (failed(atLeastTwo(b, block, inputs.size())))
    return failure();
  return b.concatRows(block, inputs);
}

Built reccc::build(ModelBuilder &b, const pb::Interleave &block) {
  if (failed(atLeastTwo(b, block, block.input_size())))
    return failure();
  auto inputs = equalInputs(b, block, block.input_size(), /*equalRows=*/true);
  return failed(inputs) ? Built(failure()) : b.interleave(block, *inputs);
}

Built reccc::build(ModelBuilder &b, const pb::Deinterleave &block) {
  auto input = b.value(block, "input");
  if (failed(input))
    return failure();
  auto space = dyn_cast<ir::InterleaveAttr>(b.spaceOf(*input));
  if (!space) {
    b.error(block, "input", Code::NoSuchRows) << "node " << quoted(b.nodeName()) << ": input has the rows "
                                              << rowsText(b.spaceOf(*input)) << ", expected interleaved rows";
    return failure();
  }
  if (block.phase() >= space.getTimes()) {
    b.error(block, "phase", Code::OutOfRange) << "phase is " << block.phase() << ", expected less than "
                                              << space.getTimes() << ", the number of values that take turns";
    return failure();
  }
  return Value(
      ir::DeinterleaveOp::create(b.builder, b.where, b.typeOf(*input).withSpace(space.getOf()), *input, block.phase()));
}

static bool isTakeOf(Attribute space, Attribute of) { return space != of && ir::findTake(of, space).has_value(); }

Built reccc::build(ModelBuilder &b, const pb::Select &block) {
  auto input = b.value(block, "input");
  if (failed(input))
    return failure();
  Attribute wanted = b.rows(block.rows());
  if (Value kept = b.filter(*input, wanted))
    input = kept;
  Attribute space = b.spaceOf(*input);
  if (space == wanted)
    return *input;
  if (isTakeOf(wanted, space))
    return Value(ir::TakeRowsOp::create(b.builder, b.where, b.typeOf(*input).withSpace(wanted), *input));
  SmallVector<Attribute> segments = ir::getSegments(space);
  SmallVector<int64_t> matches;
  for (auto [i, segment] : llvm::enumerate(segments))
    if (segment == wanted || isTakeOf(wanted, segment))
      matches.push_back(i);
  if (segments.size() < 2 || matches.size() != 1) {
    Report report = b.error(block, "rows", Code::NoSuchRows);
    report << "node " << quoted(b.nodeName()) << ": rows '" << block.rows() << "' are " << rowsText(wanted)
           << ", which " << (matches.empty() ? "are no part" : "are more than one part") << " of the input's rows, "
           << rowsText(space);
    return failure();
  }
  Value slice = ir::SliceRowsOp::create(b.builder, b.where, b.typeOf(*input).withSpace(segments[matches[0]]), *input,
                                        matches[0], 1);
  if (segments[matches[0]] == wanted)
    return slice;
  return Value(ir::TakeRowsOp::create(b.builder, b.where, b.typeOf(*input).withSpace(wanted), slice));
}

/// Whether a value is over `frame`: what the rows of another value are grouped by.
static LogicalResult overFrame(ModelBuilder &b, const Message &message, StringRef field, Value value, Attribute frame) {
  if (b.spaceOf(value) == frame)
    return success();
  return b.error(message, field, Code::RowsDiffer) << "node " << quoted(b.nodeName()) << ": " << field << " is "
                                                   << valueText(value) << ", expected the rows " << rowsText(frame);
}

Built reccc::build(ModelBuilder &b, const pb::Shift &block) {
  auto input = b.value(block, "input");
  auto fill = b.value(block, "fill");
  if (failed(input) || failed(fill) || failed(overFrame(b, block, "fill", *fill, ir::getFrame(b.spaceOf(*input)))) ||
      failed(b.sameRecord(block, "fill", -1, *fill, *input)))
    return failure();
  return Value(ir::ShiftOp::create(b.builder, b.where, input->getType(), *input, *fill,
                                   /*by=*/block.from() == pb::Shift::PREVIOUS ? 1 : -1));
}

/// The rows that the oneof `target` of a block means.
template <typename Block> static FailureOr<Attribute> targetRows(ModelBuilder &b, const Block &block) {
  if (block.target_case() == Block::kRows)
    return b.rows(block.rows());
  if (block.target_case() == Block::kLike) {
    auto like = b.value(block, "like");
    return failed(like) ? FailureOr<Attribute>(failure()) : FailureOr<Attribute>(b.spaceOf(*like));
  }
  b.error(block, "", Code::MissingField) << "node " << quoted(b.nodeName()) << " has no target, expected rows or like";
  return failure();
}

Built reccc::build(ModelBuilder &b, const pb::BroadcastRows &block) {
  auto input = b.value(block, "input");
  auto target = targetRows(b, block);
  if (failed(input) || failed(target))
    return failure();
  Attribute outer = ir::getFrame(*target);
  while (outer != b.spaceOf(*input) && !isa<ir::RequestAttr>(outer))
    outer = ir::getFrame(outer);
  if (b.spaceOf(*input) != *target && failed(overFrame(b, block, "input", *input, outer)))
    return failure();
  return b.broadcast(*input, *target);
}

Built reccc::build(ModelBuilder &b, const pb::RepeatRows &block) {
  auto input = b.value(block, "input");
  if (failed(input))
    return failure();
  Attribute outer = b.rows(block.rows());
  Attribute space = ir::getNestSpace(outer, b.spaceOf(*input), [&] { return b.spaceError(block); });
  if (!space)
    return failure();
  return Value(ir::RepeatRowsOp::create(b.builder, b.where, b.typeOf(*input).withSpace(space), *input, outer));
}

Built reccc::build(ModelBuilder &b, const pb::GroupRows &block) {
  auto input = block.fill().empty() ? b.value(block, "input") : b.floats(block, "input");
  if (failed(input))
    return failure();
  ir::Remainder remainder = remainderOf(block.remainder());
  Value fill;
  if (!block.fill().empty()) {
    if (!ir::isPadded(remainder)) {
      b.error(block, "fill", Code::Contradiction)
          << "node " << quoted(b.nodeName()) << " drops rows, expected no fill, or remainder PAD_FIRST or PAD_LAST";
      return failure();
    }
    auto weight = b.weight(block, "fill", block.fill(), {{b.widthOf(*input), "width of the input"}});
    if (failed(weight))
      return failure();
    fill = *weight;
  }
  MLIRContext *context = b.builder.getContext();
  auto tooMany = [&] { return b.spaceError(block); };
  Attribute groups = ir::getGroupSpace(b.spaceOf(*input), block.size(), remainder, tooMany);
  Attribute space = groups ? ir::getNestSpace(groups, ir::getRowsSpace(context, block.size()), tooMany) : Attribute();
  if (!space)
    return failure();
  return Value(ir::GroupRowsOp::create(b.builder, b.where, b.typeOf(*input).withSpace(space), *input, fill,
                                       block.size(), remainder));
}

Built reccc::buildFoldRows(ModelBuilder &b, const pb::Operand &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  Attribute frame = ir::getFrame(b.spaceOf(*input));
  std::optional<int64_t> rows = cast<ir::RowSpace>(ir::getSpaceWithin(frame, b.spaceOf(*input))).getConstantRows();
  if (!rows || *rows < 1) {
    b.error(block, "input", Code::NoSuchRows) << "node " << quoted(b.nodeName()) << ": input is " << valueText(*input)
                                              << ", expected groups of a constant number of rows";
    return failure();
  }
  SmallVector<int64_t> dims = {*rows};
  llvm::append_range(dims, b.typeOf(*input).getDims());
  auto type = b.jagged(block, frame, dims, b.builder.getF32Type());
  return failed(type) ? Built(failure()) : Built(ir::FoldRowsOp::create(b.builder, b.where, *type, *input).getResult());
}

Built reccc::build(ModelBuilder &b, const pb::SplatRows &block) {
  auto target = targetRows(b, block);
  if (failed(target))
    return failure();
  SmallVector<int64_t> record(block.dims().begin(), block.dims().end());
  auto shape = b.weights.shapeOf(block.weight());
  SmallVector<Dim> dims;
  if (record.empty()) {
    dims.push_back(Dim(block.has_width() ? block.width() : -1, "width"));
    if (shape && shape->size() == 2)
      dims.insert(dims.begin(), Dim(1, "one row"));
  } else {
    int64_t elements = 1, given = 1;
    for (int64_t size : record)
      elements = llvm::SaturatingMultiply<uint64_t>(elements, size);
    for (int64_t size : shape ? *shape : ArrayRef<int64_t>(record))
      given *= size;
    if (given != elements) {
      b.error(block, "dims", Code::RecordsDiffer, 0)
          << "node " << quoted(b.nodeName()) << ": shape " << shapeText(record) << " has not the " << given
          << " numbers of weight " << quoted(block.weight()) << ", which is " << shapeText(*shape);
      return failure();
    }
    for (int64_t size : shape ? *shape : ArrayRef<int64_t>(record))
      dims.push_back(Dim(size));
  }
  auto weight = b.weight(block, "weight", block.weight(), dims);
  if (failed(weight))
    return failure();
  if (record.empty())
    record = {b.shapeOf(*weight).back()};
  auto type = b.jagged(block, *target, record, b.builder.getF32Type());
  return failed(type) ? Built(failure()) : Built(b.splat(*weight, *type));
}

Built reccc::build(ModelBuilder &b, const pb::PadRows &block) {
  auto input = b.value(block, "input");
  if (failed(input))
    return failure();
  Attribute rows = ir::getRowsSpace(b.builder.getContext(), block.count());
  Attribute space = ir::getNestSpace(ir::getFrame(b.spaceOf(*input)), rows, [&] { return b.spaceError(block); });
  if (!space)
    return failure();
  auto type = b.typeOf(*input).withSpace(space);
  return Value(ir::PadRowsOp::create(b.builder, b.where, type, *input));
}

Built reccc::build(ModelBuilder &b, const pb::GatherRows &block) {
  auto input = b.value(block, "input");
  auto places = b.integers(block, "places");
  if (failed(input) || failed(places) || failed(b.notNested(block, "input", *input)))
    return failure();
  if (b.typeOf(*places).getDims().size() > 1) {
    b.error(block, "places", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": places is " << valueText(*places)
        << ", expected records of one dimension at most";
    return failure();
  }
  Attribute rows = ir::getRowsSpace(b.builder.getContext(), b.typeOf(*places).getRowElements());
  Attribute space = ir::getNestSpace(b.spaceOf(*places), rows, [&] { return b.spaceError(block); });
  if (!space)
    return failure();
  return Value(ir::GatherRowsOp::create(b.builder, b.where, b.typeOf(*input).withSpace(space), *input, *places));
}

Built reccc::build(ModelBuilder &b, const pb::MaskRows &block) {
  auto input = b.floats(block, "input");
  auto ids = b.ids(block, "ids");
  if (failed(input) || failed(ids) || failed(b.sameRows(block, "ids", -1, *ids, *input)))
    return failure();
  return Value(ir::MaskRowsOp::create(b.builder, b.where, input->getType(), *input, *ids, block.value()));
}

Built reccc::build(ModelBuilder &b, const pb::MaskShort &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  SmallVector<Attribute> spaces;
  for (const std::string &name : block.rows())
    spaces.push_back(b.rows(name));
  return Value(ir::MaskShortOp::create(b.builder, b.where, input->getType(), *input, b.builder.getArrayAttr(spaces),
                                       block.min_rows()));
}

ir::PoolKind reccc::poolKind(pb::Pool::Kind kind) {
  static const ir::PoolKind kinds[] = {ir::PoolKind::last, ir::PoolKind::first, ir::PoolKind::sum, ir::PoolKind::mean,
                                       ir::PoolKind::max};
  return kinds[kind];
}

FailureOr<ir::PoolKind> reccc::reducingKind(ModelBuilder &b, const Message &message, pb::Pool::Kind kind) {
  if (kind == pb::Pool::SUM || kind == pb::Pool::MEAN || kind == pb::Pool::MAX)
    return poolKind(kind);
  b.error(message, "kind", Code::OutOfRange)
      << "kind is " << pb::Pool::Kind_Name(kind) << ", expected SUM, MEAN or MAX";
  return failure();
}

Built reccc::build(ModelBuilder &b, const pb::Pool &block) {
  auto input = b.floats(block, "input");
  if (failed(input))
    return failure();
  auto type = b.typeOf(*input).withSpace(ir::getFrame(b.spaceOf(*input)));
  return Value(ir::PoolOp::create(b.builder, b.where, type, *input, poolKind(block.kind())));
}
