// SPDX-License-Identifier: Apache-2.0
// Bags of rows through the C API: what a kernel sees of them, and offsets that are damaged.
#include "Handles.h"
#include "recrt/module.h"

namespace {
constexpr int64_t maxHistory = 8, maxBag = 3;
enum Spaces { History, Tags, NumSpaces };

/// out[row] = sum of the numbers in the bag of the row.
void sumBags(const recrt_kernel_args *args, int64_t first, int64_t last, void *) {
  const auto *in = static_cast<const int64_t *>(args->operands[0].data);
  auto *out = static_cast<float *>(args->operands[1].data);
  for (int64_t row = first * 4; row < std::min(last * 4, args->spaces[0].total); ++row) {
    out[row] = 0;
    for (int64_t i = args->spaces[1].bags[row]; i < args->spaces[1].bags[row + 1]; ++i)
      out[row] += static_cast<float>(in[i]);
  }
}

class BagsTest : public ::testing::Test {
protected:
  BagsTest() {
    spaces[History] = {"history", nullptr, maxHistory, RECRT_SPACE_BASE, 0};
    spaces[Tags] = {"tags", &history, maxBag, RECRT_SPACE_BAGS, 1};
    input = {"tag", nullptr, 100, 0, RECRT_ELEMENT_I64, Tags, RECRT_IDS_REJECT_REQUEST, 0, 0};
    output = {"sum", nullptr, 0, 0, RECRT_ELEMENT_F32, History, 0, 0, 0};
    buffers[0] = {8, 0, 0, RECRT_BUFFER_INPUT, Tags, 0, 0};
    buffers[1] = {4, 0, 0, RECRT_BUFFER_OUTPUT, History, 0, 0};
    operands[0] = {0, 0, -1};
    operands[1] = {0, 1, -1};
    step.name = "sum";
    for (recrt_kernel_fn &function : step.entry)
      function = sumBags;
    step.operands = operands;
    step.num_operands = 2;
    step.spaces = seen;
    step.num_spaces = 2;
    step.block = 4;
    step.kind = RECRT_KERNEL_ROWS;
    step.space = History;
    step.frame = step.exclude_space = -1;
    entry.name = "rank";
    entry.inputs = &input;
    entry.outputs = &output;
    entry.buffers = buffers;
    entry.steps = &step;
    entry.num_inputs = entry.num_outputs = entry.num_steps = 1;
    entry.num_buffers = 2;
    module.magic = RECRT_MODULE_MAGIC;
    module.abi = RECRT_MODULE_ABI;
    module.model_name = "bags";
    module.tool_version = "0.1.0";
    module.spaces = spaces;
    module.num_spaces = NumSpaces;
    module.entries = &entry;
    module.num_entries = 1;
    module.weights = weights;
    module.weights_bytes = sizeof(weights);
    module.isa_levels = 1u << RECRT_ISA_X86_64_V3;
    recrt_model *made = nullptr;
    const recrt_status status = recrt_model_create(&module, nullptr, &made);
    EXPECT_EQ(status.code, RECRT_OK) << text(status);
    model.reset(made);
    context = makeContext(model, contextOptions(1));
  }

  recrt_status run(const Context &with) {
    recrt_row_offsets offsets[] = {{"tags", bags.data(), static_cast<int64_t>(bags.size())},
                                   {"history", rows.data(), static_cast<int64_t>(rows.size())}};
    const recrt_input tags = {"tag", numbers.data(), static_cast<int64_t>(numbers.size()), 1, RECRT_ELEMENT_I64};
    recrt_request request = {};
    request.size = sizeof(request);
    request.num_requests = 3;
    request.row_offsets = offsets;
    request.num_row_offsets = 2;
    request.inputs = &tags;
    request.num_inputs = 1;
    return recrt_context_run(with.get(), 0, &request);
  }

  void expectRefused(int32_t code, const std::string &part) {
    const recrt_status status = run(context);
    EXPECT_EQ(status.code, code);
    EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
  }

  void expectSums(const Context &of, const std::vector<float> &sums) {
    recrt_output_view view;
    view.size = sizeof(view);
    ASSERT_EQ(recrt_context_get_output(of.get(), 0, &view).code, RECRT_OK);
    const auto *data = static_cast<const float *>(view.data);
    EXPECT_EQ(std::vector<float>(data, data + view.num_rows), sums);
  }

  const int32_t history = History, seen[2] = {History, Tags};
  recrt_space_desc spaces[NumSpaces];
  recrt_tensor_desc input, output;
  recrt_buffer_desc buffers[2];
  recrt_operand_desc operands[2];
  recrt_step_desc step = {};
  recrt_entry_desc entry = {};
  recrt_module module = {};
  alignas(64) const float weights[16] = {};
  Model model;
  Context context;
  std::vector<int64_t> rows = {0, 2, 2, 5}, bags = {0, 1, 1, 3, 6, 6}, numbers = {7, 1, 2, 10, 20, 30};
};
} // namespace

TEST_F(BagsTest, KernelsSeeBags) {
  ASSERT_EQ(run(context).code, RECRT_OK);
  expectSums(context, {7, 0, 3, 60, 0});
  recrt_row_space_info info;
  info.size = sizeof(info);
  ASSERT_EQ(recrt_model_get_row_space(model.get(), 0, 0, &info).code, RECRT_OK);
  EXPECT_EQ(info.bags_of, -1);
  ASSERT_EQ(recrt_model_get_row_space(model.get(), 0, 1, &info).code, RECRT_OK);
  EXPECT_EQ(std::string(info.name), "tags");
  EXPECT_EQ(info.bags_of, 0);
  EXPECT_EQ(info.max_rows, maxBag);
}

TEST_F(BagsTest, NoRowsAndNoBags) {
  rows = {0, 0, 0, 0};
  bags = {0};
  numbers = {};
  ASSERT_EQ(run(context).code, RECRT_OK);
  expectSums(context, {});
  rows = {0, 2, 2, 5};
  bags.assign(6, 0);
  ASSERT_EQ(run(context).code, RECRT_OK);
  expectSums(context, {0, 0, 0, 0, 0});
}

TEST_F(BagsTest, DamagedOffsetsAreRefused) {
  const std::vector<int64_t> good = bags;
  auto refused = [&](std::vector<int64_t> given, int32_t code, const std::string &part) {
    bags = std::move(given);
    expectRefused(code, part);
  };
  refused({0, 1, 1, 3, 6}, RECRT_INVALID_ARGUMENT, "row space 'tags': expected 6 offsets (rows of history + 1), got 5");
  refused({0, 1, 1, 3, 6, 6, 6}, RECRT_INVALID_ARGUMENT, "got 7");
  refused({}, RECRT_INVALID_ARGUMENT, "got 0");
  refused({1, 1, 1, 3, 6, 6}, RECRT_INVALID_ARGUMENT, "expected offsets[0] = 0, got 1");
  refused({0, 1, 0, 3, 6, 6}, RECRT_INVALID_ARGUMENT,
          "row space 'tags', bag 1: offsets must not decrease: offsets[2] = 0 < offsets[1] = 1");
  refused({0, 1, INT64_MIN, 3, 6, 6}, RECRT_INVALID_ARGUMENT, "must not decrease");
  refused({0, 1, 1, 2, 6, 6}, RECRT_RESOURCE_EXHAUSTED,
          "row space 'tags', bag 3: the model takes at most 3 rows in a bag, got 4");
  refused({0, 1, 1, 3, 6, INT64_MAX}, RECRT_RESOURCE_EXHAUSTED, "in a bag");
  refused({0, 1, 1, 3, 6, 7}, RECRT_INVALID_ARGUMENT, "input 'tag': expected 7 rows");
  bags = good;
  rows = {0, 2, 2, 4};
  expectRefused(RECRT_INVALID_ARGUMENT, "expected 5 offsets (rows of history + 1), got 6");
  rows = {0, 2, 1, 5};
  expectRefused(RECRT_INVALID_ARGUMENT, "row space 'history', request 1: offsets must not decrease");
  rows = {0, 2, 2, 5};
  numbers[4] = 100;
  expectRefused(RECRT_INVALID_ARGUMENT,
                "input 'tag', request 2, row 3, element 0: expected an id in [0, 100), got 100");
  numbers[4] = 20;
  ASSERT_EQ(run(context).code, RECRT_OK);
  expectSums(context, {7, 0, 3, 60, 0});
}

TEST_F(BagsTest, Limits) {
  recrt_context_options options = contextOptions(1);
  const recrt_row_limit limits[] = {{"history", 5}, {"tags", 6}};
  options.max_requests = 3;
  options.row_limits = limits;
  options.num_row_limits = 2;
  const Context limited = makeContext(model, options);
  ASSERT_EQ(run(limited).code, RECRT_OK);
  expectSums(limited, {7, 0, 3, 60, 0});
  bags = {0, 2, 2, 4, 7, 7};
  numbers.push_back(1);
  const recrt_status status = run(limited);
  EXPECT_EQ(status.code, RECRT_RESOURCE_EXHAUSTED);
  EXPECT_NE(text(status).find("the batch has 7 rows, the context was made for 6"), std::string::npos) << text(status);
}
