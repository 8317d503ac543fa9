// SPDX-License-Identifier: Apache-2.0
// Turns the tensors of a file into the arrays of a request.
#include "reccc/Requests/RequestBatch.h"

#include <cassert>
#include <cstring>
#include <set>

namespace reccc {

static FileError statusError(const recrt_status &status) {
  const FileErrorKind kind = status.code == RECRT_INVALID_ARGUMENT     ? FileErrorKind::Invalid
                             : status.code == RECRT_RESOURCE_EXHAUSTED ? FileErrorKind::Resource
                                                                       : FileErrorKind::Incompatible;
  return {kind, std::string(status.place) + ": error: " + status.message};
}

std::optional<EntrySignature> EntrySignature::of(const recrt_model *model, int32_t entry, FileError &error) {
  EntrySignature signature;
  recrt_entry_info info;
  info.size = sizeof(info);
  recrt_status status = recrt_model_get_entry(model, entry, &info);
  if (status.code == RECRT_OK)
    signature.name = info.name;
  for (int32_t i = 0; status.code == RECRT_OK && i < info.num_row_spaces; ++i) {
    recrt_row_space_info space;
    space.size = sizeof(space);
    status = recrt_model_get_row_space(model, entry, i, &space);
    signature.rowSpaces.push_back(space);
  }
  recrt_tensor_info tensor;
  tensor.size = sizeof(tensor);
  for (int32_t i = 0; status.code == RECRT_OK && i < info.num_inputs; ++i) {
    status = recrt_model_get_input(model, entry, i, &tensor);
    signature.inputs.push_back(tensor);
  }
  for (int32_t i = 0; status.code == RECRT_OK && i < info.num_outputs; ++i) {
    status = recrt_model_get_output(model, entry, i, &tensor);
    signature.outputs.push_back(tensor);
  }
  if (status.code == RECRT_OK)
    return signature;
  error = statusError(status);
  return std::nullopt;
}

static size_t elementWidth(int32_t element) {
  return element == RECRT_ELEMENT_I64 ? 8 : element == RECRT_ELEMENT_F32 ? 4 : 2;
}

uint16_t roundToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return static_cast<uint16_t>((bits >> 16) | 0x40); // quiet, so that it stays NaN
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

template <typename T> static void store(std::vector<unsigned char> &data, int64_t i, T value) {
  std::memcpy(data.data() + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
}

static void storeFloat(std::vector<unsigned char> &data, int64_t i, int32_t element, float value) {
  if (element == RECRT_ELEMENT_F32)
    store(data, i, value);
  else
    store(data, i, roundToBf16(value));
}

namespace {
/// Reads one file for one signature.
class FileReader {
public:
  FileReader(const SafetensorsFile &file, const EntrySignature &signature, FileError &error)
      : file(file), signature(signature), error(error) {}

  bool readOffsets(size_t rowSpace, std::vector<int64_t> &offsets);
  /// The number of requests that the inputs without offsets say.
  bool countRequests(int64_t &requests);
  bool readInput(size_t input, int64_t requests, const std::vector<std::vector<int64_t>> &offsets,
                 std::vector<unsigned char> &data);
  void findUnused(std::vector<std::string> &warnings) const;

private:
  bool fail(const std::string &what) {
    error = invalidFile(file.source(), what);
    return false;
  }
  const FileTensor *use(const std::string &name) {
    const FileTensor *tensor = file.find(name);
    if (tensor)
      used.insert(name);
    return tensor;
  }
  /// The tensor of an input; null with the error set when there is none or there are two.
  const FileTensor *findInput(const std::string &name);
  /// `holders` have the rows: requests, or rows that have bags.
  bool readOffsetTensor(const FileTensor &tensor, const std::string &holders, std::vector<int64_t> &offsets);

  const SafetensorsFile &file;
  const EntrySignature &signature;
  FileError &error;
  std::set<std::string> used;
};
} // namespace

const FileTensor *FileReader::findInput(const std::string &name) {
  const FileTensor *plain = use(name), *values = use(name + ".values");
  if (plain && values)
    fail("the file holds '" + name + "' and '" + name + ".values'; expected one of them");
  else if (!plain && !values)
    fail("input '" + name + "' is missing: expected a tensor '" + name + "' or '" + name + ".values'");
  else
    return plain ? plain : values;
  return nullptr;
}

bool FileReader::readOffsetTensor(const FileTensor &tensor, const std::string &holders, std::vector<int64_t> &offsets) {
  if ((tensor.type != TensorType::I64 && tensor.type != TensorType::I32) || tensor.shape.size() != 1 ||
      tensor.shape[0] < 1)
    return fail("'" + tensor.name + "' is " + tensor.describe() + ", expected i64[" + holders + " + 1] offsets");
  for (int64_t i = 0; i < tensor.shape[0]; ++i)
    offsets.push_back(tensor.loadInteger(i));
  if (offsets[0] != 0)
    return fail("expected '" + tensor.name + "' to begin with 0, got " + std::to_string(offsets[0]));
  for (size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] < offsets[i - 1])
      return fail("'" + tensor.name + "' must not decrease: number " + std::to_string(i) + " is " +
                  std::to_string(offsets[i]) + " after " + std::to_string(offsets[i - 1]));
  return true;
}

bool FileReader::readOffsets(size_t rowSpace, std::vector<int64_t> &offsets) {
  const std::string space = signature.rowSpaces[rowSpace].name;
  std::vector<std::string> names = {space + ".offsets"};
  for (const recrt_tensor_info &input : signature.inputs)
    if (input.row_space == static_cast<int32_t>(rowSpace) && input.name != space)
      names.push_back(std::string(input.name) + ".offsets");
  const int32_t owner = signature.rowSpaces[rowSpace].bags_of;
  const std::string holders =
      owner < 0 ? "requests" : std::string("rows of ") + signature.rowSpaces[static_cast<size_t>(owner)].name;
  std::string source;
  for (const std::string &name : names) {
    const FileTensor *tensor = use(name);
    if (!tensor)
      continue;
    std::vector<int64_t> read;
    if (!readOffsetTensor(*tensor, holders, read))
      return false;
    if (source.empty()) {
      source = name;
      offsets = std::move(read);
    } else if (read != offsets) {
      return fail("'" + name + "' and '" + source + "' differ: inputs over row space '" + space +
                  "' have the same rows in a request");
    }
  }
  return !source.empty() || fail("row space '" + space + "' has no offsets: expected a tensor '" + names.front() + "'");
}

bool FileReader::countRequests(int64_t &requests) {
  for (const recrt_tensor_info &input : signature.inputs) {
    if (input.fixed_rows < 1)
      continue;
    const FileTensor *tensor = findInput(input.name);
    if (!tensor)
      return false;
    requests = tensor->numElements() / input.row_elements / input.fixed_rows;
    return true;
  }
  return fail("nothing in the file says how many requests it holds");
}

static std::string expectedShape(const recrt_tensor_info &input, int64_t rows) {
  std::string shape = "[" + std::to_string(rows);
  for (int32_t i = 0; i < input.num_dims; ++i)
    shape += ", " + std::to_string(input.dims[i]);
  return shape + "]";
}

/// Whether a tensor holds so many rows: rows x dims, or requests x fixed rows x dims.
static bool hasShape(const FileTensor &tensor, const recrt_tensor_info &input, int64_t rows, int64_t requests) {
  const std::vector<int64_t> dims(input.dims, input.dims + input.num_dims);
  std::vector<int64_t> packed = {rows}, nested = {requests, input.fixed_rows};
  packed.insert(packed.end(), dims.begin(), dims.end());
  nested.insert(nested.end(), dims.begin(), dims.end());
  return tensor.shape == packed || (input.fixed_rows >= 0 && tensor.shape == nested);
}

bool FileReader::readInput(size_t index, int64_t requests, const std::vector<std::vector<int64_t>> &offsets,
                           std::vector<unsigned char> &data) {
  const recrt_tensor_info &input = signature.inputs[index];
  const FileTensor *tensor = findInput(input.name);
  if (!tensor)
    return false;
  int64_t rows = -1;
  if (input.row_space >= 0)
    rows = offsets[static_cast<size_t>(input.row_space)].back();
  else if (input.fixed_rows >= 0)
    rows = requests * input.fixed_rows;
  else if (!tensor->shape.empty())
    rows = tensor->shape[0]; // a derived row space: the runtime checks the number of rows
  if (!hasShape(*tensor, input, rows, requests))
    return fail("input '" + std::string(input.name) + "' is " + tensor->describe() + ", expected " +
                expectedShape(input, rows));
  const bool wantsInteger = input.element == RECRT_ELEMENT_I64;
  if (wantsInteger == isFloat(tensor->type))
    return fail("input '" + std::string(input.name) + "' is " + tensor->describe() + ", expected " +
                (wantsInteger ? "integers" : "floats"));
  const int64_t count = tensor->numElements();
  data.resize(static_cast<size_t>(count) * elementWidth(input.element));
  for (int64_t i = 0; i < count; ++i) {
    if (wantsInteger)
      store(data, i, tensor->loadInteger(i));
    else
      storeFloat(data, i, input.element, static_cast<float>(tensor->loadDouble(i)));
  }
  return true;
}

void FileReader::findUnused(std::vector<std::string> &warnings) const {
  for (const FileTensor &tensor : file.tensors())
    if (used.count(tensor.name) == 0)
      warnings.push_back(file.source() + ": warning: entry '" + signature.name + "' has no use for tensor " +
                         quoteForMessage(tensor.name));
}

std::optional<RequestBatch> RequestBatch::fromFile(const SafetensorsFile &file, const EntrySignature &signature,
                                                   std::vector<std::string> &warnings, FileError &error) {
  FileReader reader(file, signature, error);
  RequestBatch batch;
  batch.offsets.resize(signature.rowSpaces.size());
  batch.data.resize(signature.inputs.size());
  for (size_t i = 0; i < batch.offsets.size(); ++i) {
    if (!reader.readOffsets(i, batch.offsets[i]))
      return std::nullopt;
    // Bags stand behind what they are of.
    const int32_t owner = signature.rowSpaces[i].bags_of;
    const size_t count = batch.offsets[i].size(), first = batch.offsets[0].size();
    const int64_t bags = owner < 0 ? -1 : batch.offsets[static_cast<size_t>(owner)].back();
    if (owner >= 0 && static_cast<int64_t>(count) != bags + 1) {
      error = invalidFile(file.source(), std::string("the offsets of row space '") + signature.rowSpaces[i].name +
                                             "' are of " + std::to_string(count - 1) +
                                             " bags, expected one for each of the " + std::to_string(bags) +
                                             " rows of '" + signature.rowSpaces[static_cast<size_t>(owner)].name + "'");
      return std::nullopt;
    }
    if (owner < 0 && count != first) {
      error = invalidFile(file.source(), std::string("the offsets of row space '") + signature.rowSpaces[i].name +
                                             "' are of " + std::to_string(count - 1) + " requests, those of '" +
                                             signature.rowSpaces[0].name + "' of " + std::to_string(first - 1));
      return std::nullopt;
    }
  }
  if (batch.offsets.empty()) {
    if (!reader.countRequests(batch.requests))
      return std::nullopt;
  } else {
    batch.requests = static_cast<int64_t>(batch.offsets[0].size()) - 1;
  }
  for (size_t i = 0; i < batch.data.size(); ++i)
    if (!reader.readInput(i, batch.requests, batch.offsets, batch.data[i]))
      return std::nullopt;
  reader.findUnused(warnings);
  batch.describe(signature);
  return batch;
}

namespace {
/// splitmix64: the same numbers on every platform.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t bound) { return bound <= 0 ? 0 : static_cast<int64_t>(next() % static_cast<uint64_t>(bound)); }

private:
  uint64_t state;
};
} // namespace

std::optional<RequestBatch> RequestBatch::random(const EntrySignature &signature, int64_t numRequests, uint64_t seed,
                                                 FileError &error) {
  constexpr int64_t uncheckedBelow = 100;
  constexpr int64_t maxRandomBytes = int64_t(1) << 34;
  Random random(seed);
  RequestBatch batch;
  batch.requests = numRequests;
  for (const recrt_row_space_info &space : signature.rowSpaces) {
    // Of bags, those of the first request are as large as they can be.
    const bool ofBags = space.bags_of >= 0;
    const std::vector<int64_t> *owner = ofBags ? &batch.offsets[static_cast<size_t>(space.bags_of)] : nullptr;
    const int64_t holders = ofBags ? owner->back() : numRequests, full = ofBags ? (*owner)[1] : 1;
    std::vector<int64_t> offsets = {0};
    for (int64_t i = 0; i < holders; ++i)
      offsets.push_back(offsets.back() + (i < full ? space.max_rows : random.below(space.max_rows + 1)));
    batch.offsets.push_back(std::move(offsets));
  }
  for (const recrt_tensor_info &input : signature.inputs) {
    if (input.row_space < 0 && input.fixed_rows < 0) {
      error = invalidFile("random requests",
                          "input '" + std::string(input.name) + "' has rows of a derived row space; give a file");
      return std::nullopt;
    }
    const int64_t rows = input.row_space >= 0 ? batch.offsets[static_cast<size_t>(input.row_space)].back()
                                              : numRequests * input.fixed_rows;
    if (rows > maxRandomBytes / input.row_bytes) {
      error = {FileErrorKind::Resource, "random requests: error: input '" + std::string(input.name) + "' would have " +
                                            std::to_string(rows) + " rows; ask for fewer requests"};
      return std::nullopt;
    }
    const int64_t count = rows * input.row_elements;
    std::vector<unsigned char> data(static_cast<size_t>(count) * elementWidth(input.element));
    for (int64_t i = 0; i < count; ++i) {
      if (input.element == RECRT_ELEMENT_I64)
        store(data, i, random.below(input.id_limit >= 0 ? input.id_limit : uncheckedBelow));
      else
        storeFloat(data, i, input.element,
                   static_cast<float>(static_cast<int64_t>(random.next() >> 40) - (1 << 23)) * 0x1p-23f);
    }
    batch.data.push_back(std::move(data));
  }
  batch.describe(signature);
  return batch;
}

void RequestBatch::describe(const EntrySignature &signature) {
  for (size_t i = 0; i < signature.rowSpaces.size(); ++i)
    rowOffsets.push_back({signature.rowSpaces[i].name, offsets[i].data(), static_cast<int64_t>(offsets[i].size())});
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const recrt_tensor_info &input = signature.inputs[i];
    const int64_t rows = static_cast<int64_t>(data[i].size()) / input.row_bytes;
    inputs.push_back({input.name, data[i].data(), rows, input.row_elements, input.element});
  }
}

recrt_request RequestBatch::request() const {
  recrt_request request = {};
  request.size = sizeof(request);
  request.num_requests = requests;
  request.row_offsets = rowOffsets.data();
  request.num_row_offsets = static_cast<int32_t>(rowOffsets.size());
  request.inputs = inputs.data();
  request.num_inputs = static_cast<int32_t>(inputs.size());
  return request;
}

} // namespace reccc
