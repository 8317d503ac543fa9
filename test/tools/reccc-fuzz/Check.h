// SPDX-License-Identifier: Apache-2.0
// What must hold for any module: it prints and parses back, every pass keeps its outputs, and so does machine code.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_CHECK_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_CHECK_H

#include "ModelGenerator.h"

#include "reccc/Pipelines/Stages.h"

namespace reccc::fuzz {

struct CheckOptions {
  uint64_t seed;
  /// Also machine code; without, passes up to stage `kernels` alone.
  bool compile = true;
  /// All levels and precisions; otherwise one of each, as the seed says.
  bool all = false;
};

/// What went wrong, and the requests that show it.
struct Failure {
  std::string where, what;
  TensorSet requests;
  /// The module behind the pass that did it.
  std::string ir;
};

std::optional<Failure> checkModel(GeneratedModel &model, const CheckOptions &options);

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_CHECK_H
