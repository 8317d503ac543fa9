// SPDX-License-Identifier: Apache-2.0
// Tensors with their data, for the interpreter, the runtime and files.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_TENSORSET_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_TENSORSET_H

#include "Random.h"

#include "reccc/Interpreter/NamedTensors.h"
#include <map>
#include <variant>

namespace reccc::fuzz {

struct Tensor {
  std::vector<int64_t> shape;
  std::variant<std::vector<float>, std::vector<int64_t>> data;

  bool isFloat() const { return data.index() == 0; }
  const void *bytes() const;
};

/// Keeps each tensor in one place as long as it lives.
class TensorSet {
public:
  void add(const std::string &name, std::vector<int64_t> shape, std::vector<float> values);
  void add(const std::string &name, std::vector<int64_t> shape, std::vector<int64_t> values);
  const Tensor *find(const std::string &name) const;
  /// The greatest magnitude of a float.
  double getGreatest() const;

  /// The same tensors with other floats: each times a number in [0.5, 1.5).
  TensorSet redraw(Random &random) const;

  NamedTensors view(const std::string &source) const;
  bool write(const std::string &path, FileError &error) const;

private:
  std::vector<TensorToWrite> list() const;

  std::map<std::string, Tensor> tensors;
};

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_TENSORSET_H
