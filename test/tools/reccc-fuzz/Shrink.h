// SPDX-License-Identifier: Apache-2.0
// Makes a model that fails smaller.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_SHRINK_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_SHRINK_H

#include "Check.h"

namespace reccc::fuzz {

/// Drops outputs and cuts ops off (their results become inputs) as long as the check fails at the same place. Checks
/// run in processes of their own, so that a crash is a failure like others. Returns that place; empty when nothing
/// fails.
std::string shrink(GeneratedModel &model, const CheckOptions &options);

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_SHRINK_H
