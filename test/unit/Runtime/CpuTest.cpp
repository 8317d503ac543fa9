// SPDX-License-Identifier: Apache-2.0
// The choice of the instruction set level on CPUs of all kinds, and the number of usable CPUs.
#include "Cpu.h"

#include <gtest/gtest.h>

using namespace recrt;

static constexpr uint32_t v3 = 1u << RECRT_ISA_X86_64_V3, v4 = 1u << RECRT_ISA_X86_64_V4;
static constexpr uint32_t haswell =
    FeatureAvx2 | FeatureFma | FeatureF16c | FeatureBmi1 | FeatureBmi2 | FeatureLzcnt | FeatureMovbe;
static constexpr uint32_t skylakeServer =
    haswell | FeatureAvx512f | FeatureAvx512bw | FeatureAvx512cd | FeatureAvx512dq | FeatureAvx512vl;

static Status choose(uint32_t features, uint32_t levels, int32_t requested, int32_t &level) {
  level = -1;
  return chooseLevel(features, levels, requested, "tiny", level);
}

TEST(CpuTest, TheStrongestCommonLevelIsChosen) {
  int32_t level;
  EXPECT_EQ(choose(skylakeServer, v3 | v4, RECRT_ISA_BEST, level).code, RECRT_OK);
  EXPECT_EQ(level, RECRT_ISA_X86_64_V4);
  EXPECT_EQ(choose(haswell, v3 | v4, RECRT_ISA_BEST, level).code, RECRT_OK);
  EXPECT_EQ(level, RECRT_ISA_X86_64_V3);
  EXPECT_EQ(choose(skylakeServer, v3, RECRT_ISA_BEST, level).code, RECRT_OK);
  EXPECT_EQ(level, RECRT_ISA_X86_64_V3);
  EXPECT_EQ(choose(skylakeServer, v3 | v4, RECRT_ISA_X86_64_V3, level).code, RECRT_OK);
  EXPECT_EQ(level, RECRT_ISA_X86_64_V3);
}

TEST(CpuTest, MissingFeaturesAreNamed) {
  int32_t level;
  Status status = choose(haswell, v4, RECRT_ISA_BEST, level);
  EXPECT_EQ(status.code, RECRT_INCOMPATIBLE);
  EXPECT_STREQ(status.message, "compiled for x86-64-v4, this CPU or system lacks AVX512F, AVX512BW, AVX512CD, "
                               "AVX512DQ, AVX512VL; compile it for a weaker level");
  status = choose(haswell & ~FeatureFma, v3 | v4, RECRT_ISA_BEST, level);
  EXPECT_EQ(status.code, RECRT_INCOMPATIBLE);
  EXPECT_NE(std::string(status.message).find("lacks FMA;"), std::string::npos) << status.message;
  status = choose(haswell, v3 | v4, RECRT_ISA_X86_64_V4, level);
  EXPECT_EQ(status.code, RECRT_INCOMPATIBLE);
  EXPECT_NE(std::string(status.message).find("AVX512VL"), std::string::npos);
  status = choose(skylakeServer, v3, RECRT_ISA_X86_64_V4, level);
  EXPECT_EQ(status.code, RECRT_INCOMPATIBLE);
  EXPECT_NE(std::string(status.message).find("compiled for x86-64-v3"), std::string::npos);
  for (int32_t unknown : {-2, int32_t(RECRT_ISA_COUNT)})
    EXPECT_EQ(choose(skylakeServer, v3, unknown, level).code, RECRT_INVALID_ARGUMENT);
}

TEST(CpuTest, EveryFeatureOfALevelCounts) {
  EXPECT_EQ(levelsOf(0), 0u);
  EXPECT_EQ(levelsOf(haswell), v3);
  EXPECT_EQ(levelsOf(skylakeServer), v3 | v4);
  for (uint32_t bit = 1; bit <= FeatureAvx512vl; bit <<= 1)
    EXPECT_EQ(levelsOf(skylakeServer & ~bit), haswell & bit ? 0u : v3) << bit;
}

TEST(CpuTest, QuotasBecomeWholeCpus) {
  EXPECT_EQ(cpusOfQuota("max 100000\n"), 0);
  EXPECT_EQ(cpusOfQuota(""), 0);
  EXPECT_EQ(cpusOfQuota("50000 100000\n"), 1);
  EXPECT_EQ(cpusOfQuota("250000 100000\n"), 2);
  EXPECT_EQ(cpusOfQuota("-1 100000"), 0);
  EXPECT_EQ(cpusOfQuota("100000 0"), 0);
  EXPECT_GE(availableCpus(), 1);
}
