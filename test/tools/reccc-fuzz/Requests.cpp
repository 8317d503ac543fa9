// SPDX-License-Identifier: Apache-2.0
// Lengths of base row spaces, then inputs.
#include "Requests.h"
#include "Random.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

/// By name.
static std::map<std::string, int64_t> findBases(ModelOp model, std::map<std::string, BagsAttr> &bags) {
  std::map<std::string, int64_t> maxima;
  AttrTypeWalker walker;
  walker.addWalk([&](BaseSpaceAttr space) { maxima[space.getName().str()] = space.getMax(); });
  walker.addWalk([&](BagsAttr space) { bags[space.getName().str()] = space; });
  model.walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
  });
  for (BlockArgument argument : model.getBody().getArguments())
    walker.walk(argument.getType());
  return maxima;
}

/// Most requests are short, so that a batch stays cheap; the kinds of length are the same for all spaces or drawn for
/// each.
static int64_t drawLength(Random &random, int64_t max) {
  switch (random.below(10)) {
  case 0:
  case 1:
    return 0;
  case 2:
    return 1;
  case 3:
    return max;
  case 4:
    return random.between(0, max);
  default:
    return random.between(0, std::min<int64_t>(max, 7));
  }
}

static int64_t drawInteger(Random &random, const InputRange &range) {
  // The span of a range may have no 64-bit number.
  uint64_t span = static_cast<uint64_t>(range.most) - static_cast<uint64_t>(range.least);
  if (span < static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return range.least + random.below(static_cast<int64_t>(span) + 1);
  return static_cast<int64_t>(static_cast<uint64_t>(range.least) +
                              static_cast<uint64_t>(random.below(std::numeric_limits<int64_t>::max())));
}

namespace {
struct InputData {
  std::vector<float> floats;
  std::vector<int64_t> integers;
  int64_t rows = 0;
};
} // namespace

static void drawRows(Random &random, JaggedType type, const InputRange &range, int64_t rows, InputData &data) {
  int64_t count = rows * type.getRowElements();
  data.rows += rows;
  if (type.isFloat()) {
    for (int64_t i = 0; i < count; ++i)
      data.floats.push_back(static_cast<float>(range.size * random.around0()));
    return;
  }
  size_t begin = data.integers.size();
  for (int64_t i = 0; i < count; ++i)
    data.integers.push_back(drawInteger(random, range));
  if (range.sorted)
    std::sort(data.integers.begin() + begin, data.integers.end());
}

TensorSet makeRequests(ModelOp model, const llvm::StringMap<InputRange> &inputs, uint64_t seed, int64_t first,
                       int64_t count) {
  std::map<std::string, BagsAttr> bags;
  std::map<std::string, int64_t> maxima = findBases(model, bags);
  std::map<std::string, std::vector<int64_t>> offsets;
  for (const auto &[name, max] : maxima)
    offsets[name] = {0};
  for (const auto &[name, space] : bags)
    offsets[name] = {0};
  std::vector<InputData> data(model.getBody().getNumArguments());
  for (int64_t request = first; request < first + count; ++request) {
    Random random(seed, request);
    std::map<std::string, int64_t> lengths;
    bool atBound = random.chance(0.1);
    for (const auto &[name, max] : maxima) {
      lengths[name] = atBound ? max : drawLength(random, max);
      offsets[name].push_back(offsets[name].back() + lengths[name]);
    }
    for (const auto &[name, space] : bags) {
      std::vector<int64_t> &ofBags = offsets[name];
      int64_t before = ofBags.back();
      for (int64_t i = 0, rows = lengths.at(getRowsName(space.getOf()).str()); i < rows; ++i)
        ofBags.push_back(ofBags.back() + (atBound ? space.getMax() : drawLength(random, space.getMax())));
      lengths[name] = ofBags.back() - before;
    }
    for (auto [argument, values] : llvm::zip_equal(model.getBody().getArguments(), data)) {
      auto type = cast<JaggedType>(argument.getType());
      int64_t rows = type.getRowSpace().getRows([&](Attribute base) { return lengths.at(getRowsName(base).str()); });
      drawRows(random, type, inputs.lookup(model.getInputName(argument.getArgNumber())), rows, values);
    }
  }
  TensorSet requests;
  for (auto &[name, all] : offsets) {
    int64_t size = all.size();
    requests.add(name + ".offsets", {size}, std::move(all));
  }
  for (auto [argument, values] : llvm::zip_equal(model.getBody().getArguments(), data)) {
    auto type = cast<JaggedType>(argument.getType());
    std::vector<int64_t> shape = {values.rows};
    llvm::append_range(shape, type.getDims());
    std::string name = model.getInputName(argument.getArgNumber()).str();
    if (type.isFloat())
      requests.add(name, shape, std::move(values.floats));
    else
      requests.add(name, shape, std::move(values.integers));
  }
  return requests;
}

} // namespace reccc::fuzz
