// SPDX-License-Identifier: Apache-2.0
// Writes down which ids an input may hold, so that the runtime can refuse a request before any kernel runs: the tables
// that an input reaches through views decide.
#include "reccc/Codegen/Plan/Passes.h"

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

namespace reccc {
#define GEN_PASS_DEF_RECORDIDLIMITSPASS
#include "reccc/Codegen/Plan/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;

static constexpr StringLiteral kIdLimit = "recsys.id_limit";

/// The inputs of the model that the ids of a lookup are an arrangement of; fails at an op that computes. Rows that are
/// padded, or gathered where there is none, hold id 0, which every table has.
static LogicalResult traceInputs(Operation *lookup, Value ids, llvm::SetVector<BlockArgument> &inputs) {
  SmallVector<Value> worklist = {ids};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (auto input = dyn_cast<BlockArgument>(value)) {
      inputs.insert(input);
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (auto gather = dyn_cast<GatherRowsOp>(op)) {
      worklist.push_back(gather.getInput());
      continue;
    }
    if (!isa<View, BroadcastRowsOp, PadRowsOp, ShiftOp, GroupRowsOp, FoldRowsOp>(op)) {
      InFlightDiagnostic diagnostic =
          lookup->emitError()
          << "expected ids that come from an input, since a bad one rejects the request, got ids that are "
             "computed; say what happens to ids out of range (out_of_range: CLAMP)";
      diagnostic.attachNote(op->getLoc()) << "computed here";
      return diagnostic;
    }
    llvm::append_range(worklist, op->getOperands());
  }
  return success();
}

namespace {
struct RecordIdLimitsPass : reccc::impl::RecordIdLimitsPassBase<RecordIdLimitsPass> {
  using RecordIdLimitsPassBase::RecordIdLimitsPassBase;
  void runOnOperation() override {
    ModelOp model = getOperation();
    Builder builder(&getContext());
    auto record = [&](auto lookup) -> LogicalResult {
      if (lookup.getOutOfRange() != OutOfRange::reject_request)
        return success();
      llvm::SetVector<BlockArgument> inputs;
      if (failed(traceInputs(lookup, lookup.getIds(), inputs)))
        return failure();
      int64_t rows = lookup.getTable().getType().getDimSize(0);
      for (BlockArgument input : inputs) {
        auto before = model.getArgAttrOfType<IntegerAttr>(input.getArgNumber(), kIdLimit);
        if (!before || before.getInt() > rows)
          model.setArgAttr(input.getArgNumber(), kIdLimit, builder.getI64IntegerAttr(rows));
      }
      return success();
    };
    WalkResult result = model.walk([&](Operation *op) -> WalkResult {
      return llvm::TypeSwitch<Operation *, LogicalResult>(op)
          .Case<EmbeddingOp, EmbeddingBagOp, EmbeddingBagsOp>(record)
          .Default([](Operation *) { return success(); });
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
