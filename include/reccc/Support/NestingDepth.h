// SPDX-License-Identifier: Apache-2.0
// How deep the brackets of an MLIR text nest. MLIR's parser recurses with them and overflows its stack on hostile
// input, so tools look before they parse. Needs no LLVM.
#ifndef RECCC_SUPPORT_NESTINGDEPTH_H
#define RECCC_SUPPORT_NESTINGDEPTH_H

#include <cstddef>
#include <optional>
#include <string_view>

namespace reccc {

inline constexpr int kNestingLimit = 256;

struct TextPlace {
  size_t line;   // from 1
  size_t column; // from 1
};

/// The place where brackets (`(`, `[`, `{`, `<`) or signs in a row first nest deeper than `limit`; nothing when they do
/// not. Brackets in strings and comments do not count, nor does the `>` of `->` and `>=`.
std::optional<TextPlace> findDeeperNesting(std::string_view text, int limit = kNestingLimit);

} // namespace reccc

#endif // RECCC_SUPPORT_NESTINGDEPTH_H
