// SPDX-License-Identifier: Apache-2.0
// Everything that code generation knows about an ISA level: one struct, so that no threshold hides in a pass.
#ifndef RECCC_CODEGEN_CPU_TARGETDESCRIPTION_H
#define RECCC_CODEGEN_CPU_TARGETDESCRIPTION_H

#include "reccc/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace reccc {

/// Columns of a packed panel of weights. All levels share it, so they share the weights.
constexpr int64_t kPanelColumns = 32;
/// Queries that one attention item covers (`recrt_attention_item`): the lanes of its score tiles.
constexpr int64_t kQueryTile = 32;

/// Numbered as `recrt_isa`.
enum class IsaLevel { X86_64_V3 = 0, X86_64_V4 = 1 };
constexpr unsigned kNumIsaLevels = 2;

struct TargetDescription {
  IsaLevel level;
  /// As users write it, and as LLVM's `target-cpu`.
  StringRef name;
  /// Ends the names of kernels.
  StringRef suffix;
  /// fp32 lanes of a vector register.
  int64_t lanes;
  /// The largest fragment: its accumulators, two vectors of B and one broadcast of A fit the registers.
  int64_t fragmentRows;
  int64_t fragmentColumns;
  /// Heights for what is left of a block of rows, descending, the last one 1.
  ArrayRef<int64_t> tailRows;
  /// `vscalefps`: 2^n times a value in one instruction.
  bool hasScalef;
  /// Bytes of packed weights that one sweep over the rows of a block keeps in the second-level cache.
  int64_t gemmPanelBytes;
  /// Keys whose scores attention holds at a time: a multiple of `fragmentRows`.
  int64_t keyBlock;
};

const TargetDescription &getTarget(IsaLevel level);
/// By the user's name ("x86-64-v4"); nullopt when there is no such level.
std::optional<IsaLevel> parseIsaLevel(StringRef name);

} // namespace reccc

#endif // RECCC_CODEGEN_CPU_TARGETDESCRIPTION_H
