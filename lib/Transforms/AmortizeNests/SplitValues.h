// SPDX-License-Identifier: Apache-2.0
// Values over a nest, held segment by segment: once for the request, or for each row of the frame.
#ifndef RECCC_LIB_TRANSFORMS_AMORTIZENESTS_SPLITVALUES_H
#define RECCC_LIB_TRANSFORMS_AMORTIZENESTS_SPLITVALUES_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

class SplitValues {
public:
  SplitValues(OpBuilder &builder, Attribute frame) : builder(builder), frame(frame) {}

  /// A segment of a value. A shared one has the rows of the request: those that every row of the frame would have.
  struct Part {
    Value value;
    bool isShared = false;
  };

  bool isWithinFrame(Value value) const;
  /// Whether `value` is held in parts, or shared as a whole.
  bool isSplit(Value value) const { return held.count(value); }

  /// All rows of it are known once for the request.
  bool isShared(Value value) const {
    auto it = held.find(value);
    return it != held.end() &&
           (it->second.shared || llvm::all_of(it->second.parts, [](Part part) { return part.isShared; }));
  }
  void setShared(Value value, Value shared) { held[value].shared = shared; }
  void setParts(Value value, SmallVector<Part> parts) { held[value].parts = std::move(parts); }
  /// Also keeps the op that makes all of it.
  void setParts(Value value, SmallVector<Part> parts, Value whole) { held[value] = {{}, whole, std::move(parts)}; }

  /// Segment `segment` of `value`, which need not be split.
  Part getPart(Value value, unsigned segment);
  /// The same with rows for each row of the frame.
  Value getVarying(Value value, unsigned segment);
  /// All rows of a value whose segments are shared, once for the request.
  Value getShared(Value value);
  /// The value as it was.
  Value getWhole(Value value);
  Value slice(Value value, unsigned segment, unsigned count);

private:
  struct Held {
    Value shared, whole;
    SmallVector<Part> parts;
  };

  /// `shared` for each row of the frame.
  Value repeat(Value shared);

  OpBuilder &builder;
  Attribute frame;
  DenseMap<Value, Held> held;
  DenseMap<Value, Value> repeated;
  DenseMap<std::pair<Value, unsigned>, Value> slices;
};

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_AMORTIZENESTS_SPLITVALUES_H
