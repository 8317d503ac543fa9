// SPDX-License-Identifier: Apache-2.0
// The state of one run of the interpreter: requests, parameters and the values computed so far.
#ifndef RECCC_LIB_INTERPRETER_EVALUATION_H
#define RECCC_LIB_INTERPRETER_EVALUATION_H

#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Interpreter/Interpreter.h"
#include <memory>

namespace reccc {

/// Values larger than this are refused: the interpreter is for checking, not for serving.
constexpr int64_t kMaxElements = int64_t(1) << 28;

/// `value` rounded to the nearest number of a type, ties to even. Types that are no smaller than
/// double keep it.
double roundTo(Type elementType, double value);

/// The lengths of the base row spaces and bags in each request.
struct RequestLengths {
  int64_t numRequests = 0;
  llvm::StringMap<std::vector<int64_t>> rows;
  /// Where the bags of a space begin: one more than there are rows that have bags, in all requests.
  llvm::StringMap<std::vector<int64_t>> bagOffsets;
};

struct ParameterValue {
  RankedTensorType type;
  /// What parameter expressions compute with.
  std::vector<double> exact;
  /// What other ops read: `exact`, rounded once to the storage type. Empty when that is no
  /// different.
  std::vector<double> rounded;

  ArrayRef<double> stored() const { return rounded.empty() ? exact : rounded; }
};

/// One row of a frame: for the frame `request` a request, otherwise row `number` of it in that request.
struct Instance {
  int64_t request;
  int64_t number;
};

class Evaluation {
public:
  Evaluation(InterpreterMode mode, const NamedTensors &weights, RequestLengths lengths)
      : mode(mode), weights(weights), lengths(std::move(lengths)) {}

  /// Calls `function` with a zero of the type that arithmetic is done in.
  template <typename Function> void inArithmetic(Function function) const {
    if (mode == InterpreterMode::Double)
      function(double(0));
    else
      function(float(0));
  }

  const NamedTensors &getWeights() const { return weights; }
  int64_t getNumRequests() const { return lengths.numRequests; }
  /// Rows of a row space in one request.
  int64_t getRows(Attribute space, int64_t request) const;
  /// Says how many rows each request has of a space that an op binds.
  void bindRows(Attribute space, std::vector<int64_t> rows) {
    lengths.rows[recsys::getRowsName(space)] = std::move(rows);
  }
  /// Where each bag begins among all of them, and their number.
  ArrayRef<int64_t> getBagOffsets(recsys::BagsAttr bags) const { return lengths.bagOffsets.at(bags.getName()); }

  /// The rows of a frame, in order.
  std::vector<Instance> getInstances(Attribute frame) const;
  /// The rows of `space` that one row of `frame` has; those of the request when `space` is not grouped by `frame`.
  int64_t getRowsWithin(Attribute frame, Attribute space, const Instance &instance) const;
  /// Where they begin in a value over `space`, as a packed row.
  int64_t getFirstRow(Attribute frame, const JaggedValue &value, const Instance &instance) const;

  /// The value of an operand, or of a result that `prepare` has made room for.
  JaggedValue &get(Value value) { return *jagged.at(value); }
  const ParameterValue &getParameter(Value value) const { return *parameters.at(value); }

  /// Makes a value of zeros for a jagged result. Reports one that is too large.
  LogicalResult prepare(Location location, Value value);
  /// Rounds the elements of a value to their storage type.
  void finish(Value value);
  void setParameter(Value value, RankedTensorType type, std::vector<double> elements);

  /// Gives `to` the value of `from`, jagged or parameter.
  void bind(Value to, Value from);
  void erase(Value value);

private:
  /// The type whose numbers are stored for IR type `elementType` in this mode.
  Type getStorage(Type elementType) const;
  void roundAll(Type elementType, std::vector<double> &elements) const;
  /// Offsets of the rows of a space; overflow (of absurd requests) gives nullopt.
  std::optional<std::vector<int64_t>> getOffsets(Attribute space) const;

  InterpreterMode mode;
  const NamedTensors &weights;
  RequestLengths lengths;
  llvm::DenseMap<Value, std::shared_ptr<JaggedValue>> jagged;
  llvm::DenseMap<Value, std::shared_ptr<ParameterValue>> parameters;
};

} // namespace reccc

#endif // RECCC_LIB_INTERPRETER_EVALUATION_H
