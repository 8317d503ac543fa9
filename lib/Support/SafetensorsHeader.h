// SPDX-License-Identifier: Apache-2.0
// The JSON header of a safetensors file. It has one fixed form, so there is no general JSON parser
// and nothing that recurses.
#ifndef RECCC_LIB_SUPPORT_SAFETENSORSHEADER_H
#define RECCC_LIB_SUPPORT_SAFETENSORSHEADER_H

#include "reccc/Support/Safetensors.h"

namespace reccc {

/// A tensor as the header states it; nothing about it is checked yet.
struct HeaderTensor {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Parses the header text. On failure `message` says what is wrong and at which byte of the text.
/// `tooMany` is set when the header is refused for the number of its tensors alone.
bool parseSafetensorsHeader(std::string_view text, SafetensorsHeader &header, std::string &message, bool &tooMany);

/// A JSON string literal.
std::string jsonString(std::string_view text);

/// True for well-formed UTF-8.
bool isUtf8(std::string_view text);

} // namespace reccc

#endif // RECCC_LIB_SUPPORT_SAFETENSORSHEADER_H
