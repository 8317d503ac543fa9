// SPDX-License-Identifier: Apache-2.0
// The weights of a compiled model: which tensors the kernels read, how each is packed, and their bytes.
#ifndef RECCC_CODEGEN_PLAN_WEIGHTS_H
#define RECCC_CODEGEN_PLAN_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Support/LLVM.h"
#include "llvm/ADT/MapVector.h"
#include <vector>

namespace reccc {

/// One parameter expression in one packing, and its place in the blob.
struct PackedWeight {
  Value value;
  rectile::Packing packing;
  int64_t offset; // a multiple of 64
  int64_t bytes;
};

/// Where everything lies in the blob; follows from the dispatches alone, without the values.
class WeightLayout {
public:
  explicit WeightLayout(ModuleOp module);

  ArrayRef<PackedWeight> getWeights() const { return weights; }
  /// The number of the weight that an operand of a dispatch reads.
  unsigned indexOf(Value value, rectile::Packing packing) const {
    return indices.lookup({value, static_cast<int>(packing)});
  }
  int64_t getTotalBytes() const { return totalBytes; }

private:
  std::vector<PackedWeight> weights;
  llvm::DenseMap<std::pair<Value, int>, unsigned> indices;
  int64_t totalBytes = 0;
};

/// Reads all elements of a parameter, row-major.
using ReadParameter = llvm::function_ref<LogicalResult(recsys::ParameterOp, std::vector<double> &)>;

/// Evaluates the parameter expressions in double, rounds each once to its storage type and packs it. The blob has
/// `getTotalBytes()` bytes.
FailureOr<std::vector<char>> packWeights(const WeightLayout &layout, ReadParameter read);

} // namespace reccc

#endif // RECCC_CODEGEN_PLAN_WEIGHTS_H
