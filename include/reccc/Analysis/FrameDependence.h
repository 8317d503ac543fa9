// SPDX-License-Identifier: Apache-2.0
// What of a nest depends on the row that it belongs to.
//
// A value over nest<candidates, concat<history, request>> has a sequence for each candidate. Where every candidate has
// the same numbers, a segment is *shared*: it can be computed once for the request. Where some operand differs from
// candidate to candidate, it *varies*.
#ifndef RECCC_ANALYSIS_FRAMEDEPENDENCE_H
#define RECCC_ANALYSIS_FRAMEDEPENDENCE_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/LLVM.h"
#include <optional>

namespace reccc {

/// A segment of a value's row space, counted as `getSegmentsWithin` the frame does.
struct ValueSegment {
  Value value;
  unsigned segment;
};

/// The segments of the operands that make segment k of a concat's result: several where neighbouring constants were
/// merged. Nothing when they do not match.
std::optional<SmallVector<SmallVector<ValueSegment, 1>>> findConcatParts(recsys::ConcatRowsOp op, Attribute frame);

/// What the rows of a segment are made of: parameters alone, what is the same for all rows of the frame, what each row
/// of the frame has of its own, or both.
enum class Colour { constant = 0, user = 1, own = 2, cross = 3 };

inline Colour join(Colour a, Colour b) { return static_cast<Colour>(static_cast<int>(a) | static_cast<int>(b)); }

/// Whether each query segment of an attention is one by itself: nothing is said of all rows together.
bool areSegmentsApart(recsys::AttentionOp op);

class FrameDependence {
public:
  /// Asks about rows of `frame`, a row space that is not `request`.
  FrameDependence(recsys::ModelOp model, Attribute frame);

  /// Whether the rows of `value` belong to rows of the frame at all.
  bool isWithinFrame(Value value) const;
  /// The segments of a value within the frame, of which `varies` tells.
  unsigned countSegments(Value value) const;
  /// Of a value within the frame.
  Colour getColour(Value value, unsigned segment) const { return colours.find(value)->second[segment]; }
  /// Whether the segment is not the same for all rows of the frame. A value that does not belong to them does not vary.
  bool varies(Value value, unsigned segment) const;
  bool varies(Value value) const;

  /// What segment `segment` of a result is made of, as far as it lies within the frame.
  SmallVector<ValueSegment> findReads(OpResult result, unsigned segment) const;

private:
  void addReads(SmallVectorImpl<ValueSegment> &reads, Value value) const;
  void addAttentionReads(SmallVectorImpl<ValueSegment> &reads, recsys::AttentionOp op, unsigned segment) const;
  bool tellsRowsApart(OpResult result) const;
  Colour getReadColour(OpResult result, unsigned segment) const;

  Attribute frame;
  /// Per value within the frame, that of each segment.
  DenseMap<Value, SmallVector<Colour>> colours;
  /// Other values that inputs have a part in: `user`, all of them.
  DenseSet<Value> ofRequest;
};

} // namespace reccc

#endif // RECCC_ANALYSIS_FRAMEDEPENDENCE_H
