// SPDX-License-Identifier: Apache-2.0
// Where each message and field of a description stands in the user's file.
#ifndef RECCC_LIB_FRONTEND_PLACES_H
#define RECCC_LIB_FRONTEND_PLACES_H

#include "Schema.h"
#include "google/protobuf/text_format.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/DenseMap.h"

namespace reccc {

class Places {
public:
  using Tree = google::protobuf::TextFormat::ParseInfoTree;

  Places(MLIRContext *context, StringRef file) : context(context), file(StringAttr::get(context, file)) {}

  /// Text: positions as the parser recorded them. The tree must outlive this.
  void addText(const Message &root, const Tree &tree);
  /// Binary: places are paths like `node[12] "emb".linear`.
  void addBinary(const Message &root);
  /// A message that a preset made stands where `place` says.
  void adopt(const Message &message, Location place) { entries.try_emplace(&message, Entry{nullptr, place}); }

  /// Lines and columns count from 1; 0 means the file as a whole.
  Location at(int line, int column) const { return FileLineColLoc::get(file, line, column); }
  Location wholeFile() const { return at(0, 0); }
  Location of(const Message &message) const;
  /// The field when the description sets it, else the message.
  Location of(const Message &message, const Field *field, int index = -1) const;
  Location of(const Message &message, StringRef field, int index = -1) const {
    return of(message, fieldNamed(message, field), index);
  }

private:
  struct Entry {
    const Tree *tree;
    Location place;
  };
  MLIRContext *context;
  StringAttr file;
  llvm::DenseMap<const Message *, Entry> entries;
};

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_PLACES_H
