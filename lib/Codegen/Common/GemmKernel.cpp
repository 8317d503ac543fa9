// SPDX-License-Identifier: Apache-2.0
// Kind gemm: rows of A to fp32 scratch, then fragments of A times panels of packed weights, then the epilogue, whose
// operators are the kernel's own. One accumulator for each element and k in order: neither the height of a fragment nor
// the split of the columns can change a bit.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "reccc/Codegen/CPU/LowerFragments.h"
#include "reccc/Codegen/Common/Kernels.h"
#include "reccc/Codegen/Common/RowProgram.h"

using namespace mlir;
using namespace reccc;

/// Rows of a panel that are asked for ahead of their use: about 200 cycles.
static constexpr int64_t kPanelPrefetch = 16;

namespace {
/// One linear of the kernel, its panels and what follows it.
struct Linear {
  recsys::LinearOp op;
  int64_t firstPanel;
  int64_t panels;
  SmallVector<Operation *> epilogue;
  SmallVector<unsigned> results; // yielded values that it computes
};

class GemmBuilder {
public:
  GemmBuilder(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces, const TargetDescription &target)
      : frame(kernel, function, spaces, target), b(frame.b), target(target), kernel(kernel),
        space(cast<recsys::JaggedType>(kernel.getResultTypes().front()).getSpace()) {}

  FailureOr<KernelFacts> build();

private:
  LogicalResult sortOperators();
  LogicalResult buildPrologue(Value firstRow, Value endRow, Value isFirstSplit);
  LogicalResult buildLinear(Linear &linear, Value firstRow, Value endRow, Value low, Value high);
  LogicalResult buildFragment(Linear &linear, Value firstRow, Value tileRow, int64_t height, Value panel);
  LogicalResult buildEpilogue(Linear &linear, Value row, Value tile, Value panel, int64_t columns);

  KernelFrame frame;
  TileBuilder &b;
  const TargetDescription &target;
  rectile::KernelOp kernel;
  Attribute space;

  SmallVector<Operation *> prologue;
  SmallVector<unsigned> prologueResults;
  SmallVector<Linear> linears;
  int64_t depth = 0;   // k
  int64_t aStride = 0; // of the scratch rows
  Value a, tile;       // scratch: rows of A, accumulators of one fragment
};
} // namespace

/// The ops behind a linear, and broadcasts that only such ops read.
static llvm::DenseSet<Operation *> findEpilogues(Block &body) {
  llvm::DenseSet<Operation *> ops;
  for (Operation &op : body.without_terminator())
    if (!isa<recsys::LinearOp>(op) && llvm::any_of(op.getOperands(), [&](Value operand) {
          Operation *producer = operand.getDefiningOp();
          return producer && (isa<recsys::LinearOp>(producer) || ops.contains(producer));
        }))
      ops.insert(&op);
  for (auto broadcast : body.getOps<recsys::BroadcastRowsOp>())
    if (llvm::all_of(broadcast->getUsers(), [&](Operation *user) { return ops.contains(user); }))
      ops.insert(broadcast);
  return ops;
}

/// Prologue, linears, and for each linear what depends on it.
LogicalResult GemmBuilder::sortOperators() {
  llvm::DenseSet<Operation *> behind = findEpilogues(kernel.getBody().front());
  llvm::DenseMap<Value, unsigned> owner;
  int64_t panels = 0;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto linear = dyn_cast<recsys::LinearOp>(op)) {
      int64_t count = llvm::divideCeil(linear.getOutFeatures(), kPanelColumns);
      owner[linear] = linears.size();
      linears.push_back({linear, panels, count, {}, {}});
      panels += count;
      continue;
    }
    std::optional<unsigned> follows;
    for (Value operand : op.getOperands()) {
      auto it = owner.find(operand);
      if (it == owner.end())
        continue;
      if (follows && *follows != it->second)
        return op.emitOpError("in a gemm kernel expects to follow one linear, not several");
      follows = it->second;
    }
    if (!follows) {
      if (!behind.contains(&op)) // else its reader takes it along
        prologue.push_back(&op);
      continue;
    }
    if (!isa<recsys::Elementwise>(op))
      return op.emitOpError("behind a linear of a gemm kernel expects to be elementwise");
    for (Value operand : op.getOperands()) {
      auto broadcast = operand.getDefiningOp<recsys::BroadcastRowsOp>();
      if (broadcast && behind.contains(broadcast) && owner.try_emplace(broadcast, *follows).second)
        linears[*follows].epilogue.push_back(broadcast);
      if (!owner.contains(operand) && !isa<BlockArgument>(operand))
        return op.emitOpError("behind a linear of a gemm kernel expects operands of the kernel or of this epilogue");
    }
    linears[*follows].epilogue.push_back(&op);
    for (Value result : op.getResults())
      owner[result] = *follows;
  }
  for (auto [number, value] : llvm::enumerate(kernel.getBody().front().getTerminator()->getOperands())) {
    auto it = owner.find(value);
    (it == owner.end() ? prologueResults : linears[it->second].results).push_back(number);
  }
  depth = linears.front().op.getInFeatures();
  // Off by a cache line from powers of two, which would all fall into a few sets of the cache.
  aStride = llvm::alignTo(depth, 16) + 16;
  return success();
}

LogicalResult GemmBuilder::buildPrologue(Value firstRow, Value endRow, Value isFirstSplit) {
  LogicalResult emitted = success();
  Operation *yield = kernel.getBody().front().getTerminator();
  SmallVector<Operation *> readers = prologue;
  readers.push_back(linears.front().op);
  for (unsigned number : prologueResults)
    if (isa<BlockArgument>(yield->getOperand(number)))
      return kernel.emitOpError("expects results that it computes, but yields operand ")
             << cast<BlockArgument>(yield->getOperand(number)).getArgNumber();
  b.forTiles(firstRow, endRow, 1, [&](Value row) {
    RowProgram program(frame, space, /*mayMaterialize=*/true);
    program.beginRow(row, readers);
    emitted = program.emit(prologue);
    if (failed(emitted))
      return;
    Value place = b.at(a, b.mul(b.sub(row, firstRow), aStride), b.getF32Type());
    Value input = linears.front().op.getInput();
    program.store(input, place, b.getF32Type());
    if (prologueResults.empty())
      return;
    program.define(input, program.inMemory(place, b.getF32Type(), depth, /*padded=*/true));
    b.ifThen(isFirstSplit, [&] {
      for (unsigned number : prologueResults) {
        KernelOperand &result = frame.result(number);
        program.store(yield->getOperand(number), frame.rowPointer(result, row), result.element);
      }
    });
  });
  return emitted;
}

LogicalResult GemmBuilder::buildEpilogue(Linear &linear, Value row, Value tileRow, Value panel, int64_t columns) {
  Value firstColumn = b.mul(panel, kPanelColumns);
  RowProgram program(frame, space, /*mayMaterialize=*/false);
  SmallVector<Operation *> readers = linear.epilogue;
  program.beginRow(row, readers);
  // The linear's own row: accumulators of this panel, and the bias.
  RowValue product;
  product.size = linear.op.getOutFeatures();
  product.vector = [this, tileRow, firstColumn, &linear](Value offset, int64_t) {
    Type element = b.getF32Type();
    Value sum = b.loadVector(b.at(tileRow, b.sub(offset, firstColumn), element), element);
    if (!linear.op.getBias())
      return sum;
    KernelOperand &bias = frame.operand(linear.op.getBias());
    return b.addf(sum, b.loadVector(b.at(bias.data, offset, bias.element), bias.element));
  };
  program.define(linear.op, product);
  if (failed(program.emit(linear.epilogue)))
    return failure();
  Operation *yield = kernel.getBody().front().getTerminator();
  SmallVector<Value> pointers;
  for (unsigned number : linear.results)
    pointers.push_back(frame.rowPointer(frame.result(number), row));
  for (int64_t column = 0; column < columns; column += b.lanes) {
    Value offset = b.add(firstColumn, column);
    int64_t valid = std::min(b.lanes, columns - column);
    for (auto [number, pointer] : llvm::zip_equal(linear.results, pointers)) {
      Type element = frame.result(number).element;
      Value vector = program.get(yield->getOperand(number)).vector(offset, valid);
      b.storeVector(vector, b.at(pointer, offset, element), element, valid);
    }
  }
  return success();
}

LogicalResult GemmBuilder::buildFragment(Linear &linear, Value firstRow, Value tileRow, int64_t height, Value panel) {
  Type f32 = b.getF32Type();
  KernelOperand &weight = frame.operand(linear.op.getWeight());
  Value aRow = b.at(a, b.mul(b.sub(tileRow, firstRow), aStride), f32);
  Value panelData = b.at(weight.data, b.mul(panel, depth * kPanelColumns), weight.element);
  auto type = rectile::FragmentType::get(b.getContext(), height, target.fragmentColumns);
  for (int64_t column = 0; column < kPanelColumns; column += target.fragmentColumns) {
    Value sums = b.make<rectile::ZeroOp>(type);
    auto dot = b.make<rectile::DotOp>(type, sums, aRow, b.getI64IntegerAttr(aStride), b.getI64IntegerAttr(1),
                                      TypeAttr::get(f32), b.at(panelData, column, weight.element),
                                      b.getI64IntegerAttr(kPanelColumns), TypeAttr::get(weight.element), b.i64(depth),
                                      IntegerAttr());
    dot->setAttr(kPrefetchAttr, b.getI64IntegerAttr(kPanelPrefetch));
    sums = dot;
    b.make<rectile::StoreOp>(sums, b.at(tile, column, f32), b.getI64IntegerAttr(kPanelColumns));
  }
  LogicalResult emitted = success();
  auto epilogue = [&](int64_t columns) {
    b.forTiles(b.i64(0), b.i64(height), 1, [&](Value i) {
      Value row = b.add(tileRow, i);
      Value accumulators = b.at(tile, b.mul(i, kPanelColumns), f32);
      if (failed(buildEpilogue(linear, row, accumulators, panel, columns)))
        emitted = failure();
    });
  };
  int64_t rest = linear.op.getOutFeatures() % kPanelColumns;
  if (rest == 0) {
    epilogue(kPanelColumns);
  } else if (linear.panels == 1) {
    epilogue(rest);
  } else {
    Value isFull = b.cmp(arith::CmpIPredicate::slt, panel, b.i64(linear.panels - 1));
    b.ifElse(isFull, [&] { epilogue(kPanelColumns); }, [&] { epilogue(rest); });
  }
  return emitted;
}

LogicalResult GemmBuilder::buildLinear(Linear &linear, Value firstRow, Value endRow, Value low, Value high) {
  // A group of panels stays in the cache while the rows of the block pass by.
  int64_t panelBytes = depth * kPanelColumns * sizeof(float);
  int64_t group = std::max<int64_t>(1, target.gemmPanelBytes / panelBytes);
  LogicalResult emitted = success();
  b.forTiles(low, high, group, [&](Value groupLow) {
    Value groupHigh = b.min(b.add(groupLow, group), high);
    b.forRows(firstRow, endRow, [&](Value tileRow, int64_t height) {
      b.forTiles(groupLow, groupHigh, 1, [&](Value panel) {
        if (failed(buildFragment(linear, firstRow, tileRow, height, panel)))
          emitted = failure();
      });
    });
  });
  return emitted;
}

FailureOr<KernelFacts> GemmBuilder::build() {
  if (failed(sortOperators()))
    return failure();
  int64_t block = getRowBlock(kernel);
  int64_t panels = linears.back().firstPanel + linears.back().panels;
  a = frame.scratch(block * aStride * sizeof(float));
  tile = frame.scratch(target.fragmentRows * kPanelColumns * sizeof(float));

  Value total = frame.totalRows(space), splits = frame.numSplits();
  LogicalResult emitted = success();
  b.forTiles(frame.first(), frame.last(), 1, [&](Value item) {
    Value rowBlock = b.make<arith::DivUIOp>(item, splits);
    Value split = b.sub(item, b.mul(rowBlock, splits));
    Value firstRow = b.mul(rowBlock, block);
    Value endRow = b.min(b.add(firstRow, block), total);
    auto bound = [&](Value number) { return b.make<arith::DivUIOp>(b.mul(number, panels), splits).getResult(); };
    Value low = bound(split), high = bound(b.add(split, 1));
    Value isFirst = b.cmp(arith::CmpIPredicate::eq, split, b.i64(0));
    emitted = buildPrologue(firstRow, endRow, isFirst);
    for (Linear &linear : linears) {
      if (failed(emitted))
        return;
      auto clamp = [&](Value panel) {
        return b.min(b.max(b.add(panel, -linear.firstPanel), b.i64(0)), b.i64(linear.panels));
      };
      emitted = buildLinear(linear, firstRow, endRow, clamp(low), clamp(high));
    }
  });
  frame.finish();
  if (failed(emitted))
    return failure();
  return KernelFacts{frame.scratchBytes(), block, panels};
}

FailureOr<KernelFacts> reccc::buildGemmKernel(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces,
                                              const TargetDescription &target) {
  return GemmBuilder(kernel, function, spaces, target).build();
}
