// SPDX-License-Identifier: Apache-2.0
// What each op reads of its operands when some of its rows are wanted.
#ifndef RECCC_ANALYSIS_ROWREADS_H
#define RECCC_ANALYSIS_ROWREADS_H

#include "reccc/Analysis/RowDemand.h"

namespace reccc {

/// For each operand the rows that `op` reads when the rows `demand` of its results are wanted. Operands without rows
/// have an empty demand.
SmallVector<RowDemand> getOperandDemands(Operation *op, const RowDemand &demand);

/// The parts of a concat's demand that belong to each operand; nothing when operands and segments do not match one to
/// one, because neighbouring constants were merged.
std::optional<SmallVector<RowDemand>> splitDemand(recsys::ConcatRowsOp op, const RowDemand &demand);

/// Per source: whether rows of the wanted query segments see one of its segments, or the op needs it to have a source
/// and a frame.
SmallVector<bool> findLiveSources(recsys::AttentionOp op, const RowDemand &demand);

/// Per source segment: whether it stays when those query rows are wanted. Those of a source stay together, but for the
/// last ones of the one source of a bias: what stands in front of them keeps its places.
SmallVector<bool> findLiveSegments(recsys::AttentionOp op, const RowDemand &demand);

} // namespace reccc

#endif // RECCC_ANALYSIS_ROWREADS_H
