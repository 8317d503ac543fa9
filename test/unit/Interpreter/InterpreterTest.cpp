// SPDX-License-Identifier: Apache-2.0
// The interpreter as a library: tensors in memory, the observer, diagnostics. What ops compute is
// tested against NumPy in test/reference.
#include "reccc/Interpreter/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace reccc;

namespace {

constexpr const char *kModel = R"mlir(
#history = #recsys.space<"history", max = 4>
recsys.parameter private @w : tensor<2x1xf32> from "weight"
recsys.model @main(%x: !recsys.jagged<#history x 2xf32> {recsys.name = "x"}, %ids: !recsys.jagged<#recsys.request x i64> {recsys.name = "id"})
    -> (!recsys.jagged<#history x 1xf32> {recsys.name = "y"}, !recsys.jagged<#recsys.request x i64> {recsys.name = "same"}) {
  %w = recsys.get_parameter @w : tensor<2x1xf32>
  %0 = recsys.linear %x, %w : (!recsys.jagged<#history x 2xf32>, tensor<2x1xf32>) -> !recsys.jagged<#history x 1xf32>
  %1 = recsys.scale %0 by 0.5 : (!recsys.jagged<#history x 1xf32>) -> !recsys.jagged<#history x 1xf32>
  recsys.output %1, %ids : !recsys.jagged<#history x 1xf32>, !recsys.jagged<#recsys.request x i64>
}
)mlir";

template <typename T> const std::byte *bytes(const std::vector<T> &values) {
  return reinterpret_cast<const std::byte *>(values.data());
}

struct InterpreterTest : ::testing::Test {
  InterpreterTest() : handler(&context, [&](Diagnostic &diagnostic) { messages += diagnostic.str() + "\n"; }) {
    context.loadDialect<recsys::RecsysDialect>();
    module = parseSourceString<ModuleOp>(kModel, &context);
    weights.add({"weight", reccc::TensorType::F32, {2, 1}, bytes(weight), 8, 0});
    requests.add({"x.values", reccc::TensorType::F32, {3, 2}, bytes(x), 24, 0});
    requests.add({"history.offsets", reccc::TensorType::I64, {3}, bytes(offsets), 24, 0});
    requests.add({"id", reccc::TensorType::I64, {2}, bytes(ids), 16, 0});
  }

  FailureOr<std::vector<NamedValue>> run(const InterpreterObserver &observer = {}) {
    auto model = module->lookupSymbol<recsys::ModelOp>("main");
    return interpret(model, weights, requests, InterpreterMode::Double, observer);
  }

  MLIRContext context;
  std::string messages;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
  std::vector<float> weight = {1, 10}, x = {1, 2, 3, 4, 5, 6};
  std::vector<int64_t> offsets = {0, 2, 3}, ids = {7, -8};
  NamedTensors weights{"weights in memory"}, requests{"requests in memory"};
};

TEST_F(InterpreterTest, ReturnsOutputsInOrder) {
  auto outputs = run();
  ASSERT_TRUE(succeeded(outputs)) << messages;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ((*outputs)[0].name, "y");
  EXPECT_EQ((*outputs)[0].value.floats, (std::vector<double>{10.5, 21.5, 32.5}));
  EXPECT_EQ((*outputs)[0].value.offsets, offsets);
  EXPECT_EQ((*outputs)[1].name, "same");
  EXPECT_EQ((*outputs)[1].value.integers, ids);
}

TEST_F(InterpreterTest, ObserverSeesEveryJaggedValueOnce) {
  std::vector<std::string> seen;
  std::vector<double> product;
  ASSERT_TRUE(succeeded(run([&](Value value, const JaggedValue &rows) {
    Operation *op = value.getDefiningOp();
    seen.push_back(op ? op->getName().getStringRef().str() : "argument");
    if (op && isa<recsys::LinearOp>(op))
      product = rows.floats;
  })));
  EXPECT_EQ(seen, (std::vector<std::string>{"argument", "argument", "recsys.linear", "recsys.scale"}));
  EXPECT_EQ(product, (std::vector<double>{21, 43, 65}));
}

TEST_F(InterpreterTest, ErrorsAreDiagnostics) {
  requests.add({"id", reccc::TensorType::I64, {1}, bytes(ids), 8, 0});
  EXPECT_TRUE(failed(run()));
  EXPECT_NE(messages.find("requests 'requests in memory': expected 'id' to be i64 [2]"), std::string::npos) << messages;
}

TEST_F(InterpreterTest, UnknownOpsAreDiagnostics) {
  auto model = module->lookupSymbol<recsys::ModelOp>("main");
  context.allowUnregisteredDialects();
  OpBuilder builder = OpBuilder::atBlockBegin(&model.getBody().front());
  builder.create(OperationState(model.getLoc(), "other.op"));
  EXPECT_TRUE(failed(run()));
  EXPECT_NE(messages.find("got 'other.op'"), std::string::npos) << messages;
}

TEST_F(InterpreterTest, WritesValues) {
  auto outputs = run();
  ASSERT_TRUE(succeeded(outputs)) << messages;
  const std::string path = ::testing::TempDir() + "interpreter_test.safetensors";
  for (InterpreterMode mode : {InterpreterMode::Double, InterpreterMode::NaiveF32}) {
    FileError error;
    ASSERT_TRUE(writeValues(path, *outputs, mode, error)) << error.message;
    auto file = SafetensorsFile::open(path, error);
    ASSERT_TRUE(file) << error.message;
    EXPECT_EQ(file->tensors().size(), 3u);
    const FileTensor *y = file->find("y");
    ASSERT_TRUE(y && file->find("y.offsets") && file->find("same"));
    EXPECT_EQ(y->describe(), mode == InterpreterMode::Double ? "f64[3, 1]" : "f32[3, 1]");
    EXPECT_EQ(y->loadDouble(2), 32.5);
  }
}

TEST(InterpreterModes, HaveNames) {
  EXPECT_EQ(parseInterpreterMode("double"), InterpreterMode::Double);
  EXPECT_EQ(parseInterpreterMode("f32"), InterpreterMode::NaiveF32);
  EXPECT_EQ(parseInterpreterMode("bf16"), InterpreterMode::NaiveBF16);
  EXPECT_EQ(parseInterpreterMode("typed"), InterpreterMode::AsTyped);
  EXPECT_EQ(parseInterpreterMode("fp32"), std::nullopt);
}

} // namespace
