// SPDX-License-Identifier: Apache-2.0
// Finds the rows that are read of every value, backwards, and rebuilds the ops on those rows, forwards.
#include "NarrowOp.h"
#include "reccc/Analysis/Cost.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace reccc {
#define GEN_PASS_DEF_REMOVEDEADROWSPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

namespace {
/// One run over one model.
class DeadRows {
public:
  explicit DeadRows(ModelOp model) : block(model.getBody().front()), builder(model.getContext()) {}

  void run() {
    findDemands();
    for (BlockArgument argument : block.getArguments())
      narrowed[argument] = argument;
    for (Operation &op : llvm::make_early_inc_range(block))
      rebuild(&op);
    eraseUnused();
  }

  int64_t numNarrowed = 0, numKept = 0;

private:
  /// Uses come behind definitions, so one walk backwards sees every use of a value before its definition.
  void findDemands() {
    for (BlockArgument argument : block.getArguments())
      demands[argument] = RowDemand::all(spaceOf(argument));
    for (Operation &op : llvm::reverse(block)) {
      if (isNorm(&op))
        normInputs[op.getResult(0)] = op.getOperand(0);
      RowDemand result = findResultDemand(&op);
      // What binds rows stands before all that has them: whether something has them is known.
      if (auto filter = dyn_cast<FilterRowsOp>(op); filter && liveRows.contains(filter.getBoundRows()))
        result = RowDemand::all(spaceOf(filter.getPlaces()));
      for (Value value : op.getResults())
        if (isJagged(value))
          demands[value] = result;
      if (op.getNumResults() != 0 && isJagged(op.getResult(0)) && result.isNone())
        continue; // nobody reads it
      liveRows.insert_range(findOpaqueSpaces(&op));
      for (auto [value, demand] : llvm::zip_equal(op.getOperands(), getOperandDemands(&op, result))) {
        if (!isJagged(value) || isa<BlockArgument>(value))
          continue;
        auto [it, isNew] = demands.try_emplace(value, demand);
        if (!isNew)
          it->second.join(demand);
      }
    }
  }

  /// What the uses read of the results (which share a row space), or more where the op cannot give less.
  RowDemand findResultDemand(Operation *op) {
    RowDemand result;
    for (Value value : op->getResults()) {
      if (!isJagged(value))
        return result;
      auto it = demands.find(value);
      RowDemand read = it == demands.end() ? RowDemand::none(spaceOf(value)) : it->second;
      if (value == op->getResult(0))
        result = read;
      else
        result.join(read);
    }
    if (op->getNumResults() == 0 || result.isNone() || result.isAll())
      return result;
    StringRef obstacle = getObstacle(op, result);
    if (obstacle.empty())
      return result;
    ++numKept;
    remark::missed(op->getLoc(), remark::RemarkOpts::name("all rows kept").category("recsys-remove-dead-rows"))
        << (op->getName().getStringRef() + " computes all " + describeRows(result.getWholeSpace()) +
            " rows though not all are read: " + obstacle)
               .str();
    return RowDemand::all(result.getWholeSpace());
  }

  /// Gives `op` the rows that are read of it.
  void rebuild(Operation *op) {
    bool hasRows = op->getNumResults() != 0 && isJagged(op->getResult(0));
    RowDemand result = hasRows ? demands[op->getResult(0)] : RowDemand();
    if (hasRows && result.isNone())
      return;
    SmallVector<Value> operands;
    for (auto [value, demand] : llvm::zip_equal(op->getOperands(), getOperandDemands(op, result)))
      operands.push_back(!isJagged(value) || demand.isNone() ? value : get(value, demand));
    builder.setInsertionPoint(op);
    if (hasRows && !result.isAll() && isa<LinearOp, AttentionOp, EmbeddingOp, EmbeddingBagOp>(op))
      remark::passed(op->getLoc(), remark::RemarkOpts::name("rows dropped").category("recsys-remove-dead-rows"))
          << (op->getName().getStringRef() + " computes " + describeRows(result.getSpace()) + " rows instead of " +
              describeRows(result.getWholeSpace()))
                 .str();
    SmallVector<Value> results = narrowOp(builder, op, operands, result);
    for (auto [before, after] : llvm::zip_equal(op->getResults(), results)) {
      narrowed[before] = after;
      numNarrowed += hasRows && !result.isAll();
    }
  }

  /// The rows `demand` of `value`, whose definition has been rebuilt already. Each selection is made once.
  Value get(Value value, const RowDemand &demand) {
    for (auto &[known, selected] : selections[value])
      if (known == demand)
        return selected;
    Value whole = narrowed[value], result = whole;
    RowDemand present = demands[value];
    if (!(demand == present)) {
      builder.setInsertionPointAfterValue(whole);
      Operation *op = value.getDefiningOp();
      if (isNorm(op)) {
        // Norms are recomputed: they fuse into the linear that reads them, and then nobody stores their values.
        Value input = get(normInputs[value], demand);
        builder.setInsertionPointAfterValue(whole);
        SmallVector<Value> operands(op->getOperands());
        operands[0] = input;
        result = narrowOp(builder, op, operands, demand, /*inPlace=*/false).front();
      } else {
        result = selectRows(builder, value.getLoc(), whole, present, demand);
      }
    }
    selections[value].push_back({demand, result});
    return result;
  }

  void eraseUnused() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op) || (isa<FilterRowsOp>(op) && demands[op.getResult(0)].isNone()))
        op.erase();
  }

  static bool isNorm(Operation *op) { return isa_and_nonnull<LayerNormOp, L2NormOp, RmsNormOp>(op); }

  Block &block;
  OpBuilder builder;
  /// Per value of the model as it was: the rows that are kept of it, what holds them now, and selections of that.
  DenseMap<Value, RowDemand> demands;
  DenseMap<Value, Value> narrowed;
  /// Opaque spaces that ops whose results are read name.
  llvm::SetVector<Attribute> liveRows;
  /// What a norm read in the model as it was: the op itself may have been rebuilt in place.
  DenseMap<Value, Value> normInputs;
  DenseMap<Value, SmallVector<std::pair<RowDemand, Value>>> selections;
};

struct RemoveDeadRows : reccc::impl::RemoveDeadRowsPassBase<RemoveDeadRows> {
  void runOnOperation() override {
    DeadRows rows(getOperation());
    rows.run();
    numNarrowed += rows.numNarrowed;
    numKept += rows.numKept;
  }
};
} // namespace
