// SPDX-License-Identifier: Apache-2.0
// What this machine can run, and how many CPUs of it this process may use.
#ifndef RECCC_LIB_RUNTIME_CPU_H
#define RECCC_LIB_RUNTIME_CPU_H

#include "Status.h"

#include <string>
#include <string_view>

namespace recrt {

/// Instruction set extensions that the levels need, as bits; set when the CPU has them and the
/// system saves their registers.
enum CpuFeature : uint32_t {
  FeatureAvx2 = 1 << 0,
  FeatureFma = 1 << 1,
  FeatureF16c = 1 << 2,
  FeatureBmi1 = 1 << 3,
  FeatureBmi2 = 1 << 4,
  FeatureLzcnt = 1 << 5,
  FeatureMovbe = 1 << 6,
  FeatureAvx512f = 1 << 7,
  FeatureAvx512bw = 1 << 8,
  FeatureAvx512cd = 1 << 9,
  FeatureAvx512dq = 1 << 10,
  FeatureAvx512vl = 1 << 11,
};

uint32_t detectCpuFeatures();

/// Bit set of the levels that a CPU with these features can run.
uint32_t levelsOf(uint32_t features);

/// Chooses the level to run a model at: the strongest that both have, or `requested` itself unless
/// it is RECRT_ISA_BEST. Names the missing features when there is none.
Status chooseLevel(uint32_t features, uint32_t moduleLevels, int32_t requested, const char *modelName, int32_t &level);

/// CPUs by affinity mask and cgroup quota, at least 1.
int32_t availableCpus();

/// Whole CPUs that the content of a cgroup's `cpu.max` grants, at least 1; 0 for no limit.
int32_t cpusOfQuota(std::string_view cpuMax);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_CPU_H
