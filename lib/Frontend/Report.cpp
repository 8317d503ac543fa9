// SPDX-License-Identifier: Apache-2.0
// Diagnostics of the frontend.
#include "Report.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace reccc;

Report::~Report() {
  if (diagnostic.getUnderlyingDiagnostic())
    diagnostic << " [RC" << static_cast<int64_t>(code) << "]";
}

Report &Report::note(Location where, const Twine &text) {
  diagnostic.attachNote(where) << text;
  return *this;
}

Report &Report::hint(const Twine &text) {
  if (Diagnostic *underlying = diagnostic.getUnderlyingDiagnostic())
    diagnostic.attachNote(underlying->getLocation()) << text;
  return *this;
}

std::string reccc::quoted(StringRef name) {
  constexpr size_t longest = 120;
  std::string text = "'";
  auto append = [&](StringRef part) {
    for (unsigned char c : part) {
      if (c == '\'' || c == '\\')
        text += {'\\', static_cast<char>(c)};
      else if (llvm::isPrint(c))
        text += c;
      else
        text += "\\x" + llvm::utohexstr(c, /*LowerCase=*/true, /*Width=*/2);
    }
  };
  if (name.size() <= longest) {
    append(name);
  } else {
    append(name.take_front(longest / 2));
    text += "…";
    append(name.take_back(longest / 2));
  }
  return text + "'";
}

std::string reccc::numberText(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value);
  return text;
}

std::string reccc::didYouMean(StringRef name, ArrayRef<StringRef> candidates) {
  // Long names come from broken files, and distances cost the product of the lengths.
  if (name.size() > 200)
    return "";
  unsigned limit = std::max<unsigned>(2, name.size() / 3);
  SmallVector<std::pair<unsigned, StringRef>> near;
  for (StringRef candidate : ArrayRef(candidates).take_front(20000)) {
    size_t longer = std::max(candidate.size(), name.size()), shorter = std::min(candidate.size(), name.size());
    if (longer - shorter > limit)
      continue;
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, limit);
    if (distance <= limit)
      near.push_back({distance, candidate});
  }
  llvm::stable_sort(near, [](auto &a, auto &b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto &entry : ArrayRef(near).take_front(3))
    names.push_back(quoted(entry.second));
  return names.empty() ? "" : "did you mean " + enumerate(names, "or") + "?";
}

std::string reccc::enumerate(ArrayRef<std::string> parts, StringRef conjunction) {
  std::string text;
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (i)
      text += i + 1 == parts.size() ? " " + conjunction.str() + " " : ", ";
    text += part;
  }
  return text;
}

std::string reccc::shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, size] : llvm::enumerate(shape))
    text += (i ? ", " : "") + (size < 0 ? std::string("?") : std::to_string(size));
  return text + "]";
}
