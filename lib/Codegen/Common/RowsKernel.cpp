// SPDX-License-Identifier: Apache-2.0
// Kind rows: for each row of the items' blocks, the operators one after another.
#include "reccc/Codegen/Common/Kernels.h"
#include "reccc/Codegen/Common/RowProgram.h"

using namespace mlir;
using namespace reccc;

FailureOr<KernelFacts> reccc::buildRowsKernel(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces,
                                              const TargetDescription &target) {
  KernelFrame frame(kernel, function, spaces, target);
  TileBuilder &b = frame.b;
  Attribute space = cast<recsys::JaggedType>(kernel.getResultTypes().front()).getSpace();
  int64_t block = getRowBlock(kernel);

  SmallVector<Operation *> ops;
  for (Operation &op : kernel.getBody().front())
    ops.push_back(&op);
  Operation *yield = ops.back();

  // The items are neighbouring blocks: one range of rows.
  Value end = b.min(b.mul(frame.last(), block), frame.totalRows(space));
  LogicalResult emitted = success();
  b.forTiles(b.mul(frame.first(), block), end, 1, [&](Value row) {
    RowProgram program(frame, space, /*mayMaterialize=*/true);
    program.beginRow(row, ops);
    emitted = program.emit(ArrayRef(ops).drop_back());
    if (failed(emitted))
      return;
    for (auto [number, value] : llvm::enumerate(yield->getOperands())) {
      KernelOperand &result = frame.result(number);
      program.store(value, frame.rowPointer(result, row), result.element);
    }
  });
  frame.finish();
  if (failed(emitted))
    return failure();
  return KernelFacts{frame.scratchBytes(), block, 0};
}
