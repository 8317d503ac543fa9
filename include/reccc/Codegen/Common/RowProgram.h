// SPDX-License-Identifier: Apache-2.0
// Generates the row-wise operators of a kernel for one row. An integer is a scalar, several lie in memory; a row of
// floats is a function that yields the vector at a column, so a chain of elementwise operators becomes one loop over
// the columns. What needs a whole row first (norms) or fits no vector (joined records) goes through a row of fp32
// scratch.
#ifndef RECCC_CODEGEN_COMMON_ROWPROGRAM_H
#define RECCC_CODEGEN_COMMON_ROWPROGRAM_H

#include "reccc/Codegen/Common/KernelFrame.h"
#include <functional>

namespace reccc {

/// Whether the value has rows of floats.
bool isFloatRow(Value value);

struct RowValue {
  int64_t size = 0;
  /// The fp32 vector at a column; lanes from `valid` on are unspecified.
  std::function<Value(Value offset, int64_t valid)> vector;
  /// Set when the row lies in memory as `element`: a use costs one load.
  Value memory;
  Type element;
};

class RowProgram {
public:
  /// With `mayMaterialize` values that are used more than once get a row of scratch; without it there are no row-wise
  /// loops, which is what an epilogue needs.
  RowProgram(KernelFrame &frame, Attribute space, bool mayMaterialize)
      : frame(frame), b(frame.b), space(space), mayMaterialize(mayMaterialize) {}

  /// From here on operators work on this row of the iteration space. Operands used by `ops` are found. `outerRows` are
  /// rows of other spaces that this row is known to belong to.
  void beginRow(Value row, ArrayRef<Operation *> ops, ArrayRef<std::pair<Attribute, Value>> outerRows = {});
  /// Fails, with an error at the operator, on what cannot stand in a kernel.
  LogicalResult emit(Operation *op);
  LogicalResult emit(ArrayRef<Operation *> ops);

  void define(Value value, RowValue row) { floats[value] = std::move(row); }
  /// A float value of this row; a block argument is found when it is first asked for.
  RowValue get(Value value);
  /// An integer of this row, when it has one.
  Value getScalar(Value value);
  /// Where the integers of this row lie, when it has several.
  Value getIntegers(Value value);
  /// Writes one row of an operand or result, exactly its elements, rounded to `element`.
  void store(Value value, Value pointer, Type element);

  /// The row of `of` that this row belongs to.
  const Instance &instanceIn(Attribute of);

  /// A row that lies in memory; whole vectors may be read of it when it is padded.
  RowValue inMemory(Value pointer, Type element, int64_t size, bool padded);
  /// A row of a float operand.
  RowValue operandRow(Value argument, Value row);

private:
  // By family; each returns success if it knows the operator.
  LogicalResult emitElementwise(Operation *op);
  LogicalResult emitEmbedding(Operation *op);
  LogicalResult emitSequence(Operation *op);
  LogicalResult emitDense(Operation *op);
  LogicalResult emitFeatures(Operation *op);
  LogicalResult emitRetrieval(Operation *op);

  void elementwise(Value result, ArrayRef<Value> operands, std::function<Value(ArrayRef<Value>)> compute);
  /// Computes integers element by element.
  void integerwise(Value result, ArrayRef<Value> operands, function_ref<Value(ArrayRef<Value>)> compute);
  /// Defines the value, in scratch when that pays.
  void defineFloats(Value result, RowValue row);
  RowValue materialize(const RowValue &row);
  /// The same row in memory.
  RowValue inMemory(const RowValue &row) { return row.memory ? row : materialize(row); }
  /// A row of scratch, padded to whole vectors and one more.
  Value scratchRow(int64_t size);
  void copy(const RowValue &row, Value pointer, Type element);
  /// The sum of `size` columns; `vector` gives those at an offset.
  Value sum(int64_t size, function_ref<Value(Value offset, int64_t valid)> vector);
  /// The sum over `size` columns from `first` on of f(vector).
  Value reduce(const RowValue &row, Value first, int64_t size, function_ref<Value(Value)> f);
  /// The greatest of `size` columns from `first` on.
  Value greatest(const RowValue &row, Value first, int64_t size);

  // Sums, means and maxima of rows that come one by one.
  /// What is left of no rows, at `pointer`.
  void beginPool(recsys::PoolKind kind, Value pointer, int64_t size);
  void addToPool(recsys::PoolKind kind, Value pointer, const RowValue &row);
  /// The row, after `count` rows (i64); zeros of none.
  RowValue endPool(recsys::PoolKind kind, Value pointer, int64_t size, Value count);

  void emitLayerNorm(recsys::LayerNormOp op);
  void emitL2Norm(recsys::L2NormOp op);
  void emitRmsNorm(recsys::RmsNormOp op);
  void emitConcat(recsys::ConcatFeaturesOp op);
  void emitScaleParts(recsys::ScalePartsOp op);
  void emitSoftmax(recsys::SoftmaxOp op);
  void emitReduceFeatures(recsys::ReduceFeaturesOp op);
  void emitFeatureDots(recsys::FeatureDotsOp op);
  /// Joins the rows of the ids [first, end).
  template <typename Op> void joinBag(Op op, Value first, Value end, function_ref<Value(Value)> loadId);
  void emitEmbeddingBag(recsys::EmbeddingBagOp op);
  LogicalResult emitEmbeddingBags(recsys::EmbeddingBagsOp op);
  void emitToFloat(recsys::ToFloatOp op);
  void emitRequestLinear(recsys::RequestLinearOp op);
  void emitShift(recsys::ShiftOp op);
  void emitPadRows(recsys::PadRowsOp op);
  void emitGroupRows(recsys::GroupRowsOp op);
  void emitFoldRows(recsys::FoldRowsOp op);
  void emitGatherRows(recsys::GatherRowsOp op);
  void emitPool(recsys::PoolOp op);
  LogicalResult emitNearestRows(recsys::NearestRowsOp op);
  void emitActionBits(recsys::ActionBitsOp op);
  void emitCalendar(recsys::CalendarFeaturesOp op);
  void emitRowIndex(recsys::RowIndexOp op);
  void selectOrZero(Value result, Value keep, RowValue row);
  /// Reads a row of an operand that may not exist: zero, or zeros.
  void readIf(Value result, Value condition, Value argument, Value row);
  /// Chooses one of two rows of operands of one kind.
  void readEither(Value result, Value condition, Value argument, Value row, Value otherArgument, Value otherRow);
  Value request();

  KernelFrame &frame;
  TileBuilder &b;
  Attribute space;
  bool mayMaterialize;
  Value row, cachedRequest;
  llvm::DenseMap<Attribute, Instance> instances;
  llvm::DenseMap<Value, RowValue> floats;
  llvm::DenseMap<Value, Value> scalars, integers;
};

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_ROWPROGRAM_H
