// SPDX-License-Identifier: Apache-2.0
// Kind gemm: rows of A to fp32 scratch, then fragments of A times panels of packed weights, then the epilogue, whose
// operators are the kernel's own; what comes of it may be the A of a next linear. One accumulator for each element and
// k in order: neither the height of a fragment nor the split of the columns can change a bit, nor that linears of few
// columns have their rows in the lanes.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "reccc/Codegen/CPU/LowerFragments.h"
#include "reccc/Codegen/Common/Kernels.h"
#include "reccc/Codegen/Common/RowProgram.h"

using namespace mlir;
using namespace reccc;

/// Rows of a panel that are asked for ahead of their use: about 200 cycles.
static constexpr int64_t kPanelPrefetch = 16;
/// Rows of A that linears of few columns have in the lanes.
static constexpr int64_t kLaneRows = kPanelColumns;
/// Fewer rows than these cost less one by one than together with empty lanes.
static constexpr int64_t kFewRows = 3;
/// Transposed rows of more columns would take more than 64 KB of the caches.
static constexpr int64_t kMaxLaneDepth = 512;

namespace {
/// Scratch rows that linears read: a block of A.
struct RowBlock {
  explicit RowBlock(recsys::LinearOp reader)
      // Off by a cache line from powers of two, which would all fall into a few sets of the cache.
      : value(reader.getInput()), depth(reader.getInFeatures()), stride(llvm::alignTo(depth, 16) + 16) {}
  Value value;
  int64_t depth, stride;
  Value rows; // in memory
};

/// One linear of the kernel, its panels and what follows it.
struct Linear {
  recsys::LinearOp op;
  RowBlock *input;
  int64_t firstPanel;
  int64_t panels;
  RowBlock *next = nullptr; // takes what the epilogue makes, for the linear behind it
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
  void allocate();
  LogicalResult buildPrologue(Value isFirstSplit);
  LogicalResult buildLinear(Linear &linear, Value low, Value high);
  /// Most of a panel of so few columns would be zeros.
  bool hasFewColumns(const Linear &linear) const {
    return 2 * recsys::LinearOp(linear.op).getOutFeatures() <= target.fragmentRows &&
           linear.input->depth <= kMaxLaneDepth;
  }
  LogicalResult buildFewColumns(Linear &linear);
  void multiplyInLanes(Linear &linear, Value firstRow, Value rows);
  LogicalResult buildFragment(Linear &linear, Value firstRow, int64_t height, Value panel);
  void multiply(Linear &linear, Value firstRow, int64_t height, Value panel);
  LogicalResult buildEpilogues(Linear &linear, Value firstRow, Value rows, Value panel);
  LogicalResult buildEpilogue(Linear &linear, Value row, Value accumulators, Value panel, int64_t columns);
  Value outerRow(Attribute outer, Value row) {
    int64_t number = llvm::find(outerSpaces, outer) - outerSpaces.begin();
    return b.at(outerRows, b.add(b.sub(row, blockBegin), number * blockRows), b.getI64Type());
  }
  Value inBlock(const RowBlock &block, Value row) {
    return b.at(block.rows, b.mul(b.sub(row, blockBegin), block.stride), b.getF32Type());
  }

  KernelFrame frame;
  TileBuilder &b;
  const TargetDescription &target;
  rectile::KernelOp kernel;
  Attribute space;

  SmallVector<Operation *> prologue;
  SmallVector<unsigned> prologueResults;
  SmallVector<Linear> linears;
  std::vector<std::unique_ptr<RowBlock>> blocks; // the prologue's, then those between linears
  Value blockBegin, blockEnd;                    // rows of the item
  /// What epilogues broadcast from, but the request: to find the row takes a division, once for each row of the block.
  llvm::SetVector<Attribute> outerSpaces;
  Value outerRows; // scratch: [block], for one space after the other
  int64_t blockRows;
  // Scratch: accumulators of one fragment as rows; for few columns rows of A and accumulators with rows in the lanes.
  Value tile, aLanes, tileLanes;
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
      auto before = owner.find(linear.getInput());
      bool isChained = before != owner.end();
      if (isChained || blocks.empty())
        blocks.push_back(std::make_unique<RowBlock>(linear));
      if (isChained)
        linears[before->second].next = blocks.back().get();
      int64_t count = llvm::divideCeil(linear.getOutFeatures(), kPanelColumns);
      owner[linear] = linears.size();
      linears.push_back({linear, blocks.back().get(), panels, count, nullptr, {}, {}});
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
      if (broadcast && behind.contains(broadcast) && owner.try_emplace(broadcast, *follows).second) {
        linears[*follows].epilogue.push_back(broadcast);
        Attribute from = cast<recsys::JaggedType>(broadcast.getInput().getType()).getSpace();
        if (!isa<recsys::RequestAttr>(from))
          outerSpaces.insert(from);
      }
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
  return success();
}

LogicalResult GemmBuilder::buildPrologue(Value isFirstSplit) {
  LogicalResult emitted = success();
  Operation *yield = kernel.getBody().front().getTerminator();
  SmallVector<Operation *> readers = prologue;
  readers.push_back(linears.front().op);
  for (unsigned number : prologueResults)
    if (isa<BlockArgument>(yield->getOperand(number)))
      return kernel.emitOpError("expects results that it computes, but yields operand ")
             << cast<BlockArgument>(yield->getOperand(number)).getArgNumber();
  b.forTiles(blockBegin, blockEnd, 1, [&](Value row) {
    RowProgram program(frame, space, /*mayMaterialize=*/true);
    program.beginRow(row, readers);
    emitted = program.emit(prologue);
    if (failed(emitted))
      return;
    const RowBlock &block = *blocks.front();
    Value place = inBlock(block, row);
    program.store(block.value, place, b.getF32Type());
    for (Attribute outer : outerSpaces)
      b.storeScalar(program.instanceIn(outer).index, outerRow(outer, row));
    if (prologueResults.empty())
      return;
    program.define(block.value, program.inMemory(place, b.getF32Type(), block.depth, /*padded=*/true));
    b.ifThen(isFirstSplit, [&] {
      for (unsigned number : prologueResults) {
        KernelOperand &result = frame.result(number);
        program.store(yield->getOperand(number), frame.rowPointer(result, row), result.element);
      }
    });
  });
  return emitted;
}

LogicalResult GemmBuilder::buildEpilogue(Linear &linear, Value row, Value accumulators, Value panel, int64_t columns) {
  Value firstColumn = b.mul(panel, kPanelColumns);
  RowProgram program(frame, space, /*mayMaterialize=*/false);
  SmallVector<Operation *> readers = linear.epilogue;
  SmallVector<std::pair<Attribute, Value>> known;
  for (Attribute outer : outerSpaces)
    known.push_back({outer, b.loadScalar(outerRow(outer, row), b.getI64Type())});
  program.beginRow(row, readers, known);
  // The linear's own row: accumulators of this panel, and the bias.
  RowValue product;
  product.size = linear.op.getOutFeatures();
  product.vector = [this, accumulators, firstColumn, &linear](Value offset, int64_t) {
    Type element = b.getF32Type();
    Value sum = b.loadVector(b.at(accumulators, b.sub(offset, firstColumn), element), element);
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
    if (linear.next) {
      // In whatever kernels the linears stand, the bits are the same.
      Type element = cast<recsys::JaggedType>(linear.next->value.getType()).getElementType();
      Value vector = b.round(program.get(linear.next->value).vector(offset, valid), element);
      b.storeVector(vector, b.at(inBlock(*linear.next, row), offset, b.getF32Type()), b.getF32Type(), valid);
    }
  }
  return success();
}

/// From the accumulators in `tile` to the results.
LogicalResult GemmBuilder::buildEpilogues(Linear &linear, Value firstRow, Value rows, Value panel) {
  LogicalResult emitted = success();
  auto epilogue = [&](int64_t columns) {
    b.forTiles(b.i64(0), rows, 1, [&](Value i) {
      Value row = b.add(firstRow, i);
      Value accumulators = b.at(tile, b.mul(i, kPanelColumns), b.getF32Type());
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

/// `height` rows of A times a panel, to `tile`.
void GemmBuilder::multiply(Linear &linear, Value firstRow, int64_t height, Value panel) {
  Type f32 = b.getF32Type();
  KernelOperand &weight = frame.operand(linear.op.getWeight());
  const RowBlock &a = *linear.input;
  Value panelData = b.at(weight.data, b.mul(panel, a.depth * kPanelColumns), weight.element);
  auto type = rectile::FragmentType::get(b.getContext(), height, target.fragmentColumns);
  for (int64_t column = 0; column < kPanelColumns; column += target.fragmentColumns) {
    Value sums = b.make<rectile::ZeroOp>(type);
    auto dot = b.make<rectile::DotOp>(type, sums, inBlock(a, firstRow), b.getI64IntegerAttr(a.stride),
                                      b.getI64IntegerAttr(1), TypeAttr::get(f32),
                                      b.at(panelData, column, weight.element), b.getI64IntegerAttr(kPanelColumns),
                                      TypeAttr::get(weight.element), b.i64(a.depth), IntegerAttr());
    dot->setAttr(kPrefetchAttr, b.getI64IntegerAttr(kPanelPrefetch));
    b.make<rectile::StoreOp>(dot, b.at(tile, column, f32), b.getI64IntegerAttr(kPanelColumns));
  }
}

LogicalResult GemmBuilder::buildFragment(Linear &linear, Value firstRow, int64_t height, Value panel) {
  multiply(linear, firstRow, height, panel);
  return buildEpilogues(linear, firstRow, b.i64(height), panel);
}

/// Up to 32 rows of A times the only panel, to `tile`: the rows in the lanes, the panel's columns broadcast.
void GemmBuilder::multiplyInLanes(Linear &linear, Value firstRow, Value rows) {
  Type f32 = b.getF32Type();
  KernelOperand &weight = frame.operand(linear.op.getWeight());
  const RowBlock &a = *linear.input;
  int64_t columns = linear.op.getOutFeatures();
  SmallVector<Value> pointers;
  for (int64_t lane = 0; lane < kLaneRows; ++lane)
    pointers.push_back(inBlock(a, b.add(firstRow, b.min(b.i64(lane), b.add(rows, -1)))));
  b.transpose(f32, pointers, a.depth, aLanes, kLaneRows);
  auto type = rectile::FragmentType::get(b.getContext(), columns, target.fragmentColumns);
  for (int64_t lane = 0; lane < kLaneRows; lane += target.fragmentColumns) {
    Value sums = b.make<rectile::ZeroOp>(type);
    sums = b.make<rectile::DotOp>(type, sums, weight.data, b.getI64IntegerAttr(1), b.getI64IntegerAttr(kPanelColumns),
                                  TypeAttr::get(weight.element), b.at(aLanes, lane, f32),
                                  b.getI64IntegerAttr(kLaneRows), TypeAttr::get(f32), b.i64(a.depth), IntegerAttr());
    b.make<rectile::StoreOp>(sums, b.at(tileLanes, lane, f32), b.getI64IntegerAttr(kLaneRows));
  }
  b.forTiles(b.i64(0), rows, 1, [&](Value row) {
    for (int64_t column = 0; column < columns; ++column) {
      Value sum = b.loadScalar(b.at(tileLanes, b.add(row, column * kLaneRows), f32), f32);
      b.storeScalar(sum, b.at(tile, b.add(b.mul(row, kPanelColumns), column), f32));
    }
  });
}

LogicalResult GemmBuilder::buildFewColumns(Linear &linear) {
  LogicalResult emitted = success();
  b.forTiles(blockBegin, blockEnd, kLaneRows, [&](Value firstRow) {
    Value rows = b.min(b.i64(kLaneRows), b.sub(blockEnd, firstRow));
    Value areFew = b.cmp(arith::CmpIPredicate::slt, rows, b.i64(kFewRows));
    auto oneByOne = [&] {
      b.forTiles(firstRow, blockEnd, 1, [&](Value row) {
        if (failed(buildFragment(linear, row, 1, b.i64(0))))
          emitted = failure();
      });
    };
    b.ifElse(areFew, oneByOne, [&] {
      multiplyInLanes(linear, firstRow, rows);
      if (failed(buildEpilogues(linear, firstRow, rows, b.i64(0))))
        emitted = failure();
    });
  });
  return emitted;
}

LogicalResult GemmBuilder::buildLinear(Linear &linear, Value low, Value high) {
  LogicalResult emitted = success();
  if (hasFewColumns(linear)) {
    b.ifThen(b.cmp(arith::CmpIPredicate::slt, low, high), [&] { emitted = buildFewColumns(linear); });
    return emitted;
  }
  // A group of panels stays in the cache while the rows of the block pass by.
  int64_t panelBytes = linear.input->depth * kPanelColumns * sizeof(float);
  int64_t group = std::max<int64_t>(1, target.gemmPanelBytes / panelBytes);
  b.forTiles(low, high, group, [&](Value groupLow) {
    Value groupHigh = b.min(b.add(groupLow, group), high);
    b.forRows(blockBegin, blockEnd, [&](Value firstRow, int64_t height) {
      b.forTiles(groupLow, groupHigh, 1, [&](Value panel) {
        if (failed(buildFragment(linear, firstRow, height, panel)))
          emitted = failure();
      });
    });
  });
  return emitted;
}

void GemmBuilder::allocate() {
  for (const std::unique_ptr<RowBlock> &a : blocks)
    a->rows = frame.scratch(blockRows * a->stride * sizeof(float));
  outerRows = frame.scratch(outerSpaces.size() * blockRows * sizeof(int64_t));
  int64_t tileRows = target.fragmentRows, laneDepth = 0;
  for (Linear &linear : linears)
    if (hasFewColumns(linear)) {
      tileRows = std::max(tileRows, kLaneRows);
      laneDepth = std::max(laneDepth, linear.input->depth);
    }
  tile = frame.scratch(tileRows * kPanelColumns * sizeof(float));
  if (laneDepth > 0) {
    aLanes = frame.scratch(laneDepth * kLaneRows * sizeof(float));
    tileLanes = frame.scratch(target.fragmentRows * kLaneRows * sizeof(float));
  }
}

FailureOr<KernelFacts> GemmBuilder::build() {
  if (failed(sortOperators()))
    return failure();
  blockRows = getRowBlock(kernel);
  int64_t panels = linears.back().firstPanel + linears.back().panels;
  allocate();

  Value total = frame.totalRows(space), splits = frame.numSplits();
  LogicalResult emitted = success();
  b.forTiles(frame.first(), frame.last(), 1, [&](Value item) {
    Value rowBlock = b.make<arith::DivUIOp>(item, splits);
    Value split = b.sub(item, b.mul(rowBlock, splits));
    blockBegin = b.mul(rowBlock, blockRows);
    blockEnd = b.min(b.add(blockBegin, blockRows), total);
    auto bound = [&](Value number) { return b.make<arith::DivUIOp>(b.mul(number, panels), splits).getResult(); };
    Value low = bound(split), high = bound(b.add(split, 1));
    Value isFirst = b.cmp(arith::CmpIPredicate::eq, split, b.i64(0));
    if (blocks.size() > 1) { // a linear that another one follows needs all its columns
      low = b.i64(0);
      high = b.select(isFirst, b.i64(panels), low);
    }
    emitted = buildPrologue(isFirst);
    for (Linear &linear : linears) {
      if (failed(emitted))
        return;
      auto clamp = [&](Value panel) {
        return b.min(b.max(b.add(panel, -linear.firstPanel), b.i64(0)), b.i64(linear.panels));
      };
      emitted = buildLinear(linear, clamp(low), clamp(high));
    }
  });
  frame.finish();
  if (failed(emitted))
    return failure();
  return KernelFacts{frame.scratchBytes(), blockRows, blocks.size() > 1 ? 1 : panels};
}

FailureOr<KernelFacts> reccc::buildGemmKernel(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces,
                                              const TargetDescription &target) {
  return GemmBuilder(kernel, function, spaces, target).build();
}
