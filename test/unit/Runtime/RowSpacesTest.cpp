// SPDX-License-Identifier: Apache-2.0
// Offsets, bounds and row maps of every kind of row space, against plain loops.
#include "RowSpaces.h"

#include <gtest/gtest.h>

using namespace recrt;

namespace {
enum {
  A, // base
  B, // base
  TWO,
  SIX,
  CONCAT,      // two, a, b
  INTERLEAVE,  // a x 2
  PAD,         // ceil(a / 4)
  DROP,        // floor(a / 4)
  TAKE,        // min(a, 3)
  NEST,        // b x a
  NEST_CONCAT, // b x (two, a, b)
  NEST_TAKE,   // b x take
  NUM_SPACES
};

class RowSpacesTest : public ::testing::Test {
protected:
  RowSpacesTest() {
    spaces[A] = {"a", nullptr, 20, RECRT_SPACE_BASE, 0};
    spaces[B] = {"b", nullptr, 7, RECRT_SPACE_BASE, 0};
    spaces[TWO] = {nullptr, nullptr, 2, RECRT_SPACE_ROWS, 0};
    spaces[SIX] = {nullptr, nullptr, 6, RECRT_SPACE_ROWS, 0};
    spaces[CONCAT] = {nullptr, concatParts, 0, RECRT_SPACE_CONCAT, 3};
    spaces[INTERLEAVE] = {nullptr, &a, 2, RECRT_SPACE_INTERLEAVE, 1};
    spaces[PAD] = {nullptr, &a, 4, RECRT_SPACE_GROUP_PAD, 1};
    spaces[DROP] = {nullptr, &a, 4, RECRT_SPACE_GROUP_DROP, 1};
    spaces[TAKE] = {nullptr, &a, 3, RECRT_SPACE_TAKE, 1};
    spaces[NEST] = {nullptr, nestParts, 0, RECRT_SPACE_NEST, 2};
    spaces[NEST_CONCAT] = {nullptr, nestConcatParts, 0, RECRT_SPACE_NEST, 2};
    spaces[NEST_TAKE] = {nullptr, nestTakeParts, 0, RECRT_SPACE_NEST, 2};
    module.model_name = module.tool_version = "";
    module.spaces = spaces;
    module.num_spaces = NUM_SPACES;
    entry.name = "entry";
    module.entries = &entry;
    module.num_entries = 1;
    const Status status = makePlan(&module, 0, plan);
    EXPECT_EQ(status.code, RECRT_OK) << status.place << status.message;
  }

  /// Computes everything for requests with these lengths of a and b.
  void fill(const std::vector<std::pair<int64_t, int64_t>> &given) {
    lengths = given;
    storage.assign(NUM_SPACES, std::vector<int64_t>(lengths.size() + 1, 0));
    offsets.clear();
    for (std::vector<int64_t> &of : storage)
      offsets.push_back(of.data());
    for (size_t i = 0; i < lengths.size(); ++i) {
      storage[A][i + 1] = storage[A][i] + lengths[i].first;
      storage[B][i + 1] = storage[B][i] + lengths[i].second;
    }
    for (int32_t s = TWO; s < NUM_SPACES; ++s)
      ASSERT_EQ(computeOffsets(plan, s, count(), offsets).code, RECRT_OK);
  }
  int64_t count() const { return static_cast<int64_t>(lengths.size()); }
  int64_t length(int32_t space, size_t request) const {
    const std::vector<int64_t> &of = storage[static_cast<size_t>(space)];
    return of[request + 1] - of[request];
  }

  /// The rows that a map gives to a request.
  std::vector<int64_t> mapped(int32_t space, std::vector<recrt_embed_step> steps, size_t request) {
    const recrt_rowmap_desc desc = {steps.data(), space, static_cast<int32_t>(steps.size())};
    std::vector<int64_t> rows(static_cast<size_t>(storage[static_cast<size_t>(space)].back()));
    const bool affine = std::all_of(steps.begin(), steps.end(), [](const recrt_embed_step &step) {
      return step.frame == -1 && step.kind != RECRT_EMBED_REPEAT;
    });
    lastStatus = computeRowMap(plan, {&desc, steps.back().outer, affine, 0}, count(), offsets, rows.data());
    const std::vector<int64_t> &of = storage[static_cast<size_t>(space)];
    std::vector<int64_t> result(rows.begin() + of[request], rows.begin() + of[request + 1]);
    for (int64_t &row : result)
      row -= storage[static_cast<size_t>(steps.back().outer)][request];
    return result;
  }

  const int32_t a = A, concatParts[3] = {TWO, A, B}, nestParts[2] = {B, A}, nestConcatParts[2] = {B, CONCAT},
                nestTakeParts[2] = {B, TAKE};
  recrt_space_desc spaces[NUM_SPACES];
  recrt_entry_desc entry = {};
  recrt_module module = {};
  Plan plan;
  std::vector<std::pair<int64_t, int64_t>> lengths;
  std::vector<std::vector<int64_t>> storage;
  Offsets offsets;
  Status lastStatus;
};
} // namespace

TEST_F(RowSpacesTest, Lengths) {
  fill({{0, 0}, {1, 2}, {4, 0}, {5, 7}, {20, 1}});
  for (size_t b = 0; b < lengths.size(); ++b) {
    const auto [na, nb] = lengths[b];
    EXPECT_EQ(length(TWO, b), 2);
    EXPECT_EQ(length(CONCAT, b), 2 + na + nb);
    EXPECT_EQ(length(INTERLEAVE, b), 2 * na);
    EXPECT_EQ(length(PAD, b), (na + 3) / 4);
    EXPECT_EQ(length(DROP, b), na / 4);
    EXPECT_EQ(length(TAKE, b), na < 3 ? na : 3);
    EXPECT_EQ(length(NEST, b), na * nb);
  }
}

TEST_F(RowSpacesTest, MaximaAndConstants) {
  const int64_t maxima[NUM_SPACES] = {20, 7, 2, 6, 29, 40, 5, 5, 3, 140, 203, 21};
  for (size_t s = 0; s < NUM_SPACES; ++s) {
    EXPECT_EQ(plan.spaces[s].maxRows, maxima[s]) << s;
    EXPECT_EQ(plan.spaces[s].constant, s == TWO || s == SIX) << s;
  }
}

TEST_F(RowSpacesTest, BoundsHoldForEveryBatch) {
  uint64_t state = 3;
  auto next = [&](int64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(bound));
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::pair<int64_t, int64_t>> batch(static_cast<size_t>(next(6)));
    for (auto &request : batch)
      request = {next(21), next(8)};
    fill(batch);
    // Limits at least as large as the batch.
    const int64_t requests = count() + next(3);
    std::vector<int64_t> totals(NUM_SPACES, 0);
    for (int32_t s = 0; s < NUM_SPACES; ++s) {
      const size_t space = static_cast<size_t>(s);
      totals[space] = boundTotalRows(plan, s, requests, storage[space].back() + next(5), totals);
      EXPECT_GE(totals[space], storage[space].back()) << s;
    }
  }
}

TEST_F(RowSpacesTest, BoundsOfFullBatchesAreExact) {
  const std::vector<std::pair<int64_t, int64_t>> full(3, {20, 7});
  fill(full);
  std::vector<int64_t> totals(NUM_SPACES, 0);
  for (int32_t s = 0; s < NUM_SPACES; ++s) {
    totals[static_cast<size_t>(s)] = boundTotalRows(plan, s, 3, maxRowsOfBatch, totals);
    EXPECT_EQ(totals[static_cast<size_t>(s)], storage[static_cast<size_t>(s)].back()) << s;
  }
}

TEST_F(RowSpacesTest, RequestsOfRows) {
  fill({{0, 0}, {2, 0}, {0, 0}, {3, 0}});
  int32_t requests[5];
  computeRequestOfRow(count(), offsets[A], requests);
  const int32_t expected[5] = {1, 1, 3, 3, 3};
  EXPECT_TRUE(std::equal(requests, requests + 5, expected));
}

TEST_F(RowSpacesTest, RowMaps) {
  using Rows = std::vector<int64_t>;
  fill({{0, 1}, {5, 2}, {2, 3}});
  EXPECT_EQ(mapped(TWO, {{RECRT_EMBED_SEGMENT, CONCAT, 0, 0, -1, 0}}, 1), (Rows{0, 1}));
  EXPECT_EQ(mapped(A, {{RECRT_EMBED_SEGMENT, CONCAT, 1, 0, -1, 0}}, 1), (Rows{2, 3, 4, 5, 6}));
  EXPECT_EQ(mapped(B, {{RECRT_EMBED_SEGMENT, CONCAT, 2, 0, -1, 0}}, 1), (Rows{7, 8}));
  EXPECT_EQ(mapped(B, {{RECRT_EMBED_SEGMENT, CONCAT, 2, 0, -1, 0}}, 0), (Rows{2}));
  EXPECT_EQ(mapped(A, {{RECRT_EMBED_PHASE, INTERLEAVE, 1, 0, -1, 0}}, 2), (Rows{1, 3}));
  EXPECT_EQ(mapped(TAKE, {{RECRT_EMBED_TAKE_LAST, A, 0, 0, -1, 0}}, 1), (Rows{2, 3, 4}));
  EXPECT_EQ(mapped(TAKE, {{RECRT_EMBED_TAKE_FIRST, A, 0, 0, -1, 0}}, 1), (Rows{0, 1, 2}));
  EXPECT_EQ(mapped(TAKE, {{RECRT_EMBED_TAKE_LAST, A, 0, 0, -1, 0}}, 2), (Rows{0, 1}));
  EXPECT_EQ(mapped(TAKE, {{RECRT_EMBED_TAKE_LAST, A, 0, 0, -1, 0}, {RECRT_EMBED_SEGMENT, CONCAT, 1, 0, -1, 0}}, 1),
            (Rows{4, 5, 6}));
  EXPECT_EQ(mapped(TAKE, {{RECRT_EMBED_TAKE_LAST, A, 0, 0, -1, 0}, {RECRT_EMBED_PHASE, INTERLEAVE, 0, 0, -1, 0}}, 1),
            (Rows{4, 6, 8}));
  // Two rows inside of six merged ones, and every third row of them.
  EXPECT_EQ(mapped(TWO, {{RECRT_EMBED_SEGMENT, SIX, 0, 3, -1, 0}}, 2), (Rows{3, 4}));
  EXPECT_EQ(mapped(TWO, {{RECRT_EMBED_PHASE, SIX, 1, 0, -1, 0}}, 2), (Rows{1, 4}));
  EXPECT_EQ(lastStatus.code, RECRT_OK) << lastStatus.message;
}

TEST_F(RowSpacesTest, RowMapsWithinNests) {
  using Rows = std::vector<int64_t>;
  fill({{0, 1}, {4, 2}});
  // Two rows of b have four rows of a each; as parts of (2, 4, 2) rows they lie at 2.. and 10...
  EXPECT_EQ(mapped(NEST, {{RECRT_EMBED_REPEAT, A, 0, 0, -1, 0}}, 1), (Rows{0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(mapped(NEST, {{RECRT_EMBED_SEGMENT, NEST_CONCAT, 1, 0, B, 0}}, 1), (Rows{2, 3, 4, 5, 10, 11, 12, 13}));
  EXPECT_EQ(mapped(NEST_TAKE, {{RECRT_EMBED_TAKE_LAST, NEST, 0, 0, B, 0}}, 1), (Rows{1, 2, 3, 5, 6, 7}));
  EXPECT_EQ(mapped(NEST_TAKE, {{RECRT_EMBED_TAKE_FIRST, NEST, 0, 0, B, 0}, {RECRT_EMBED_REPEAT, A, 0, 0, -1, 0}}, 1),
            (Rows{0, 1, 2, 0, 1, 2}));
  // A row of b itself is the last of its parts.
  EXPECT_EQ(mapped(B, {{RECRT_EMBED_SEGMENT, NEST_CONCAT, 2, 0, B, 0}}, 1), (Rows{6, 14}));
  EXPECT_EQ(mapped(B, {{RECRT_EMBED_SEGMENT, NEST_CONCAT, 2, 0, B, 0}}, 0), (Rows{2}));
  EXPECT_EQ(lastStatus.code, RECRT_OK) << lastStatus.message;
  mapped(B, {{RECRT_EMBED_SEGMENT, NEST_CONCAT, 2, 5, B, 0}}, 1);
  EXPECT_EQ(lastStatus.code, RECRT_INTERNAL);
}

TEST_F(RowSpacesTest, MapsThatLeaveTheirSpaceAreRefused) {
  fill({{4, 1}});
  mapped(TWO, {{RECRT_EMBED_SEGMENT, SIX, 0, 5, -1, 0}}, 0);
  EXPECT_EQ(lastStatus.code, RECRT_INTERNAL);
  mapped(A, {{RECRT_EMBED_TAKE_LAST, B, 0, 0, -1, 0}}, 0);
  EXPECT_EQ(lastStatus.code, RECRT_INTERNAL);
  mapped(SIX, {{RECRT_EMBED_TAKE_FIRST, A, 0, 0, -1, 0}}, 0);
  EXPECT_EQ(lastStatus.code, RECRT_INTERNAL);
}
