// SPDX-License-Identifier: Apache-2.0
// Tensors by name: those of a file, or of a caller that keeps them in memory.
#ifndef RECCC_INTERPRETER_NAMEDTENSORS_H
#define RECCC_INTERPRETER_NAMEDTENSORS_H

#include "reccc/Support/LLVM.h"
#include "reccc/Support/Safetensors.h"
#include "llvm/ADT/StringMap.h"

namespace reccc {

/// Does not own the data of its tensors: the file, or the caller, must outlive it.
class NamedTensors {
public:
  /// `source` is what messages call the collection: the path of a file.
  explicit NamedTensors(std::string source) : name(std::move(source)) {}
  explicit NamedTensors(const SafetensorsFile &file);

  /// Replaces a tensor of the same name.
  void add(FileTensor tensor);
  /// Null when there is no such tensor.
  const FileTensor *find(StringRef tensorName) const;
  const std::string &source() const { return name; }

private:
  std::string name;
  llvm::StringMap<FileTensor> tensors;
};

} // namespace reccc

#endif // RECCC_INTERPRETER_NAMEDTENSORS_H
