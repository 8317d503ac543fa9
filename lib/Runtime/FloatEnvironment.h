// SPDX-License-Identifier: Apache-2.0
// Kernels round to nearest and keep denormal numbers, whatever their host has set.
#ifndef RECCC_LIB_RUNTIME_FLOATENVIRONMENT_H
#define RECCC_LIB_RUNTIME_FLOATENVIRONMENT_H

#include <xmmintrin.h>

namespace recrt {

/// The standard floating-point environment of this thread while it lives; then the former one.
class StandardFloatEnvironment {
public:
  StandardFloatEnvironment() : saved(_mm_getcsr()) { _mm_setcsr(standard); }
  ~StandardFloatEnvironment() { _mm_setcsr(saved); }
  StandardFloatEnvironment(const StandardFloatEnvironment &) = delete;
  StandardFloatEnvironment &operator=(const StandardFloatEnvironment &) = delete;

private:
  /// All exceptions masked, round to nearest, no flush to zero, denormals are read as they are.
  static constexpr unsigned standard = 0x1f80;
  unsigned saved;
};

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_FLOATENVIRONMENT_H
