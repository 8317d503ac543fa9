// SPDX-License-Identifier: Apache-2.0
// Reads a batch of requests: lengths of the base row spaces, then inputs. Nothing in it is trusted.
#include "Requests.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <numeric>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

namespace {
/// The row spaces whose lengths a request gives, each kind in order of appearance.
struct BaseSpaces {
  llvm::SmallMapVector<StringRef, int64_t, 4> maxima;
  llvm::SetVector<BagsAttr> bags;
};
} // namespace

static BaseSpaces collectBaseSpaces(ModelOp model) {
  BaseSpaces found;
  AttrTypeWalker walker;
  walker.addWalk([&](BaseSpaceAttr space) { found.maxima.insert({space.getName().getValue(), space.getMax()}); });
  walker.addWalk([&](BagsAttr space) { found.bags.insert(space); });
  model->walk<WalkOrder::PreOrder>([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
    for (Region &region : op->getRegions())
      for (Type type : region.getArgumentTypes())
        walker.walk(type);
  });
  return found;
}

static InFlightDiagnostic failIn(ModelOp model, const NamedTensors &requests) {
  return model.emitError() << "requests '" << requests.source() << "': ";
}

static bool isInteger(const FileTensor &tensor) {
  return tensor.type == TensorType::I64 || tensor.type == TensorType::I32;
}

/// Lengths from an offsets tensor that holds what it should. `what` has them: a request, or row of another space.
static LogicalResult readOffsets(ModelOp model, const NamedTensors &requests, StringRef space, int64_t max,
                                 const FileTensor &tensor, StringRef what, std::vector<int64_t> &rows) {
  if (!isInteger(tensor) || tensor.shape.size() != 1 || tensor.shape[0] < 1)
    return failIn(model, requests) << "expected '" << tensor.name << "' to be i64[" << what << "s + 1], got "
                                   << tensor.describe();
  if (tensor.loadInteger(0) != 0)
    return failIn(model, requests) << "expected '" << tensor.name << "' to begin with 0, got " << tensor.loadInteger(0);
  for (int64_t request = 0; request + 1 < tensor.shape[0]; ++request) {
    int64_t begin = tensor.loadInteger(request), end = tensor.loadInteger(request + 1);
    // Offsets that did not decrease so far are not negative: the difference does not overflow.
    if (end < begin || end - begin > max)
      return failIn(model, requests) << "expected " << what << " " << request << " to have 0 to " << max << " rows in '"
                                     << space << "', got offsets " << begin << " to " << end << " in '" << tensor.name
                                     << "'";
    rows.push_back(end - begin);
  }
  return success();
}

static const FileTensor *findInput(const NamedTensors &requests, StringRef name) {
  if (const FileTensor *tensor = requests.find(name))
    return tensor;
  return requests.find((name + ".values").str());
}

/// The number of requests of a model without base row spaces: from the rows of its first input.
static FailureOr<int64_t> countRequests(ModelOp model, const NamedTensors &requests) {
  for (auto [index, type] : llvm::enumerate(model.getArgumentTypes())) {
    std::optional<int64_t> rows = cast<JaggedType>(type).getRowSpace().getConstantRows();
    const FileTensor *tensor = findInput(requests, model.getInputName(index));
    if (rows && *rows > 0 && tensor && !tensor->shape.empty())
      return tensor->shape[0] / *rows;
  }
  return failIn(model, requests) << "expected offsets of a row space or an input, to know how many requests there are";
}

/// The offsets of a base row space or of bags: `space.offsets`, or `x.offsets` of an input over it.
static SmallVector<const FileTensor *> findOffsets(ModelOp model, const NamedTensors &requests, StringRef space) {
  if (const FileTensor *tensor = requests.find((space + ".offsets").str()))
    return {tensor};
  SmallVector<const FileTensor *> found;
  for (auto [index, type] : llvm::enumerate(model.getArgumentTypes())) {
    if (getRowsName(cast<JaggedType>(type).getSpace()) != space)
      continue;
    std::string name = (model.getInputName(index) + ".offsets").str();
    if (const FileTensor *tensor = requests.find(name))
      found.push_back(tensor);
  }
  return found;
}

/// Where the bags begin, and from that the rows that they have in each request.
static LogicalResult readBags(ModelOp model, const NamedTensors &requests, BagsAttr bags, RequestLengths &lengths) {
  StringRef name = bags.getName().getValue(), of = getRowsName(bags.getOf());
  SmallVector<const FileTensor *> tensors = findOffsets(model, requests, name);
  if (tensors.empty())
    return failIn(model, requests) << "expected the tensor '" << name << ".offsets', i64[rows of '" << of
                                   << "' + 1]: the offsets of the bags '" << name << "'; there is none";
  const std::vector<int64_t> &rows = lengths.rows[of];
  int64_t numBags = std::accumulate(rows.begin(), rows.end(), int64_t(0));
  std::vector<int64_t> sizes;
  for (const FileTensor *tensor : tensors) {
    std::vector<int64_t> read;
    if (failed(readOffsets(model, requests, name, bags.getMax(), *tensor, "bag", read)))
      return failure();
    if (static_cast<int64_t>(read.size()) != numBags)
      return failIn(model, requests) << "expected '" << tensor->name << "' to have " << numBags + 1
                                     << " offsets (rows of '" << of << "' + 1), got " << read.size() + 1;
    if (tensor != tensors.front() && read != sizes)
      return failIn(model, requests) << "expected inputs over '" << name << "' to have equal offsets, got others in '"
                                     << tensor->name << "' than in '" << tensors.front()->name << "'";
    sizes = std::move(read);
  }
  std::vector<int64_t> &offsets = lengths.bagOffsets[name], &ofRequests = lengths.rows[name];
  offsets = {0};
  for (int64_t size : sizes)
    offsets.push_back(offsets.back() + size);
  int64_t first = 0;
  for (int64_t count : rows) {
    ofRequests.push_back(offsets[first + count] - offsets[first]);
    first += count;
  }
  return success();
}

FailureOr<RequestLengths> readLengths(ModelOp model, const NamedTensors &requests) {
  BaseSpaces spaces = collectBaseSpaces(model);
  RequestLengths lengths;
  const FileTensor *first = nullptr;
  for (auto [space, max] : spaces.maxima) {
    SmallVector<const FileTensor *> tensors = findOffsets(model, requests, space);
    if (tensors.empty())
      return failIn(model, requests) << "expected the tensor '" << space
                                     << ".offsets', i64[requests + 1]: the row offsets of '" << space
                                     << "'; there is none";
    for (const FileTensor *tensor : tensors) {
      std::vector<int64_t> rows;
      if (failed(readOffsets(model, requests, space, max, *tensor, "request", rows)))
        return failure();
      if (first && rows.size() != static_cast<size_t>(lengths.numRequests))
        return failIn(model, requests) << "expected one number of requests, got " << lengths.numRequests << " in '"
                                       << first->name << "' and " << rows.size() << " in '" << tensor->name << "'";
      auto [known, isNew] = lengths.rows.try_emplace(space, rows);
      if (!isNew && known->second != rows)
        return failIn(model, requests) << "expected inputs over '" << space
                                       << "' to have equal offsets, got others in '" << tensor->name << "' than in '"
                                       << tensors.front()->name << "'";
      lengths.numRequests = rows.size();
      first = tensor;
    }
  }
  for (BagsAttr bags : spaces.bags)
    if (failed(readBags(model, requests, bags, lengths)))
      return failure();
  if (first)
    return lengths;
  FailureOr<int64_t> count = countRequests(model, requests);
  if (failed(count))
    return failure();
  lengths.numRequests = *count;
  return lengths;
}

static LogicalResult readInput(ModelOp model, const NamedTensors &requests, StringRef name, JaggedValue &value) {
  const FileTensor *tensor = findInput(requests, name);
  SmallVector<int64_t> shape = {value.numRows()};
  llvm::append_range(shape, value.type.getDims());
  auto describe = [&](InFlightDiagnostic diagnostic) -> InFlightDiagnostic {
    diagnostic << (value.type.isFloat() ? "floats [" : "i64 [");
    llvm::interleaveComma(shape, diagnostic);
    diagnostic << "] (" << value.numRequests() << " requests of " << value.type.getSpace() << ")";
    return diagnostic;
  };
  if (!tensor)
    return describe(failIn(model, requests) << "expected a tensor '" << name << "' or '" << name << ".values' of ")
           << "; there is none";
  bool kindAgrees = value.type.isFloat() ? isFloat(tensor->type) : isInteger(*tensor) || tensor->type == TensorType::I8;
  if (!kindAgrees || ArrayRef<int64_t>(tensor->shape) != ArrayRef<int64_t>(shape))
    return describe(failIn(model, requests) << "expected '" << tensor->name << "' to be ")
           << ", got " << tensor->describe();
  for (size_t i = 0; i < value.floats.size(); ++i)
    value.floats[i] = tensor->loadDouble(i);
  for (size_t i = 0; i < value.integers.size(); ++i)
    value.integers[i] = tensor->loadInteger(i);
  return success();
}

LogicalResult readInputs(ModelOp model, const NamedTensors &requests, Evaluation &evaluation) {
  for (BlockArgument argument : model.getBody().getArguments()) {
    if (failed(evaluation.prepare(model.getLoc(), argument)) ||
        failed(readInput(model, requests, model.getInputName(argument.getArgNumber()), evaluation.get(argument))))
      return failure();
    evaluation.finish(argument);
  }
  return success();
}

} // namespace reccc
