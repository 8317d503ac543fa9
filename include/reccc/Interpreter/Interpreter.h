// SPDX-License-Identifier: Apache-2.0
// The oracle: runs the recsys ops of a model one after another, each in plain loops, and shares no
// code with code generation.
#ifndef RECCC_INTERPRETER_INTERPRETER_H
#define RECCC_INTERPRETER_INTERPRETER_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Interpreter/NamedTensors.h"
#include "reccc/Support/LLVM.h"
#include <functional>
#include <optional>
#include <vector>

namespace reccc {

/// How numbers are rounded. Integers, and the fp32 islands that ops define, are the same in every
/// mode.
enum class InterpreterMode {
  Double,    ///< double throughout; what all errors are measured against
  NaiveF32,  ///< fp32 arithmetic, one rounding for each multiply and each add
  NaiveBF16, ///< as NaiveF32, and parameters, inputs and the result of every op are rounded to bf16
  AsTyped    ///< as NaiveF32, and parameters, inputs and results are rounded to the element types in
             ///< the IR
};

/// "double", "f32", "bf16" or "typed".
std::optional<InterpreterMode> parseInterpreterMode(StringRef text);

/// A jagged value: the packed rows of all requests.
struct JaggedValue {
  recsys::JaggedType type;
  /// Row offsets[r] is the first of request r; one more than there are requests.
  std::vector<int64_t> offsets;
  /// The elements, row-major: in `floats` or in `integers`, as the type says. In the naive modes
  /// every double is a number of the storage type.
  std::vector<double> floats;
  std::vector<int64_t> integers;

  int64_t numRequests() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t numRows() const { return offsets.back(); }
};

struct NamedValue {
  std::string name;
  JaggedValue value;
};

/// Sees every jagged value when it has been computed, inputs included.
using InterpreterObserver = std::function<void(Value, const JaggedValue &)>;

/// Runs `model` on all requests and returns its outputs in order.
///
/// Weights are found by the `source` of each parameter. Requests hold, for each input `x`, a tensor
/// `x` or `x.values` of [rows, dimensions…] with the rows of all requests packed, and for each base
/// row space `s` an i64 tensor `s.offsets` of one more element than there are requests. Whatever is
/// wrong with them is reported as a diagnostic.
FailureOr<std::vector<NamedValue>> interpret(recsys::ModelOp model, const NamedTensors &weights,
                                             const NamedTensors &requests, InterpreterMode mode,
                                             const InterpreterObserver &observer = {});

/// Writes each value as a tensor of its name: f64 (mode Double) or f32, or i64. Values whose number
/// of rows depends on the request get `<name>.offsets` too.
bool writeValues(const std::string &path, ArrayRef<NamedValue> values, InterpreterMode mode, FileError &error);

} // namespace reccc

#endif // RECCC_INTERPRETER_INTERPRETER_H
