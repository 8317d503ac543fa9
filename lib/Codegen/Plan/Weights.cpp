// SPDX-License-Identifier: Apache-2.0
// Lays out, evaluates and packs the weights of a compiled model.
#include "reccc/Codegen/Plan/Weights.h"

#include "reccc/Codegen/Common/PackParameter.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <map>

using namespace reccc;
using namespace mlir::recsys;
using namespace mlir::rectile;

/// Weights begin at multiples of this, with as many readable bytes behind each.
static constexpr int64_t kWeightAlignment = 64;

/// For each parameter expression the first one that says the same: entry points share their weights.
static llvm::DenseMap<Value, Value> findFirstOfEquals(ModuleOp module) {
  llvm::DenseMap<Value, Value> first;
  // Attributes and types are unique, so their addresses say whether they are equal.
  std::map<std::vector<const void *>, Value> known;
  module.walk([&](ParameterExpression op) {
    std::vector<const void *> key = {op->getName().getAsOpaquePointer(), op->getAttrDictionary().getAsOpaquePointer(),
                                     op->getResult(0).getType().getAsOpaquePointer()};
    for (Value operand : op->getOperands())
      key.push_back(first.lookup(operand).getAsOpaquePointer());
    first[op->getResult(0)] = known.try_emplace(std::move(key), op->getResult(0)).first->second;
  });
  return first;
}

WeightLayout::WeightLayout(ModuleOp module) {
  llvm::DenseMap<Value, Value> first = findFirstOfEquals(module);
  module.walk([&](DispatchOp dispatch) {
    for (auto [operand, attr] : llvm::zip(dispatch.getInputs(), dispatch.getPackings())) {
      auto packing = dyn_cast<PackingAttr>(attr);
      if (!packing)
        continue;
      int kind = static_cast<int>(packing.getValue());
      unsigned index = indices.try_emplace({first.lookup(operand), kind}, weights.size()).first->second;
      indices[{operand, kind}] = index;
      if (index < weights.size())
        continue;
      int64_t bytes = getPackedBytes(cast<RankedTensorType>(operand.getType()), packing.getValue());
      weights.push_back({operand, packing.getValue(), totalBytes, bytes});
      totalBytes += llvm::alignTo(bytes, kWeightAlignment) + kWeightAlignment;
    }
  });
}

//===-- Evaluation ---------------------------------------------------------------------------===//

namespace {

/// The values of parameter expressions, each computed once.
class Evaluator {
public:
  Evaluator(ModuleOp module, ReadParameter read) : symbols(module), read(read) {}
  FailureOr<const std::vector<double> *> evaluate(Value value);

private:
  LogicalResult compute(Operation *op, std::vector<double> &result);
  ArrayRef<double> operand(Operation *op, unsigned number) { return values[op->getOperand(number)]; }

  SymbolTable symbols;
  ReadParameter read;
  llvm::DenseMap<Value, std::vector<double>> values;
};

} // namespace

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Product of the dimensions [begin, end).
static int64_t product(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t dim : shape)
    elements *= dim;
  return elements;
}

/// Copies `parts` of a tensor side by side along a dimension; `inner` is the number of elements behind that dimension.
static void copyBlocks(ArrayRef<double> from, int64_t fromBlock, int64_t fromOffset, MutableArrayRef<double> to,
                       int64_t toBlock, int64_t toOffset, int64_t block) {
  for (int64_t outer = 0, count = to.size() / toBlock; outer < count; ++outer)
    std::copy_n(from.begin() + outer * fromBlock + fromOffset, block, to.begin() + outer * toBlock + toOffset);
}

LogicalResult Evaluator::compute(Operation *op, std::vector<double> &result) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](GetParameterOp get) { return read(symbols.lookup<ParameterOp>(get.getParameter()), result); })
      .Case([&](ParamSliceOp slice) {
        ArrayRef<int64_t> shape = typeOf(slice.getInput()).getShape();
        int64_t inner = product(shape.drop_front(slice.getDim() + 1));
        copyBlocks(operand(op, 0), shape[slice.getDim()] * inner, slice.getOffset() * inner, result,
                   slice.getSize() * inner, 0, slice.getSize() * inner);
        return success();
      })
      .Case([&](ParamConcatOp concat) {
        int64_t dim = concat.getDim(), inner = product(concat.getType().getShape().drop_front(dim + 1));
        int64_t toBlock = concat.getType().getDimSize(dim) * inner, offset = 0;
        for (auto [number, input] : llvm::enumerate(concat.getInputs())) {
          int64_t block = typeOf(input).getDimSize(dim) * inner;
          copyBlocks(operand(op, number), block, 0, result, toBlock, offset, block);
          offset += block;
        }
        return success();
      })
      .Case([&](ParamTransposeOp transpose) {
        int64_t rows = transpose.getType().getDimSize(0), columns = transpose.getType().getDimSize(1);
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j)
            result[i * columns + j] = operand(op, 0)[j * rows + i];
        return success();
      })
      .Case([&](ParamReshapeOp) {
        llvm::copy(operand(op, 0), result.begin());
        return success();
      })
      .Case([&](ParamAddOp) {
        for (size_t i = 0; i < result.size(); ++i)
          result[i] = operand(op, 0)[i] + operand(op, 1)[i];
        return success();
      })
      .Case([&](ParamSubOp) {
        for (size_t i = 0; i < result.size(); ++i)
          result[i] = operand(op, 0)[i] - operand(op, 1)[i];
        return success();
      })
      .Case([&](ParamMulOp) {
        for (size_t i = 0; i < result.size(); ++i)
          result[i] = operand(op, 0)[i] * operand(op, 1)[i];
        return success();
      })
      .Case([&](ParamRsqrtOp rsqrt) {
        for (size_t i = 0; i < result.size(); ++i)
          result[i] = 1 / std::sqrt(operand(op, 0)[i] + rsqrt.getEps().convertToDouble());
        return success();
      })
      .Case([&](ParamScaleRowsOp scale) {
        int64_t columns = scale.getType().getDimSize(1);
        for (size_t i = 0; i < result.size(); ++i)
          result[i] = operand(op, 0)[i] * operand(op, 1)[i / columns];
        return success();
      })
      .Case([&](ParamVecmatOp vecmat) {
        ArrayRef<double> vector = operand(op, 0), matrix = operand(op, 1);
        for (size_t i = 0; i < vector.size(); ++i)
          for (size_t j = 0; j < result.size(); ++j)
            result[j] += vector[i] * matrix[i * result.size() + j];
        return success();
      })
      .Case([&](ParamMatmulOp matmul) {
        ArrayRef<double> left = operand(op, 0), right = operand(op, 1);
        size_t inner = matmul.getLeft().getType().getDimSize(1), columns = matmul.getType().getDimSize(1);
        for (size_t i = 0; i < left.size(); ++i)
          for (size_t j = 0; j < columns; ++j)
            result[i / inner * columns + j] += left[i] * right[i % inner * columns + j];
        return success();
      })
      .Case([&](ParamL2NormOp norm) {
        int64_t columns = norm.getType().getDimSize(1);
        for (int64_t row = 0, rows = norm.getType().getDimSize(0); row < rows; ++row) {
          ArrayRef<double> input = operand(op, 0).slice(row * columns, columns);
          double sum = 0;
          for (double x : input)
            sum += x * x;
          double length = std::max(std::sqrt(sum), norm.getEps().convertToDouble());
          for (auto [j, x] : llvm::enumerate(input))
            result[row * columns + j] = x / length;
        }
        return success();
      })
      .Default([](Operation *other) {
        return other->emitOpError("is no parameter expression: its value is not known at compile time");
      });
}

FailureOr<const std::vector<double> *> Evaluator::evaluate(Value value) {
  SmallVector<Value> stack = {value};
  while (!stack.empty()) {
    Value next = stack.back();
    Operation *op = next.getDefiningOp();
    if (values.count(next)) {
      stack.pop_back();
      continue;
    }
    if (!op)
      return emitError(next.getLoc()) << "expected a parameter expression";
    bool ready = true;
    for (Value operand : op->getOperands())
      if (!values.count(operand)) {
        stack.push_back(operand);
        ready = false;
      }
    if (!ready)
      continue;
    std::vector<double> result(typeOf(next).getNumElements(), 0.0);
    if (failed(compute(op, result)))
      return failure();
    values[next] = std::move(result);
    stack.pop_back();
  }
  return static_cast<const std::vector<double> *>(&values[value]);
}

FailureOr<std::vector<char>> reccc::packWeights(const WeightLayout &layout, ReadParameter read) {
  std::vector<char> blob(layout.getTotalBytes(), 0);
  if (layout.getWeights().empty())
    return blob;
  auto module = layout.getWeights().front().value.getDefiningOp()->getParentOfType<ModuleOp>();
  Evaluator evaluator(module, read);
  for (const PackedWeight &weight : layout.getWeights()) {
    FailureOr<const std::vector<double> *> values = evaluator.evaluate(weight.value);
    if (failed(values))
      return failure();
    packParameter(**values, typeOf(weight.value), weight.packing, blob.data() + weight.offset);
  }
  return blob;
}
