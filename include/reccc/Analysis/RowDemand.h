// SPDX-License-Identifier: Apache-2.0
// Which rows of a value are read.
//
// A demand says for each segment of a row space: none, all, the first k, the last k, or one phase of an interleave. The
// rows demanded form a row space again, and a place in that space is a place in the whole one through an affine map:
// this is all that a pass needs to give an op fewer rows and to rewrite what it says in terms of rows. Demands join;
// what no single word says becomes all.
//
//     concat<history, candidates>   { last 1, all }   ->   concat<take_last<history, 1>, candidates>
#ifndef RECCC_ANALYSIS_ROWDEMAND_H
#define RECCC_ANALYSIS_ROWDEMAND_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

struct SegmentDemand {
  enum Kind { None, All, First, Last, Phase };
  Kind kind = None;
  /// First, Last: the number of rows. Phase: which one.
  int64_t number = 0;

  bool operator==(const SegmentDemand &other) const { return kind == other.kind && number == other.number; }
};

class RowDemand {
public:
  RowDemand() = default;
  static RowDemand none(Attribute space);
  static RowDemand all(Attribute space);
  /// The first or last k rows of a space of one segment; all rows where that cannot be said.
  static RowDemand take(Attribute space, SegmentDemand::Kind kind, int64_t count);
  static RowDemand phase(Attribute space, int64_t phase);
  /// These parts of a space, one for each segment.
  RowDemand(Attribute space, ArrayRef<SegmentDemand> parts);

  bool isNone() const;
  bool isAll() const;
  bool operator==(const RowDemand &other) const { return space == other.space && parts == other.parts; }
  void join(const RowDemand &other);

  Attribute getWholeSpace() const { return space; }
  ArrayRef<SegmentDemand> getParts() const { return parts; }
  /// The space of the rows demanded; only when there are some.
  Attribute getSpace() const;
  /// What part `index` of the whole space becomes; null for none.
  Attribute getPartSpace(unsigned index) const;

private:
  void normalize();

  Attribute space;
  SmallVector<SegmentDemand, 2> parts;
};

/// A row of the whole as an affine expression of the row (d0) among those demanded, and the lengths of its symbols.
struct RowMap {
  AffineExpr expr;
  SmallVector<Attribute> lengths;
};

/// Within segment `index`.
RowMap getRowInSegment(const RowDemand &demand, unsigned index);
/// Within the request; nothing when the rows demanded do not follow one another.
std::optional<RowMap> getRowInRequest(const RowDemand &demand);

/// `map` of whole rows as a map of demanded rows; `lengths` are the symbols of `map`, and afterwards of the result.
AffineMap composeWithRows(AffineMap map, SmallVectorImpl<Attribute> &lengths, const RowMap &rows);

} // namespace reccc

#endif // RECCC_ANALYSIS_ROWDEMAND_H
