// SPDX-License-Identifier: Apache-2.0
// User states: right answers, misuse, and bytes of every kind.
#include "StateModule.h"

#include "reccc/Support/Checksum.h"

#include <cstring>
#include <random>

namespace {
class StateTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(parts.load(model).code, RECRT_OK);
    context = makeContext(model, contextOptions(1));
  }

  void prefill(States &states, const Rows &histories, const std::vector<float> &biases) {
    Batch batch("history", "x", histories, biases);
    states.list.assign(histories.size(), nullptr);
    const recrt_status status = recrt_state_prefill(context.get(), &batch.request, states.list.data());
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
  }

  recrt_status append(const States &states, const Rows &rows) {
    Batch batch("history.new", "x", rows);
    return recrt_state_append(context.get(), states.list.data(), &batch.request);
  }

  void expectScores(const States &states, const Rows &histories, const std::vector<float> &biases, const Rows &q) {
    Batch batch("candidates", "q", q);
    const recrt_status status = recrt_state_score(context.get(), states.list.data(), &batch.request);
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
    recrt_output_view view;
    view.size = sizeof(view);
    ASSERT_EQ(recrt_context_get_output(context.get(), 0, &view).code, RECRT_OK);
    for (size_t i = 0; i < q.size(); ++i) {
      float sum = 0;
      for (size_t j = 0; j < histories[i].size(); ++j)
        sum += 2 * histories[i][j] + static_cast<float>(j);
      ASSERT_EQ(view.offsets[i + 1] - view.offsets[i], static_cast<int64_t>(q[i].size()));
      for (size_t c = 0; c < q[i].size(); ++c)
        EXPECT_EQ(static_cast<const float *>(view.data)[view.offsets[i] + static_cast<int64_t>(c)],
                  q[i][c] * sum + biases[i]);
    }
  }

  static std::vector<unsigned char> exported(const recrt_state *state) {
    size_t size = 0;
    EXPECT_EQ(recrt_state_export(state, nullptr, 0, &size).code, RECRT_OK);
    std::vector<unsigned char> bytes(size);
    EXPECT_EQ(recrt_state_export(state, bytes.data(), size - 1, &size).code, RECRT_INVALID_ARGUMENT);
    EXPECT_EQ(recrt_state_export(state, bytes.data(), size, &size).code, RECRT_OK);
    return bytes;
  }

  StateModule parts;
  Model model;
  Context context;
  const Rows histories = {{1, 2, 3}, {}, {-4, 0.5f, 7, 1, 2, 3, 4, 5}};
  const std::vector<float> biases = {10, 20, 30};
};

TEST_F(StateTest, ScoresSlicesAgainstOneAndManyStates) {
  States states;
  prefill(states, histories, biases);
  expectScores(states, histories, biases, {{1, 2}, {5}, {}});
  expectScores(states, histories, biases, {{}, {}, {-1, 3, 4, 0.25f}});
  for (size_t i = 0; i < 3; ++i) { // one state is read where it lies
    States one;
    one.list = {states.list[i]};
    expectScores(one, {histories[i]}, {biases[i]}, {{2, -3}});
    one.list.clear();
  }
  States twice;
  twice.list = {states.list[2], states.list[0], states.list[2]};
  expectScores(twice, {histories[2], histories[0], histories[2]}, {30, 10, 30}, {{1}, {2}, {3, 4}});
  twice.list.clear();
  expectScores({}, {}, {}, {});
}

TEST_F(StateTest, AppendedRowsAreThoseOfTheWhole) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    Rows grown(2), added(2);
    States states;
    prefill(states, grown, {1, 2});
    while (true) {
      bool full = false;
      for (size_t i = 0; i < 2; ++i) {
        added[i].assign(random() % 4, 0);
        for (float &x : added[i])
          x = static_cast<float>(random() % 100);
        full |= grown[i].size() + added[i].size() > 8;
      }
      const recrt_status status = append(states, added);
      ASSERT_EQ(status.code, full ? RECRT_RESOURCE_EXHAUSTED : RECRT_OK) << text(status);
      if (full)
        break;
      for (size_t i = 0; i < 2; ++i)
        grown[i].insert(grown[i].end(), added[i].begin(), added[i].end());
      expectScores(states, grown, {1, 2}, {{1}, {1, 2}});
    }
    expectScores(states, grown, {1, 2}, {{1}, {1, 2}}); // a refusal has changed nothing
    int64_t rows = -1;
    EXPECT_EQ(recrt_state_count_rows(states.list[1], "history", &rows).code, RECRT_OK);
    EXPECT_EQ(rows, static_cast<int64_t>(grown[1].size()));
  }
}

TEST_F(StateTest, BytesComeBack) {
  States states;
  prefill(states, histories, biases);
  ASSERT_EQ(append(states, {{}, {3}, {}}).code, RECRT_OK);
  States read;
  for (const recrt_state *state : states.list) {
    const std::vector<unsigned char> bytes = exported(state);
    recrt_state_info info;
    info.size = sizeof(info);
    ASSERT_EQ(recrt_state_get_info(state, &info).code, RECRT_OK);
    EXPECT_EQ(info.export_bytes, bytes.size());
    recrt_state *made = nullptr;
    const recrt_status status = recrt_state_import(context.get(), bytes.data(), bytes.size(), &made);
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
    read.list.push_back(made);
    EXPECT_EQ(exported(made), bytes);
  }
  expectScores(read, {histories[0], {3}, histories[2]}, biases, {{1}, {2}, {3}});
}

TEST_F(StateTest, StatesOfOtherModelsAreRefused) {
  States states;
  prefill(states, histories, biases);
  const std::vector<unsigned char> bytes = exported(states.list[0]);
  auto expectOther = [&](auto change, bool refused) {
    StateModule other;
    change(other.module);
    Model otherModel;
    ASSERT_EQ(other.load(otherModel).code, RECRT_OK);
    Context otherContext = makeContext(otherModel, contextOptions(1));
    recrt_state *made = nullptr;
    recrt_status status = recrt_state_import(otherContext.get(), bytes.data(), bytes.size(), &made);
    EXPECT_EQ(status.code, refused ? RECRT_INCOMPATIBLE : RECRT_OK) << text(status);
    recrt_state_destroy(made);
    Batch batch("candidates", "q", {{1}});
    status = recrt_state_score(otherContext.get(), states.list.data(), &batch.request);
    EXPECT_EQ(status.code, refused ? RECRT_INCOMPATIBLE : RECRT_OK) << text(status);
  };
  expectOther([](recrt_module &) {}, false); // the same model, loaded again
  expectOther([](recrt_module &module) { module.weights_hash = 1; }, true);
  expectOther([](recrt_module &module) { module.state_hash = 1; }, true);
}

/// Damage is found by the checksum; behind a right checksum every number is still looked at.
TEST_F(StateTest, NoBytesCrashTheImporter) {
  States states;
  prefill(states, histories, biases);
  const std::vector<unsigned char> good = exported(states.list[0]);
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<unsigned char> bytes = good;
    if (random() % 2)
      bytes.resize(random() % (good.size() + 40));
    for (unsigned change = random() % 4; change > 0 && !bytes.empty(); --change)
      bytes[random() % bytes.size()] = static_cast<unsigned char>(random());
    if (bytes == good)
      continue;
    if (bytes.size() >= 40 && random() % 2) { // sealed again: whoever writes states can write this
      const uint64_t size = bytes.size();
      std::memcpy(&bytes[16], &size, 8);
      reccc::Checksum64 checksum;
      checksum.update(bytes.data(), 24);
      checksum.update(bytes.data() + 32, bytes.size() - 32);
      const uint64_t sum = checksum.finish();
      std::memcpy(&bytes[24], &sum, 8);
    } else if (bytes.size() >= 40) {
      ++refused;
      recrt_state *made = nullptr;
      EXPECT_NE(recrt_state_import(context.get(), bytes.data(), bytes.size(), &made).code, RECRT_OK);
      EXPECT_EQ(made, nullptr);
      continue;
    }
    recrt_state *made = nullptr;
    if (recrt_state_import(context.get(), bytes.data(), bytes.size(), &made).code == RECRT_OK) {
      Batch batch("candidates", "q", {{1}});
      EXPECT_EQ(recrt_state_score(context.get(), &made, &batch.request).code, RECRT_OK);
    }
    recrt_state_destroy(made);
  }
  EXPECT_GT(refused, 1000);
}

TEST_F(StateTest, MisuseIsRefused) {
  States states;
  prefill(states, histories, biases);
  auto expectRefused = [](const recrt_status &status, int32_t code, const char *part) {
    EXPECT_EQ(status.code, code);
    EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
  };
  Batch candidates("candidates", "q", {{1}, {2}, {3}});
  recrt_state *none[3] = {states.list[0], nullptr, states.list[2]};
  expectRefused(recrt_state_score(context.get(), none, &candidates.request), RECRT_INVALID_ARGUMENT,
                "state 1: it is null");
  expectRefused(recrt_state_score(context.get(), nullptr, &candidates.request), RECRT_INVALID_ARGUMENT,
                "array is null");
  expectRefused(recrt_state_score(nullptr, states.list.data(), &candidates.request), RECRT_INVALID_ARGUMENT, "null");
  Batch history("history", "q", {{1}, {2}, {3}});
  expectRefused(recrt_state_score(context.get(), states.list.data(), &history.request), RECRT_INVALID_ARGUMENT,
                "its rows come with the states");
  recrt_state *same[2] = {states.list[0], states.list[0]};
  Batch added("history.new", "x", {{1}, {2}});
  expectRefused(recrt_state_append(context.get(), same, &added.request), RECRT_FAILED_PRECONDITION,
                "twice in the batch");
  Batch five("candidates", "q", {{1, 2, 3, 4, 5}});
  expectRefused(recrt_state_score(context.get(), states.list.data(), &five.request), RECRT_RESOURCE_EXHAUSTED,
                "at most 4");
  recrt_state *out[1] = {states.list[0]};
  expectRefused(recrt_state_prefill(context.get(), &five.request, out), RECRT_INVALID_ARGUMENT, "no such row space");
  EXPECT_EQ(out[0], nullptr);
  // A good call behaves as if the failed ones had not been.
  expectScores(states, histories, biases, {{1, 2}, {5}, {}});
  Model tiny = makeTinyModel();
  Context other = makeContext(tiny, contextOptions(1));
  expectRefused(recrt_state_prefill(other.get(), &five.request, out), RECRT_FAILED_PRECONDITION, "entry_points");
  expectRefused(recrt_state_score(other.get(), states.list.data(), &five.request), RECRT_FAILED_PRECONDITION,
                "entry_points");
}

TEST_F(StateTest, AStateOutlivesItsModelAndContext) {
  States states;
  prefill(states, histories, biases);
  context.reset();
  model.reset();
  EXPECT_FALSE(exported(states.list[2]).empty());
}

TEST_F(StateTest, PlansOfStatesAreChecked) {
  auto expectRefused = [](auto change, const char *part) {
    StateModule changed;
    change(changed);
    Model loaded;
    const recrt_status status = changed.load(loaded);
    EXPECT_EQ(status.code, RECRT_INVALID_ARGUMENT);
    EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
  };
  expectRefused([](StateModule &m) { m.entries[1].kind = RECRT_ENTRY_PREFILL; }, "the same part");
  expectRefused([](StateModule &m) { m.entries[0].kind = 9; }, "kind does not exist");
  expectRefused([](StateModule &m) { m.entries[0].kind = RECRT_ENTRY_PLAIN; }, "no entry makes them");
  expectRefused([](StateModule &m) { m.prefillOut[1].state = 1; }, "not those that prefill gives");
  expectRefused([](StateModule &m) { m.prefillOut[1].state = 0; }, "should be one");
  expectRefused([](StateModule &m) { m.scoreIn[1].state = 3; }, "not those that prefill gives");
  expectRefused([](StateModule &m) { m.scoreIn[1].state = -1; }, "should be one");
  expectRefused([](StateModule &m) { m.scoreOut[0].state = 1; }, "should be one");
  expectRefused([](StateModule &m) { m.entries[2].old_space = Candidates; }, "do not belong to its states");
  expectRefused([](StateModule &m) { m.entries[2].new_space = 77; }, "do not belong to its states");
}
} // namespace
