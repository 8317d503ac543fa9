// SPDX-License-Identifier: Apache-2.0
// Random weights and valid random requests for any recsys module.
#ifndef RECCC_TEST_TOOLS_RECCC_EQUIVALENCE_RANDOMDATA_H
#define RECCC_TEST_TOOLS_RECCC_EQUIVALENCE_RANDOMDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Interpreter/NamedTensors.h"
#include <deque>
#include <random>

namespace reccc {

/// Owns the data of the tensors it makes. The same seed makes the same data on every machine.
class RandomData {
public:
  explicit RandomData(uint64_t seed) : engine(seed) {}

  /// A tensor for each parameter, of a size that keeps activations near 1.
  NamedTensors makeWeights(ModuleOp module);
  /// A batch with an empty request, one of one row, one of many and some between, in any order. Ids
  /// that a table rejects are not made.
  NamedTensors makeRequests(recsys::ModelOp model);

private:
  double uniform(); // [0, 1)
  int64_t below(int64_t limit);
  void addFloats(NamedTensors &tensors, StringRef name, ArrayRef<int64_t> shape, double factor);
  void addIntegers(NamedTensors &tensors, StringRef name, ArrayRef<int64_t> shape, std::vector<int64_t> values);

  std::mt19937_64 engine;
  std::deque<std::vector<double>> floats;
  std::deque<std::vector<int64_t>> integers;
};

} // namespace reccc

#endif // RECCC_TEST_TOOLS_RECCC_EQUIVALENCE_RANDOMDATA_H
