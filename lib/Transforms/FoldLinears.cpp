// SPDX-License-Identifier: Apache-2.0
// linear(linear(x, V, a), W, b) = linear(x, V W, a W + b), and linear(embedding(i, T), W, b) = embedding(i, T W) + b.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

namespace reccc {
#define GEN_PASS_DEF_FOLDLINEARSPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static constexpr StringRef kCategory = "recsys-fold-linears";

/// Products that multiplying weights may take at compile time: seconds.
static constexpr int64_t kMaxProducts = int64_t(1) << 32;

/// Bytes of a folded table that lookups still find in a cache.
static constexpr int64_t kMaxTableBytes = 1 << 20;

/// The linears that read a value; none when something else does too.
static SmallVector<LinearOp> findReaders(Value value) {
  SmallVector<LinearOp> readers;
  for (Operation *user : value.getUsers()) {
    auto linear = dyn_cast<LinearOp>(user);
    if (!linear)
      return {};
    readers.push_back(linear);
  }
  return readers;
}

static int64_t countColumns(ArrayRef<LinearOp> linears) {
  int64_t columns = 0;
  for (LinearOp linear : linears)
    columns += linear.getOutFeatures();
  return columns;
}

/// The weight as [in, out].
static Value getMatrix(OpBuilder &builder, LinearOp linear) {
  return linear.getTransposed() ? ParamTransposeOp::create(builder, linear.getLoc(), linear.getWeight()).getResult()
                                : linear.getWeight();
}

static void foldIntoReader(LinearOp inner, LinearOp outer) {
  OpBuilder builder(outer);
  Location loc = outer.getLoc();
  Value matrix = getMatrix(builder, outer), bias = outer.getBias();
  if (inner.getBias()) {
    Value moved = ParamVecmatOp::create(builder, loc, inner.getBias(), matrix);
    bias = bias ? ParamAddOp::create(builder, loc, moved, bias).getResult() : moved;
  }
  outer.getInputMutable().assign(inner.getInput());
  outer.getWeightMutable().assign(ParamMatmulOp::create(builder, loc, getMatrix(builder, inner), matrix));
  outer.getBiasMutable().clear();
  if (bias)
    outer.getBiasMutable().assign(bias);
  outer.setTransposed(false);
}

static void foldIntoTable(EmbeddingOp embedding, LinearOp linear) {
  OpBuilder builder(linear);
  Location loc = linear.getLoc();
  Value table = ParamMatmulOp::create(builder, loc, embedding.getTable(), getMatrix(builder, linear));
  Value rows = EmbeddingOp::create(builder, loc, embedding.getIds(), table, embedding.getOutOfRange());
  if (linear.getBias()) {
    Value bias = SplatRowsOp::create(builder, loc, linear.getType(), linear.getBias());
    rows = AddOp::create(builder, loc, rows, bias);
  }
  linear.getResult().replaceAllUsesWith(rows);
  linear.erase();
}

/// Why the readers do not take the input of `inner`; empty when they do.
static StringRef getObstacle(LinearOp inner, ArrayRef<LinearOp> readers) {
  if (readers.empty())
    return "something else reads it";
  int64_t in = inner.getInFeatures(), between = inner.getOutFeatures(), out = countColumns(readers);
  if (in * out >= in * between + between * out)
    return "together they are more work";
  return in * between > kMaxProducts / out ? "their weights are too large to multiply" : "";
}

static bool isFoldable(EmbeddingOp embedding, ArrayRef<LinearOp> readers) {
  int64_t rows = embedding.getTable().getType().getDimSize(0);
  std::optional<int64_t> lookups = embedding.getIds().getType().getRowSpace().getMaxRows();
  // The rows of a partial sum would be rounded to the table's type.
  return !readers.empty() && lookups && rows <= *lookups &&
         rows * countColumns(readers) * int64_t(sizeof(float)) <= kMaxTableBytes &&
         llvm::none_of(readers, [](LinearOp linear) { return linear->hasAttr(kPartialSumAttr); });
}

namespace {
struct FoldLinears : reccc::impl::FoldLinearsPassBase<FoldLinears> {
  void runOnOperation() override {
    // Backwards, so that a chain becomes one linear: its end goes into what stands before it first.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(getOperation().getBody().front()))) {
      if (auto inner = dyn_cast<LinearOp>(op))
        fold(inner);
      else if (auto embedding = dyn_cast<EmbeddingOp>(op))
        fold(embedding);
    }
  }

  void fold(LinearOp inner) {
    SmallVector<LinearOp> readers = findReaders(inner);
    if (StringRef obstacle = getObstacle(inner, readers); !obstacle.empty()) {
      if (!readers.empty())
        remark::missed(inner.getLoc(), remark::RemarkOpts::name("linear kept").category(kCategory))
            << ("the linear stays apart from those that read it: " + obstacle).str();
      return;
    }
    remark::passed(inner.getLoc(), remark::RemarkOpts::name("linear folded").category(kCategory))
        << "the linear went into those that read it";
    for (LinearOp reader : readers)
      foldIntoReader(inner, reader);
    inner.erase();
    ++numLinears;
  }

  void fold(EmbeddingOp embedding) {
    SmallVector<LinearOp> readers = findReaders(embedding.getResult());
    if (!isFoldable(embedding, readers))
      return;
    remark::passed(embedding.getLoc(), remark::RemarkOpts::name("table folded").category(kCategory))
        << "the linears that read the rows went into the table";
    for (LinearOp reader : readers) {
      foldIntoTable(embedding, reader);
      ++numTables;
    }
    embedding.erase();
  }
};
} // namespace
