// SPDX-License-Identifier: Apache-2.0
// Random weights and requests.
#include "RandomData.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc {

/// Long enough for several tiles of rows, short enough for plain loops.
static constexpr int64_t kManyRows = 40;

double RandomData::uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }

int64_t RandomData::below(int64_t limit) { return static_cast<int64_t>(engine() % static_cast<uint64_t>(limit)); }

static int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

void RandomData::addFloats(NamedTensors &tensors, StringRef name, ArrayRef<int64_t> shape, double factor) {
  std::vector<double> &values = floats.emplace_back(countElements(shape));
  for (double &value : values)
    value = factor * (2 * uniform() - 1);
  tensors.add({name.str(), TensorType::F64, shape.vec(), reinterpret_cast<const std::byte *>(values.data()),
               values.size() * sizeof(double), 0});
}

void RandomData::addIntegers(NamedTensors &tensors, StringRef name, ArrayRef<int64_t> shape,
                             std::vector<int64_t> values) {
  const std::vector<int64_t> &kept = integers.emplace_back(std::move(values));
  tensors.add({name.str(), TensorType::I64, shape.vec(), reinterpret_cast<const std::byte *>(kept.data()),
               kept.size() * sizeof(int64_t), 0});
}

NamedTensors RandomData::makeWeights(ModuleOp module) {
  NamedTensors weights("random weights");
  for (auto parameter : module.getOps<ParameterOp>()) {
    auto type = cast<RankedTensorType>(parameter.getType());
    if (weights.find(parameter.getSource()))
      continue;
    if (type.getElementType().isInteger(64))
      addIntegers(weights, parameter.getSource(), type.getShape(), std::vector<int64_t>(type.getNumElements(), 1));
    else // sums over one dimension of a matrix stay near 1
      addFloats(weights, parameter.getSource(), type.getShape(),
                type.getRank() == 1 ? 1 : std::sqrt(3.0 / type.getDimSize(type.getRank() - 2)));
  }
  return weights;
}

/// Lowers the limits of the model's arguments whose elements reach `ids` through views.
static void limitIds(Value ids, int64_t limit, llvm::DenseMap<Value, int64_t> &limits) {
  if (auto argument = dyn_cast<BlockArgument>(ids)) {
    if (auto kernel = dyn_cast<rectile::KernelOp>(argument.getOwner()->getParentOp()))
      return limitIds(kernel.getOperand(argument.getArgNumber()), limit, limits);
    int64_t &known = limits.try_emplace(ids, limit).first->second;
    known = std::min(known, limit);
    return;
  }
  Operation *op = ids.getDefiningOp();
  if (auto kernel = dyn_cast<rectile::KernelOp>(op))
    return limitIds(kernel.getBody().front().getTerminator()->getOperand(cast<OpResult>(ids).getResultNumber()), limit,
                    limits);
  if (auto gather = dyn_cast<GatherRowsOp>(op))
    return limitIds(gather.getInput(), limit, limits);
  if (isa<View>(op) || isa<ShiftOp, BroadcastRowsOp, PadRowsOp>(op))
    for (Value operand : op->getOperands())
      limitIds(operand, limit, limits);
}

static llvm::DenseMap<Value, int64_t> findIdLimits(ModelOp model) {
  llvm::DenseMap<Value, int64_t> limits;
  auto limit = [&](auto lookup) {
    if (lookup.getOutOfRange() == OutOfRange::reject_request)
      limitIds(lookup.getIds(), lookup.getTable().getType().getDimSize(0), limits);
  };
  model.walk([&](EmbeddingOp op) { limit(op); });
  model.walk([&](EmbeddingBagsOp op) { limit(op); });
  return limits;
}

NamedTensors RandomData::makeRequests(ModelOp model) {
  NamedTensors requests("random requests");
  llvm::MapVector<StringRef, int64_t> maxima;
  AttrTypeWalker walker;
  llvm::SetVector<BagsAttr> bags;
  walker.addWalk([&](BaseSpaceAttr space) { maxima.insert({space.getName().getValue(), space.getMax()}); });
  walker.addWalk([&](BagsAttr space) { bags.insert(space); });
  model.walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
  });

  constexpr int64_t numRequests = 7;
  llvm::StringMap<std::vector<int64_t>> lengths;
  for (auto [space, max] : maxima) {
    int64_t many = std::min(max, kManyRows);
    std::vector<int64_t> rows = {0, 1, many, std::min<int64_t>(max, 2)};
    while (rows.size() < numRequests)
      rows.push_back(below(std::min<int64_t>(many, 12) + 1));
    for (int64_t i = numRequests - 1; i > 0; --i)
      std::swap(rows[i], rows[below(i + 1)]);
    std::vector<int64_t> offsets = {0};
    for (int64_t length : rows)
      offsets.push_back(offsets.back() + length);
    lengths[space] = rows;
    addIntegers(requests, (space + ".offsets").str(), {numRequests + 1}, std::move(offsets));
  }

  for (BagsAttr space : bags) {
    std::vector<int64_t> offsets = {0}, rows;
    for (int64_t holders : lengths.at(getRowsName(space.getOf()))) {
      int64_t before = offsets.back();
      for (int64_t i = 0; i < holders; ++i)
        offsets.push_back(offsets.back() + below(std::min<int64_t>(space.getMax(), 6) + 1));
      rows.push_back(offsets.back() - before);
    }
    lengths[getRowsName(space)] = rows;
    int64_t size = offsets.size();
    addIntegers(requests, (getRowsName(space) + ".offsets").str(), {size}, std::move(offsets));
  }

  llvm::DenseMap<Value, int64_t> limits = findIdLimits(model);
  for (BlockArgument argument : model.getBody().getArguments()) {
    auto type = cast<JaggedType>(argument.getType());
    int64_t rows = 0;
    for (int64_t request = 0; request < numRequests; ++request)
      rows += type.getRowSpace().getRows([&](Attribute base) { return lengths.at(getRowsName(base))[request]; });
    SmallVector<int64_t> shape = {rows};
    llvm::append_range(shape, type.getDims());
    StringRef name = model.getInputName(argument.getArgNumber());
    if (type.isFloat()) {
      addFloats(requests, name, shape, 1);
      continue;
    }
    std::vector<int64_t> values(countElements(shape));
    auto limit = limits.find(argument);
    for (int64_t &value : values) // without a limit: flags and counts, or times
      value = below(limit != limits.end() ? limit->second : below(2) ? 40 : int64_t(1) << 31);
    addIntegers(requests, name, shape, std::move(values));
  }
  return requests;
}

} // namespace reccc
