// SPDX-License-Identifier: Apache-2.0
// The time buckets of Meta's research HSTU.
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
