// SPDX-License-Identifier: Apache-2.0
// User states of a random model: prefilled, extended and scored, they give what the whole model gives.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_ENTRIES_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_ENTRIES_H

#include "Random.h"
#include "TensorSet.h"

#include "mlir/IR/BuiltinOps.h"
#include "reccc/Support/LLVM.h"
#include <optional>

namespace reccc::fuzz {

/// Derives @prefill, @score and @append for random rows of the model, and compares in double. Nothing where the
/// compiler refuses; a message when results differ or an entry does not run.
std::optional<std::string> checkEntries(ModuleOp module, const NamedTensors &weights, const TensorSet &requests,
                                        Random &random);

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_ENTRIES_H
