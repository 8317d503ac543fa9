// SPDX-License-Identifier: Apache-2.0
// Runs a kernel on random data as generated code and in the interpreter.
#ifndef RECCC_TEST_UNIT_CODEGEN_KERNELCOMPARISON_H
#define RECCC_TEST_UNIT_CODEGEN_KERNELCOMPARISON_H

#include "reccc/Codegen/Harness/KernelHarness.h"
#include <gtest/gtest.h>

namespace reccc {

struct ComparisonOptions {
  /// Ids are drawn from [0, idLimit).
  int64_t idLimit = 7;
  /// Floats are drawn from a normal distribution of this deviation.
  double deviation = 1;
};

/// `model`: a `recsys.model` with one `rectile.kernel` whose operands are arguments and parameters, and whose results
/// are the outputs. Checks, for each level that this processor has,
/// - the numeric contract: an error of at most twice that of naive arithmetic, or one unit of the last place;
/// - equal bits whatever the split, the order of the items and the other requests of the batch;
/// - that no byte outside of the inputs is read (they end where readable memory ends).
void compareWithInterpreter(const std::string &model, const std::vector<RequestLengths> &batch,
                            const ComparisonOptions &options = {});

} // namespace reccc

#endif // RECCC_TEST_UNIT_CODEGEN_KERNELCOMPARISON_H
