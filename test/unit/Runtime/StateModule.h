// SPDX-License-Identifier: Apache-2.0
// A hand-written model with user states: y[c] = q[c] * sum of the state's rows + its bias, where row i of the state is
// 2 x[i] + i.
#ifndef RECCC_TEST_UNIT_RUNTIME_STATEMODULE_H
#define RECCC_TEST_UNIT_RUNTIME_STATEMODULE_H

#include "Handles.h"
#include "recrt/module.h"

enum Space { History, Candidates, NewHistory, Request, NumSpaces };

inline const float *floats(const recrt_kernel_args *args, int operand) {
  return static_cast<const float *>(args->operands[operand].data);
}

inline int64_t rowInRequest(const recrt_space_view &space, int64_t row) {
  return row - space.offsets[space.request_of_row[row]];
}

// x, rows; over history
inline void prefillRows(const recrt_kernel_args *args, int64_t first, int64_t last, void *) {
  for (int64_t r = first; r < last; ++r)
    static_cast<float *>(args->operands[1].data)[r] =
        2 * floats(args, 0)[r] + static_cast<float>(rowInRequest(args->spaces[0], r));
}

// bias in, bias out; over the request
inline void copyBias(const recrt_kernel_args *args, int64_t first, int64_t last, void *) {
  for (int64_t r = first; r < last; ++r)
    static_cast<float *>(args->operands[1].data)[r] = floats(args, 0)[r];
}

// q, rows, bias, y; over candidates, and history
inline void scoreRows(const recrt_kernel_args *args, int64_t first, int64_t last, void *) {
  for (int64_t r = first; r < last; ++r) {
    const int32_t request = args->spaces[0].request_of_row[r];
    float sum = 0;
    for (int64_t i = args->spaces[1].offsets[request]; i < args->spaces[1].offsets[request + 1]; ++i)
      sum += floats(args, 1)[i];
    static_cast<float *>(args->operands[3].data)[r] = floats(args, 0)[r] * sum + floats(args, 2)[request];
  }
}

// x, rows; over new rows, and history
inline void appendRows(const recrt_kernel_args *args, int64_t first, int64_t last, void *) {
  for (int64_t r = first; r < last; ++r) {
    const int64_t *old = args->spaces[1].offsets + args->spaces[0].request_of_row[r];
    static_cast<float *>(args->operands[1].data)[r] =
        2 * floats(args, 0)[r] + static_cast<float>(old[1] - old[0] + rowInRequest(args->spaces[0], r));
  }
}

constexpr recrt_tensor_desc tensor(const char *name, int32_t space, int32_t state = 0) {
  return {name, nullptr, 0, 0, RECRT_ELEMENT_F32, space, RECRT_IDS_UNCHECKED, state, 0};
}

constexpr recrt_buffer_desc buffer(int32_t kind, int32_t space, int32_t index) {
  return {4, 0, 0, kind, space, 0, index};
}

/// A module whose parts a test may change.
struct StateModule {
  StateModule() {
    spaces[History] = {"history", nullptr, 8, RECRT_SPACE_BASE, 0};
    spaces[Candidates] = {"candidates", nullptr, 4, RECRT_SPACE_BASE, 0};
    spaces[NewHistory] = {"history.new", nullptr, 8, RECRT_SPACE_BASE, 0};
    spaces[Request] = {nullptr, nullptr, 1, RECRT_SPACE_ROWS, 0};
    addStep(0, "rows", prefillRows, History, {0, 2}, {History});
    addStep(0, "bias", copyBias, Request, {1, 3}, {Request});
    addStep(1, "score", scoreRows, Candidates, {0, 1, 2, 3}, {Candidates, History});
    addStep(2, "append", appendRows, NewHistory, {0, 1}, {NewHistory, History});
    addEntry(0, "prefill", RECRT_ENTRY_PREFILL, prefillIn, 2, prefillOut, 2);
    addEntry(1, "score", RECRT_ENTRY_SCORE, scoreIn, 3, scoreOut, 1);
    addEntry(2, "append", RECRT_ENTRY_APPEND, appendIn, 1, appendOut, 1);
    entries[2].old_space = History;
    entries[2].new_space = NewHistory;
    module.magic = RECRT_MODULE_MAGIC;
    module.abi = RECRT_MODULE_ABI;
    module.model_name = "stateful";
    module.tool_version = "0";
    module.spaces = spaces;
    module.entries = entries;
    module.weights_hash = 0x77;
    module.state_hash = 0x99;
    module.num_spaces = NumSpaces;
    module.num_entries = 3;
    module.isa_levels = 1 << RECRT_ISA_X86_64_V3;
  }

  void addStep(int entry, const char *name, recrt_kernel_fn kernel, int32_t space, std::vector<int32_t> buffersRead,
               std::vector<int32_t> seen) {
    auto &list = operands.emplace_back();
    for (int32_t number : buffersRead)
      list.push_back({0, number, -1});
    views.push_back(std::move(seen));
    recrt_step_desc step = {};
    step.name = name;
    step.entry[RECRT_ISA_X86_64_V3] = kernel;
    step.operands = list.data();
    step.spaces = views.back().data();
    step.block = 1;
    step.kind = RECRT_KERNEL_ROWS;
    step.space = space;
    step.num_operands = static_cast<int32_t>(list.size());
    step.num_spaces = static_cast<int32_t>(views.back().size());
    step.exclude_space = step.frame = -1;
    steps[entry].push_back(step);
  }

  void addEntry(int entry, const char *name, int32_t kind, const recrt_tensor_desc *in, int32_t numIn,
                const recrt_tensor_desc *out, int32_t numOut) {
    for (int32_t i = 0; i < numIn; ++i)
      buffers[entry].push_back(buffer(RECRT_BUFFER_INPUT, in[i].space, i));
    for (int32_t i = 0; i < numOut; ++i)
      buffers[entry].push_back(buffer(RECRT_BUFFER_OUTPUT, out[i].space, i));
    recrt_entry_desc &desc = entries[entry];
    desc = {};
    desc.name = name;
    desc.inputs = in;
    desc.outputs = out;
    desc.buffers = buffers[entry].data();
    desc.steps = steps[entry].data();
    desc.num_inputs = numIn;
    desc.num_outputs = numOut;
    desc.num_buffers = static_cast<int32_t>(buffers[entry].size());
    desc.num_steps = static_cast<int32_t>(steps[entry].size());
    desc.kind = kind;
  }

  recrt_status load(Model &model) const {
    recrt_model *made = nullptr;
    const recrt_status status = recrt_model_create(&module, nullptr, &made);
    model.reset(made);
    return status;
  }

  recrt_space_desc spaces[NumSpaces] = {};
  recrt_tensor_desc prefillIn[2] = {tensor("x", History), tensor("bias", Request)};
  recrt_tensor_desc prefillOut[2] = {tensor("state.0", History, 1), tensor("state.1", Request, 2)};
  recrt_tensor_desc scoreIn[3] = {tensor("q", Candidates), tensor("state.0", History, 1),
                                  tensor("state.1", Request, 2)};
  recrt_tensor_desc scoreOut[1] = {tensor("y", Candidates)};
  recrt_tensor_desc appendIn[1] = {tensor("x", NewHistory)};
  recrt_tensor_desc appendOut[1] = {tensor("state.0", NewHistory, 1)};
  recrt_entry_desc entries[3] = {};
  recrt_module module = {};

private:
  std::vector<std::vector<recrt_operand_desc>> operands = reserved<recrt_operand_desc>();
  std::vector<std::vector<int32_t>> views = reserved<int32_t>();
  std::vector<recrt_step_desc> steps[3];
  std::vector<recrt_buffer_desc> buffers[3];

  template <typename T> static std::vector<std::vector<T>> reserved() {
    std::vector<std::vector<T>> lists;
    lists.reserve(8);
    return lists;
  }
};

using Rows = std::vector<std::vector<float>>; // by request

/// One jagged input, and one number for each request.
struct Batch {
  Batch(const char *space, const char *input, const Rows &rows, std::vector<float> biases = {})
      : bias(std::move(biases)) {
    offsets.push_back(0);
    for (const std::vector<float> &of : rows) {
      values.insert(values.end(), of.begin(), of.end());
      offsets.push_back(static_cast<int64_t>(values.size()));
    }
    rowOffsets = {space, offsets.data(), static_cast<int64_t>(offsets.size())};
    inputs[0] = {input, values.data(), static_cast<int64_t>(values.size()), 1, RECRT_ELEMENT_F32};
    inputs[1] = {"bias", bias.data(), static_cast<int64_t>(bias.size()), 1, RECRT_ELEMENT_F32};
    request = {
        sizeof(request), static_cast<int64_t>(rows.size()), &rowOffsets, inputs, nullptr, 1, bias.empty() ? 1 : 2, 0};
  }
  Batch(const Batch &) = delete;

  std::vector<float> values, bias;
  std::vector<int64_t> offsets;
  recrt_row_offsets rowOffsets;
  recrt_input inputs[2];
  recrt_request request;
};

struct States {
  ~States() { clear(); }
  void clear() {
    for (recrt_state *state : list)
      recrt_state_destroy(state);
    list.clear();
  }
  std::vector<recrt_state *> list;
};

#endif // RECCC_TEST_UNIT_RUNTIME_STATEMODULE_H
