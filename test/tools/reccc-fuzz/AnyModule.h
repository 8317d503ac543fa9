// SPDX-License-Identifier: Apache-2.0
// Weights and ranges of inputs for a module that somebody else made: an imported description, a file.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_ANYMODULE_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_ANYMODULE_H

#include "ModelGenerator.h"

namespace reccc::fuzz {

/// A tensor for each parameter, of a size that keeps activations near 1.
TensorSet makeWeights(mlir::ModuleOp module, uint64_t seed);

/// Ids stay below the limits that look-ups set; other integers are numbers below 40.
FailureOr<GeneratedModel> adoptModule(mlir::OwningOpRef<mlir::ModuleOp> module, uint64_t seed);

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_ANYMODULE_H
