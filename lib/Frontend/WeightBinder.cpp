// SPDX-License-Identifier: Apache-2.0
// Binds parameters to tensors of the weights file by name.
#include "WeightBinder.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/Safetensors.h"
#include "llvm/Support/MathExtras.h"

using namespace reccc;
namespace ir = ::mlir::recsys;

WeightBinder::WeightBinder(ModuleOp module, const SafetensorsFile *weights) : module(module), weights(weights) {}

Location WeightBinder::fileLocation(MLIRContext *context) const {
  return FileLineColLoc::get(context, weights ? weights->source() : "weights", 0, 0);
}

static const FileTensor *findTensor(const SafetensorsFile *weights, StringRef name) {
  return weights ? weights->find(std::string_view(name.data(), name.size())) : nullptr;
}

bool WeightBinder::contains(StringRef name) const { return findTensor(weights, name); }

std::optional<ArrayRef<int64_t>> WeightBinder::shapeOf(StringRef name) const {
  if (const FileTensor *tensor = findTensor(weights, name))
    return ArrayRef<int64_t>(tensor->shape);
  return std::nullopt;
}

LogicalResult WeightBinder::reportMissing(Location where, StringRef name) const {
  Report report = Report::error(where, Code::MissingTensor);
  report << "the weights have no tensor " << quoted(name);
  std::vector<StringRef> names;
  for (const FileTensor &tensor : weights->tensors())
    names.push_back(tensor.name);
  std::string near = didYouMean(name, names);
  report.note(fileLocation(where.getContext()),
              near.empty() ? "the file has " + Twine(names.size()) + " tensors" : Twine(near));
  return report;
}

FailureOr<SmallVector<int64_t>> WeightBinder::checkShape(Location where, StringRef name, ArrayRef<Dim> dims,
                                                         ArrayRef<std::pair<Location, std::string>> notes) const {
  SmallVector<int64_t> expected;
  for (const Dim &dim : dims)
    expected.push_back(dim.size);
  if (!weights) {
    for (auto [i, dim] : llvm::enumerate(dims))
      if (dim.size < 0) {
        Report report = Report::error(where, Code::SizeNeeded);
        report << "the shape " << shapeText(expected) << " of weight " << quoted(name)
               << " is not known without a weights file";
        report.hint(dim.from.empty() ? "give the weights" : "set " + dim.from + ", or give the weights");
        return failure();
      }
    return expected;
  }
  const FileTensor *tensor = findTensor(weights, name);
  if (!tensor)
    return reportMissing(where, name);
  if (!isFloat(tensor->type)) {
    Report::error(where, Code::TensorType)
            .note(fileLocation(where.getContext()), "tensor " + quoted(name) + " is " + tensor->describe())
        << "weight " << quoted(name) << " holds " << typeName(tensor->type) << ", expected F32, F64, BF16 or F16";
    return failure();
  }
  bool fits = tensor->shape.size() == dims.size();
  for (size_t i = 0; fits && i < dims.size(); ++i)
    fits = dims[i].size < 0 ? tensor->shape[i] > 0 : tensor->shape[i] == dims[i].size;
  if (fits)
    return SmallVector<int64_t>(ArrayRef<int64_t>(tensor->shape));
  Report report = Report::error(where, Code::ShapeMismatch);
  report << "weight " << quoted(name) << " has shape " << shapeText(tensor->shape) << ", expected "
         << shapeText(expected);
  std::vector<std::string> reasons;
  for (size_t i = 0; i < dims.size(); ++i)
    if (!dims[i].from.empty() && dims[i].size >= 0 && (i >= tensor->shape.size() || tensor->shape[i] != dims[i].size))
      reasons.push_back(std::to_string(dims[i].size) + " = " + dims[i].from);
  if (!reasons.empty())
    report << " (" << enumerate(reasons) << ")";
  report.note(fileLocation(where.getContext()), "tensor " + quoted(name) + " is " + tensor->describe());
  for (const auto &[place, text] : notes)
    report.note(place, text);
  return failure();
}

FailureOr<Value> WeightBinder::bind(OpBuilder &builder, Location where, StringRef name, ArrayRef<Dim> dims,
                                    ArrayRef<std::pair<Location, std::string>> notes) {
  markUsed(name);
  auto shape = checkShape(where, name, dims, notes);
  if (failed(shape))
    return failure();
  int64_t elements = 1;
  for (int64_t size : *shape)
    if (llvm::MulOverflow(elements, size, elements) || elements > (int64_t(1) << 60)) {
      Report::error(where, Code::TooBig) << "the element count of weight " << quoted(name) << " with shape "
                                         << shapeText(*shape) << " overflows";
      return failure();
    }
  auto type = RankedTensorType::get(*shape, builder.getF32Type());
  auto symbol = builder.getStringAttr(name);
  auto [it, isNew] = declared.insert({symbol, type});
  if (!isNew && it->second != type) {
    // Only without a file: two blocks tell different sizes.
    Report::error(where, Code::ShapeMismatch)
        << "weight " << quoted(name) << " has shape " << shapeText(it->second.getShape()) << " elsewhere, expected "
        << shapeText(*shape) << " here";
    return failure();
  }
  if (isNew) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(module.getBody(), std::prev(module.getBody()->end()));
    ir::ParameterOp::create(builder, where, symbol, builder.getStringAttr("private"), TypeAttr::get(type), symbol);
  }
  Value &value = values[symbol];
  if (!value)
    value = ir::GetParameterOp::create(builder, where, type, FlatSymbolRefAttr::get(symbol));
  return value;
}

void WeightBinder::markPrefixUsed(StringRef prefix) {
  if (weights)
    for (const FileTensor &tensor : weights->tensors())
      if (StringRef(tensor.name).starts_with(prefix))
        markUsed(tensor.name);
}

void WeightBinder::warnUnused(MLIRContext *context) const {
  if (!weights)
    return;
  std::vector<std::string> names;
  size_t count = 0;
  for (const FileTensor &tensor : weights->tensors())
    if (!used.contains(tensor.name) && ++count <= 5)
      names.push_back(quoted(tensor.name));
  if (!count)
    return;
  if (count > names.size())
    names.push_back(std::to_string(count - names.size()) + " more");
  Report::warning(fileLocation(context), Code::UnusedTensor)
          .hint("if the model does not need them, list them under `unused_weight`")
      << (count == 1 ? "one tensor is" : "tensors are") << " never used: " << enumerate(names);
}
