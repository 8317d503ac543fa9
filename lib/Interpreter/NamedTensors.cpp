// SPDX-License-Identifier: Apache-2.0
// Tensors by name.
#include "reccc/Interpreter/NamedTensors.h"

namespace reccc {

NamedTensors::NamedTensors(const SafetensorsFile &file) : name(file.source()) {
  for (const FileTensor &tensor : file.tensors())
    add(tensor);
}

void NamedTensors::add(FileTensor tensor) {
  std::string key = tensor.name;
  tensors.insert_or_assign(key, std::move(tensor));
}

const FileTensor *NamedTensors::find(StringRef tensorName) const {
  auto found = tensors.find(tensorName);
  return found == tensors.end() ? nullptr : &found->second;
}

} // namespace reccc
