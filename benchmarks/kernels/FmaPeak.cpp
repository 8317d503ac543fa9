// SPDX-License-Identifier: Apache-2.0
// Assembly, so that what is measured does not depend on a compiler.
#include "FmaPeak.h"
#include <algorithm>
#include <cstdint>

using namespace reccc;

static constexpr int64_t kRounds = 200000;
static constexpr int64_t kChain = 4000; // 40 microseconds
static constexpr int kTries = 15;

// Twelve independent accumulators cover four cycles of latency on two ports.
#define FMA12(reg)                                                                                                     \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "0\n vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "1\n"              \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "2\n vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "3\n"              \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "4\n vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "5\n"              \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "6\n vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "7\n"              \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "8\n vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "9\n"              \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "10\n vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "11\n"

#define CHAIN4(reg)                                                                                                    \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "0\n"                                                                 \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "0\n"                                                                 \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "0\n"                                                                 \
  "vfmadd231ps %%" reg "12, %%" reg "13, %%" reg "0\n"

#define CLEAR                                                                                                          \
  "vpxor %%xmm0, %%xmm0, %%xmm0\n vpxor %%xmm1, %%xmm1, %%xmm1\n vpxor %%xmm2, %%xmm2, %%xmm2\n"                       \
  "vpxor %%xmm3, %%xmm3, %%xmm3\n vpxor %%xmm4, %%xmm4, %%xmm4\n vpxor %%xmm5, %%xmm5, %%xmm5\n"                       \
  "vpxor %%xmm6, %%xmm6, %%xmm6\n vpxor %%xmm7, %%xmm7, %%xmm7\n vpxor %%xmm8, %%xmm8, %%xmm8\n"                       \
  "vpxor %%xmm9, %%xmm9, %%xmm9\n vpxor %%xmm10, %%xmm10, %%xmm10\n"                                                   \
  "vpxor %%xmm11, %%xmm11, %%xmm11\n vpxor %%xmm12, %%xmm12, %%xmm12\n"                                                \
  "vpxor %%xmm13, %%xmm13, %%xmm13\n"

#define CLOBBERS                                                                                                       \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",  \
      "cc"

#define LOOP(body, rounds)                                                                                             \
  int64_t count = rounds;                                                                                              \
  asm volatile(CLEAR ".p2align 5\n1:\n" body body "dec %0\n jnz 1b\n vzeroupper\n" : "+r"(count) : : CLOBBERS)

__attribute__((target("avx512f"))) static void fmas512() { LOOP(FMA12("zmm"), kRounds); }
__attribute__((target("avx512f"))) static void chain512() { LOOP(CHAIN4("zmm"), kChain); }
__attribute__((target("avx2,fma"))) static void fmas256() { LOOP(FMA12("ymm"), kRounds); }
__attribute__((target("avx2,fma"))) static void chain256() { LOOP(CHAIN4("ymm"), kChain); }

double reccc::measureFmaPeak(IsaLevel level) {
  auto run = level == IsaLevel::X86_64_V4 ? fmas512 : fmas256;
  double best = 1e9;
  for (int i = 0; i < kTries; ++i)
    best = std::min(best, secondsOf(run));
  return kRounds * 24.0 * getTarget(level).lanes * 2 / best * 1e-9;
}

double reccc::measureClock(IsaLevel level) {
  // Dense multiply-adds lower the clock, and it takes far longer to rise again than the chain runs.
  auto load = level == IsaLevel::X86_64_V4 ? fmas512 : fmas256;
  auto chain = level == IsaLevel::X86_64_V4 ? chain512 : chain256;
  double best = 1e9;
  for (int i = 0; i < kTries; ++i) {
    load();
    best = std::min(best, secondsOf(chain));
  }
  return kChain * 8.0 * 4 / best * 1e-9;
}

bool reccc::isSupported(IsaLevel level) {
  __builtin_cpu_init();
  if (level == IsaLevel::X86_64_V3)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
