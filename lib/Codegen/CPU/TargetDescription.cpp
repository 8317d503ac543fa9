// SPDX-License-Identifier: Apache-2.0
// The table of ISA levels.
#include "reccc/Codegen/CPU/TargetDescription.h"

using namespace reccc;

static constexpr int64_t kTailRows[] = {4, 1};

static const TargetDescription kTargets[kNumIsaLevels] = {
    {IsaLevel::X86_64_V3, "x86-64-v3", "v3", /*lanes=*/8, /*fragmentRows=*/6,
     /*fragmentColumns=*/16, kTailRows, /*hasScalef=*/false,
     /*gemmPanelBytes=*/192 * 1024, /*keyBlock=*/96},
    {IsaLevel::X86_64_V4, "x86-64-v4", "v4", /*lanes=*/16, /*fragmentRows=*/12,
     /*fragmentColumns=*/32, kTailRows, /*hasScalef=*/true,
     /*gemmPanelBytes=*/512 * 1024, /*keyBlock=*/96},
};

const TargetDescription &reccc::getTarget(IsaLevel level) { return kTargets[static_cast<unsigned>(level)]; }

std::optional<IsaLevel> reccc::parseIsaLevel(StringRef name) {
  for (const TargetDescription &target : kTargets)
    if (target.name == name)
      return target.level;
  return std::nullopt;
}
