// SPDX-License-Identifier: Apache-2.0
// Masks by the names that papers give them, as one mask for each pair of segments.
#ifndef RECCC_DIALECT_RECSYS_IR_MASKCONSTRUCTORS_H
#define RECCC_DIALECT_RECSYS_IR_MASKCONSTRUCTORS_H

#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

namespace mlir::recsys {

/// What the rows of a segment are: context first, then history, candidates last.
enum class SegmentRole { Context, History, Candidates };

/// From where the window of a candidate reaches back, or its local rows.
enum class CandidateWindow {
  FromHistoryEnd, // each candidate stands right behind the history
  AllHistory,     // candidates have no window
  FromOwnRow      // candidate k stands k rows behind the history
};

/// Semi-local attention: a history row sees the last `local` rows, itself included, and the first `prefix` rows of the
/// sequence. Rows are counted from the first one, context included.
struct SemiLocalRule {
  int64_t local = 0, prefix = 0;
  /// The first segments that always lie in the prefix.
  size_t keptSegments = 0;
};

/// Attention of a ranker (spec/hstu.md 1.4). Context rows see context and history. A history
/// row sees itself, what stands before it in the history, and the context. A candidate sees
/// context, history and, maybe, itself and candidates of its group; nobody sees another candidate.
struct CausalRule {
  /// Columns more than this many rows back are hidden; 0: no window. All context rows stand one row
  /// before the history.
  int64_t past = 0;
  /// With a window: the last so many history rows, and then the candidates too, have none.
  int64_t minFull = 0;
  CandidateWindow candidateWindow = CandidateWindow::FromHistoryEnd;
  bool candidatesSeeThemselves = true;
  /// Candidates that see themselves also see those before them in their group of so many.
  int64_t candidateGroup = 1;
  /// They see all of their group.
  bool seesWholeGroup = false;
  /// History rows see what stands behind them too. Without a window.
  bool bidirectional = false;
  /// Context and history see all candidates.
  bool candidatesAreSeen = false;
  /// Instead of a window.
  std::optional<SemiLocalRule> semiLocal = std::nullopt;
};

/// masks[query segment][key segment] of a sequence that attends to itself. Roles come in the order
/// of the enumeration; with a window, context segments have a bound.
SmallVector<SmallVector<Attribute>> buildCausalMasks(ArrayRef<Attribute> segments, ArrayRef<SegmentRole> roles,
                                                     const CausalRule &rule);

/// Every row sees every column.
SmallVector<SmallVector<Attribute>> buildFullMasks(MLIRContext *context, size_t querySegments, size_t keySegments);

/// Row i of a segment sees its columns from i on, and all of the segments behind it. Candidates come last: they see
/// everything else and, of themselves, what the rule says of them, those behind them in their group instead of those
/// before; nobody else sees them.
SmallVector<SmallVector<Attribute>> buildReverseCausalMasks(MLIRContext *context, ArrayRef<SegmentRole> roles,
                                                            const CausalRule &rule);

/// Row i sees column i: `self` where one of the segments came to stand over another space.
Attribute getOwnColumnMask(MLIRContext *context);

/// The form that `recsys.attention` holds.
ArrayAttr toArrayAttr(MLIRContext *context, ArrayRef<SmallVector<Attribute>> masks);

} // namespace mlir::recsys

#endif // RECCC_DIALECT_RECSYS_IR_MASKCONSTRUCTORS_H
