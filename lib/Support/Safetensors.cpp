// SPDX-License-Identifier: Apache-2.0
// Checks what the header of a safetensors file claims, and writes such files.
#include "reccc/Support/Safetensors.h"

#include "SafetensorsHeader.h"
#include "reccc/Support/AtomicFile.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <set>

namespace reccc {

static constexpr uint64_t maxHeaderBytes = 100'000'000;
static constexpr uint64_t dataAlignment = 64;

namespace {
struct TypeInfo {
  TensorType type;
  const char *name;
  const char *lowerName;
  size_t width;
  bool floating;
};
} // namespace

static constexpr TypeInfo typeTable[] = {
    {TensorType::F64, "F64", "f64", 8, true},     {TensorType::F32, "F32", "f32", 4, true},
    {TensorType::BF16, "BF16", "bf16", 2, true},  {TensorType::F16, "F16", "f16", 2, true},
    {TensorType::I64, "I64", "i64", 8, false},    {TensorType::I32, "I32", "i32", 4, false},
    {TensorType::I8, "I8", "i8", 1, false},       {TensorType::U8, "U8", "u8", 1, false},
    {TensorType::Bool, "BOOL", "bool", 1, false},
};

static const TypeInfo &infoOf(TensorType type) { return typeTable[static_cast<size_t>(type)]; }

size_t byteWidth(TensorType type) { return infoOf(type).width; }
const char *typeName(TensorType type) { return infoOf(type).name; }
bool isFloat(TensorType type) { return infoOf(type).floating; }

std::string FileTensor::describe() const {
  std::string result = std::string(infoOf(type).lowerName) + "[";
  for (size_t i = 0; i < shape.size(); ++i)
    result += (i ? ", " : "") + std::to_string(shape[i]);
  return result + "]";
}

template <typename T> static T load(const std::byte *data, int64_t i) {
  T value;
  std::memcpy(&value, data + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

static float floatFromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static float halfToFloat(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f, fraction = half & 0x3ff;
  if (exponent == 0) {
    // Zero or subnormal: fraction * 2^-24, exact in f32.
    float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  if (exponent == 31)
    return floatFromBits(sign | 0x7f800000u | (fraction << 13));
  return floatFromBits(sign | ((exponent + 112) << 23) | (fraction << 13));
}

double FileTensor::loadDouble(int64_t i) const {
  assert(i >= 0 && i < numElements());
  switch (type) {
  case TensorType::F64:
    return load<double>(data, i);
  case TensorType::F32:
    return load<float>(data, i);
  case TensorType::BF16:
    return floatFromBits(static_cast<uint32_t>(load<uint16_t>(data, i)) << 16);
  case TensorType::F16:
    return halfToFloat(load<uint16_t>(data, i));
  default:
    return static_cast<double>(loadInteger(i));
  }
}

int64_t FileTensor::loadInteger(int64_t i) const {
  assert(i >= 0 && i < numElements() && !isFloat(type));
  switch (type) {
  case TensorType::I64:
    return load<int64_t>(data, i);
  case TensorType::I32:
    return load<int32_t>(data, i);
  case TensorType::I8:
    return load<int8_t>(data, i);
  default:
    return load<uint8_t>(data, i);
  }
}

/// What a file that is no safetensors file looks like, and what to do about it; null if unknown.
static const char *recognizeOtherFormat(std::string_view head) {
  auto startsWith = [&](std::string_view magic) { return head.substr(0, magic.size()) == magic; };
  if (startsWith("PK\x03\x04"))
    return "this is a zip archive (a PyTorch .pt or NumPy .npz file): convert it with "
           "safetensors.torch.save_file or safetensors.numpy.save_file";
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5)
    return "this is a Python pickle, which is never loaded: convert it with "
           "safetensors.torch.save_file";
  if (startsWith("\x89HDF\r\n"))
    return "this is an HDF5 file: convert it with safetensors.numpy.save_file";
  if (startsWith("GGUF"))
    return "this is a GGUF file: convert it to safetensors";
  if (startsWith("\x93NUMPY"))
    return "this is a NumPy .npy file: convert it with safetensors.numpy.save_file";
  if (startsWith("version https://git-lfs"))
    return "this is a Git LFS pointer: fetch the file itself with git lfs pull";
  return nullptr;
}

/// Checks one entry of the header against the data part and turns it into a tensor. False with
/// `message` set if it lies.
static bool checkTensor(HeaderTensor &entry, uint64_t expectedBegin, uint64_t dataBytes, FileTensor &tensor,
                        std::string &message) {
  const TypeInfo *type = nullptr;
  for (const TypeInfo &info : typeTable)
    if (entry.dtype == info.name)
      type = &info;
  if (!type) {
    message = "expected dtype F64, F32, BF16, F16, I64, I32, I8, U8 or BOOL, got " + quoteForMessage(entry.dtype);
    return false;
  }
  std::string range = "[" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]";
  if (entry.begin > entry.end || entry.end > dataBytes) {
    message = "data_offsets " + range + " do not lie within the " + std::to_string(dataBytes) + " bytes of data";
    return false;
  }
  if (entry.begin != expectedBegin) {
    message = "data_offsets " + range + " " +
              (entry.begin < expectedBegin ? "overlap the tensor before" : "leave a hole") + ": expected to begin at " +
              std::to_string(expectedBegin);
    return false;
  }
  // Zero elements may hide a product that wraps, so every dimension is bounded on its own.
  uint64_t elements = 1;
  for (uint64_t size : entry.shape) {
    if (size > INT64_MAX || __builtin_mul_overflow(elements, size, &elements) || elements > INT64_MAX / 8) {
      message = "the element count of the shape overflows";
      return false;
    }
    tensor.shape.push_back(static_cast<int64_t>(size));
  }
  if (elements * type->width != entry.end - entry.begin) {
    message = "the shape takes " + std::to_string(elements * type->width) + " bytes, data_offsets " + range + " hold " +
              std::to_string(entry.end - entry.begin);
    return false;
  }
  tensor.name = std::move(entry.name);
  tensor.type = type->type;
  tensor.bytes = entry.end - entry.begin;
  return true;
}

std::optional<SafetensorsFile> SafetensorsFile::parse(const std::byte *data, size_t size, const std::string &source,
                                                      FileError &error) {
  auto refuse = [&](const std::string &what) {
    std::string_view head(reinterpret_cast<const char *>(data), std::min<size_t>(size, 64));
    const char *other = recognizeOtherFormat(head);
    error = invalidFile(source, "expected a safetensors file: " + (other ? other : what));
    return std::nullopt;
  };
  if (size == 0)
    return refuse("the file is empty");
  if (size < 8)
    return refuse("the file has " + std::to_string(size) +
                  " bytes, which is shorter than the header length field of 8 bytes");
  uint64_t headerBytes = load<uint64_t>(data, 0);
  if (headerBytes > maxHeaderBytes)
    return refuse("the header length " + std::to_string(headerBytes) + " is over the limit of " +
                  std::to_string(maxHeaderBytes));
  if (headerBytes > size - 8)
    return refuse("the header length " + std::to_string(headerBytes) + " exceeds the file of " + std::to_string(size) +
                  " bytes");

  SafetensorsHeader header;
  std::string message;
  bool tooMany = false;
  std::string_view text(reinterpret_cast<const char *>(data) + 8, headerBytes);
  if (text.empty() || text[0] != '{')
    return refuse("the header does not begin with '{'");
  if (!parseSafetensorsHeader(text, header, message, tooMany)) {
    error = invalidFile(source, message);
    if (tooMany)
      error.kind = FileErrorKind::Resource;
    return std::nullopt;
  }

  SafetensorsFile file;
  file.path = source;
  std::vector<HeaderTensor> &entries = header.tensors;
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto &a, const auto &b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  const uint64_t dataBytes = size - 8 - headerBytes;
  uint64_t position = 0;
  file.list.reserve(entries.size());
  for (HeaderTensor &entry : entries) {
    FileTensor tensor;
    if (!checkTensor(entry, position, dataBytes, tensor, message)) {
      error = invalidFile(source, "tensor " + quoteForMessage(entry.name) + ": " + message);
      return std::nullopt;
    }
    tensor.fileOffset = 8 + headerBytes + position;
    tensor.data = data + tensor.fileOffset;
    position += tensor.bytes;
    file.list.push_back(std::move(tensor));
  }
  if (position != dataBytes) {
    error = invalidFile(source, std::to_string(dataBytes - position) + " trailing bytes that belong to no tensor");
    return std::nullopt;
  }
  file.index.reserve(file.list.size());
  for (size_t i = 0; i < file.list.size(); ++i) {
    if (!file.index.emplace(file.list[i].name, i).second) {
      error = invalidFile(source, "tensor " + quoteForMessage(file.list[i].name) + " stands in the header twice");
      return std::nullopt;
    }
  }
  file.meta = std::move(header.metadata);
  return file;
}

std::optional<SafetensorsFile> SafetensorsFile::open(const std::string &path, FileError &error) {
  std::optional<MappedFile> mapped = MappedFile::open(path, error);
  if (!mapped)
    return std::nullopt;
  std::optional<SafetensorsFile> file = parse(mapped->data(), mapped->size(), path, error);
  if (file)
    file->file = std::move(mapped);
  return file;
}

const FileTensor *SafetensorsFile::find(std::string_view name) const {
  auto found = index.find(name);
  return found == index.end() ? nullptr : &list[found->second];
}

bool writeSafetensors(const std::string &path, const std::vector<TensorToWrite> &tensors, FileError &error,
                      const std::map<std::string, std::string> &metadata) {
  // Wide elements first keeps all of them aligned without holes, which the format does not allow.
  std::vector<const TensorToWrite *> order;
  std::set<std::string_view> names;
  for (const TensorToWrite &tensor : tensors) {
    if (!isUtf8(tensor.name) || tensor.name == "__metadata__") {
      error = invalidFile(path, quoteForMessage(tensor.name) + " cannot be the name of a tensor");
      return false;
    }
    if (!names.insert(tensor.name).second) {
      error = invalidFile(path, "two tensors named " + quoteForMessage(tensor.name));
      return false;
    }
    order.push_back(&tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto *a, const auto *b) {
    size_t widthA = byteWidth(a->type), widthB = byteWidth(b->type);
    return widthA != widthB ? widthA > widthB : a->name < b->name;
  });

  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    const char *separator = "";
    for (const auto &[key, value] : metadata) {
      header += separator + jsonString(key) + ":" + jsonString(value);
      separator = ",";
    }
    header += "}";
  }
  uint64_t offset = 0;
  std::vector<uint64_t> sizes;
  for (size_t i = 0; i < order.size(); ++i) {
    const TensorToWrite &tensor = *order[i];
    uint64_t bytes = byteWidth(tensor.type);
    header += header.size() > 1 ? "," : "";
    header += jsonString(tensor.name) + ":{\"dtype\":\"" + typeName(tensor.type) + "\",\"shape\":[";
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
      header += (d ? "," : "") + std::to_string(tensor.shape[d]);
      bytes *= static_cast<uint64_t>(tensor.shape[d]);
    }
    header += "],\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(offset + bytes) + "]}";
    offset += bytes;
    sizes.push_back(bytes);
  }
  header += "}";
  header.append((dataAlignment - (8 + header.size()) % dataAlignment) % dataAlignment, ' ');

  std::optional<AtomicFile> file = AtomicFile::create(path, error);
  uint64_t headerBytes = header.size();
  if (!file || !file->write(&headerBytes, 8, error) || !file->write(header.data(), headerBytes, error))
    return false;
  for (size_t i = 0; i < order.size(); ++i)
    if (!file->write(order[i]->data, sizes[i], error))
      return false;
  return file->commit(error);
}

} // namespace reccc
