// SPDX-License-Identifier: Apache-2.0
// From a random description to a model that can be checked; which parts of the schema descriptions hold.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_DESCRIPTION_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_DESCRIPTION_H

#include "ModelGenerator.h"

#include "recsys/v1/model.pb.h"
#include <map>
#include <set>

namespace reccc::fuzz {

/// The text of a description.
std::string printDescription(const ::recsys::v1::Model &description);

/// Imports it without weights, which learns their shapes, and with random ones, which must give the same module. Null
/// with what is wrong in `error`.
std::optional<GeneratedModel> importDescription(mlir::MLIRContext *context, const std::string &text, uint64_t seed,
                                                std::string &error);

/// Which blocks, fields and keywords have been seen.
class SchemaCoverage {
public:
  SchemaCoverage();
  void count(const ::recsys::v1::Model &description);
  /// Names what was never seen; returns whether there is any.
  bool reportMissing(llvm::raw_ostream &os) const;

private:
  std::set<std::string> missing;
};

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_DESCRIPTION_H
