// SPDX-License-Identifier: Apache-2.0
// The time buckets of published code.
#include "TimeBuckets.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace reccc;

static int64_t bucketOf(ArrayRef<int64_t> edges, int64_t x) { return llvm::upper_bound(edges, x) - edges.begin(); }

TEST(TimeBuckets, areThoseThatPyTorchComputesBelow2To25) {
  auto buffer =
      llvm::MemoryBuffer::getFile(std::string(RECCC_SOURCE_DIR) + "/test/golden/ml100k_hstu_retrieval/config.json");
  ASSERT_TRUE(buffer);
  auto config = llvm::json::parse((*buffer)->getBuffer());
  ASSERT_TRUE(bool(config));
  SmallVector<int64_t> edges = researchLogEdges(128);
  EXPECT_EQ(edges.size(), 128u);
  int64_t before = 0, steps = 0;
  for (const llvm::json::Value &step : *config->getAsObject()->getArray("time_bucket_edges")) {
    int64_t first = *(*step.getAsArray())[0].getAsInteger(), bucket = *(*step.getAsArray())[1].getAsInteger();
    EXPECT_EQ(bucketOf(edges, first), bucket) << first;
    if (first)
      EXPECT_EQ(bucketOf(edges, first - 1), before) << first;
    before = bucket;
    ++steps;
  }
  EXPECT_EQ(steps, 57);
}

TEST(TimeBuckets, followTheRoundedLogarithmAbove) {
  SmallVector<int64_t> edges = researchLogEdges(128);
  EXPECT_TRUE(llvm::is_sorted(edges));
  for (size_t i = 57; i < edges.size(); ++i) {
    EXPECT_EQ(researchLogBucket(edges[i]), static_cast<int64_t>(i) + 1);
    EXPECT_EQ(researchLogBucket(edges[i] - 1), static_cast<int64_t>(i));
  }
  EXPECT_EQ(bucketOf(edges, int64_t(1) << 31), 71);
}

TEST(TimeBuckets, stopAtTheLastBucket) {
  EXPECT_EQ(bucketOf(researchLogEdges(3), INT64_MAX), 3);
  EXPECT_EQ(bucketOf(researchLogEdges(0), INT64_MAX), 0);
  EXPECT_EQ(bucketOf(researchLogEdges(kMostResearchBuckets), INT64_MAX), 145);
}

TEST(TimeBuckets, areThoseOfTorchEasyRec) {
  // Of both functions: around every edge, and where numbers are alike.
  for (bool isLog : {false, true})
    for (float unit : {1.0f, 45.0f, 60.0f, 1e-9f})
      for (int64_t last : {1, 10, 15, 2048}) {
        SmallVector<int64_t> edges = easyRecEdges(isLog, unit, last), places{INT64_MIN, -1, 0, 1, INT64_MAX};
        EXPECT_TRUE(llvm::is_sorted(edges));
        for (int64_t edge : edges)
          if (edge > 0)
            places.append({edge - 1, edge, edge + 1});
        for (int64_t place : places)
          if (place != INT64_MIN || isLog || unit >= 1)
            EXPECT_EQ(bucketOf(edges, place), easyRecBucket(isLog, unit, last, place)) << place;
      }
}

TEST(TimeBuckets, ofTorchEasyRecMayFallBelowAWholeNumber) {
  // sqrt(540 / 60) = 3, but 3 / 10 * 10 is less in fp32 for some last; the expression decides.
  int64_t below = 0;
  for (int64_t last = 2; last < 200; ++last)
    for (int64_t bucket = 1; bucket < last; ++bucket)
      below += easyRecBucket(false, 60, last, 60 * bucket * bucket) < bucket;
  EXPECT_GT(below, 0);
  for (int64_t bucket = 0; bucket <= 2048; ++bucket)
    EXPECT_EQ(easyRecBucket(false, 60, 2048, 60 * bucket * bucket), bucket);
}
