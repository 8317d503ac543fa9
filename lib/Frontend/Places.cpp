// SPDX-License-Identifier: Apache-2.0
// Where each message and field of a description stands in the user's file.
#include "Places.h"

using namespace reccc;

// Recursion below is bounded by the nesting of the schema: unknown fields keep no messages.

void Places::addText(const Message &root, const Tree &tree) {
  entries.try_emplace(&root, Entry{&tree, wholeFile()});
  auto visit = [&](auto &self, const Message &message, const Tree &tree) -> void {
    forEachChild(message, [&](const Message &child, const Field *field, int index) {
      auto where = tree.GetLocation(field, index);
      Tree *nested = tree.GetTreeForNested(field, index);
      entries.try_emplace(&child, Entry{nested, at(where.line + 1, where.column + 1)});
      if (nested)
        self(self, child, *nested);
    });
  };
  visit(visit, root, tree);
}

void Places::addBinary(const Message &root) {
  entries.try_emplace(&root, Entry{nullptr, wholeFile()});
  auto visit = [&](auto &self, const Message &message, const std::string &path) -> void {
    forEachChild(message, [&](const Message &child, const Field *field, int index) {
      std::string childPath = path.empty() ? field->name() : path + "." + field->name();
      if (index >= 0)
        childPath += "[" + std::to_string(index) + "]";
      if (const Field *name = fieldNamed(child, "name"); name && name->type() == Field::TYPE_STRING)
        childPath += " \"" + child.GetReflection()->GetString(child, name).substr(0, 100) + "\"";
      entries.try_emplace(&child, Entry{nullptr, NameLoc::get(StringAttr::get(context, childPath), wholeFile())});
      self(self, child, childPath);
    });
  };
  visit(visit, root, "");
}

Location Places::of(const Message &message) const {
  auto it = entries.find(&message);
  return it == entries.end() ? wholeFile() : it->second.place;
}

Location Places::of(const Message &message, const Field *field, int index) const {
  auto it = entries.find(&message);
  if (it == entries.end())
    return wholeFile();
  if (it->second.tree && field) {
    auto where = it->second.tree->GetLocation(field, field->is_repeated() ? std::max(index, 0) : -1);
    if (where.line >= 0)
      return at(where.line + 1, where.column + 1);
  }
  return it->second.place;
}
