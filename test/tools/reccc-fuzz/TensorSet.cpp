// SPDX-License-Identifier: Apache-2.0
// Tensors with their data.
#include "TensorSet.h"

namespace reccc::fuzz {

const void *Tensor::bytes() const {
  return std::visit([](const auto &values) { return static_cast<const void *>(values.data()); }, data);
}

void TensorSet::add(const std::string &name, std::vector<int64_t> shape, std::vector<float> values) {
  tensors[name] = {std::move(shape), std::move(values)};
}

void TensorSet::add(const std::string &name, std::vector<int64_t> shape, std::vector<int64_t> values) {
  tensors[name] = {std::move(shape), std::move(values)};
}

const Tensor *TensorSet::find(const std::string &name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

double TensorSet::getGreatest() const {
  double greatest = 0;
  for (const auto &[name, tensor] : tensors)
    if (const auto *floats = std::get_if<std::vector<float>>(&tensor.data))
      for (float value : *floats)
        greatest = std::max(greatest, std::abs(static_cast<double>(value)));
  return greatest;
}

std::vector<TensorToWrite> TensorSet::list() const {
  std::vector<TensorToWrite> result;
  for (const auto &[name, tensor] : tensors)
    result.push_back({name, tensor.isFloat() ? TensorType::F32 : TensorType::I64, tensor.shape, tensor.bytes()});
  return result;
}

TensorSet TensorSet::redraw(Random &random) const {
  TensorSet other = *this;
  for (auto &[name, tensor] : other.tensors)
    if (auto *floats = std::get_if<std::vector<float>>(&tensor.data))
      for (float &value : *floats)
        value *= static_cast<float>(0.5 + random.uniform());
  return other;
}

NamedTensors TensorSet::view(const std::string &source) const {
  NamedTensors named(source);
  for (const TensorToWrite &tensor : list()) {
    size_t bytes = byteWidth(tensor.type);
    for (int64_t size : tensor.shape)
      bytes *= static_cast<size_t>(size);
    named.add({tensor.name, tensor.type, tensor.shape, static_cast<const std::byte *>(tensor.data), bytes, 0});
  }
  return named;
}

bool TensorSet::write(const std::string &path, FileError &error) const { return writeSafetensors(path, list(), error); }

} // namespace reccc::fuzz
