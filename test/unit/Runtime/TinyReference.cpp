// SPDX-License-Identifier: Apache-2.0
// What tiny_module.c computes, without the runtime.
#include "TinyReference.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

using Row = std::array<float, TINY_WIDTH>;

static Row tableRow(int64_t id) {
  Row row;
  std::copy_n(tiny_table + id * 16, TINY_WIDTH, row.begin());
  return row;
}

/// Columns times their number, then sums over the rows so far.
static std::vector<Row> scaledSums(std::vector<Row> rows) {
  Row sum = {};
  for (Row &row : rows)
    for (size_t c = 0; c < TINY_WIDTH; ++c)
      row[c] = sum[c] += row[c] * static_cast<float>(c + 1);
  return rows;
}

bool TinyAnswer::operator==(const TinyAnswer &other) const {
  return scores == other.scores && last == other.last && best == other.best && bestScores == other.bestScores;
}

TinyAnswer referenceAnswer(const TinyUser &user) {
  std::vector<Row> history, candidates;
  for (int64_t id : user.items)
    history.push_back(tableRow(id));
  for (int64_t id : user.candidates)
    candidates.push_back(tableRow(id));
  history = scaledSums(history);
  candidates = scaledSums(candidates);

  TinyAnswer answer;
  for (const Row &row : candidates) {
    float sum = 0;
    for (float value : row)
      sum += value;
    answer.scores.push_back(sum * 0x1p-130f);
  }
  const size_t kept = std::min<size_t>(history.size(), TINY_LAST);
  answer.last.assign(history.end() - static_cast<ptrdiff_t>(kept), history.end());

  std::vector<std::pair<float, int64_t>> ranked;
  for (int64_t id = 0; id < TINY_ROWS; ++id) {
    float sum = 0;
    for (size_t c = 0; c < TINY_WIDTH; ++c)
      sum += user.user[c] * tableRow(id)[c];
    if (std::find(user.items.begin(), user.items.end(), id) == user.items.end())
      ranked.push_back({-sum, id});
  }
  std::sort(ranked.begin(), ranked.end());
  for (size_t i = 0; i < TINY_K; ++i) {
    answer.best[i] = i < ranked.size() ? ranked[i].second : -1;
    answer.bestScores[i] = i < ranked.size() ? -ranked[i].first : -std::numeric_limits<float>::infinity();
  }
  return answer;
}

std::vector<TinyUser> someUsers() {
  std::vector<TinyUser> users;
  uint64_t state = 7;
  auto next = [&](uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>((state >> 33) % bound);
  };
  const std::pair<size_t, size_t> lengths[] = {{0, 0},  {1, 0},  {0, 2},    {5, 3},   {32, 1},
                                               {33, 7}, {64, 0}, {100, 40}, {31, 32}, {3, 33}};
  for (auto [history, candidates] : lengths) {
    TinyUser user;
    // Few different items, so that top-k has some left; the last user has seen all but two.
    for (size_t i = 0; i < history; ++i)
      user.items.push_back(history == 100 ? static_cast<int64_t>(i % 8) : next(4));
    for (size_t i = 0; i < candidates; ++i)
      user.candidates.push_back(next(TINY_ROWS));
    for (float &value : user.user)
      value = static_cast<float>(next(9)) - 4;
    users.push_back(user);
  }
  return users;
}

TinyRequest::TinyRequest(const std::vector<TinyUser> &all) {
  for (const TinyUser &user : all) {
    items.insert(items.end(), user.items.begin(), user.items.end());
    candidates.insert(candidates.end(), user.candidates.begin(), user.candidates.end());
    users.insert(users.end(), user.user.begin(), user.user.end());
    historyOffsets.push_back(static_cast<int64_t>(items.size()));
    candidateOffsets.push_back(static_cast<int64_t>(candidates.size()));
  }
  const int64_t count = static_cast<int64_t>(all.size());
  rowOffsets = {{{"history", historyOffsets.data(), count + 1}, {"candidates", candidateOffsets.data(), count + 1}}};
  inputs = {{{"item", items.data(), historyOffsets.back(), 1, RECRT_ELEMENT_I64},
             {"candidate", candidates.data(), candidateOffsets.back(), 1, RECRT_ELEMENT_I64},
             {"user", users.data(), count, TINY_WIDTH, RECRT_ELEMENT_F32}}};
  outputs = {};
  request = {sizeof(recrt_request), count, rowOffsets.data(), inputs.data(), outputs.data(), 2, 3, 0};
}

void TinyRequest::giveOutputs() {
  const size_t count = users.size() / TINY_WIDTH;
  scores.assign(candidates.size(), -77);
  last.assign(count * TINY_LAST * TINY_WIDTH, -77);
  best.assign(count * TINY_K, -77);
  bestScores.assign(count * TINY_K, -77);
  outputs = {{{"score", scores.data(), static_cast<int64_t>(candidates.size())},
              {"last", last.data(), static_cast<int64_t>(count * TINY_LAST)},
              {"best", best.data(), static_cast<int64_t>(count)},
              {"best_score", bestScores.data(), static_cast<int64_t>(count)}}};
  request.num_outputs = 4;
}

std::vector<TinyAnswer> TinyRequest::answers(const recrt_context *context) const {
  std::array<recrt_output_view, 4> views;
  for (int32_t i = 0; i < 4; ++i) {
    views[static_cast<size_t>(i)].size = sizeof(recrt_output_view);
    const recrt_status status = recrt_context_get_output(context, i, &views[static_cast<size_t>(i)]);
    EXPECT_EQ(status.code, RECRT_OK) << status.message;
    if (status.code != RECRT_OK)
      return {};
  }
  std::vector<TinyAnswer> result(users.size() / TINY_WIDTH);
  for (size_t b = 0; b < result.size(); ++b) {
    const auto *score = static_cast<const float *>(views[0].data);
    result[b].scores.assign(score + views[0].offsets[b], score + views[0].offsets[b + 1]);
    const auto *rows = static_cast<const Row *>(views[1].data);
    result[b].last.assign(rows + views[1].offsets[b], rows + views[1].offsets[b + 1]);
    std::memcpy(&result[b].best, static_cast<const int64_t *>(views[2].data) + b * TINY_K, sizeof(result[b].best));
    std::memcpy(&result[b].bestScores, static_cast<const float *>(views[3].data) + b * TINY_K,
                sizeof(result[b].bestScores));
  }
  return result;
}
