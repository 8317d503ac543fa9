// SPDX-License-Identifier: Apache-2.0
// Copies of values that cannot lie where they are wanted, before the plan gives places.
#include "InsertCopies.h"

#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace mlir::rectile;

/// A value is written by a kernel or, piece by piece, by the kernels that feed a container.
static bool isWritten(Value value) {
  return value.getDefiningOp() && isa<KernelOp, ConcatRowsOp, InterleaveOp>(value.getDefiningOp());
}

/// The value whose storage `value` shares whole, though its type may be another.
static Value throughReshapes(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeFeaturesOp>())
    value = reshape.getInput();
  return value;
}

static Value insertCopy(OpBuilder &builder, Operation *before, Value value) {
  builder.setInsertionPoint(before);
  auto kernel = KernelOp::create(builder, before->getLoc(), TypeRange(value.getType()), ValueRange(value),
                                 KernelKind::rows, ArrayAttr(), ArrayAttr());
  Block *body = builder.createBlock(&kernel.getBody());
  Value argument = body->addArgument(value.getType(), value.getLoc());
  builder.setInsertionPointToEnd(body);
  YieldOp::create(builder, before->getLoc(), argument);
  return kernel.getResult(0);
}

/// Whether the rows of `value` within a row of `frame` lie at one distance from one another, which the compiler knows.
static bool isEvenlySpaced(Value value, Attribute frame, const Claims &claims) {
  while (true) {
    Operation *op = value.getDefiningOp();
    auto claim = claims.find(throughReshapes(value));
    if (op && isa<ReshapeFeaturesOp, SliceFeaturesOp, SliceRowsOp, TakeRowsOp, DeinterleaveOp>(op)) {
      value = op->getOperand(0);
    } else if (auto repeat = dyn_cast_or_null<RepeatRowsOp>(op)) {
      if (spaceOf(value) == repeat.getOuter()) // one row again and again
        return false;
      value = repeat.getInput();
      continue;
    } else if (claim != claims.end() && claim->second->getOwner()->getNumResults() == 1) {
      value = claim->second->getOwner()->getResult(0);
    } else {
      return true;
    }
    // A part of each row of another frame.
    Attribute whole = getFrame(spaceOf(value));
    if (!isa<RequestAttr>(whole) && whole != frame)
      return false;
  }
}

/// Attention walks along its keys and values from their first row.
static void spaceSources(OpBuilder &builder, KernelOp kernel, const Claims &claims) {
  auto attention = dyn_cast<AttentionOp>(kernel.getBody().front().front());
  if (!attention)
    return;
  for (ValueRange sources : {attention.getKeys(), attention.getValues()})
    for (Value source : sources) {
      OpOperand &use = kernel->getOpOperand(cast<BlockArgument>(source).getArgNumber());
      if (!isEvenlySpaced(use.get(), attention.getFrame(), claims))
        use.set(insertCopy(builder, kernel, use.get()));
    }
}

/// Whether what writes `value` stands behind all `binders`. Before them nobody knows where the rows lie that they bind,
/// nor others beside those.
static bool isWrittenBehind(Value value, ArrayRef<Operation *> binders) {
  Operation *writer = value.getDefiningOp();
  if (llvm::any_of(binders, [&](Operation *binder) { return writer->isBeforeInBlock(binder); }))
    return false;
  return isa<KernelOp>(writer) || llvm::all_of(writer->getOperands(), [&](Value operand) {
           operand = throughReshapes(operand);
           return !isWritten(operand) || isWrittenBehind(operand, binders);
         });
}

/// Containers and outputs say where their operands lie. A value can lie in one place only: where two claim it, it is
/// written before its place is known, or not by a kernel at all (an input, part of another value), a kernel copies it.
void rectile::insertCopies(ModelOp model, Claims &claims) {
  OpBuilder builder(model.getContext());
  llvm::DenseMap<Attribute, Operation *> bound;
  for (Operation &op : model.getBody().front())
    for (Attribute space : findBoundSpaces(&op))
      bound[space] = &op;
  llvm::DenseSet<Value> claimed;
  auto claim = [&](OpOperand &use) {
    Value value = throughReshapes(use.get());
    SmallVector<Operation *> binders;
    if (!bound.empty() && !isa<OutputOp>(use.getOwner()))
      for (Attribute space : findOpaqueSpaces(use.getOwner()))
        binders.push_back(bound.lookup(space));
    if (!isWritten(value) || claimed.contains(value) || !isWrittenBehind(value, binders)) {
      value = insertCopy(builder, use.getOwner(), use.get());
      use.set(value);
    }
    claimed.insert(value);
    claims[value] = &use;
  };
  SmallVector<Operation *> containers;
  for (Operation &op : model.getBody().front())
    if (isa<ConcatRowsOp, InterleaveOp, OutputOp>(op))
      containers.push_back(&op);
  // Outputs first: they cannot lie anywhere else.
  for (Operation *op : llvm::reverse(containers))
    for (OpOperand &use : op->getOpOperands())
      claim(use);
  for (KernelOp kernel : model.getBody().getOps<KernelOp>())
    spaceSources(builder, kernel, claims);
}
