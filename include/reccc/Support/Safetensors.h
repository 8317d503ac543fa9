// SPDX-License-Identifier: Apache-2.0
// Reads and writes safetensors files: weights, requests, results. Needs no LLVM.
//
// The reader trusts nothing in a file: a header that is not exactly right is refused with the
// tensor's name, and nothing is allocated that the file's own size does not justify.
#ifndef RECCC_SUPPORT_SAFETENSORS_H
#define RECCC_SUPPORT_SAFETENSORS_H

#include "reccc/Support/FileError.h"
#include "reccc/Support/MappedFile.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace reccc {

enum class TensorType { F64, F32, BF16, F16, I64, I32, I8, U8, Bool };

/// Bytes of one element.
size_t byteWidth(TensorType type);
/// The name in files: "F32", "BOOL".
const char *typeName(TensorType type);
bool isFloat(TensorType type);

/// A tensor of a file. `data` points into the file and lives as long as the SafetensorsFile; it
/// need not be aligned (files that this library writes are). Row-major, little-endian.
struct FileTensor {
  std::string name;
  TensorType type;
  std::vector<int64_t> shape;
  const std::byte *data;
  size_t bytes;
  /// Where the data begins in the file, for messages.
  uint64_t fileOffset;

  int64_t numElements() const { return static_cast<int64_t>(bytes / byteWidth(type)); }
  /// "f32[4, 8]", for messages.
  std::string describe() const;

  /// Element i of a tensor of any type, exactly, or rounded once (i64 beyond 2^53).
  double loadDouble(int64_t i) const;
  /// Element i of a tensor of an integer type.
  int64_t loadInteger(int64_t i) const;
};

class SafetensorsFile {
public:
  static std::optional<SafetensorsFile> open(const std::string &path, FileError &error);
  /// Reads a file that is in memory; `source` names it in messages.
  static std::optional<SafetensorsFile> parse(const std::byte *data, size_t size, const std::string &source,
                                              FileError &error);

  /// In the order of the data.
  const std::vector<FileTensor> &tensors() const { return list; }
  const FileTensor *find(std::string_view name) const;
  const std::map<std::string, std::string> &metadata() const { return meta; }
  const std::string &source() const { return path; }

private:
  SafetensorsFile() = default;

  std::string path;
  std::optional<MappedFile> file;
  std::vector<FileTensor> list;
  std::unordered_map<std::string_view, size_t> index;
  std::map<std::string, std::string> meta;
};

/// A tensor to write; `data` holds product(shape) packed elements.
struct TensorToWrite {
  std::string name;
  TensorType type;
  std::vector<int64_t> shape;
  const void *data;
};

/// Writes a file atomically: `path` holds its old content or the whole new one. The same tensors
/// give the same bytes; every tensor is aligned to its element.
bool writeSafetensors(const std::string &path, const std::vector<TensorToWrite> &tensors, FileError &error,
                      const std::map<std::string, std::string> &metadata = {});

} // namespace reccc

#endif // RECCC_SUPPORT_SAFETENSORS_H
