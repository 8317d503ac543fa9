// SPDX-License-Identifier: Apache-2.0
// Reads outputs back from a context.
#include "reccc/Requests/Outputs.h"

#include <cmath>
#include <cstring>

namespace reccc {

static std::optional<recrt_output_view> viewOutput(const recrt_context *context, size_t index, FileError &error) {
  recrt_output_view view;
  view.size = sizeof(view);
  const recrt_status status = recrt_context_get_output(context, static_cast<int32_t>(index), &view);
  if (status.code == RECRT_OK)
    return view;
  error = {FileErrorKind::Invalid, std::string(status.place) + ": error: " + status.message};
  return std::nullopt;
}

void addOutput(std::vector<TensorToWrite> &tensors, const recrt_tensor_info &output, const void *data,
               const int64_t *offsets, int64_t numRequests) {
  TensorToWrite tensor;
  tensor.name = output.name;
  tensor.type = output.element == RECRT_ELEMENT_I64   ? TensorType::I64
                : output.element == RECRT_ELEMENT_F32 ? TensorType::F32
                                                      : TensorType::BF16;
  tensor.shape = {offsets[numRequests]};
  tensor.shape.insert(tensor.shape.end(), output.dims, output.dims + output.num_dims);
  tensor.data = data;
  tensors.push_back(tensor);
  if (output.fixed_rows != 1)
    tensors.push_back({tensor.name + ".offsets", TensorType::I64, {numRequests + 1}, offsets});
}

bool writeOutputs(const std::string &path, const recrt_context *context, const EntrySignature &signature,
                  FileError &error) {
  std::vector<TensorToWrite> tensors;
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    const recrt_tensor_info &output = signature.outputs[i];
    const std::optional<recrt_output_view> view = viewOutput(context, i, error);
    if (!view)
      return false;
    addOutput(tensors, output, view->data, view->offsets, view->num_requests);
  }
  return writeSafetensors(path, tensors, error);
}

/// Element i of an output as a double.
static double loadOutput(const recrt_output_view &view, int32_t element, int64_t i) {
  if (element == RECRT_ELEMENT_F32)
    return static_cast<const float *>(view.data)[i];
  const uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t *>(view.data)[i]) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static std::string placeOf(const recrt_output_view &view, const recrt_tensor_info &output, int64_t i) {
  const int64_t row = i / output.row_elements;
  int64_t request = 0;
  while (view.offsets[request + 1] <= row)
    ++request;
  return "request " + std::to_string(request) + ", row " + std::to_string(row - view.offsets[request]) + ", element " +
         std::to_string(i % output.row_elements);
}

static OutputDifference compareOutput(const FileTensor &expected, const recrt_output_view &view,
                                      const recrt_tensor_info &output, double tolerance) {
  OutputDifference result;
  result.name = output.name;
  result.elements = view.num_rows * output.row_elements;
  double worst = -1;
  int64_t worstAt = -1;
  for (int64_t i = 0; i < result.elements; ++i) {
    double difference;
    bool wrong;
    if (output.element == RECRT_ELEMENT_I64) {
      const int64_t given = static_cast<const int64_t *>(view.data)[i];
      const int64_t want = expected.loadInteger(i);
      difference = std::fabs(static_cast<double>(given) - static_cast<double>(want));
      wrong = given != want;
    } else {
      const double given = loadOutput(view, output.element, i), want = expected.loadDouble(i);
      const bool same = given == want || (std::isnan(given) && std::isnan(want));
      difference = same ? 0 : std::fabs(given - want);
      // Anything that is not a number differs by more than any tolerance.
      if (std::isnan(difference))
        difference = INFINITY;
      wrong = !same && (std::isinf(want) || !(difference <= tolerance * std::fmax(1, std::fabs(want))));
    }
    result.wrong += wrong;
    result.maxAbsolute = std::fmax(result.maxAbsolute, difference);
    const double rank = wrong ? difference + 1e300 : difference;
    if (rank > worst) {
      worst = rank;
      worstAt = i;
    }
  }
  if (worstAt >= 0)
    result.place = placeOf(view, output, worstAt);
  return result;
}

bool compareOutputs(const SafetensorsFile &expected, const recrt_context *context, const EntrySignature &signature,
                    double tolerance, std::vector<OutputDifference> &differences, FileError &error) {
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    const recrt_tensor_info &output = signature.outputs[i];
    const std::string name = output.name;
    const FileTensor *tensor = expected.find(name);
    if (!tensor)
      tensor = expected.find(name + ".values");
    if (!tensor)
      continue;
    const std::optional<recrt_output_view> view = viewOutput(context, i, error);
    if (!view)
      return false;
    if (tensor->numElements() != view->num_rows * output.row_elements ||
        (output.element == RECRT_ELEMENT_I64) == isFloat(tensor->type)) {
      error = invalidFile(expected.source(), "'" + tensor->name + "' is " + tensor->describe() + ", the output has " +
                                                 std::to_string(view->num_rows) + " rows of " +
                                                 std::to_string(output.row_elements) +
                                                 (output.element == RECRT_ELEMENT_I64 ? " integers" : " floats"));
      return false;
    }
    differences.push_back(compareOutput(*tensor, *view, output, tolerance));
  }
  if (differences.empty()) {
    error = invalidFile(expected.source(), "it holds none of the outputs of entry '" + signature.name +
                                               "', whose first is '" + signature.outputs.front().name + "'");
    return false;
  }
  return true;
}

} // namespace reccc
