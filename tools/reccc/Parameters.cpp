// SPDX-License-Identifier: Apache-2.0
// Looks tensors up by their names in the checkpoint.
#include "Parameters.h"

#include "reccc/Support/Checksum.h"
#include <random>

using namespace mlir;
using namespace reccc;

/// Small numbers, so that activations stay near 1.
static void makeValues(recsys::ParameterOp parameter, RankedTensorType type, std::vector<double> &values) {
  StringRef name = parameter.getSource();
  std::mt19937_64 engine(checksum64(name.data(), name.size()));
  double range = type.getRank() == 2 ? 1.0 / std::sqrt(static_cast<double>(type.getDimSize(0))) : 0.1;
  for (double &value : values)
    value = range * (static_cast<double>(engine() >> 11) * 0x1p-52 - 1);
}

LogicalResult reccc::readParameter(const Input &input, recsys::ParameterOp parameter, std::vector<double> &values) {
  auto type = cast<RankedTensorType>(parameter.getType());
  values.resize(type.getNumElements());
  if (!input.weights) {
    makeValues(parameter, type, values);
    return success();
  }
  StringRef name = parameter.getSource();
  const FileTensor *tensor = input.weights->find(std::string_view(name.data(), name.size()));
  if (!tensor)
    return parameter.emitError() << "expected the tensor '" << name << "' in " << input.weights->source()
                                 << ", got none";
  if (ArrayRef<int64_t>(tensor->shape) != type.getShape())
    return parameter.emitError() << "expected the tensor '" << name << "' of " << input.weights->source() << " to be "
                                 << type << ", got " << tensor->describe();
  for (int64_t i = 0, e = values.size(); i < e; ++i)
    values[i] = tensor->loadDouble(i);
  return success();
}
