// SPDX-License-Identifier: Apache-2.0
// When outputs agree: the contract of test/golden/run.py.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_COMPARE_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_COMPARE_H

#include "TensorSet.h"
#include "reccc/Interpreter/Interpreter.h"
#include <map>
#include <optional>
#include <set>
#include <string>

namespace reccc::fuzz {

using Outputs = std::vector<NamedValue>;

/// What a transform left of the outputs, both in double: up to 1e-9, of 1 or of the greatest number. A message when
/// they differ.
std::optional<std::string> compareTransformed(const Outputs &given, const Outputs &reference);

/// Compiled code: per output, max|given - reference| <= max(2 max|naive - reference|, one unit in the last place of
/// max|reference|), where reference is the interpreter in double and naive the interpreter in the storage type. Ids of
/// `x.ids` are compared by `x.scores`. An output that is zero whatever the weights and inputs, x - x in other words or
/// the mean of what is normalized, has no size of its own: it is measured by the inputs.
class Contract {
public:
  explicit Contract(int mantissaBits) : mantissaBits(mantissaBits) {}

  /// Adds a batch with its inputs: those of the same weights are one large batch. A message when the outputs cannot be
  /// compared at all.
  std::optional<std::string> add(const TensorSet &inputs, const Outputs &given, const Outputs &reference,
                                 const Outputs &naive);
  /// What is added from here on is of other weights. Errors of several weights are compared by their means, in parts of
  /// the greatest numbers of the outputs that they are errors of.
  void beginOtherWeights() { samples.emplace_back(); }
  /// A message when an output of all samples together is off, unless an earlier check found it good.
  std::optional<std::string> check();

private:
  struct Errors {
    double error = 0, roughness = 0, greatest = 0;
    /// Of the allowed error: ids take the errors of two scores, other integers none.
    double times = 1;
  };
  double getUnit(double greatest) const;
  double getAllowed(const Errors &errors) const;
  bool isAlwaysZero(const std::string &name) const;

  int mantissaBits;
  double greatestInput = 0;
  std::set<std::string> good;
  std::vector<std::map<std::string, Errors>> samples = std::vector<std::map<std::string, Errors>>(1);
};

/// The same bits.
std::optional<std::string> compareBits(const Outputs &given, const Outputs &reference);

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_COMPARE_H
