// SPDX-License-Identifier: Apache-2.0
// Random parameters and expressions over them.
#include "ModelGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

Value ModelGenerator::parameter(ArrayRef<int64_t> shape, double size) {
  std::string name = "w" + std::to_string(numParameters++);
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  std::vector<float> numbers(type.getNumElements());
  for (float &value : numbers)
    value = static_cast<float>(size * random.around0());
  weights.add(name, shape.vec(), std::move(numbers));
  OpBuilder outside(body->getParentOp());
  ParameterOp::create(outside, loc, outside.getStringAttr(name), outside.getStringAttr("private"), TypeAttr::get(type),
                      outside.getStringAttr(name));
  return GetParameterOp::create(builder, loc, type, name);
}

Value ModelGenerator::weight(ArrayRef<int64_t> shape, double size) {
  int64_t rank = shape.size();
  SmallVector<int64_t> other(shape);
  switch (random.chance(0.5) ? 0 : random.below(11)) {
  case 1: { // a part of a longer one
    int64_t dim = random.below(rank), offset = random.below(3);
    other[dim] += offset + random.below(3);
    return ParamSliceOp::create(builder, loc, weight(other, size), dim, offset, shape[dim]);
  }
  case 2:
    if (rank == 2)
      return ParamTransposeOp::create(builder, loc, weight({shape[1], shape[0]}, size));
    break;
  case 3: {
    int64_t count = 1;
    for (int64_t extent : shape)
      count *= extent;
    int64_t rows = divisorOf(count);
    return ParamReshapeOp::create(builder, loc, RankedTensorType::get(shape, builder.getF32Type()),
                                  weight({rows, count / rows}, size));
  }
  case 4: {
    int64_t dim = random.below(rank);
    if (shape[dim] < 2)
      break;
    SmallVector<Value> parts;
    other[dim] = random.between(1, shape[dim] - 1);
    parts.push_back(weight(other, size));
    other[dim] = shape[dim] - other[dim];
    parts.push_back(weight(other, size));
    return ParamConcatOp::create(builder, loc, parts, dim);
  }
  case 5:
    return ParamAddOp::create(builder, loc, weight(shape, size / 2), weight(shape, size / 2));
  case 6:
    return ParamSubOp::create(builder, loc, weight(shape, size / 2), weight(shape, size / 2));
  case 7:
    return ParamMulOp::create(builder, loc, weight(shape, size), weight(shape, 1));
  case 8: { // 1 / sqrt(p^2 + 1) is at most 1
    Value root = parameter(shape, 2);
    Value square = ParamMulOp::create(builder, loc, root, root);
    Value factor = ParamRsqrtOp::create(builder, loc, square, number(1));
    return ParamMulOp::create(builder, loc, factor, parameter(shape, size));
  }
  case 9:
    if (rank == 2 && random.chance(0.5)) {
      int64_t in = random.between(1, 6);
      return ParamMatmulOp::create(builder, loc, weight({shape[0], in}, 1), weight({in, shape[1]}, size / in));
    }
    if (rank == 2)
      return ParamScaleRowsOp::create(builder, loc, weight(shape, size), weight({shape[0]}, 1));
    if (rank == 1) {
      int64_t in = random.between(1, 6);
      return ParamVecmatOp::create(builder, loc, weight({in}, 1), weight({in, shape[0]}, size / in));
    }
    break;
  case 10:
    if (rank == 2 && size >= 1)
      return ParamL2NormOp::create(builder, loc, weight(shape, size), number(random.pick({1e-3, 0.5})));
    break;
  }
  return parameter(shape, size);
}

Value ModelGenerator::matrix(int64_t in, int64_t out, bool transposed) {
  return weight(transposed ? ArrayRef<int64_t>{out, in} : ArrayRef<int64_t>{in, out}, std::sqrt(3.0 / in));
}

} // namespace reccc::fuzz
