// SPDX-License-Identifier: Apache-2.0
// What all blocks share.
#include "ModelBuilder.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace reccc;

//===-- Text
//----------------------------------------------------------------------------------------------------------===//

std::string reccc::rowsText(Attribute space) {
  return llvm::TypeSwitch<Attribute, std::string>(space)
      .Case<ir::BaseSpaceAttr, ir::BagsAttr, ir::OpaqueSpaceAttr>(
          [](Attribute named) { return ir::getRowsName(named).str(); })
      .Case([](ir::RequestAttr) { return std::string("request"); })
      .Case([](ir::RowsAttr rows) { return std::to_string(rows.getCount()) + " rows"; })
      .Case([](ir::ConcatAttr concat) {
        std::string text;
        for (Attribute part : concat.getSpaces())
          text += (text.empty() ? "" : " + ") + rowsText(part);
        return text;
      })
      .Case([](ir::InterleaveAttr interleave) {
        return std::to_string(interleave.getTimes()) + " x (" + rowsText(interleave.getOf()) + ")";
      })
      .Case([](ir::TakeLastAttr take) {
        return "newest " + std::to_string(take.getCount()) + " of " + rowsText(take.getOf());
      })
      .Case([](ir::TakeFirstAttr take) {
        return "oldest " + std::to_string(take.getCount()) + " of " + rowsText(take.getOf());
      })
      .Case([](ir::GroupAttr group) {
        return "groups of " + std::to_string(group.getSize()) + " of " + rowsText(group.getOf());
      })
      .Case([](ir::NestAttr nest) {
        return "(" + rowsText(nest.getInner()) + ") for each of " + rowsText(nest.getOuter());
      })
      .Default([](Attribute) { return std::string("other rows"); });
}

std::string reccc::valueText(Value value) {
  auto type = cast<ir::JaggedType>(value.getType());
  std::string text = rowsText(type.getSpace()) + " of ";
  for (int64_t size : type.getDims())
    text += std::to_string(size) + " x ";
  if (!type.getDims().empty())
    text.resize(text.size() - 3), text += " ";
  return text + (type.isFloat() ? "FLOAT32" : "INT64");
}

//===-- Named values
//--------------------------------------------------------------------------------------------------===//

void ModelBuilder::defineGlobal(StringRef name, Value value) {
  if (!values.try_emplace(name, value).second)
    return;
  order.push_back(name.str());
  // The first name of a value names its op.
  Operation *op = value.getDefiningOp();
  if (op && !isa<NameLoc>(op->getLoc()))
    op->setLoc(NameLoc::get(builder.getStringAttr(name), op->getLoc()));
}

void ModelBuilder::define(const Twine &inner, Value value) {
  std::string name = nodeName().str(), suffix = inner.str();
  defineGlobal(suffix.empty() ? name : name + "." + suffix, value);
}

std::string ModelBuilder::nearestValue(StringRef name) const {
  std::vector<StringRef> known(order.begin(), order.end());
  return didYouMean(name, known);
}

FailureOr<Value> ModelBuilder::value(const Message &message, StringRef field, int index) {
  const Field *descriptor = fieldNamed(message, field);
  const auto *reflection = message.GetReflection();
  std::string name = index >= 0 ? reflection->GetRepeatedString(message, descriptor, index)
                                : reflection->GetString(message, descriptor);
  if (Value found = values.lookup(name))
    return found;
  if (failed_.contains(ownerOf(name)))
    return failure();
  Report report = Report::error(places.of(message, descriptor, index), Code::UnknownName);
  report << "node " << quoted(ownerOf(name)) << " has no value " << quoted(name);
  std::string near = nearestValue(name);
  if (!near.empty())
    report.hint(near);
  return failure();
}

//===-- Checked operands
//----------------------------------------------------------------------------------------------===//

static std::string fieldText(const Message &message, StringRef field, int index) {
  const auto *reflection = message.GetReflection();
  const Field *descriptor = fieldNamed(message, field);
  std::string name = index >= 0 ? reflection->GetRepeatedString(message, descriptor, index)
                                : reflection->GetString(message, descriptor);
  return field.str() + " " + quoted(name);
}

LogicalResult ModelBuilder::bindFiltered() {
  for (const FilteredRows &rows : names.filtered) {
    const pb::Rows::Filtered &filtered = rows.declared->filtered();
    Value flags = values.lookup(filtered.where());
    if (!flags || !placesOf.try_emplace(rows.space).second)
      continue;
    if (typeOf(flags).isFloat() || !typeOf(flags).getDims().empty() || spaceOf(flags) != rows.of)
      return Report::error(places.of(filtered, "where"), Code::RowsDiffer)
             << "rows " << quoted(rows.declared->name()) << ": where " << quoted(filtered.where()) << " is "
             << valueText(flags) << ", expected one INT64 for each row of " << rowsText(rows.of);
    auto type = ir::JaggedType::get(builder.getContext(), rows.space, {}, builder.getI64Type());
    placesOf[rows.space] = ir::FilterRowsOp::create(builder, places.of(*rows.declared), type, flags);
  }
  return success();
}

Value ModelBuilder::filter(Value input, Attribute wanted) {
  for (const FilteredRows &rows : names.filtered)
    if (Value kept = placesOf.lookup(rows.space);
        kept && rows.of == spaceOf(input) && ir::mentionsSpace(wanted, rows.space))
      return ir::GatherRowsOp::create(builder, where, typeOf(input).withSpace(rows.space), input, kept);
  return {};
}

FailureOr<Value> ModelBuilder::floats(const Message &message, StringRef field, int index) {
  auto operand = value(message, field, index);
  if (failed(operand) || typeOf(*operand).isFloat())
    return operand;
  Report::error(places.of(message, field, index), Code::ElementType).hint("look the ids up with an embedding")
      << "node " << quoted(nodeName()) << ": " << fieldText(message, field, index) << " is " << valueText(*operand)
      << ", expected FLOAT32";
  return failure();
}

FailureOr<Value> ModelBuilder::vectors(const Message &message, StringRef field, int index) {
  auto operand = floats(message, field, index);
  if (failed(operand) || typeOf(*operand).getDims().size() == 1)
    return operand;
  Report::error(places.of(message, field, index), Code::RecordsDiffer).hint("flatten it with reshape_features")
      << "node " << quoted(nodeName()) << ": " << fieldText(message, field, index) << " is " << valueText(*operand)
      << ", expected records of one dimension";
  return failure();
}

FailureOr<Value> ModelBuilder::integers(const Message &message, StringRef field, int index) {
  auto operand = value(message, field, index);
  if (failed(operand) || !typeOf(*operand).isFloat())
    return operand;
  Report::error(places.of(message, field, index), Code::ElementType)
      << "node " << quoted(nodeName()) << ": " << fieldText(message, field, index) << " is " << valueText(*operand)
      << ", expected INT64";
  return failure();
}

FailureOr<Value> ModelBuilder::ids(const Message &message, StringRef field, int index) {
  auto operand = value(message, field, index);
  if (failed(operand))
    return failure();
  ir::JaggedType type = typeOf(*operand);
  if (!type.isFloat() && type.getDims().empty())
    return operand;
  Report::error(places.of(message, field, index), Code::ElementType)
      << "node " << quoted(nodeName()) << ": " << fieldText(message, field, index) << " is " << valueText(*operand)
      << ", expected one INT64 for each row";
  return failure();
}

LogicalResult ModelBuilder::sameRows(const Message &message, StringRef field, int index, Value value, Value other) {
  if (spaceOf(value) == spaceOf(other))
    return success();
  return Report::error(places.of(message, field, index), Code::RowsDiffer)
         << "node " << quoted(nodeName()) << ": " << fieldText(message, field, index) << " has the rows "
         << rowsText(spaceOf(value)) << ", expected " << rowsText(spaceOf(other));
}

LogicalResult ModelBuilder::sameRecord(const Message &message, StringRef field, int index, Value value, Value other) {
  ir::JaggedType a = typeOf(value), b = typeOf(other);
  if (a.getDims() == b.getDims() && a.getElementType() == b.getElementType())
    return success();
  return Report::error(places.of(message, field, index), Code::RecordsDiffer)
         << "node " << quoted(nodeName()) << ": " << fieldText(message, field, index) << " is " << valueText(value)
         << ", expected records as of " << valueText(other);
}

LogicalResult ModelBuilder::notNested(const Message &message, StringRef field, Value value) {
  if (isa<ir::RequestAttr>(ir::getFrame(spaceOf(value))))
    return success();
  return error(message, field, Code::NoSuchRows) << "node " << quoted(nodeName()) << ": " << field << " is "
                                                 << valueText(value) << ", expected rows of the request";
}

LogicalResult ModelBuilder::overRequest(const Message &message, StringRef field, Value value) {
  if (spaceOf(value) == ir::getRequestSpace(builder.getContext()))
    return success();
  return Report::error(places.of(message, field), Code::RowsDiffer)
         << "node " << quoted(nodeName()) << ": " << fieldText(message, field, -1) << " has the rows "
         << rowsText(spaceOf(value)) << ", expected one row for each request";
}

FailureOr<ir::JaggedType> ModelBuilder::jagged(const Message &message, Attribute space, ArrayRef<int64_t> dims,
                                               Type element) {
  std::optional<int64_t> rows = cast<ir::RowSpace>(space).getMaxRows();
  if (!rows || *rows >= ir::kRowLimit) {
    Report::error(places.of(message), Code::TooBig)
        << "node " << quoted(nodeName()) << ": the rows " << rowsText(space) << " can be "
        << (rows ? std::to_string(*rows) : "more than 2^63") << ", expected less than 2^31";
    return failure();
  }
  int64_t elements = 1;
  bool fits = dims.size() <= 8;
  for (int64_t size : dims)
    fits = fits && size >= 1 && !llvm::MulOverflow(elements, size, elements) && elements < ir::kRowLimit;
  if (fits)
    return ir::JaggedType::get(builder.getContext(), space, dims, element);
  Report::error(places.of(message), Code::TooBig)
      << "node " << quoted(nodeName()) << ": a record of shape " << shapeText(dims)
      << " is too large, expected at most 8 dimensions and less than 2^31 numbers";
  return failure();
}

//===-- Ops
//-----------------------------------------------------------------------------------------------------------===//

Value ModelBuilder::linear(Value input, Value weight, Value bias, bool transposed) {
  int64_t outputs = shapeOf(weight)[transposed ? 0 : 1];
  return ir::LinearOp::create(builder, where, typeOf(input).withDims({outputs}), input, weight, bias, transposed);
}

Value ModelBuilder::layerNorm(Value input, Value weight, Value bias, double eps, int64_t groups) {
  return ir::LayerNormOp::create(builder, where, input.getType(), input, weight, bias, llvm::APFloat(eps), groups);
}

Value ModelBuilder::gelu(Value input, bool tanh) {
  return ir::GeluOp::create(builder, where, input.getType(), input, tanh);
}

Value ModelBuilder::scale(Value input, double factor, double plus) {
  return ir::ScaleOp::create(builder, where, input.getType(), input, builder.getF64FloatAttr(factor),
                             builder.getF64FloatAttr(plus));
}

Value ModelBuilder::concatFeatures(ArrayRef<Value> inputs) {
  if (inputs.size() == 1)
    return inputs[0];
  int64_t width = 0;
  for (Value input : inputs)
    width += widthOf(input);
  return ir::ConcatFeaturesOp::create(builder, where, typeOf(inputs[0]).withDims({width}), inputs);
}

Value ModelBuilder::sliceFeatures(Value input, int64_t offset, int64_t size) {
  if (size == widthOf(input))
    return input;
  return ir::SliceFeaturesOp::create(builder, where, typeOf(input).withDims({size}), input, offset, size);
}

Value ModelBuilder::reshape(Value input, ArrayRef<int64_t> dims) {
  if (typeOf(input).getDims() == dims)
    return input;
  return ir::ReshapeFeaturesOp::create(builder, where, typeOf(input).withDims(dims), input);
}

InFlightDiagnostic ModelBuilder::spaceError(const Message &message) {
  return emitError(places.of(message)) << "node " << quoted(nodeName()) << " makes rows that are too many [RC"
                                       << static_cast<int64_t>(Code::TooBig) << "]: ";
}

FailureOr<Value> ModelBuilder::concatRows(const Message &message, ArrayRef<Value> inputs) {
  if (inputs.size() == 1)
    return inputs[0];
  SmallVector<Attribute> spaces = llvm::map_to_vector(inputs, spaceOf);
  Attribute frame = ir::findFrame(spaces);
  for (Attribute space : spaces)
    if (!ir::getSpaceWithin(frame, space)) {
      error(message, "", Code::RowsDiffer)
          << "node " << quoted(nodeName()) << ": an input has the rows " << rowsText(space)
          << ", expected rows for each of " << rowsText(frame) << ", as another input has; repeat_rows makes them";
      return failure();
    }
  Attribute space = ir::getFramedConcatSpace(frame, spaces, [&] { return spaceError(message); });
  if (!space)
    return failure();
  auto type = jagged(message, space, typeOf(inputs[0]).getDims(), typeOf(inputs[0]).getElementType());
  if (failed(type))
    return failure();
  return Value(ir::ConcatRowsOp::create(builder, where, *type, inputs));
}

FailureOr<Value> ModelBuilder::interleave(const Message &message, ArrayRef<Value> inputs) {
  Attribute space = ir::getInterleaveSpace(spaceOf(inputs[0]), inputs.size(), [&] { return spaceError(message); });
  if (!space)
    return failure();
  auto type = jagged(message, space, typeOf(inputs[0]).getDims(), typeOf(inputs[0]).getElementType());
  if (failed(type))
    return failure();
  return Value(ir::InterleaveOp::create(builder, where, *type, inputs));
}

Value ModelBuilder::broadcast(Value input, Attribute space) {
  if (spaceOf(input) == space)
    return input;
  return ir::BroadcastRowsOp::create(builder, where, typeOf(input).withSpace(space), input);
}

Value ModelBuilder::splat(Value parameter, ir::JaggedType type) {
  return ir::SplatRowsOp::create(builder, where, type, parameter);
}

Value ModelBuilder::paramSlice(Value input, int64_t dim, int64_t offset, int64_t size) {
  SmallVector<int64_t> shape(shapeOf(input));
  if (shape[dim] == size)
    return input;
  shape[dim] = size;
  return ir::ParamSliceOp::create(builder, where, RankedTensorType::get(shape, builder.getF32Type()), input, dim,
                                  offset, size);
}

Value ModelBuilder::paramReshape(Value input, ArrayRef<int64_t> dims) {
  if (shapeOf(input) == dims)
    return input;
  return ir::ParamReshapeOp::create(builder, where, RankedTensorType::get(dims, builder.getF32Type()), input);
}

Value ModelBuilder::paramConcat(ArrayRef<Value> inputs, int64_t dim) {
  if (inputs.size() == 1)
    return inputs[0];
  SmallVector<int64_t> shape(shapeOf(inputs[0]));
  for (Value input : inputs.drop_front())
    shape[dim] += shapeOf(input)[dim];
  return ir::ParamConcatOp::create(builder, where, RankedTensorType::get(shape, builder.getF32Type()), inputs, dim);
}
