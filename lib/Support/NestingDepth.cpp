// SPDX-License-Identifier: Apache-2.0
// One pass over the text; only what opens or closes a level is looked at.
#include "reccc/Support/NestingDepth.h"

using namespace reccc;

/// The index behind a string that begins at `at`, or behind its line: strings do not cross lines.
static size_t skipString(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '"')
      return at + 1;
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n')
      ++at;
  }
  return at;
}

static bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::optional<TextPlace> reccc::findDeeperNesting(std::string_view text, int limit) {
  size_t line = 1, lineStart = 0, at = 0;
  int depth = 0, signs = 0;
  auto next = [&](size_t index) { return index + 1 < text.size() ? text[index + 1] : '\0'; };
  while (at < text.size()) {
    char c = text[at];
    if (c == '\n') {
      ++line;
      lineStart = at + 1;
    } else if (c == '"') {
      at = skipString(text, at);
      signs = 0;
      continue;
    } else if (c == '/' && next(at) == '/') {
      while (at < text.size() && text[at] != '\n')
        ++at;
      continue;
    } else if (c == '-' && next(at) != '>') {
      ++signs; // -(-(x)) recurses like brackets do
    } else if (c == '-') {
      ++at; // the `>` of an arrow closes nothing
    } else if ((c == '<' || c == '>') && next(at) == '=') {
      ++at;
    } else if (c == '(' || c == '[' || c == '{' || c == '<') {
      ++depth;
    } else if ((c == ')' || c == ']' || c == '}' || c == '>') && depth > 0) {
      --depth;
    }
    if (depth + signs > limit)
      return TextPlace{line, at - lineStart + 1};
    if (c != '-' && !isSpace(c))
      signs = 0;
    ++at;
  }
  return std::nullopt;
}
