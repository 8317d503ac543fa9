// SPDX-License-Identifier: Apache-2.0
// The peak of the processor, measured: the denominator of every ratio that a benchmark reports.
#ifndef RECCC_BENCHMARKS_KERNELS_FMAPEAK_H
#define RECCC_BENCHMARKS_KERNELS_FMAPEAK_H

#include "reccc/Codegen/CPU/TargetDescription.h"
#include <ctime>

namespace reccc {

/// fp32 GFLOP/s of independent fused multiply-adds in registers; the best of several runs.
double measureFmaPeak(IsaLevel level);

/// GHz under the same load: a chain of dependent multiply-adds, four cycles each.
double measureClock(IsaLevel level);

/// Whether this processor can run the level.
bool isSupported(IsaLevel level);

/// Processor time of this thread: what else the machine does meanwhile does not count.
template <typename F> double secondsOf(F &&f) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
  };
  double begin = now();
  f();
  return now() - begin;
}

} // namespace reccc

#endif // RECCC_BENCHMARKS_KERNELS_FMAPEAK_H
