// SPDX-License-Identifier: Apache-2.0
// What a file that is given as a description looks like.
#include "FileKind.h"
#include "reccc/Frontend/Import.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace reccc;

/// Everything but space and `#` comments.
static StringRef skipSpaceAndComments(StringRef text) {
  while (true) {
    text = text.ltrim();
    if (!text.consume_front("#"))
      return text;
    text = text.drop_while([](char c) { return c != '\n'; });
  }
}

static bool isPlainText(StringRef bytes) {
  for (unsigned char c : bytes)
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v') || c == 0x7f)
      return false;
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(bytes.begin());
  return llvm::isLegalUTF8String(&begin, reinterpret_cast<const llvm::UTF8 *>(bytes.end()));
}

bool reccc::looksLikeMlir(StringRef name, StringRef bytes) {
  if (name.ends_with(".mlir") || name.ends_with(".mlirbc") || bytes.starts_with("ML\xefR"))
    return true;
  StringRef head = bytes.ltrim().take_front(4096);
  return head.contains("recsys.model") || head.contains("#recsys.") || head.starts_with("module") ||
         head.contains("func.func");
}

static const char *knownFormat(StringRef name, StringRef bytes) {
  if (bytes.starts_with("version https://git-lfs"))
    return "a Git LFS pointer; fetch the file itself with `git lfs pull`";
  if (bytes.starts_with("\x7f"
                        "ELF"))
    return "an ELF object or program";
  if (bytes.starts_with("PK\x03\x04"))
    return "a zip archive (a PyTorch checkpoint is one); weights are given with --weights, as "
           "safetensors";
  if (bytes.starts_with("\x80\x02") || bytes.starts_with("\x80\x04"))
    return "a Python pickle; weights are given with --weights, as safetensors";
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    return "UTF-16 text; save it as UTF-8";
  if (bytes.size() > 9 && bytes[8] == '{' && bytes.substr(4, 4) == StringRef("\0\0\0\0", 4))
    return "a safetensors file; weights are given with --weights, the description comes first";
  StringRef text = bytes.ltrim();
  if (text.starts_with("{") || text.starts_with("["))
    return "JSON; descriptions are protobuf text format";
  StringRef head = text.take_front(4096);
  if (looksLikeMlir(name, bytes))
    return "MLIR; name it with the ending .mlir";
  if (head.starts_with("<"))
    return "XML or HTML; a download may have failed";
  if (head.contains("\nimport ") || head.starts_with("import ") || head.contains("\ndef "))
    return "Python";
  return nullptr;
}

FileKind reccc::recognizeFile(StringRef name, StringRef bytes) {
  if (bytes.empty())
    return {FileKind::Empty, ""};
  if (const char *format = knownFormat(name, bytes))
    return {FileKind::Other, format};
  bytes.consume_front("\xef\xbb\xbf");
  if (!isPlainText(bytes))
    return {FileKind::Binary, ""};
  if (skipSpaceAndComments(bytes).empty())
    return {FileKind::Empty, ""};
  return {FileKind::Text, ""};
}
