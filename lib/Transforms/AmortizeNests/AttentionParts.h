// SPDX-License-Identifier: Apache-2.0
// An attention within a frame as one attention for each query segment.
#ifndef RECCC_LIB_TRANSFORMS_AMORTIZENESTS_ATTENTIONPARTS_H
#define RECCC_LIB_TRANSFORMS_AMORTIZENESTS_ATTENTIONPARTS_H

#include "SplitValues.h"
#include "reccc/Analysis/FrameDependence.h"

namespace reccc {

/// Whether `op` works within `frame` and says nothing that needs all its rows together.
bool canSplitAttention(recsys::AttentionOp op, Attribute frame);

/// The result's segments. A query segment that varies reads shared sources as they are: their rows are not repeated.
SmallVector<SplitValues::Part> splitAttention(OpBuilder &builder, recsys::AttentionOp op, Attribute frame,
                                              const FrameDependence &dependence, SplitValues &values);

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_AMORTIZENESTS_ATTENTIONPARTS_H
