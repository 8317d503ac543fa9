// SPDX-License-Identifier: Apache-2.0
// What text cannot reach: attributes that are not normal, builders with numbers that do not fit, inference on wrong
// operands.
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "gtest/gtest.h"
#include <limits>

using namespace mlir;
using namespace mlir::recsys;

namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

struct RowSpaces : testing::Test {
  RowSpaces()
      : location(UnknownLoc::get(&context)),
        handler(&context, [this](Diagnostic &diagnostic) { message = diagnostic.str(); }) {
    context.loadDialect<RecsysDialect>();
    history = getBaseSpace(&context, "history", 50);
    request = getRequestSpace(&context);
  }

  InFlightDiagnostic report() { return emitError(location); }

  MLIRContext context;
  Location location;
  ScopedDiagnosticHandler handler;
  std::string message;
  Attribute history, request;
};

TEST_F(RowSpaces, NormalForms) {
  EXPECT_EQ(getRowsSpace(&context, 1), request);
  EXPECT_EQ(getConcatSpace({history}), history);
  EXPECT_EQ(getConcatSpace({request, getRowsSpace(&context, 4)}), getRowsSpace(&context, 5));
  EXPECT_EQ(getInterleaveSpace(getInterleaveSpace(history, 2), 3), getInterleaveSpace(history, 6));
  EXPECT_EQ(getTakeLastSpace(history, 50), history);
  EXPECT_EQ(getTakeLastSpace(getTakeLastSpace(history, 20), 10), getTakeLastSpace(history, 10));
  EXPECT_NE(getTakeFirstSpace(getTakeLastSpace(history, 20), 10), getTakeFirstSpace(history, 10));
  EXPECT_EQ(getNestSpace(request, history), history);
}

TEST_F(RowSpaces, BuildersRefuseWhatDoesNotFit) {
  auto emit = [this] { return report(); };
  Attribute large = getRowsSpace(&context, kRowLimit - 1);
  EXPECT_FALSE(getRowsSpace(&context, -1, emit));
  EXPECT_EQ(message, "expected a count that is 0 or in [2, 2^31), got -1");
  EXPECT_FALSE(getRowsSpace(&context, kMost, emit));
  EXPECT_FALSE(getInterleaveSpace(large, kMost, emit));
  EXPECT_FALSE(getInterleaveSpace(history, 0, emit));
  EXPECT_EQ(message, "expected an interleave of at least 2 and below 2^31, got 0");
  EXPECT_FALSE(getInterleaveSpace(getInterleaveSpace(history, 1 << 20), 1 << 20, emit));
  EXPECT_FALSE(getConcatSpace({large, large}, emit));
  EXPECT_FALSE(getConcatSpace({getBaseSpace(&context, "a", kRowLimit - 1), history}, emit));
  EXPECT_EQ(message, "expected a row space of fewer than 2^31 rows in a request");
  EXPECT_FALSE(getGroupSpace(history, 0, Remainder::pad_last, emit));
  EXPECT_FALSE(getGroupSpace(large, 0, Remainder::pad_last, emit));
  EXPECT_FALSE(getTakeFirstSpace(history, 0, emit));
  EXPECT_FALSE(getTakeLastSpace(history, -3, emit));
  EXPECT_FALSE(getNestSpace(large, large, emit));
  EXPECT_FALSE(getBaseSpace(&context, "", 4, emit));
  EXPECT_FALSE(getBaseSpace(&context, "a", 0, emit));
}

TEST_F(RowSpaces, VerifiersRefuseWhatIsNotNormal) {
  auto emit = [this] { return report(); };
  EXPECT_FALSE(ConcatAttr::getChecked(emit, &context, ArrayRef<Attribute>{history})); // concat_c1
  EXPECT_FALSE(ConcatAttr::getChecked(emit, &context, ArrayRef<Attribute>{request, request, history}));
  EXPECT_FALSE(ConcatAttr::getChecked(emit, &context, ArrayRef<Attribute>{getRowsSpace(&context, 0), history}));
  EXPECT_FALSE(ConcatAttr::getChecked(emit, &context, ArrayRef<Attribute>{Attribute(), history}));
  EXPECT_FALSE(RowsAttr::getChecked(emit, &context, int64_t(1)));                                // rows_c1
  EXPECT_FALSE(InterleaveAttr::getChecked(emit, &context, request, int64_t(2)));                 // interleave_space_c1
  EXPECT_FALSE(GroupAttr::getChecked(emit, &context, request, int64_t(2), Remainder::pad_last)); // group_c1
  EXPECT_FALSE(TakeFirstAttr::getChecked(emit, &context, getTakeFirstSpace(history, 20), int64_t(10))); // take_c1
  EXPECT_FALSE(TakeLastAttr::getChecked(emit, &context, history, int64_t(50)));
  EXPECT_FALSE(NestAttr::getChecked(emit, &context, request, history)); // nest_c1
  Attribute nest = getNestSpace(history, getRowsSpace(&context, 4));
  EXPECT_FALSE(NestAttr::getChecked(emit, &context, history, nest));
  EXPECT_FALSE(InterleaveAttr::getChecked(emit, &context, nest, int64_t(2))); // nest_c1
  EXPECT_FALSE(TakeFirstAttr::getChecked(emit, &context, nest, int64_t(2)));
}

/// Doubling a space: its size is refused long before a question about it would take for ever.
TEST_F(RowSpaces, SizeIsBounded) {
  auto emit = [this] { return report(); };
  Attribute space = getBaseSpace(&context, "one", 1);
  int depth = 0;
  for (; space && depth < 64; ++depth)
    space = getNestSpace(space, space, emit);
  EXPECT_FALSE(space);
  EXPECT_EQ(depth, 8);
  EXPECT_EQ(message, "expected a row space built from at most 256 row spaces, got 257");
}

TEST_F(RowSpaces, RowsOfARequest) {
  auto rows = [&](Attribute space, int64_t length) {
    return cast<RowSpace>(space).getRows([&](Attribute) { return length; });
  };
  EXPECT_EQ(rows(getGroupSpace(history, 8, Remainder::pad_last), 17), 3);
  EXPECT_EQ(rows(getGroupSpace(history, 8, Remainder::drop_last), 17), 2);
  EXPECT_EQ(rows(getConcatSpace({request, getInterleaveSpace(history, 2)}), 17), 35);
  EXPECT_EQ(rows(getTakeLastSpace(history, 10), 17), 10);
  EXPECT_EQ(rows(getTakeLastSpace(history, 10), 7), 7);
  EXPECT_EQ(rows(getNestSpace(history, getRowsSpace(&context, 3)), 17), 51);
}

/// Inference must not trust operands: with `OpBuilder` it runs before any verifier.
TEST_F(RowSpaces, InferenceRefusesWrongOperands) {
  context.allowUnregisteredDialects();
  OpBuilder builder(&context);
  for (StringRef name : {"recsys.linear",        "recsys.embedding",
                         "recsys.action_bits",   "recsys.request_linear",
                         "recsys.attention",     "recsys.top_k",
                         "recsys.add",           "recsys.concat_features",
                         "recsys.concat_rows",   "recsys.interleave",
                         "recsys.slice_rows",    "recsys.pool",
                         "recsys.shift",         "recsys.mask_rows",
                         "recsys.param_add",     "recsys.param_vecmat",
                         "recsys.param_matmul",  "recsys.param_scale_rows",
                         "recsys.param_concat",  "recsys.param_transpose",
                         "recsys.threshold_bits"}) {
    OperationState make(location, "test.make");
    make.addTypes({builder.getF32Type()});
    Operation *made = Operation::create(make);
    Value wrong = made->getResult(0);
    RegisteredOperationName registered = *RegisteredOperationName::lookup(name, &context);
    auto *infer = registered.getInterface<InferTypeOpInterface>();
    ASSERT_TRUE(infer) << name.str();
    // Property storage of every op of the list is default-constructed: absent attributes are null.
    OperationState state(location, name);
    SmallVector<Value> operands(name == "recsys.attention" ? 3 : 2, wrong);
    state.addOperands(operands);
    Operation *op = Operation::create(state);
    if (auto attention = dyn_cast<AttentionOp>(op))
      attention.getProperties().operandSegmentSizes = {1, 1, 1, 0, 0, 0, 0};
    SmallVector<Type> types;
    message.clear();
    EXPECT_TRUE(
        failed(infer->inferReturnTypes(&context, location, op->getOperands(), op->getDiscardableAttrDictionary(),
                                       op->getPropertiesStorage(), op->getRegions(), types)))
        << name.str();
    EXPECT_NE(message.find("got 'f32'"), std::string::npos) << name.str() << ": " << message;
    op->destroy();
    made->destroy();
  }
}

} // namespace
