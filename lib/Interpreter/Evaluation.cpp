// SPDX-License-Identifier: Apache-2.0
// Sizes, storage types and the table of values.
#include "Evaluation.h"

#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace mlir;

namespace reccc {

/// Rounds to 8 bits of mantissa in one step: going over fp32 would round twice.
static double roundToBF16(double value) {
  if (std::isnan(value) || std::isinf(value))
    return value;
  APFloat number(value);
  bool losesInfo;
  number.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

/// Nearly all numbers to round are fp32 results, for which the bits are enough.
static float roundToBF16(float value) {
  if (std::isnan(value))
    return value;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits += 0x7fff + ((bits >> 16) & 1);
  bits &= 0xffff0000;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

double roundTo(Type elementType, double value) {
  if (elementType.isF32())
    return static_cast<float>(value);
  if (!elementType.isBF16())
    return value;
  float narrow = static_cast<float>(value);
  return narrow == value ? roundToBF16(narrow) : roundToBF16(value);
}

Type Evaluation::getStorage(Type elementType) const {
  MLIRContext *context = elementType.getContext();
  switch (mode) {
  case InterpreterMode::Double:
    return Float64Type::get(context);
  case InterpreterMode::NaiveF32:
    return Float32Type::get(context);
  case InterpreterMode::NaiveBF16:
    return BFloat16Type::get(context);
  case InterpreterMode::AsTyped:
    return elementType;
  }
  llvm_unreachable("all modes are handled");
}

void Evaluation::roundAll(Type elementType, std::vector<double> &elements) const {
  Type storage = getStorage(elementType);
  if (storage.isF64())
    return;
  for (double &element : elements)
    element = roundTo(storage, element);
}

int64_t Evaluation::getRows(Attribute space, int64_t request) const {
  return cast<recsys::RowSpace>(space).getRows(
      [&](Attribute base) { return lengths.rows.at(recsys::getRowsName(base))[request]; });
}

std::vector<Instance> Evaluation::getInstances(Attribute frame) const {
  std::vector<Instance> instances;
  for (int64_t request = 0; request < lengths.numRequests; ++request)
    for (int64_t number = 0, rows = getRows(frame, request); number < rows; ++number)
      instances.push_back({request, number});
  return instances;
}

int64_t Evaluation::getRowsWithin(Attribute frame, Attribute space, const Instance &instance) const {
  Attribute within = recsys::getSpaceWithin(frame, space);
  return getRows(within ? within : space, instance.request);
}

int64_t Evaluation::getFirstRow(Attribute frame, const JaggedValue &value, const Instance &instance) const {
  Attribute space = value.type.getSpace();
  int64_t begin = value.offsets[instance.request];
  if (!recsys::getSpaceWithin(frame, space))
    return begin;
  return begin + instance.number * getRowsWithin(frame, space, instance);
}

std::optional<std::vector<int64_t>> Evaluation::getOffsets(Attribute space) const {
  std::vector<int64_t> offsets = {0};
  // Lengths are at most the maxima of their spaces, so that a maximum that fits is enough.
  if (!cast<recsys::RowSpace>(space).getMaxRows())
    return std::nullopt;
  for (int64_t request = 0; request < lengths.numRequests; ++request) {
    int64_t end;
    if (llvm::AddOverflow(offsets.back(), getRows(space, request), end))
      return std::nullopt;
    offsets.push_back(end);
  }
  return offsets;
}

LogicalResult Evaluation::prepare(Location location, Value value) {
  auto type = dyn_cast<recsys::JaggedType>(value.getType());
  if (!type)
    return success();
  std::optional<std::vector<int64_t>> offsets = getOffsets(type.getSpace());
  if (!offsets || offsets->back() > kMaxElements / type.getRowElements())
    return emitError(location) << "expected a value of at most " << kMaxElements << " numbers, got more for " << type
                               << "; interpret fewer requests at once";
  auto made = std::make_shared<JaggedValue>();
  made->type = type;
  int64_t size = offsets->back() * type.getRowElements();
  if (type.isFloat())
    made->floats.resize(size);
  else
    made->integers.resize(size);
  made->offsets = std::move(*offsets);
  jagged[value] = std::move(made);
  return success();
}

void Evaluation::finish(Value value) {
  auto found = jagged.find(value);
  if (found != jagged.end())
    roundAll(found->second->type.getElementType(), found->second->floats);
}

void Evaluation::setParameter(Value value, RankedTensorType type, std::vector<double> elements) {
  auto made = std::make_shared<ParameterValue>();
  made->type = type;
  if (isa<FloatType>(type.getElementType()) && !getStorage(type.getElementType()).isF64()) {
    made->rounded = elements;
    roundAll(type.getElementType(), made->rounded);
  }
  made->exact = std::move(elements);
  parameters[value] = std::move(made);
}

void Evaluation::bind(Value to, Value from) {
  if (std::shared_ptr<JaggedValue> value = jagged.lookup(from))
    jagged[to] = value;
  else if (std::shared_ptr<ParameterValue> parameter = parameters.lookup(from))
    parameters[to] = parameter;
}

void Evaluation::erase(Value value) {
  jagged.erase(value);
  parameters.erase(value);
}

} // namespace reccc
