// SPDX-License-Identifier: Apache-2.0
// Cuts a batch of whole requests into what prefill, append and score take.
#include "States.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

namespace reccc {

namespace {
struct DestroyState {
  void operator()(recrt_state *state) const { recrt_state_destroy(state); }
};
using State = std::unique_ptr<recrt_state, DestroyState>;

/// The rows [first, last) of one request.
struct Range {
  int64_t first, last;
};

/// A part of the batch: some rows of some of its row spaces, for one entry.
class Part {
public:
  Part(const recrt_request &batch, const EntrySignature &signature, const std::string &suffix = "")
      : batch(batch), signature(signature), suffix(suffix) {}

  using Select = std::function<Range(const std::string &, int64_t, int64_t)>;

  /// `select` gives the rows of request i of the base space with this name, of which it has so many.
  void cut(const Select &select) {
    offsets.clear();
    data.clear();
    rowOffsets.clear();
    inputs.clear();
    for (const recrt_row_space_info &space : signature.rowSpaces) {
      const recrt_row_offsets *given = findOffsets(plainName(space.name));
      if (!given || isOfState(space.name))
        continue;
      std::vector<int64_t> &mine = offsets.emplace_back(1, 0);
      for (int64_t i = 0; i < batch.num_requests; ++i) {
        const Range rows = selectRows(ownerOf(space), i, select);
        if (space.bags_of < 0)
          mine.push_back(mine.back() + rows.last - rows.first);
        else
          for (int64_t bag = rows.first; bag < rows.last; ++bag)
            mine.push_back(mine.back() + given->offsets[bag + 1] - given->offsets[bag]);
      }
      rowOffsets.push_back({space.name, nullptr, static_cast<int64_t>(mine.size())});
    }
    for (size_t i = 0; i < rowOffsets.size(); ++i)
      rowOffsets[i].offsets = offsets[i].data();
    for (const recrt_tensor_info &input : signature.inputs)
      cutInput(input, select);
    for (size_t i = 0; i < inputs.size(); ++i)
      inputs[i].data = data[i].data();
  }

  recrt_request request() const {
    recrt_request request = {};
    request.size = sizeof(request);
    request.num_requests = batch.num_requests;
    request.row_offsets = rowOffsets.data();
    request.num_row_offsets = static_cast<int32_t>(rowOffsets.size());
    request.inputs = inputs.data();
    request.num_inputs = static_cast<int32_t>(inputs.size());
    return request;
  }

  /// Row spaces that states bring.
  std::vector<std::string> ofStates;

private:
  bool isOfState(const std::string &name) const {
    return std::find(ofStates.begin(), ofStates.end(), name) != ofStates.end();
  }

  /// New rows are rows of the batch too.
  std::string plainName(const std::string &name) const {
    const bool isNew = !suffix.empty() && name.size() > suffix.size() &&
                       name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
    return isNew ? name.substr(0, name.size() - suffix.size()) : name;
  }

  /// The base space that a space is, or that its bags are of.
  const recrt_row_space_info &ownerOf(const recrt_row_space_info &space) const {
    return space.bags_of < 0 ? space : signature.rowSpaces[static_cast<size_t>(space.bags_of)];
  }

  /// The rows of a base space that are selected of request i, counted in the batch.
  Range selectRows(const recrt_row_space_info &base, int64_t i, const Select &select) const {
    const std::string name = plainName(base.name);
    const int64_t *all = findOffsets(name)->offsets;
    const Range rows = select(name, i, all[i + 1] - all[i]);
    return {all[i] + rows.first, all[i] + rows.last};
  }

  const recrt_row_offsets *findOffsets(const std::string &name) const {
    for (int32_t i = 0; i < batch.num_row_offsets; ++i)
      if (name == batch.row_offsets[i].row_space)
        return &batch.row_offsets[i];
    return nullptr;
  }

  void cutInput(const recrt_tensor_info &input, const Select &select) {
    const recrt_input *given = nullptr;
    for (int32_t i = 0; i < batch.num_inputs && !given; ++i)
      if (std::strcmp(batch.inputs[i].name, input.name) == 0)
        given = &batch.inputs[i];
    if (!given)
      return; // a value of the state
    std::vector<unsigned char> &bytes = data.emplace_back();
    const auto *from = static_cast<const unsigned char *>(given->data);
    if (input.row_space < 0) {
      bytes.assign(from, from + given->num_rows * input.row_bytes);
    } else {
      const recrt_row_space_info &space = signature.rowSpaces[static_cast<size_t>(input.row_space)];
      const int64_t *bags = space.bags_of < 0 ? nullptr : findOffsets(plainName(space.name))->offsets;
      for (int64_t i = 0; i < batch.num_requests; ++i) {
        Range rows = selectRows(ownerOf(space), i, select);
        if (bags)
          rows = {bags[rows.first], bags[rows.last]};
        bytes.insert(bytes.end(), from + rows.first * input.row_bytes, from + rows.last * input.row_bytes);
      }
    }
    inputs.push_back(
        {input.name, nullptr, static_cast<int64_t>(bytes.size()) / input.row_bytes, input.row_elements, input.element});
  }

  const recrt_request &batch;
  const EntrySignature &signature;
  const std::string suffix;
  std::vector<std::vector<int64_t>> offsets;
  std::vector<std::vector<unsigned char>> data;
  std::vector<recrt_row_offsets> rowOffsets;
  std::vector<recrt_input> inputs;
};

/// The rows that outputs of slices give, by request.
class Collected {
public:
  /// Outputs over the row spaces `ofStates` are the same in every slice.
  Collected(const EntrySignature &signature, const std::vector<std::string> &ofStates, int64_t requests)
      : signature(signature), ofStates(ofStates) {
    rows.resize(signature.outputs.size(), std::vector<std::vector<unsigned char>>(static_cast<size_t>(requests)));
  }

  void add(const recrt_context *context) {
    for (size_t o = 0; o < rows.size(); ++o) {
      const recrt_tensor_info &tensor = signature.outputs[o];
      recrt_output_view view;
      view.size = sizeof(view);
      recrt_context_get_output(context, static_cast<int32_t>(o), &view);
      for (size_t i = 0; i < rows[o].size(); ++i) {
        if (!isSliced(tensor))
          rows[o][i].clear();
        const auto *from = static_cast<const unsigned char *>(view.data);
        rows[o][i].insert(rows[o][i].end(), from + view.offsets[i] * tensor.row_bytes,
                          from + view.offsets[i + 1] * tensor.row_bytes);
      }
    }
  }

  std::vector<SlicedOutput> join() const {
    std::vector<SlicedOutput> outputs;
    for (size_t o = 0; o < rows.size(); ++o) {
      SlicedOutput output = {signature.outputs[o], {}, {0}};
      for (const std::vector<unsigned char> &ofRequest : rows[o]) {
        output.data.insert(output.data.end(), ofRequest.begin(), ofRequest.end());
        output.offsets.push_back(static_cast<int64_t>(output.data.size()) / output.tensor.row_bytes);
      }
      outputs.push_back(std::move(output));
    }
    return outputs;
  }

private:
  bool isSliced(const recrt_tensor_info &tensor) const {
    return tensor.row_space >= 0 &&
           std::find(ofStates.begin(), ofStates.end(),
                     signature.rowSpaces[static_cast<size_t>(tensor.row_space)].name) == ofStates.end();
  }

  const EntrySignature &signature;
  const std::vector<std::string> &ofStates;
  std::vector<std::vector<std::vector<unsigned char>>> rows; // by output and request
};

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}
} // namespace

static recrt_status describeEntry(const recrt_model *model, const char *name, EntrySignature &signature) {
  int32_t entry = 0;
  recrt_status status = recrt_model_find_entry(model, name, &entry);
  if (status.code != RECRT_OK)
    return status;
  FileError error;
  if (auto found = EntrySignature::of(model, entry, error))
    signature = std::move(*found);
  return status;
}

/// States that went out and came back.
static recrt_status store(recrt_context *context, std::vector<State> &states) {
  recrt_status status = {};
  for (State &state : states) {
    size_t size = 0;
    status = recrt_state_export(state.get(), nullptr, 0, &size);
    std::vector<unsigned char> bytes(size);
    if (status.code == RECRT_OK)
      status = recrt_state_export(state.get(), bytes.data(), bytes.size(), &size);
    recrt_state *read = nullptr;
    if (status.code == RECRT_OK)
      status = recrt_state_import(context, bytes.data(), bytes.size(), &read);
    if (status.code != RECRT_OK)
      return status;
    state.reset(read);
  }
  return status;
}

recrt_status runByStates(const Options &options, const recrt_model *model, recrt_context *context,
                         const recrt_request &batch, std::vector<SlicedOutput> &outputs, StateTimes &times) {
  EntrySignature prefill, append, score;
  recrt_status status = describeEntry(model, "prefill", prefill);
  if (status.code == RECRT_OK)
    status = describeEntry(model, "score", score);
  if (status.code == RECRT_OK && options.append > 0)
    status = describeEntry(model, "append", append);
  if (status.code != RECRT_OK)
    return status;
  const std::string suffix = ".new";
  std::string grown;
  for (const recrt_row_space_info &space : append.rowSpaces)
    if (space.bags_of < 0 && std::string(space.name).size() > suffix.size() &&
        std::string(space.name).rfind(suffix) == std::string(space.name).size() - suffix.size())
      grown = std::string(space.name).substr(0, std::string(space.name).size() - suffix.size());

  // 1. Prefill has the rows in front of the last `append`; two calls append those.
  Part user(batch, prefill), scored(batch, score);
  std::vector<Part> added(options.append > 0 ? 2 : 0, Part(batch, append, suffix));
  for (const recrt_row_space_info &space : prefill.rowSpaces) {
    scored.ofStates.push_back(space.name);
    for (Part &part : added)
      part.ofStates.push_back(space.name);
  }
  auto before = [&](int64_t rows) { return std::max<int64_t>(0, rows - options.append); };
  auto middle = [&](int64_t rows) { return before(rows) + (rows - before(rows)) / 2; };
  user.cut(
      [&](const std::string &name, int64_t, int64_t rows) { return Range{0, name == grown ? before(rows) : rows}; });
  for (size_t call = 0; call < added.size(); ++call)
    added[call].cut([&](const std::string &, int64_t, int64_t rows) {
      return call == 0 ? Range{before(rows), middle(rows)} : Range{middle(rows), rows};
    });

  // 2. As many slices as the request with the most candidates needs.
  int64_t most = 0;
  for (int32_t i = 0; i < batch.num_row_offsets; ++i)
    if (std::find(scored.ofStates.begin(), scored.ofStates.end(), batch.row_offsets[i].row_space) ==
            scored.ofStates.end() &&
        batch.row_offsets[i].count == batch.num_requests + 1)
      for (int64_t b = 0; b < batch.num_requests; ++b)
        most = std::max(most, batch.row_offsets[i].offsets[b + 1] - batch.row_offsets[i].offsets[b]);
  const int64_t width = options.slice > 0 ? options.slice : std::max<int64_t>(1, most);

  const int64_t warmUps = options.repeat > 1 ? 1 : 0;
  for (int64_t run = 0; run < options.repeat + warmUps; ++run) {
    auto start = std::chrono::steady_clock::now();
    std::vector<recrt_state *> made(static_cast<size_t>(batch.num_requests), nullptr);
    recrt_request request = user.request();
    status = recrt_state_prefill(context, &request, made.data());
    std::vector<State> states;
    for (recrt_state *state : made)
      states.emplace_back(state);
    for (const Part &part : added) {
      request = part.request();
      if (status.code == RECRT_OK)
        status = recrt_state_append(context, made.data(), &request);
    }
    const double making = since(start);
    if (status.code == RECRT_OK)
      status = store(context, states);
    if (status.code != RECRT_OK)
      return status;
    for (size_t i = 0; i < states.size(); ++i)
      made[i] = states[i].get();

    Collected collected(score, scored.ofStates, batch.num_requests);
    double scoring = 0;
    for (int64_t first = 0; first == 0 || first < most; first += width) {
      scored.cut([&](const std::string &, int64_t, int64_t rows) {
        return Range{std::min(first, rows), std::min(first + width, rows)};
      });
      request = scored.request();
      start = std::chrono::steady_clock::now();
      status = recrt_state_score(context, made.data(), &request);
      scoring += since(start);
      if (status.code != RECRT_OK)
        return status;
      collected.add(context);
    }
    if (run >= warmUps) {
      times.prefill.push_back(making);
      times.score.push_back(scoring);
    }
    outputs = collected.join();
  }
  return status;
}

} // namespace reccc
