// SPDX-License-Identifier: Apache-2.0
// Groups the ops of a model into kernels: row-wise chains become prologues and epilogues of the linears next to them,
// the rest becomes kernels of row-wise ops. What stays between kernels are views and parameter expressions.
#include "Grouping.h"

#include "reccc/Codegen/Plan/Passes.h"

#include "reccc/Codegen/Common/PackParameter.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

namespace reccc {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "reccc/Codegen/Plan/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;
using mlir::rectile::KernelKind;
using mlir::rectile::KernelOp;

/// Kernels of more row-wise ops than this compile slowly and gain nothing.
static constexpr size_t kMaxRowOps = 64;
/// Elements of the weights of linears that follow each other in one kernel. Larger ones take longer to multiply than
/// the rows between them to write and to read, and a kernel of several cannot be shared out by columns.
static constexpr int64_t kMaxChainedWeight = 16384;

//===-- What may be where --------------------------------------------------------------------===//

static JaggedType resultType(Operation *op) { return dyn_cast<JaggedType>(op->getResult(0).getType()); }

/// Views move no data: they stay between kernels. Joining features is work.
static bool isView(Operation *op) { return isa<View>(op) && !isa<ConcatFeaturesOp>(op); }

/// Ops that a chain over the rows of their result can hold.
static bool isRowOp(Operation *op) {
  if (op->getNumResults() != 1 || isView(op) || isa<LinearOp>(op))
    return false;
  return isa<RowWise, RowIndexOp, BroadcastRowsOp, SplatRowsOp, ShiftOp, PadRowsOp, GroupRowsOp, FoldRowsOp,
             GatherRowsOp, PoolOp, EmbeddingBagsOp, RequestLinearOp, NearestRowsOp>(op);
}

/// The operands of a row op that are read at its own row: over the same space, and not the ones that stand for other
/// rows.
static SmallVector<Value> sameRowOperands(Operation *op) {
  if (isa<BroadcastRowsOp, PadRowsOp, GroupRowsOp, FoldRowsOp, GatherRowsOp, PoolOp, EmbeddingBagsOp>(op))
    return {};
  if (isa<ShiftOp>(op))
    return {};
  if (auto linear = dyn_cast<RequestLinearOp>(op))
    return {linear.getInput()};
  if (auto nearest = dyn_cast<NearestRowsOp>(op))
    return {nearest.getQuery()};
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    if (isa<JaggedType>(operand.getType()))
      operands.push_back(operand);
  return operands;
}

/// Values that an op reads at other rows must come from another kernel.
static bool readsOtherRowsOf(Operation *op, const llvm::SetVector<Operation *> &ops) {
  SmallVector<Value> same = sameRowOperands(op);
  return llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
    Operation *producer = operand.get().getDefiningOp();
    // The input of a request_linear may also be its bias, the query of a nearest_rows its keys.
    bool isSame = llvm::is_contained(same, operand.get()) &&
                  !(isa<RequestLinearOp, NearestRowsOp>(op) && operand.getOperandNumber() != 0);
    return producer && ops.contains(producer) && !isSame;
  });
}

//===-- Gemms --------------------------------------------------------------------------------===//

/// Takes the row ops that compute the input of `linears` into the group, nearest first.
static void takePrologue(Grouping &grouping, Group *group, Value input) {
  SmallVector<Value> worklist = {input};
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op || grouping.groupOf(op) || !isRowOp(op) || resultType(op).getSpace() != group->space ||
        group->ops.size() >= kMaxRowOps)
      continue;
    llvm::SetVector<Operation *> grown = group->ops;
    grown.insert(op);
    if (llvm::any_of(grown, [&](Operation *member) { return readsOtherRowsOf(member, grown); }) ||
        grouping.hasCycle(grown))
      continue;
    grouping.add(group, op);
    llvm::append_range(worklist, sameRowOperands(op));
  }
}

/// A broadcast that one op reads: that op's kernel can read the broadcast rows where they are.
static Operation *getOwnBroadcast(Grouping &grouping, Value value) {
  auto broadcast = value.getDefiningOp<BroadcastRowsOp>();
  bool isFree = broadcast && broadcast->hasOneUse() && !grouping.groupOf(broadcast) && jaggedTypeOf(value).isFloat();
  return isFree ? broadcast.getOperation() : nullptr;
}

/// Takes the elementwise ops that follow a linear, as long as each is the only user of the one before. Their other
/// operands come from outside of the kernel, or are broadcast from there. Returns the last value.
static Value takeEpilogue(Grouping &grouping, Group *group, LinearOp linear) {
  Value value = linear.getResult();
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (!isa<Elementwise>(user) || grouping.groupOf(user))
      return value;
    llvm::SetVector<Operation *> grown = group->ops;
    for (Value operand : user->getOperands())
      if (Operation *broadcast = getOwnBroadcast(grouping, operand))
        grown.insert(broadcast);
    grown.insert(user);
    bool otherInside = llvm::any_of(user->getOperands(), [&](Value operand) {
      return operand != value && operand.getDefiningOp() && group->ops.contains(operand.getDefiningOp());
    });
    if (otherInside || grouping.hasCycle(grown) ||
        llvm::any_of(grown, [&](Operation *member) { return readsOtherRowsOf(member, grown); }))
      return value;
    for (Operation *taken : grown)
      if (!group->ops.contains(taken))
        grouping.add(group, taken);
    value = user->getResult(0);
  }
  return value;
}

/// Whether an elementwise op behind `linear` reads a value of the group, which an epilogue cannot: a residual around
/// both linears of a block. It rides on the linear when that has a kernel of its own.
static bool addsValueOf(Group *group, LinearOp linear) {
  Value value = linear.getResult();
  while (value.hasOneUse() && isa<Elementwise>(*value.user_begin())) {
    Operation *user = *value.user_begin();
    if (llvm::any_of(user->getOperands(), [&](Value operand) {
          return operand.getDefiningOp() && group->ops.contains(operand.getDefiningOp());
        }))
      return true;
    value = user->getResult(0);
  }
  return false;
}

/// Takes the linears that follow one after the other, each with its epilogue: their rows stay in the cache.
static void takeChain(Grouping &grouping, Group *group, LinearOp linear, Value value) {
  auto isSmall = [](LinearOp op) { return op.getInFeatures() * op.getOutFeatures() <= kMaxChainedWeight; };
  while (isSmall(linear) && value.hasOneUse()) {
    auto next = dyn_cast<LinearOp>(*value.user_begin());
    if (!next || grouping.groupOf(next) || !isSmall(next) || addsValueOf(group, next))
      return;
    llvm::SetVector<Operation *> grown = group->ops;
    grown.insert(next);
    if (grouping.hasCycle(grown))
      return;
    grouping.add(group, next);
    value = takeEpilogue(grouping, group, linear = next);
  }
}

static void formGemms(Grouping &grouping, Block &block) {
  for (auto first : block.getOps<LinearOp>()) {
    if (grouping.groupOf(first))
      continue;
    Group *group = grouping.create(KernelKind::gemm, first.getResult().getType().getSpace());
    grouping.add(group, first);
    // Users are listed last to first; results come in the order of the description.
    SmallVector<Operation *> users = llvm::to_vector(first.getInput().getUsers());
    for (Operation *user : llvm::reverse(users)) {
      auto linear = dyn_cast<LinearOp>(user);
      if (!linear || linear.getInput() != first.getInput() || grouping.groupOf(linear))
        continue;
      llvm::SetVector<Operation *> grown = group->ops;
      grown.insert(linear);
      if (!grouping.hasCycle(grown))
        grouping.add(group, linear);
    }
    SmallVector<LinearOp> linears;
    for (Operation *op : group->ops)
      linears.push_back(cast<LinearOp>(op));
    takePrologue(grouping, group, first.getInput());
    for (LinearOp linear : linears) {
      Value last = takeEpilogue(grouping, group, linear);
      if (linears.size() == 1)
        takeChain(grouping, group, linear, last);
    }
  }
}

//===-- The rest -----------------------------------------------------------------------------===//

static void formSingles(Grouping &grouping, Block &block) {
  for (Operation &op : block) {
    std::optional<KernelKind> kind;
    if (isa<AttentionOp>(op))
      kind = KernelKind::attention;
    else if (isa<TopKOp>(op))
      kind = KernelKind::top_k;
    else if (isa<FilterRowsOp>(op))
      kind = KernelKind::filter;
    if (kind)
      grouping.add(grouping.create(*kind, resultType(&op).getSpace()), &op);
  }
}

/// Joins each remaining row op with the groups of row ops that feed it.
static void formRows(Grouping &grouping, Block &block) {
  auto mayJoin = [&](const llvm::SetVector<Operation *> &ops, Group *group) {
    llvm::SetVector<Operation *> grown = group->ops;
    grown.insert(ops.begin(), ops.end());
    return grown.size() <= kMaxRowOps && !grouping.hasCycle(grown) &&
           llvm::none_of(grown, [&](Operation *op) { return readsOtherRowsOf(op, grown); });
  };
  for (Operation &op : block) {
    if (grouping.groupOf(&op) || !isRowOp(&op))
      continue;
    Attribute space = resultType(&op).getSpace();
    Group *group = nullptr;
    for (Value operand : sameRowOperands(&op)) {
      Operation *producer = operand.getDefiningOp();
      Group *other = producer ? grouping.groupOf(producer) : nullptr;
      if (!other || other == group || other->kind != KernelKind::rows || other->space != space)
        continue;
      llvm::SetVector<Operation *> joining;
      if (group)
        joining = group->ops;
      else
        joining.insert(&op);
      if (!mayJoin(joining, other))
        continue;
      if (group)
        grouping.merge(group, other);
      else
        grouping.add(group = other, &op);
    }
    if (!group)
      grouping.add(grouping.create(KernelKind::rows, space), &op);
  }
}

//===-- Building -----------------------------------------------------------------------------===//

/// A parameter that the body reads packed in several ways becomes as many arguments.
static void separatePackings(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  for (unsigned index = 0; index < body.getNumArguments(); ++index) {
    BlockArgument argument = body.getArgument(index);
    if (isa<JaggedType>(argument.getType()))
      continue;
    rectile::Packing packing = getPacking(*argument.use_begin());
    auto isOther = [&](OpOperand &use) { return getPacking(use) != packing; };
    if (llvm::none_of(argument.getUses(), isOther))
      continue;
    kernel.getInputsMutable().append(kernel.getInputs()[index]);
    argument.replaceUsesWithIf(body.addArgument(argument.getType(), argument.getLoc()), isOther);
  }
}

/// Moves the ops of a group into a kernel that stands where the last of them stood.
static void buildKernel(Group &group, OpBuilder &builder) {
  SmallVector<Operation *> ops(group.ops.begin(), group.ops.end());
  llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  llvm::SetVector<Value> inputs;
  SmallVector<Value> outputs;
  SmallVector<Location> places;
  for (Operation *op : ops) {
    places.push_back(op->getLoc());
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp() || !group.ops.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !group.ops.contains(user); }) ||
          group.kind == KernelKind::top_k || group.kind == KernelKind::attention || group.kind == KernelKind::filter)
        outputs.push_back(result);
  }
  builder.setInsertionPointAfter(ops.back());
  auto kernel =
      KernelOp::create(builder, builder.getFusedLoc(places), TypeRange(ValueRange(outputs)), inputs.getArrayRef(),
                       group.kind, /*operand_layouts=*/ArrayAttr(), /*result_layouts=*/ArrayAttr());
  Block *body = builder.createBlock(&kernel.getBody());
  for (auto [output, result] : llvm::zip(outputs, kernel.getResults()))
    output.replaceUsesWithIf(result, [&](OpOperand &use) { return !group.ops.contains(use.getOwner()); });
  for (Operation *op : ops)
    op->moveBefore(body, body->end());
  for (Value input : inputs) {
    BlockArgument argument = body->addArgument(input.getType(), input.getLoc());
    input.replaceUsesWithIf(argument, [&](OpOperand &use) { return use.getOwner()->getBlock() == body; });
  }
  builder.setInsertionPointToEnd(body);
  rectile::YieldOp::create(builder, kernel.getLoc(), outputs);
  separatePackings(kernel);
}

/// Puts every op behind what it reads and behind what binds rows that it names, otherwise in the order that there is.
/// False when ops need each other.
static bool sortByNeed(Block &block) {
  llvm::SetVector<Operation *> waiting;
  llvm::DenseMap<Attribute, Operation *> binders;
  for (Operation &op : block.without_terminator()) {
    waiting.insert(&op);
    for (Attribute space : findBoundSpaces(&op))
      binders[space] = &op;
  }
  llvm::DenseMap<Operation *, SmallVector<Operation *>> needs;
  for (Operation *op : waiting) {
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        needs[op].push_back(producer);
    for (Attribute space : binders.empty() ? llvm::SetVector<Attribute>() : findOpaqueSpaces(op))
      if (Operation *binder = binders.lookup(space); binder && binder != op)
        needs[op].push_back(binder);
  }
  llvm::DenseSet<Operation *> sorted;
  for (bool moved = true; moved && !waiting.empty();) {
    moved = false;
    for (Operation *op : waiting.takeVector()) {
      if (llvm::any_of(needs[op], [&](Operation *need) { return !sorted.contains(need); })) {
        waiting.insert(op);
        continue;
      }
      sorted.insert(op);
      op->moveBefore(block.getTerminator());
      moved = true;
    }
  }
  return waiting.empty();
}

static LogicalResult formKernels(ModelOp model) {
  Block &block = model.getBody().front();
  Grouping grouping(block);
  // 1. Linears first: what can ride on a GEMM costs no pass over memory.
  formGemms(grouping, block);
  // 2. Attention and top-k stand alone.
  formSingles(grouping, block);
  // 3. What is left, joined where one feeds the other.
  formRows(grouping, block);
  OpBuilder builder(model.getContext());
  for (const std::unique_ptr<Group> &group : grouping.getGroups())
    buildKernel(*group, builder);
  // 4. Groups were built where their last op stood; put every op behind what it uses.
  if (!sortByNeed(block))
    return model.emitError("kernels depend on each other in a cycle: a bug of the compiler");
  return success();
}

namespace {
struct FormKernelsPass : reccc::impl::FormKernelsPassBase<FormKernelsPass> {
  using FormKernelsPassBase::FormKernelsPassBase;
  void runOnOperation() override {
    if (failed(formKernels(getOperation())))
      return signalPassFailure();
    getOperation().walk([&](KernelOp) { ++numKernels; });
  }
};
} // namespace
