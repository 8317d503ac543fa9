// SPDX-License-Identifier: Apache-2.0
// Masks of attention in generated code: the visible intervals of a row, as in `recsys::Mask::getIntervals`.
#ifndef RECCC_CODEGEN_COMMON_MASKBOUNDS_H
#define RECCC_CODEGEN_COMMON_MASKBOUNDS_H

#include "reccc/Codegen/Common/KernelFrame.h"

namespace reccc {

/// Intervals that a mask has at most: 0 for none.
unsigned countIntervals(Attribute mask);

/// [low, high) of each interval for row `row` of the query segment; low >= high where it is empty. `columns`: rows of
/// the source segment in `request`. `boundOf` loads that row's number of a bound; without it a table says nothing.
SmallVector<std::pair<Value, Value>> buildIntervals(KernelFrame &frame, Attribute mask, Value row, Value columns,
                                                    Value request, function_ref<Value(unsigned)> boundOf = nullptr);

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_MASKBOUNDS_H
