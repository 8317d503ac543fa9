// SPDX-License-Identifier: Apache-2.0
// What the names of a description stand for, and the order in which nodes can be built.
#ifndef RECCC_LIB_FRONTEND_NAMES_H
#define RECCC_LIB_FRONTEND_NAMES_H

#include "FieldRules.h"
#include "mlir/IR/Attributes.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "llvm/ADT/StringMap.h"

namespace reccc {

/// Rows that a flag keeps.
struct FilteredRows {
  const pb::Rows *declared;
  ir::OpaqueSpaceAttr space;
  Attribute of;
};

/// A description whose names all resolve.
struct NamedModel {
  llvm::StringMap<Attribute> rows; // row spaces, "request" among them
  llvm::StringMap<const pb::Table *> tables;
  /// Those that something names.
  std::vector<FilteredRows> filtered;
  /// Nodes in an order in which each comes after all that it reads; otherwise as in the file.
  std::vector<const pb::Node *> order;
};

/// Checks the rules of all fields and resolves all names.
FailureOr<NamedModel> resolveNames(const pb::Model &model, const Places &places, MLIRContext *context);

/// The node that a value name belongs to: "states" of "states.layers.0.out".
inline StringRef ownerOf(StringRef value) { return value.split('.').first; }

/// What the schema's enumeration says.
ir::Remainder remainderOf(pb::GroupRows::Remainder remainder);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_NAMES_H
