// SPDX-License-Identifier: Apache-2.0
// A plan that lies is refused at load: every number of the hand-written model is replaced in turn.
#include "Handles.h"

#include "Plan.h"

#include <functional>

namespace {
/// A copy of the model whose every part can be changed.
struct MutableModule {
  MutableModule() : module(tiny_module), entry(tiny_module.entries[0]) {
    spaces.assign(module.spaces, module.spaces + module.num_spaces);
    for (const recrt_space_desc &space : spaces)
      parts.emplace_back(space.parts, space.parts + space.num_parts);
    inputs.assign(entry.inputs, entry.inputs + entry.num_inputs);
    outputs.assign(entry.outputs, entry.outputs + entry.num_outputs);
    buffers.assign(entry.buffers, entry.buffers + entry.num_buffers);
    rowMaps.assign(entry.rowmaps, entry.rowmaps + entry.num_rowmaps);
    for (const recrt_rowmap_desc &map : rowMaps)
      embeds.emplace_back(map.steps, map.steps + map.num_steps);
    steps.assign(entry.steps, entry.steps + entry.num_steps);
    for (const recrt_step_desc &step : steps) {
      operands.emplace_back(step.operands, step.operands + step.num_operands);
      views.emplace_back(step.spaces, step.spaces + step.num_spaces);
    }
    for (size_t i = 0; i < spaces.size(); ++i)
      spaces[i].parts = parts[i].data();
    for (size_t i = 0; i < rowMaps.size(); ++i)
      rowMaps[i].steps = embeds[i].data();
    for (size_t i = 0; i < steps.size(); ++i) {
      steps[i].operands = operands[i].data();
      steps[i].spaces = views[i].data();
    }
    entry.inputs = inputs.data();
    entry.outputs = outputs.data();
    entry.buffers = buffers.data();
    entry.rowmaps = rowMaps.data();
    entry.steps = steps.data();
    module.entries = &entry;
    module.spaces = spaces.data();
  }
  MutableModule(const MutableModule &) = delete;

  recrt_status create() const {
    recrt_model *model = nullptr;
    const recrt_status status = recrt_model_create(&module, nullptr, &model);
    recrt_model_destroy(model);
    return status;
  }

  recrt_module module;
  recrt_entry_desc entry;
  std::vector<recrt_space_desc> spaces;
  std::vector<std::vector<int32_t>> parts, views;
  std::vector<recrt_tensor_desc> inputs, outputs;
  std::vector<recrt_buffer_desc> buffers;
  std::vector<recrt_rowmap_desc> rowMaps;
  std::vector<std::vector<recrt_embed_step>> embeds;
  std::vector<recrt_step_desc> steps;
  std::vector<std::vector<recrt_operand_desc>> operands;
};

enum { GEMM = 3, ATTENTION = 4, SCORE = 5, TOP_K = 8 };
enum { ITEM_BUFFER = 0, SCORE_BUFFER = 3, TOKENS_BUFFER = 7, TABLE_BUFFER = 11 };
} // namespace

static void expectRefused(const std::function<void(MutableModule &)> &change, const std::string &part,
                          int32_t code = RECRT_INVALID_ARGUMENT) {
  MutableModule lying;
  change(lying);
  const recrt_status status = lying.create();
  EXPECT_EQ(status.code, code) << part;
  EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
}

TEST(PlanTest, TheUnchangedModuleIsGood) {
  const recrt_status status = MutableModule().create();
  EXPECT_EQ(status.code, RECRT_OK) << text(status);
}

TEST(PlanTest, Headers) {
  recrt_model *model = nullptr;
  EXPECT_EQ(recrt_model_create(nullptr, nullptr, &model).code, RECRT_INVALID_ARGUMENT);
  EXPECT_EQ(recrt_model_create(&tiny_module, nullptr, nullptr).code, RECRT_INVALID_ARGUMENT);
  expectRefused([](auto &m) { m.module.magic = 1; }, "expected magic");
  expectRefused([](auto &m) { m.module.abi = 9; }, "module ABI 9", RECRT_INCOMPATIBLE);
  expectRefused([](auto &m) { m.module.model_name = nullptr; }, "no name");
  expectRefused([](auto &m) { m.module.isa_levels = 0; }, "ISA levels 0x0");
  expectRefused([](auto &m) { m.module.isa_levels = 4; }, "ISA levels 0x4");
  expectRefused([](auto &m) { m.module.num_spaces = -1; }, "-1 row spaces");
  expectRefused([](auto &m) { m.module.num_entries = 0; }, "0 entries");
  expectRefused([](auto &m) { m.module.spaces = nullptr; }, "not possible");
  expectRefused([](auto &m) { m.module.weights_bytes = -1; }, "bytes of weights");
  expectRefused([](auto &m) { m.module.weights = reinterpret_cast<const char *>(tiny_table) + 4; },
                "not aligned to 64");
}

TEST(PlanTest, Spaces) {
  for (int32_t part : {-1, int32_t(TINY_TOKENS), 1000})
    expectRefused([=](auto &m) { m.parts[TINY_TOKENS][1] = part; }, "expected an earlier space");
  for (int32_t kind : {-1, 10})
    expectRefused([=](auto &m) { m.spaces[TINY_TOKENS].kind = kind; }, "row space 4: kind");
  expectRefused([](auto &m) { m.spaces[TINY_TAKE_LAST].num_parts = 0; }, "expected 1 parts, got 0");
  expectRefused([](auto &m) { m.spaces[TINY_TOKENS].num_parts = -1; }, "-1 parts");
  expectRefused([](auto &m) { m.spaces[TINY_TAKE_LAST].count = 0; }, "count 0");
  expectRefused([](auto &m) { m.spaces[TINY_HISTORY].count = -1; }, "count -1");
  expectRefused([](auto &m) { m.spaces[TINY_HISTORY].count = INT64_MAX; }, "out of range");
  expectRefused([](auto &m) { m.spaces[TINY_HISTORY].count = int64_t(1) << 40; },
                "row space 4: a request may have more than");
  expectRefused([](auto &m) { m.spaces[TINY_HISTORY].name = nullptr; }, "has no name");
  expectRefused([](auto &m) { m.spaces[TINY_CANDIDATES].name = "history"; }, "exists twice");
  expectRefused(
      [](auto &m) {
        m.spaces[TINY_TAKE_LAST].kind = RECRT_SPACE_INTERLEAVE;
        m.spaces[TINY_TAKE_LAST].count = int64_t(1) << 38;
      },
      "row space 5: a request may have more than");
}

TEST(PlanTest, Bags) {
  auto makeBags = [](auto &m, const char *name, int32_t of, int64_t count) {
    m.spaces[TINY_TAKE_LAST].kind = RECRT_SPACE_BAGS;
    m.spaces[TINY_TAKE_LAST].name = name;
    m.spaces[TINY_TAKE_LAST].count = count;
    m.parts[TINY_TAKE_LAST][0] = of;
  };
  expectRefused([&](auto &m) { makeBags(m, "bags", TINY_TOKENS, 3); }, "space 4 has bags, expected a base space");
  expectRefused([&](auto &m) { makeBags(m, nullptr, TINY_HISTORY, 3); }, "has no name");
  expectRefused([&](auto &m) { makeBags(m, "history", TINY_HISTORY, 3); }, "exists twice");
  expectRefused([&](auto &m) { makeBags(m, "bags", TINY_HISTORY, 0); }, "count 0");
  expectRefused([&](auto &m) { makeBags(m, "bags", TINY_HISTORY, int64_t(1) << 39); },
                "row space 5: a request may have more than");
}

TEST(PlanTest, RowsThatNobodyBinds) {
  expectRefused([](auto &m) { m.spaces[TINY_TAKE_LAST] = {nullptr, nullptr, 8, RECRT_SPACE_OPAQUE, 0}; },
                "output 'last': no step binds its rows");
  expectRefused([](auto &m) { m.steps[GEMM].kind = RECRT_KERNEL_FILTER; },
                "it does not bind rows of space 4 by flags over space 4");
}

TEST(PlanTest, Signatures) {
  expectRefused([](auto &m) { m.inputs[0].name = nullptr; }, "input 0 (?): it has no name");
  expectRefused([](auto &m) { m.inputs[1].name = "item"; }, "two have this name");
  expectRefused([](auto &m) { m.inputs[0].element = 3; }, "element type 3");
  expectRefused([](auto &m) { m.inputs[0].space = 6; }, "row space 6 does not exist");
  expectRefused([](auto &m) { m.inputs[0].space = -1; }, "row space -1 does not exist");
  expectRefused([](auto &m) { m.inputs[0].id_mode = 2; }, "id mode 2");
  expectRefused([](auto &m) { m.inputs[0].id_limit = -1; }, "limit is negative");
  expectRefused([](auto &m) { m.inputs[2].id_mode = 1; }, "does not hold i64");
  expectRefused([](auto &m) { m.inputs[2].num_dims = -1; }, "-1 dimensions");
  static const int64_t dims[] = {INT64_MAX, 0, int64_t(1) << 31};
  for (const int64_t &dim : dims)
    expectRefused([&](auto &m) { m.inputs[2].dims = &dim; }, "dimension 0");
  expectRefused([](auto &m) { m.entry.name = ""; }, "it has no name");
  expectRefused([](auto &m) { m.entry.num_inputs = -1; }, "out of range");
  expectRefused([](auto &m) { m.entry.num_slots = -1; }, "out of range");
}

TEST(PlanTest, Buffers) {
  expectRefused([](auto &m) { m.buffers[TOKENS_BUFFER].kind = 4; }, "buffer 7: kind 4");
  expectRefused([](auto &m) { m.buffers[TOKENS_BUFFER].slot = 2; }, "slot 2");
  expectRefused([](auto &m) { m.buffers[TOKENS_BUFFER].slot = -1; }, "slot -1");
  expectRefused([](auto &m) { m.buffers[TOKENS_BUFFER].space = 6; }, "row space 6");
  expectRefused([](auto &m) { m.buffers[TOKENS_BUFFER].row_bytes = 60; }, "no multiple of 64");
  expectRefused([](auto &m) { m.buffers[TOKENS_BUFFER].row_bytes = -64; }, "rows of -64 bytes");
  expectRefused([](auto &m) { m.buffers[ITEM_BUFFER].index = 3; }, "no tensor 3");
  expectRefused([](auto &m) { m.buffers[ITEM_BUFFER].index = 2; }, "differ from those of 'user'");
  expectRefused([](auto &m) { m.buffers[ITEM_BUFFER].row_bytes = 16; }, "differ from those");
  expectRefused([](auto &m) { m.buffers[TABLE_BUFFER].offset = 32; }, "do not lie aligned");
  expectRefused([](auto &m) { m.buffers[TABLE_BUFFER].offset = 64; }, "do not lie aligned");
  expectRefused([](auto &m) { m.buffers[TABLE_BUFFER].bytes = INT64_MAX; }, "do not lie aligned");
  expectRefused([](auto &m) { m.buffers[TABLE_BUFFER].bytes = -1; }, "do not lie aligned");
}

TEST(PlanTest, RowMaps) {
  expectRefused([](auto &m) { m.rowMaps[3].num_steps = 0; }, "row map 3");
  expectRefused([](auto &m) { m.rowMaps[3].space = 6; }, "row map 3");
  expectRefused([](auto &m) { m.embeds[3][1].outer = 6; }, "space 6");
  expectRefused([](auto &m) { m.embeds[3][1].index = 3; }, "has no part 3");
  expectRefused([](auto &m) { m.embeds[3][1].index = -1; }, "index -1");
  expectRefused([](auto &m) { m.embeds[3][1].shift = -1; }, "shift -1");
  expectRefused([](auto &m) { m.embeds[3][1].kind = 5; }, "kind 5");
  expectRefused([](auto &m) { m.embeds[3][1].kind = RECRT_EMBED_PHASE; }, "does not interleave");
  expectRefused([](auto &m) { m.rowMaps[3].num_steps = 1; }, "does not lead to the space");
}

TEST(PlanTest, Steps) {
  expectRefused([](auto &m) { m.steps[GEMM].kind = 5; }, "step 3 (scale): kind 5");
  expectRefused([](auto &m) { m.steps[GEMM].name = nullptr; }, "it has no name");
  expectRefused([](auto &m) { m.steps[GEMM].space = -1; }, "row space -1");
  expectRefused([](auto &m) { m.steps[GEMM].block = 0; }, "blocks of 0 rows");
  expectRefused([](auto &m) { m.steps[GEMM].columns = 0; }, "0 panels");
  expectRefused([](auto &m) { m.steps[GEMM].num_operands = -1; }, "-1 operands");
  expectRefused([](auto &m) { m.views[GEMM][0] = 6; }, "row space 6");
  expectRefused([](auto &m) { m.operands[GEMM][0].buffer = 12; }, "buffer 12 does not exist");
  expectRefused([](auto &m) { m.operands[GEMM][0].offset = 65; }, "offset 65");
  expectRefused([](auto &m) { m.operands[GEMM][0].offset = -1; }, "offset -1");
  expectRefused([](auto &m) { m.operands[GEMM][0].rowmap = 4; }, "row map 4 does not exist");
  expectRefused([](auto &m) { m.operands[GEMM][0].rowmap = -2; }, "row map -2");
  expectRefused([](auto &m) { m.operands[SCORE][1].rowmap = 0; }, "does not lead to the space");
  expectRefused([](auto &m) { m.steps[ATTENTION].heads = 0; }, "0 heads");
  for (int level : {0, 1}) {
    expectRefused([=](auto &m) { m.steps[GEMM].entry[level] = nullptr; }, "the kernel for x86-64");
    expectRefused([=](auto &m) { m.steps[ATTENTION].area[level] = nullptr; }, "is missing");
    expectRefused([=](auto &m) { m.steps[GEMM].scratch_bytes[level] = -1; }, "-1 bytes of scratch");
  }
  expectRefused([](auto &m) { m.operands[SCORE][1].buffer = SCORE_BUFFER + 1; }, "no step writes output 'score'");
}

TEST(PlanTest, TopK) {
  expectRefused([](auto &m) { m.steps[TOP_K].num_operands = 3; }, "expected 4 operands, got 3");
  expectRefused([](auto &m) { m.steps[TOP_K].exclude_space = 6; }, "row space 6");
  expectRefused([](auto &m) { m.steps[TOP_K].exclude_space = -1; }, "expected 3 operands");
  expectRefused([](auto &m) { m.steps[TOP_K].exclude_space = TINY_CANDIDATES; }, "operand 1");
  expectRefused([](auto &m) { m.steps[TOP_K].columns = 17; }, "operand 0: its rows do not hold");
  expectRefused([](auto &m) { m.steps[TOP_K].columns = INT64_MAX; }, "out of range");
  expectRefused([](auto &m) { m.steps[TOP_K].k = 4; }, "operand 2: its rows do not hold");
  expectRefused([](auto &m) { m.steps[TOP_K].k = 0; }, "out of range");
  expectRefused([](auto &m) { m.steps[TOP_K].first_id = INT64_MAX; }, "first id");
  expectRefused([](auto &m) { m.steps[TOP_K].space = TINY_HISTORY; }, "operand 0");
  expectRefused([](auto &m) { m.operands[TOP_K][0].offset = 2; }, "operand 0");
}

TEST(PlanTest, AMapOutOfItsSpaceIsFoundWhenItRuns) {
  MutableModule lying;
  lying.embeds[1][0].shift = 50; // history rows, 50 further: beyond the tokens of short requests
  recrt_model *handle = nullptr;
  ASSERT_EQ(recrt_model_create(&lying.module, nullptr, &handle).code, RECRT_OK);
  Model model(handle);
  Context context = makeContext(model, contextOptions(1));
  TinyRequest request(someUsers());
  const recrt_status status = recrt_context_run(context.get(), 0, &request.request);
  EXPECT_EQ(status.code, RECRT_INTERNAL);
  EXPECT_NE(text(status).find("request 1: the plan of the model maps rows outside of space 4"), std::string::npos)
      << text(status);
}
