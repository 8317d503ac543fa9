// SPDX-License-Identifier: Apache-2.0
// Parses {"name": {"dtype": "F32", "shape": [..], "data_offsets": [a, b]}, "__metadata__": {..}}.
#include "SafetensorsHeader.h"

#include <cstdio>

namespace reccc {

static constexpr size_t maxTensors = 1 << 20;
static constexpr size_t maxRank = 8;

namespace {
class HeaderParser {
public:
  HeaderParser(std::string_view text, SafetensorsHeader &header) : text(text), header(header) {}

  bool parse();

  std::string message;
  bool tooMany = false;

private:
  bool fail(const std::string &what) {
    if (message.empty())
      message = "header byte " + std::to_string(position) + ": " + what;
    return false;
  }
  void skipSpace() {
    while (position < text.size() && std::string_view(" \t\r\n").find(text[position]) != std::string_view::npos)
      ++position;
  }
  bool at(char c) {
    skipSpace();
    return position < text.size() && text[position] == c;
  }
  bool accept(char c) {
    if (!at(c))
      return false;
    ++position;
    return true;
  }
  std::string found() const {
    return position < text.size() ? quoteForMessage(text.substr(position, 1)) : "the end of the header";
  }
  bool expect(char c) { return accept(c) || fail(std::string("expected '") + c + "', got " + found()); }
  bool string(std::string &result);
  bool escape(std::string &result);
  bool hex4(uint32_t &value);
  bool number(uint64_t &value);
  bool numbers(std::vector<uint64_t> &values, size_t limit, const char *what);
  bool tensor(HeaderTensor &tensor);
  bool metadata();

  std::string_view text;
  SafetensorsHeader &header;
  size_t position = 0;
};
} // namespace

static void appendUtf8(std::string &result, uint32_t c) {
  if (c < 0x80) {
    result += static_cast<char>(c);
  } else if (c < 0x800) {
    result += static_cast<char>(0xc0 | (c >> 6));
    result += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    result += static_cast<char>(0xe0 | (c >> 12));
    result += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    result += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    result += static_cast<char>(0xf0 | (c >> 18));
    result += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    result += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    result += static_cast<char>(0x80 | (c & 0x3f));
  }
}

bool isUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    unsigned char lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80)
      continue;
    int continuation = lead >= 0xc2 && lead <= 0xdf   ? 1
                       : lead >= 0xe0 && lead <= 0xef ? 2
                       : lead >= 0xf0 && lead <= 0xf4 ? 3
                                                      : 0;
    if (continuation == 0 || text.size() - i < static_cast<size_t>(continuation))
      return false;
    // The first continuation byte excludes overlong forms, surrogates and values above 10FFFF.
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (int k = 0; k < continuation; ++k) {
      unsigned char c = static_cast<unsigned char>(text[i++]);
      if (c < low || c > high)
        return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

bool HeaderParser::hex4(uint32_t &value) {
  value = 0;
  for (int i = 0; i < 4; ++i, ++position) {
    char c = position < text.size() ? text[position] : 0;
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0)
      return fail("expected four hexadecimal digits after \\u, got " + found());
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  return true;
}

bool HeaderParser::escape(std::string &result) {
  static constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
  char c = position < text.size() ? text[position] : 0;
  if (c == 'u') {
    ++position;
    uint32_t code, low;
    if (!hex4(code))
      return false;
    if (code >= 0xd800 && code < 0xdc00) {
      if (text.substr(position, 2) != "\\u")
        return fail("expected the second half of a surrogate pair, got " + found());
      position += 2;
      if (!hex4(low))
        return false;
      if (low < 0xdc00 || low > 0xdfff)
        return fail("the second half of a surrogate pair is out of range");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return fail("a surrogate pair begins with its second half");
    }
    appendUtf8(result, code);
    return true;
  }
  size_t which = c ? from.find(c) : std::string_view::npos;
  if (which == std::string_view::npos)
    return fail("unknown escape in a string: " + found());
  result += to[which];
  ++position;
  return true;
}

bool HeaderParser::string(std::string &result) {
  result.clear();
  if (!expect('"'))
    return false;
  while (position < text.size()) {
    char c = text[position];
    if (static_cast<unsigned char>(c) < 0x20)
      return fail("control character in a string");
    ++position;
    if (c == '"')
      return true;
    if (c != '\\')
      result += c;
    else if (!escape(result))
      return false;
  }
  return fail("a string has no end");
}

bool HeaderParser::number(uint64_t &value) {
  skipSpace();
  size_t start = position;
  value = 0;
  while (position < text.size() && text[position] >= '0' && text[position] <= '9') {
    uint64_t digit = static_cast<uint64_t>(text[position] - '0');
    if (value > (UINT64_MAX - digit) / 10)
      return fail("a number does not fit 64 bits");
    value = value * 10 + digit;
    ++position;
  }
  if (position == start)
    return fail("expected a non-negative integer, got " + found());
  if (text[start] == '0' && position - start > 1)
    return fail("a number begins with 0");
  return true;
}

bool HeaderParser::numbers(std::vector<uint64_t> &values, size_t limit, const char *what) {
  values.clear();
  if (!expect('['))
    return false;
  if (accept(']'))
    return true;
  do {
    if (values.size() == limit)
      return fail(std::string(what) + " has more than " + std::to_string(limit) + " numbers");
    uint64_t value;
    if (!number(value))
      return false;
    values.push_back(value);
  } while (accept(','));
  return expect(']');
}

bool HeaderParser::tensor(HeaderTensor &tensor) {
  bool haveType = false, haveShape = false, haveOffsets = false;
  if (!expect('{'))
    return false;
  std::string key;
  std::vector<uint64_t> offsets;
  do {
    if (!string(key) || !expect(':'))
      return false;
    bool *seen = key == "dtype"          ? &haveType
                 : key == "shape"        ? &haveShape
                 : key == "data_offsets" ? &haveOffsets
                                         : nullptr;
    if (!seen)
      return fail("expected dtype, shape or data_offsets, got " + quoteForMessage(key));
    if (*seen)
      return fail(key + " is given twice");
    *seen = true;
    if (seen == &haveType    ? !string(tensor.dtype)
        : seen == &haveShape ? !numbers(tensor.shape, maxRank, "shape")
                             : !numbers(offsets, 2, "data_offsets"))
      return false;
  } while (accept(','));
  if (!expect('}'))
    return false;
  if (!haveType || !haveShape || !haveOffsets)
    return fail(std::string(!haveType ? "dtype" : !haveShape ? "shape" : "data_offsets") + " is missing");
  if (offsets.size() != 2)
    return fail("expected data_offsets [begin, end], got " + std::to_string(offsets.size()) + " numbers");
  tensor.begin = offsets[0];
  tensor.end = offsets[1];
  return true;
}

bool HeaderParser::metadata() {
  if (!expect('{'))
    return false;
  if (accept('}'))
    return true;
  std::string key, value;
  do {
    if (!string(key) || !expect(':') || !string(value))
      return false;
    if (!header.metadata.emplace(key, value).second)
      return fail("__metadata__ holds " + quoteForMessage(key) + " twice");
  } while (accept(','));
  return expect('}');
}

bool HeaderParser::parse() {
  if (!isUtf8(text))
    return fail("the header is not UTF-8");
  if (!expect('{'))
    return false;
  bool haveMetadata = false;
  if (!at('}')) {
    std::string name;
    do {
      if (!string(name) || !expect(':'))
        return false;
      if (name == "__metadata__") {
        if (haveMetadata)
          return fail("__metadata__ is given twice");
        haveMetadata = true;
        if (!metadata())
          return false;
        continue;
      }
      if (header.tensors.size() == maxTensors) {
        tooMany = true;
        return fail("more than " + std::to_string(maxTensors) + " tensors");
      }
      HeaderTensor next;
      next.name = name;
      if (!tensor(next)) {
        message = "tensor " + quoteForMessage(name) + ": " + message;
        return false;
      }
      header.tensors.push_back(std::move(next));
    } while (accept(','));
  }
  if (!expect('}'))
    return false;
  skipSpace();
  return position == text.size() || fail("text behind the closing brace of the header");
}

bool parseSafetensorsHeader(std::string_view text, SafetensorsHeader &header, std::string &message, bool &tooMany) {
  HeaderParser parser(text, header);
  if (parser.parse())
    return true;
  message = parser.message;
  tooMany = parser.tooMany;
  return false;
}

std::string jsonString(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

} // namespace reccc
