// SPDX-License-Identifier: Apache-2.0
// What all blocks share: named values, checks of operands in the user's words, and the ops that
// macros are made of.
#ifndef RECCC_LIB_FRONTEND_MODELBUILDER_H
#define RECCC_LIB_FRONTEND_MODELBUILDER_H

#include "Names.h"
#include "WeightBinder.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "llvm/ADT/StringSet.h"

namespace reccc {

/// A value over rows whose name the user knows.
using Rows = Attribute;

class ModelBuilder {
public:
  ModelBuilder(OpBuilder &builder, const NamedModel &names, const Places &places, WeightBinder &weights)
      : builder(builder), names(names), places(places), weights(weights) {}

  //===-- Named values
  //------------------------------------------------------------------------------------------------===//

  /// A name that the user may use. Also names the location of the op that makes it.
  void defineGlobal(StringRef name, Value value);
  /// "NODE.INNER", "NODE" when `inner` is empty.
  void define(const Twine &inner, Value value);
  /// The value that a field names, reporting one that does not exist. Values of nodes that failed
  /// fail silently.
  FailureOr<Value> value(const Message &message, StringRef field, int index = -1);
  Value find(StringRef name) const { return values.lookup(name); }
  const std::vector<std::string> &definedNames() const { return order; }
  /// "did you mean", over all values.
  std::string nearestValue(StringRef name) const;

  /// What follows belongs to the part (a node, an input) of this name.
  void begin(StringRef name, const Message &part) {
    current = name.str();
    where = places.of(part);
  }
  void failNode() { failed_.insert(current); }
  StringRef nodeName() const { return current; }

  //===-- Checked operands
  //--------------------------------------------------------------------------------------------===//

  FailureOr<Value> floats(const Message &message, StringRef field, int index = -1);
  /// Floats whose records have one dimension.
  FailureOr<Value> vectors(const Message &message, StringRef field, int index = -1);
  /// INT64 of any record.
  FailureOr<Value> integers(const Message &message, StringRef field, int index = -1);
  /// One INT64 for each row.
  FailureOr<Value> ids(const Message &message, StringRef field, int index = -1);
  /// The value has the rows of `other`.
  LogicalResult sameRows(const Message &message, StringRef field, int index, Value value, Value other);
  LogicalResult sameRecord(const Message &message, StringRef field, int index, Value value, Value other);
  /// The value is not over nested rows.
  LogicalResult notNested(const Message &message, StringRef field, Value value);
  LogicalResult overRequest(const Message &message, StringRef field, Value value);
  /// Row spaces and records of a result stay within what the runtime can hold.
  FailureOr<ir::JaggedType> jagged(const Message &message, Attribute space, ArrayRef<int64_t> dims, Type element);
  Attribute rows(StringRef name) const { return names.rows.lookup(name); }
  /// Binds filtered rows whose flags have become known.
  LogicalResult bindFiltered();
  /// The rows of `input` that a filter keeps, where `wanted` are made of such; null where they are not.
  Value filter(Value input, Attribute wanted);
  const pb::Table &table(StringRef name) const { return *names.tables.lookup(name); }

  FailureOr<Value> weight(const Message &message, StringRef field, StringRef tensor, ArrayRef<Dim> dims,
                          ArrayRef<std::pair<Location, std::string>> notes = {}) {
    return weights.bind(builder, places.of(message, field), tensor, dims, notes);
  }

  Report error(const Message &message, StringRef field, Code code, int index = -1) {
    return Report::error(field.empty() ? places.of(message) : places.of(message, field, index), code);
  }

  /// Ops made from here on stand at this field.
  void at(const Message &message, StringRef field = "") {
    where = field.empty() ? places.of(message) : places.of(message, field);
  }

  //===-- Ops
  //---------------------------------------------------------------------------------------------------------===//
  // Operands fit: callers checked them.

  template <typename Op> Value unary(Value input) { return Op::create(builder, where, input.getType(), input); }
  template <typename Op> Value binary(Value lhs, Value rhs) {
    return Op::create(builder, where, lhs.getType(), lhs, rhs);
  }
  /// With the error function, or its tanh approximation.
  Value gelu(Value input, bool tanh);
  Value linear(Value input, Value weight, Value bias, bool transposed);
  Value layerNorm(Value input, Value weight, Value bias, double eps, int64_t groups = 1);
  /// (input + plus) * factor
  Value scale(Value input, double factor, double plus = 0);
  Value concatFeatures(ArrayRef<Value> inputs);
  Value sliceFeatures(Value input, int64_t offset, int64_t size);
  Value reshape(Value input, ArrayRef<int64_t> dims);
  FailureOr<Value> concatRows(const Message &message, ArrayRef<Value> inputs);
  FailureOr<Value> interleave(const Message &message, ArrayRef<Value> inputs);
  Value broadcast(Value input, Attribute space);
  /// The parameter for each row; as many numbers as a record of `type`.
  Value splat(Value parameter, ir::JaggedType type);
  Value paramSlice(Value input, int64_t dim, int64_t offset, int64_t size);
  Value paramReshape(Value input, ArrayRef<int64_t> dims);
  Value paramConcat(ArrayRef<Value> inputs, int64_t dim);

  static ir::JaggedType typeOf(Value value) { return cast<ir::JaggedType>(value.getType()); }
  static Attribute spaceOf(Value value) { return typeOf(value).getSpace(); }
  /// Numbers in a record of one dimension.
  static int64_t widthOf(Value value) { return typeOf(value).getDims()[0]; }
  static ArrayRef<int64_t> shapeOf(Value parameter) { return cast<RankedTensorType>(parameter.getType()).getShape(); }

  OpBuilder &builder;
  const NamedModel &names;
  const Places &places;
  WeightBinder &weights;
  Location where = builder.getUnknownLoc();
  /// The id of column 0, of values whose columns are rows of a table.
  llvm::DenseMap<Value, int64_t> firstIds;

  /// What the dialect refuses about the rows of a new value is told at the block.
  InFlightDiagnostic spaceError(const Message &message);

private:
  std::string current;
  llvm::StringMap<Value> values;
  llvm::StringSet<> failed_;
  llvm::DenseMap<Attribute, Value> placesOf; // of filtered rows
  std::vector<std::string> order;
};

/// How rows are called in messages: "newest 50 of history", "3 rows + history".
std::string rowsText(Attribute space);
/// "history x 32 FLOAT32".
std::string valueText(Value value);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_MODELBUILDER_H
