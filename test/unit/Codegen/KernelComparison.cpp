// SPDX-License-Identifier: Apache-2.0
// Random data for a model, the interpreter's answer and the kernel's.
#include "KernelComparison.h"
#include "mlir/Parser/Parser.h"
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Interpreter/Interpreter.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>
#include <cstring>
#include <random>
#include <sys/mman.h>

using namespace mlir;
using namespace reccc;

namespace {
/// Memory that ends where readable memory ends.
class GuardedBuffer {
public:
  explicit GuardedBuffer(size_t bytes) {
    constexpr size_t kPage = 4096;
    size = (bytes + kPage - 1) / kPage * kPage + kPage;
    base = static_cast<char *>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base + size - kPage, kPage, PROT_NONE);
    data = base + size - kPage - bytes;
    // What a kernel forgets to write is seen.
    std::memset(data, 0x7f, bytes);
  }
  GuardedBuffer(GuardedBuffer &&other) : base(other.base), data(other.data), size(other.size) { other.base = nullptr; }
  ~GuardedBuffer() {
    if (base)
      munmap(base, size);
  }
  char *base, *data;
  size_t size;
};

/// The elements of one input or parameter, in its storage.
struct Tensor {
  std::string name;
  Type element;
  std::vector<int64_t> shape;
  std::vector<double> values;
  std::vector<char> bytes;
  int64_t rowBytes = 0;
  Attribute space; // null for parameters
};
} // namespace

static std::vector<char> encode(const std::vector<double> &values, Type element) {
  size_t width = element.getIntOrFloatBitWidth() / 8;
  std::vector<char> bytes(values.size() * width);
  for (size_t i = 0; i < values.size(); ++i) {
    char *to = &bytes[i * width];
    if (element.isInteger(64)) {
      auto value = static_cast<int64_t>(values[i]);
      std::memcpy(to, &value, width);
    } else if (element.isF32()) {
      auto value = static_cast<float>(values[i]);
      std::memcpy(to, &value, width);
    } else {
      llvm::APFloat value(values[i]);
      bool losesInfo;
      value.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      auto bits = static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
      std::memcpy(to, &bits, width);
    }
  }
  return bytes;
}

static std::vector<double> decode(const char *bytes, size_t count, Type element) {
  std::vector<double> values(count);
  size_t width = element.getIntOrFloatBitWidth() / 8;
  for (size_t i = 0; i < count; ++i) {
    const char *from = bytes + i * width;
    if (element.isInteger(64)) {
      int64_t value;
      std::memcpy(&value, from, width);
      values[i] = static_cast<double>(value);
    } else if (element.isF32()) {
      float value;
      std::memcpy(&value, from, width);
      values[i] = value;
    } else {
      uint16_t half;
      std::memcpy(&half, from, width);
      uint32_t bits = uint32_t(half) << 16;
      float value;
      std::memcpy(&value, &bits, sizeof(value));
      values[i] = value;
    }
  }
  return values;
}

static Tensor randomTensor(std::string name, Type element, std::vector<int64_t> shape, const ComparisonOptions &options,
                           std::mt19937_64 &generator) {
  std::normal_distribution<double> normal(0, options.deviation);
  std::uniform_int_distribution<int64_t> ids(0, options.idLimit - 1);
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.element = element;
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  tensor.shape = std::move(shape);
  for (int64_t i = 0; i < count; ++i)
    tensor.values.push_back(element.isInteger(64) ? double(ids(generator)) : normal(generator));
  tensor.bytes = encode(tensor.values, element);
  tensor.values = decode(tensor.bytes.data(), count, element);
  return tensor;
}

static FileTensor asFileTensor(const Tensor &tensor) {
  reccc::TensorType type = tensor.element.isInteger(64) ? reccc::TensorType::I64
                           : tensor.element.isF32()     ? reccc::TensorType::F32
                                                        : reccc::TensorType::BF16;
  return {tensor.name,         type, tensor.shape, reinterpret_cast<const std::byte *>(tensor.bytes.data()),
          tensor.bytes.size(), 0};
}

static double greatestError(const std::vector<double> &values, const std::vector<double> &exact) {
  double error = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double e = std::abs(values[i] - exact[i]);
    error = std::isnan(e) ? INFINITY : std::max(error, e);
  }
  return error;
}

static bool isSupported(unsigned level) {
  __builtin_cpu_init();
  return level == 0 ? __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                    : __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

namespace {
class Comparison {
public:
  Comparison(const std::string &source, const ComparisonOptions &options) : source(source), options(options) {
    DialectRegistry registry;
    registry.insert<recsys::RecsysDialect, rectile::RecTileDialect>();
    registerCodegenDialects(registry);
    context.appendDialectRegistry(registry);
  }

  void run(const std::vector<RequestLengths> &batch);

private:
  void makeData(const std::vector<RequestLengths> &batch);
  std::vector<std::vector<double>> runInterpreter(InterpreterMode mode);
  /// The outputs' bytes. `requests`: a range of the batch.
  std::vector<std::vector<char>> runKernel(IsaLevel level, size_t firstRequest, size_t endRequest, int64_t splits,
                                           bool reversed);

  std::string source;
  ComparisonOptions options;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  recsys::ModelOp model;
  std::unique_ptr<KernelHarness> harness;
  std::vector<RequestLengths> batch;
  std::vector<Tensor> inputs, parameters, offsets;
};
} // namespace

void Comparison::makeData(const std::vector<RequestLengths> &requests) {
  std::mt19937_64 generator(11);
  batch = requests;
  harness->setBatch(batch);
  for (auto [number, type] : llvm::enumerate(model.getArgumentTypes())) {
    auto jagged = cast<recsys::JaggedType>(type);
    std::vector<int64_t> shape = {harness->getTotalRows(jagged.getSpace())};
    shape.insert(shape.end(), jagged.getDims().begin(), jagged.getDims().end());
    inputs.push_back(
        randomTensor(model.getInputName(number).str(), jagged.getElementType(), shape, options, generator));
    inputs.back().space = jagged.getSpace();
    inputs.back().rowBytes = jagged.getRowElements() * jagged.getElementType().getIntOrFloatBitWidth() / 8;
  }
  for (auto parameter : module->getOps<recsys::ParameterOp>()) {
    auto type = cast<RankedTensorType>(parameter.getType());
    parameters.push_back(
        randomTensor(parameter.getSource().str(), type.getElementType(), type.getShape().vec(), options, generator));
  }
  for (auto &[name, length] : batch.front()) {
    Tensor tensor;
    tensor.name = name + ".offsets";
    tensor.element = IntegerType::get(&context, 64);
    tensor.values = {0};
    for (const RequestLengths &lengths : batch)
      tensor.values.push_back(tensor.values.back() + lengths.at(name));
    tensor.shape = {static_cast<int64_t>(tensor.values.size())};
    tensor.bytes = encode(tensor.values, tensor.element);
    offsets.push_back(std::move(tensor));
  }
}

std::vector<std::vector<double>> Comparison::runInterpreter(InterpreterMode mode) {
  NamedTensors weights("weights"), requests("requests");
  for (const Tensor &tensor : parameters)
    weights.add(asFileTensor(tensor));
  for (const Tensor &tensor : inputs)
    requests.add(asFileTensor(tensor));
  for (const Tensor &tensor : offsets)
    requests.add(asFileTensor(tensor));
  FailureOr<std::vector<NamedValue>> outputs = interpret(model, weights, requests, mode);
  std::vector<std::vector<double>> values;
  if (succeeded(outputs))
    for (NamedValue &output : *outputs)
      values.push_back(output.value.type.isFloat()
                           ? output.value.floats
                           : std::vector<double>(output.value.integers.begin(), output.value.integers.end()));
  return values;
}

std::vector<std::vector<char>> Comparison::runKernel(IsaLevel level, size_t firstRequest, size_t endRequest,
                                                     int64_t splits, bool reversed) {
  rectile::DispatchOp dispatch = harness->getDispatch();
  auto holder = dispatch->getParentOfType<recsys::ModelOp>();
  harness->setBatch(batch);
  std::vector<int64_t> firstRows;
  for (const Tensor &input : inputs)
    firstRows.push_back(harness->getOffsets(input.space)[firstRequest]);
  harness->setBatch({batch.begin() + firstRequest, batch.begin() + endRequest});
  std::vector<GuardedBuffer> buffers;
  buffers.reserve(dispatch->getNumOperands() + dispatch->getNumResults());
  for (auto [number, operand] : llvm::enumerate(dispatch.getInputs())) {
    if (auto argument = dyn_cast<BlockArgument>(operand)) {
      const Tensor &input = inputs[argument.getArgNumber()];
      int64_t bytes = harness->getTotalRows(input.space) * input.rowBytes;
      buffers.emplace_back(bytes);
      std::memcpy(buffers.back().data, input.bytes.data() + firstRows[argument.getArgNumber()] * input.rowBytes, bytes);
      harness->bind(number, buffers.back().data);
      continue;
    }
    auto get = operand.getDefiningOp<recsys::GetParameterOp>();
    auto symbol = SymbolTable::lookupNearestSymbolFrom<recsys::ParameterOp>(holder, get.getParameterAttr());
    for (const Tensor &parameter : parameters)
      if (parameter.name == symbol.getSource())
        harness->bindParameter(number, parameter.values);
  }
  std::vector<size_t> sizes;
  for (auto [number, type] : llvm::enumerate(dispatch.getResultTypes())) {
    auto jagged = cast<recsys::JaggedType>(type);
    sizes.push_back(harness->getTotalRows(jagged.getSpace()) * jagged.getRowElements() *
                    (jagged.getElementType().getIntOrFloatBitWidth() / 8));
    buffers.emplace_back(sizes.back());
    harness->bind(dispatch->getNumOperands() + number, buffers.back().data);
  }
  harness->run(level, splits, reversed);
  std::vector<std::vector<char>> results;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const char *data = buffers[buffers.size() - sizes.size() + i].data;
    results.emplace_back(data, data + sizes[i]);
  }
  return results;
}

void Comparison::run(const std::vector<RequestLengths> &requests) {
  module = parseSourceString<ModuleOp>(source, &context);
  ASSERT_TRUE(module) << source;
  model = *module->getOps<recsys::ModelOp>().begin();
  auto compiled = KernelHarness::compile(context, source);
  ASSERT_TRUE(succeeded(compiled)) << source;
  harness = std::move(*compiled);
  makeData(requests);
  auto exact = runInterpreter(InterpreterMode::Double);
  auto naive = runInterpreter(InterpreterMode::AsTyped);
  rectile::DispatchOp dispatch = harness->getDispatch();
  ASSERT_EQ(exact.size(), dispatch->getNumResults());

  for (unsigned number = 0; number < kNumIsaLevels; ++number) {
    if (!isSupported(number))
      continue;
    auto level = static_cast<IsaLevel>(number);
    SCOPED_TRACE(getTarget(level).name.str());
    auto results = runKernel(level, 0, batch.size(), 1, false);
    for (size_t i = 0; i < results.size(); ++i) {
      Type element = cast<recsys::JaggedType>(dispatch.getResultTypes()[i]).getElementType();
      auto values = decode(results[i].data(), exact[i].size(), element);
      double greatest = greatestError(std::vector<double>(exact[i].size(), 0), exact[i]);
      double unit = element.isInteger(64) ? 0 : std::ldexp(greatest, element.isF32() ? -23 : -7);
      double bound = std::max(2 * greatestError(naive[i], exact[i]), unit);
      EXPECT_LE(greatestError(values, exact[i]), bound) << "result " << i;
    }
    EXPECT_EQ(runKernel(level, 0, batch.size(), 3, true), results) << "splits, reversed";
    // Each request alone gives the same bits.
    std::vector<std::vector<char>> joined(results.size());
    for (size_t request = 0; request < batch.size(); ++request) {
      auto alone = runKernel(level, request, request + 1, 1, false);
      for (size_t i = 0; i < alone.size(); ++i)
        joined[i].insert(joined[i].end(), alone[i].begin(), alone[i].end());
    }
    EXPECT_EQ(joined, results) << "requests alone";
  }
}

void reccc::compareWithInterpreter(const std::string &model, const std::vector<RequestLengths> &batch,
                                   const ComparisonOptions &options) {
  Comparison(model, options).run(batch);
}
