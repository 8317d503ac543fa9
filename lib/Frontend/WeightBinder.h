// SPDX-License-Identifier: Apache-2.0
// Binds parameters to tensors of the weights file by name, and checks or learns their shapes.
#ifndef RECCC_LIB_FRONTEND_WEIGHTBINDER_H
#define RECCC_LIB_FRONTEND_WEIGHTBINDER_H

#include "Report.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace reccc {
class SafetensorsFile;
struct FileTensor;

/// A size of a tensor: known (from the model) or to be learned from the weights.
struct Dim {
  Dim(int64_t size = -1, std::string from = "") : size(size), from(std::move(from)) {}
  int64_t size;     // -1: whatever the file says
  std::string from; // what a known size follows from: "4 heads x (2 x 16 qk + 2 x 16 v)"; of an
                    // unknown one: the field that would tell it
};

class WeightBinder {
public:
  WeightBinder(ModuleOp module, const SafetensorsFile *weights);

  /// The parameter of tensor `name` with the given sizes, once for all users. `notes` are places
  /// that decided the sizes.
  FailureOr<Value> bind(OpBuilder &builder, Location where, StringRef name, ArrayRef<Dim> dims,
                        ArrayRef<std::pair<Location, std::string>> notes = {});

  /// The shape in the file; nullopt without a file or such a tensor.
  std::optional<ArrayRef<int64_t>> shapeOf(StringRef name) const;

  bool hasFile() const { return weights; }
  Location fileLocation(MLIRContext *context) const;
  void markUsed(StringRef name) { used.insert({name, true}); }
  /// All tensors of the file whose names begin so.
  void markPrefixUsed(StringRef prefix);
  bool contains(StringRef name) const;
  /// Reports a name that the file does not have, with the nearest ones.
  LogicalResult reportMissing(Location where, StringRef name) const;
  /// One warning for all tensors that nobody asked for.
  void warnUnused(MLIRContext *context) const;

private:
  FailureOr<SmallVector<int64_t>> checkShape(Location where, StringRef name, ArrayRef<Dim> dims,
                                             ArrayRef<std::pair<Location, std::string>> notes) const;

  ModuleOp module;
  const SafetensorsFile *weights;
  llvm::StringMap<bool> used;
  llvm::MapVector<StringAttr, RankedTensorType> declared;
  llvm::DenseMap<StringAttr, Value> values;
};

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_WEIGHTBINDER_H
