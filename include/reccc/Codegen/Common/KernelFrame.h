// SPDX-License-Identifier: Apache-2.0
// The calling convention of kernels (recrt/module.h) as seen from inside: operands, row spaces, scratch.
#ifndef RECCC_CODEGEN_COMMON_KERNELFRAME_H
#define RECCC_CODEGEN_COMMON_KERNELFRAME_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "reccc/Codegen/Common/TileBuilder.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "llvm/ADT/MapVector.h"

namespace reccc {

/// An operand or result of a kernel: its layout and, inside of the function, its pointers.
struct KernelOperand {
  rectile::LayoutAttr layout; // null for a parameter
  Type element;
  int64_t elements; // of a row, or of the parameter
  Value data;
  Value rows; // null unless mapped
};

/// The spaces that the kernels of one `rectile.kernel` see, in the order of `recrt_kernel_args`; all levels share it.
class SpaceList {
public:
  unsigned index(Attribute space) { return indices.insert({space, indices.size()}).first->second; }
  SmallVector<Attribute> spaces() const {
    return llvm::map_to_vector(indices, [](auto &entry) { return entry.first; });
  }

private:
  llvm::MapVector<Attribute, unsigned> indices;
};

/// A row of a frame: what an op reads together. For the frame `request` both numbers are the request.
struct Instance {
  Attribute frame;
  Value index;
  Value request;
};

class KernelFrame {
public:
  /// Begins the body of `function`, which has the signature of `getKernelType`.
  KernelFrame(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces, const TargetDescription &target);

  /// void(args, first, last, scratch)
  static FunctionType getKernelType(MLIRContext *context);
  /// i64(args, item)
  static FunctionType getAreaType(MLIRContext *context);

  TileBuilder b;
  rectile::KernelOp kernel;

  Value first() { return entry->getArgument(1); }
  Value last() { return entry->getArgument(2); }
  /// Fields of recrt_kernel_args.
  Value items();
  Value numSplits();

  /// A block argument of the kernel's body, and the result with a number.
  KernelOperand &operand(Value argument);
  KernelOperand &result(unsigned number) { return operands[kernel.getInputs().size() + number]; }
  /// Where row `row` of an operand begins.
  Value rowPointer(KernelOperand &operand, Value row);

  // Row spaces.
  Value offsetOf(Attribute space, Value request);
  Value requestOfRow(Attribute space, Value row);
  Value totalRows(Attribute space);
  /// Where bag `row` begins: the bag of row `row` of what the bags are of.
  Value bagOffset(Attribute bags, Value row);
  /// Rows of a request.
  Value rowsOf(Attribute space, Value request);
  /// Row `index` of a frame.
  Instance instance(Attribute frame, Value index);
  /// The row of `frame` that row `row` of a space belongs to: the frame of the space, that one's frame, and so on.
  Instance instanceOfRow(Attribute frame, Attribute space, Value row);
  /// Rows of an instance and where they begin; those of its request where the space is not grouped by its frame.
  Value rowsOf(Attribute space, const Instance &instance);
  Value offsetOf(Attribute space, const Instance &instance);
  /// The results of a map over the row in its request (d0) and the lengths of spaces in the request.
  SmallVector<Value> affineResults(AffineMap map, ArrayRef<Attribute> lengthSpaces, Value row, Value request);

  /// A place of `bytes` in the scratch memory, aligned to 64.
  Value scratch(int64_t bytes);
  int64_t scratchBytes() const { return scratchUsed; }

  /// Ends the function.
  void finish(ValueRange results = {});

private:
  /// Emits at the end of the function's prologue.
  Value inEntry(function_ref<Value()> build);
  Value argsField(uint64_t offset, Type type);
  Value spaceField(Attribute space, uint64_t offset, Type type);

  Block *entry;
  Operation *entryEnd; // prologue code goes before it
  SpaceList &spaces;
  SmallVector<KernelOperand> operands;
  llvm::DenseMap<std::pair<Attribute, uint64_t>, Value> spaceFields;
  int64_t scratchUsed = 0;
  bool hasScratch;
};

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_KERNELFRAME_H
