// SPDX-License-Identifier: Apache-2.0
// cpuid, affinity and cgroups.
#include "Cpu.h"

#include <algorithm>
#include <cpuid.h>
#include <cstdio>
#include <cstdlib>
#include <sched.h>
#include <unistd.h>

namespace recrt {

namespace {
struct FeatureName {
  uint32_t feature;
  const char *name;
};
} // namespace

static constexpr FeatureName featureNames[] = {
    {FeatureAvx2, "AVX2"},         {FeatureFma, "FMA"},           {FeatureF16c, "F16C"},
    {FeatureBmi1, "BMI1"},         {FeatureBmi2, "BMI2"},         {FeatureLzcnt, "LZCNT"},
    {FeatureMovbe, "MOVBE"},       {FeatureAvx512f, "AVX512F"},   {FeatureAvx512bw, "AVX512BW"},
    {FeatureAvx512cd, "AVX512CD"}, {FeatureAvx512dq, "AVX512DQ"}, {FeatureAvx512vl, "AVX512VL"},
};

static constexpr uint32_t v3Features =
    FeatureAvx2 | FeatureFma | FeatureF16c | FeatureBmi1 | FeatureBmi2 | FeatureLzcnt | FeatureMovbe;
static constexpr uint32_t levelFeatures[RECRT_ISA_COUNT] = {
    v3Features, v3Features | FeatureAvx512f | FeatureAvx512bw | FeatureAvx512cd | FeatureAvx512dq | FeatureAvx512vl};

uint32_t detectCpuFeatures() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  const unsigned basic = c;
  unsigned savedRegisters = 0;
  if (basic & bit_OSXSAVE) {
    unsigned high;
    __asm__("xgetbv" : "=a"(savedRegisters), "=d"(high) : "c"(0));
  }
  const bool savesYmm = (savedRegisters & 0x06) == 0x06;
  const bool savesZmm = savesYmm && (savedRegisters & 0xe0) == 0xe0;
  unsigned extended = 0, structured = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
    structured = b;
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    extended = c;

  uint32_t features = 0;
  auto add = [&](bool present, uint32_t feature) { features |= present ? feature : 0; };
  add(structured & bit_BMI, FeatureBmi1);
  add(structured & bit_BMI2, FeatureBmi2);
  add(extended & bit_LZCNT, FeatureLzcnt);
  add(basic & bit_MOVBE, FeatureMovbe);
  add(savesYmm && (structured & bit_AVX2), FeatureAvx2);
  add(savesYmm && (basic & bit_FMA), FeatureFma);
  add(savesYmm && (basic & bit_F16C), FeatureF16c);
  add(savesZmm && (structured & bit_AVX512F), FeatureAvx512f);
  add(savesZmm && (structured & bit_AVX512BW), FeatureAvx512bw);
  add(savesZmm && (structured & bit_AVX512CD), FeatureAvx512cd);
  add(savesZmm && (structured & bit_AVX512DQ), FeatureAvx512dq);
  add(savesZmm && (structured & bit_AVX512VL), FeatureAvx512vl);
  return features;
}

uint32_t levelsOf(uint32_t features) {
  uint32_t levels = 0;
  for (int32_t level = 0; level < RECRT_ISA_COUNT; ++level)
    if ((features & levelFeatures[level]) == levelFeatures[level])
      levels |= 1u << level;
  return levels;
}

static std::string levelNames(uint32_t levels) {
  std::string names;
  for (int32_t level = 0; level < RECRT_ISA_COUNT; ++level)
    if (levels & (1u << level))
      names += (names.empty() ? "" : ", ") + std::string(recrt_isa_name(level));
  return names.empty() ? "none" : names;
}

static std::string missingFeatures(uint32_t features, int32_t level) {
  std::string names;
  for (const FeatureName &entry : featureNames)
    if (levelFeatures[level] & ~features & entry.feature)
      names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

Status chooseLevel(uint32_t features, uint32_t moduleLevels, int32_t requested, const char *modelName, int32_t &level) {
  const Place place("model '%s'", modelName);
  const uint32_t cpuLevels = levelsOf(features);
  if (requested != RECRT_ISA_BEST) {
    if (requested < 0 || requested >= RECRT_ISA_COUNT)
      return failure(RECRT_INVALID_ARGUMENT, place, "ISA level %d does not exist", requested);
    if (!(moduleLevels & (1u << requested)))
      return failure(RECRT_INCOMPATIBLE, place, "ISA level %s was asked for, the model was compiled for %s",
                     recrt_isa_name(requested), levelNames(moduleLevels).c_str());
    if (!(cpuLevels & (1u << requested)))
      return failure(RECRT_INCOMPATIBLE, place, "ISA level %s was asked for, this CPU or system lacks %s",
                     recrt_isa_name(requested), missingFeatures(features, requested).c_str());
    level = requested;
    return success();
  }
  for (level = RECRT_ISA_COUNT - 1; level >= 0; --level)
    if (moduleLevels & cpuLevels & (1u << level))
      return success();
  int32_t weakest = 0;
  while (weakest < RECRT_ISA_COUNT - 1 && !(moduleLevels & (1u << weakest)))
    ++weakest;
  return failure(RECRT_INCOMPATIBLE, place,
                 "compiled for %s, this CPU or system lacks %s; compile it for a weaker level",
                 levelNames(moduleLevels).c_str(), missingFeatures(features, weakest).c_str());
}

static int32_t cpusOfAffinity() {
  // The mask of the kernel may be longer than cpu_set_t.
  for (int count = CPU_SETSIZE; count <= (1 << 20); count *= 4) {
    cpu_set_t *set = CPU_ALLOC(count);
    if (!set)
      break;
    const size_t bytes = CPU_ALLOC_SIZE(count);
    const bool known = ::sched_getaffinity(0, bytes, set) == 0;
    const int cpus = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known)
      return cpus;
  }
  return static_cast<int32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
}

int32_t cpusOfQuota(std::string_view cpuMax) {
  const std::string text(cpuMax);
  long long quota = 0, period = 0;
  if (std::sscanf(text.c_str(), "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
    return 0; // "max 100000", or nothing that is known
  return static_cast<int32_t>(std::clamp<long long>(quota / period, 1, 1 << 20));
}

static std::string readSmallFile(const std::string &path) {
  std::string text;
  if (FILE *file = std::fopen(path.c_str(), "re")) {
    char buffer[4096];
    text.assign(buffer, std::fread(buffer, 1, sizeof(buffer), file));
    std::fclose(file);
  }
  return text;
}

/// The least quota of this process's cgroup (version 2) and its ancestors; 0 for none.
static int32_t cpusOfCgroup() {
  const std::string groups = readSmallFile("/proc/self/cgroup");
  const size_t start = groups.rfind("0::/");
  if (start == std::string::npos || (start != 0 && groups[start - 1] != '\n'))
    return 0;
  std::string path = groups.substr(start + 3, groups.find('\n', start) - start - 3);
  int32_t least = 0;
  while (true) {
    const int32_t cpus = cpusOfQuota(readSmallFile("/sys/fs/cgroup" + path + "/cpu.max"));
    if (cpus != 0 && (least == 0 || cpus < least))
      least = cpus;
    if (path.empty())
      return least;
    path.resize(path.rfind('/'));
  }
}

int32_t availableCpus() {
  const int32_t affinity = std::max<int32_t>(1, cpusOfAffinity());
  const int32_t quota = cpusOfCgroup();
  return quota == 0 ? affinity : std::min(affinity, quota);
}

} // namespace recrt

extern "C" const char *recrt_isa_name(int32_t isa) {
  switch (isa) {
  case RECRT_ISA_X86_64_V3:
    return "x86-64-v3";
  case RECRT_ISA_X86_64_V4:
    return "x86-64-v4";
  default:
    return nullptr;
  }
}
