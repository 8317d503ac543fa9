// SPDX-License-Identifier: Apache-2.0
// Top-k against a full sort.
#include "TopK.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

using namespace recrt;

static constexpr float infinity = std::numeric_limits<float>::infinity();
static constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();

static void expectTopK(const std::vector<float> &scores, const std::vector<char> &excluded, int64_t k,
                       int64_t firstId) {
  std::vector<int64_t> order;
  for (size_t j = 0; j < scores.size(); ++j)
    if (excluded.empty() || !excluded[j])
      order.push_back(static_cast<int64_t>(j));
  auto score = [&](int64_t j) { return scores[static_cast<size_t>(j)]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::isnan(score(b)) ? !std::isnan(score(a)) : score(a) > score(b);
  });

  std::vector<uint64_t> bits(scores.size() / 64 + 1);
  for (size_t j = 0; j < excluded.size(); ++j)
    bits[j / 64] |= static_cast<uint64_t>(excluded[j] != 0) << (j % 64);
  std::vector<int64_t> ids(static_cast<size_t>(k));
  std::vector<float> best(static_cast<size_t>(k));
  selectTopK({scores.data(), static_cast<int64_t>(scores.size()), k, firstId, ids.data(), best.data()},
             excluded.empty() ? nullptr : bits.data());
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool found = i < order.size();
    EXPECT_EQ(ids[i], found ? order[i] + firstId : -1) << "place " << i;
    if (found && std::isnan(score(order[i])))
      EXPECT_TRUE(std::isnan(best[i]));
    else
      EXPECT_EQ(best[i], found ? score(order[i]) : -infinity);
  }
}

TEST(TopKTest, TiesGoToTheLowerId) {
  expectTopK({1, 3, 3, 2, 3, 1}, {}, 4, 0);
  expectTopK(std::vector<float>(100, 0.5f), {}, 10, 7);
  expectTopK({0.f, -0.f, 0.f, -0.f}, {}, 3, 0);
}

TEST(TopKTest, FewerColumnsThanPlaces) {
  expectTopK({2}, {}, 3, 5);
  expectTopK({2, 1, 4}, {1, 0, 1}, 3, 1);
  expectTopK({2, 1, 4}, {1, 1, 1}, 2, 1);
}

TEST(TopKTest, NaNAndInfinityHavePlaces) {
  expectTopK({notANumber, 1, -infinity, notANumber, infinity}, {}, 5, 0);
  expectTopK({notANumber, notANumber, notANumber, -infinity, 0}, {}, 2, 0);
  expectTopK({notANumber, notANumber, notANumber}, {}, 2, 0);
}

TEST(TopKTest, RandomScoresWithTiesAndExclusions) {
  uint64_t state = 11;
  auto next = [&](uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<float> scores(1 + next(300));
    std::vector<char> excluded(scores.size());
    for (float &score : scores)
      score = next(50) == 0 ? notANumber : static_cast<float>(next(40)) - 20;
    for (char &flag : excluded)
      flag = next(5) == 0;
    expectTopK(scores, round % 2 ? excluded : std::vector<char>(), static_cast<int64_t>(1 + next(60)),
               static_cast<int64_t>(next(3)));
  }
}
