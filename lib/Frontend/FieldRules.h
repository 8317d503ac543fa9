// SPDX-License-Identifier: Apache-2.0
// The rules that recsys/v1/model.proto writes behind its fields: what must be set, ranges, which
// strings are names.
#ifndef RECCC_LIB_FRONTEND_FIELDRULES_H
#define RECCC_LIB_FRONTEND_FIELDRULES_H

#include "Places.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace reccc {

/// A string of the description that names something described elsewhere.
struct Reference {
  const Message *message;
  const Field *field;
  int index; // in a repeated field; -1 otherwise
  pb::Rule::Kind kind;
  StringRef name;
};

/// Most errors that are reported before the import gives up.
constexpr unsigned kErrorLimit = 20;

/// Checks one part of a model (not its nested `node`s and the like when `part` is the model itself)
/// and appends its references. `label` begins messages: "node 'states'". Returns the number of
/// errors.
unsigned checkFieldRules(const Message &part, const std::string &label, const Places &places,
                         std::vector<Reference> &references);

/// What a field may hold: "an integer from 1 to 4096", "one of SELF, NONE".
std::string expectedText(const Field *field);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_FIELDRULES_H
