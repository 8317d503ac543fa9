// SPDX-License-Identifier: Apache-2.0
// Gives every value between kernels a place: a buffer, a row map, a column offset. Views become places inside of what
// they view; a value that only feeds a concat or an interleave is written straight into it. Arena buffers share slots
// by liveness.
#include "InsertCopies.h"

#include "reccc/Codegen/Plan/Passes.h"

#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "llvm/Support/MathExtras.h"

namespace reccc {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "reccc/Codegen/Plan/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace mlir::rectile;

/// Rows in the arena begin at multiples of this.
static constexpr int64_t kRowAlignment = 64;

static JaggedType jagged(Value value) { return cast<JaggedType>(value.getType()); }

static int64_t elementBytes(Type type) { return type.getIntOrFloatBitWidth() / 8; }

//===-- Places -------------------------------------------------------------------------------===//

namespace {

/// Where a value lies.
struct Place {
  int64_t buffer = -1;
  SmallVector<Attribute> steps; // EmbedAttr, outwards
  int64_t offset = 0;           // bytes into the row
};

struct Buffer {
  BufferKind kind;
  Attribute space;
  int64_t rowBytes;
  int64_t index = -1;
  int64_t firstStep = std::numeric_limits<int64_t>::max(), lastStep = -1;
};

class Planner {
public:
  Planner(ModelOp model, const Claims &claims) : model(model), claims(claims) {}
  LogicalResult run();

private:
  LogicalResult place(Value value);
  Place placeInside(OpOperand &container);
  int64_t addBuffer(BufferKind kind, JaggedType type, int64_t rowBytes, int64_t index);
  int64_t rowMapOf(Attribute space, const Place &place);
  LayoutAttr layoutOf(Value value);
  void markLiveness();
  void assignSlots();
  void annotate();

  ModelOp model;
  const Claims &claims;
  llvm::DenseMap<Value, Place> places;
  SmallVector<Buffer> buffers;
  llvm::MapVector<std::pair<Attribute, Attribute>, int64_t> rowMaps; // (space, steps)
  int64_t numSlots = 0;
};

} // namespace

int64_t Planner::addBuffer(BufferKind kind, JaggedType type, int64_t rowBytes, int64_t index) {
  buffers.push_back({kind, type.getSpace(), rowBytes, index});
  return buffers.size() - 1;
}

static int64_t packedRowBytes(JaggedType type) { return type.getRowElements() * elementBytes(type.getElementType()); }

/// The first row of operand `number` of a concat_rows, as a part of the result's space and a row inside of that part:
/// neighbouring constants were merged.
static std::pair<int64_t, int64_t> segmentOf(ConcatRowsOp concat, unsigned number) {
  int64_t index = 0, shift = 0;
  bool inConstant = false;
  Attribute frame = getFrame(jagged(concat.getResult()).getSpace());
  auto constantRows = [&](Attribute part) { return cast<RowSpace>(getSpaceWithin(frame, part)).getConstantRows(); };
  for (Value input : concat.getInputs().take_front(number))
    for (Attribute part : getSegmentsWithin(frame, jagged(input).getSpace())) {
      std::optional<int64_t> rows = constantRows(part);
      if (rows && *rows == 0)
        continue;
      if (!rows) {
        index += inConstant ? 2 : 1;
        shift = 0;
      } else {
        shift += *rows;
      }
      inConstant = rows.has_value();
    }
  // No rows are anywhere; behind the last part there is no next one.
  Attribute own = getSpaceWithin(frame, jagged(concat.getInputs()[number]).getSpace());
  if (cast<RowSpace>(own).getConstantRows() == 0)
    return {0, 0};
  // Behind a constant, an operand that begins with another kind of part begins the next part.
  Attribute first = getSegmentsWithin(frame, jagged(concat.getInputs()[number]).getSpace()).front();
  if (inConstant && !constantRows(first))
    return {index + 1, 0};
  return {index, shift};
}

/// What a step into `outer` is taken within; null for the request.
static Attribute frameOfStep(Attribute outer) {
  Attribute frame = getFrame(outer);
  return isa<RequestAttr>(frame) ? Attribute() : frame;
}

Place Planner::placeInside(OpOperand &use) {
  Operation *container = use.getOwner();
  Place outer = places[container->getResult(0)];
  auto space = jagged(container->getResult(0)).getSpace();
  EmbedAttr step;
  if (auto concat = dyn_cast<ConcatRowsOp>(container)) {
    auto [index, shift] = segmentOf(concat, use.getOperandNumber());
    step = EmbedAttr::get(model.getContext(), EmbedKind::segment, space, index, shift, frameOfStep(space));
  } else if (container->getNumOperands() == 1) { // all rows
    step = EmbedAttr::get(model.getContext(), EmbedKind::segment, space, 0, 0, frameOfStep(space));
  } else {
    step = EmbedAttr::get(model.getContext(), EmbedKind::phase, space, use.getOperandNumber(), 0, frameOfStep(space));
  }
  outer.steps.insert(outer.steps.begin(), step);
  return outer;
}

/// The place of the result of a view of `input`, if `op` is one.
static std::optional<Place> placeOfView(Operation *op, const Place &input) {
  MLIRContext *context = op->getContext();
  auto within = [&](EmbedKind kind, int64_t index) {
    Place place = input;
    Attribute outer = jagged(op->getOperand(0)).getSpace();
    Attribute frame = kind == EmbedKind::repeat ? Attribute() : frameOfStep(outer);
    place.steps.insert(place.steps.begin(), EmbedAttr::get(context, kind, outer, index, 0, frame));
    return place;
  };
  if (isa<ReshapeFeaturesOp>(op))
    return input;
  if (auto slice = dyn_cast<SliceFeaturesOp>(op)) {
    Place place = input;
    place.offset += slice.getOffset() * elementBytes(jagged(slice.getInput()).getElementType());
    return place;
  }
  if (auto slice = dyn_cast<SliceRowsOp>(op))
    return within(EmbedKind::segment, slice.getFirst());
  if (isa<TakeRowsOp>(op)) {
    Take take = *findTake(jagged(op->getOperand(0)).getSpace(), jagged(op->getResult(0)).getSpace());
    return within(take.isLast ? EmbedKind::take_last : EmbedKind::take_first, 0);
  }
  if (isa<RepeatRowsOp>(op))
    return within(EmbedKind::repeat, 0);
  if (auto deinterleave = dyn_cast<DeinterleaveOp>(op))
    return within(EmbedKind::phase, deinterleave.getPhase());
  return std::nullopt;
}

/// Where a written value lies: in the container or output that claims it, or in a buffer of its own.
LogicalResult Planner::place(Value value) {
  JaggedType type = jagged(value);
  auto claim = claims.find(value);
  if (claim == claims.end()) {
    int64_t rowBytes = llvm::alignTo(packedRowBytes(type), kRowAlignment);
    places[value] = {addBuffer(BufferKind::arena, type, rowBytes, -1), {}, 0};
    return success();
  }
  OpOperand &use = *claim->second;
  if (auto output = dyn_cast<OutputOp>(use.getOwner())) {
    places[value] = {addBuffer(BufferKind::output, type, packedRowBytes(type), use.getOperandNumber()), {}, 0};
    return success();
  }
  places[value] = placeInside(use);
  return success();
}

LogicalResult Planner::run() {
  Block &body = model.getBody().front();
  // 1. Inputs lie where the host put them.
  for (BlockArgument input : body.getArguments()) {
    JaggedType type = jagged(input);
    places[input] = {addBuffer(BufferKind::input, type, packedRowBytes(type), input.getArgNumber()), {}, 0};
  }
  // 2. Written values, users before what they use: a container has its place before its operands.
  for (Operation &op : llvm::reverse(body))
    if (isa<KernelOp, ConcatRowsOp, InterleaveOp>(op))
      for (Value result : op.getResults())
        if (failed(place(result)))
          return failure();
  // 3. Views, in order.
  for (Operation &op : body) {
    if (isa<KernelOp, ConcatRowsOp, InterleaveOp, OutputOp, ParameterExpression>(op))
      continue;
    std::optional<Place> view = op.getNumOperands() ? placeOfView(&op, places[op.getOperand(0)]) : std::nullopt;
    if (!view)
      return op.emitOpError("expected a kernel, a view or a parameter expression between kernels");
    places[op.getResult(0)] = *view;
  }
  markLiveness();
  assignSlots();
  annotate();
  return success();
}

//===-- Slots --------------------------------------------------------------------------------===//

void Planner::markLiveness() {
  int64_t step = 0;
  for (auto kernel : model.getBody().getOps<KernelOp>()) {
    auto touch = [&](Value value) {
      if (!isa<JaggedType>(value.getType()))
        return;
      Buffer &buffer = buffers[places[value].buffer];
      buffer.firstStep = std::min(buffer.firstStep, step);
      buffer.lastStep = std::max(buffer.lastStep, step);
    };
    llvm::for_each(kernel->getOperands(), touch);
    llvm::for_each(kernel->getResults(), touch);
    ++step;
  }
}

/// Most bytes a buffer can take for one request; only to compare buffers.
static double mostBytes(const Buffer &buffer) {
  std::optional<int64_t> rows = cast<RowSpace>(buffer.space).getMaxRows();
  return static_cast<double>(buffer.rowBytes) * rows.value_or(kRowLimit);
}

/// A slot is free for a buffer when all its buffers are dead before the buffer is first written. Of the free ones, the
/// one whose size is nearest: the runtime makes a slot as large as its largest buffer turns out to be.
void Planner::assignSlots() {
  struct Slot {
    int64_t lastStep;
    double bytes;
  };
  SmallVector<Slot> slots;
  SmallVector<Buffer *> arena;
  for (Buffer &buffer : buffers)
    if (buffer.kind == BufferKind::arena)
      arena.push_back(&buffer);
  llvm::stable_sort(arena, [](Buffer *a, Buffer *b) { return a->firstStep < b->firstStep; });
  for (Buffer *buffer : arena) {
    double bytes = mostBytes(*buffer);
    int64_t best = -1;
    for (auto [index, slot] : llvm::enumerate(slots))
      if (slot.lastStep < buffer->firstStep &&
          (best < 0 || std::abs(slot.bytes - bytes) < std::abs(slots[best].bytes - bytes)))
        best = index;
    if (best < 0) {
      best = slots.size();
      slots.push_back({-1, 0});
    }
    slots[best] = {std::max(slots[best].lastStep, buffer->lastStep), std::max(slots[best].bytes, bytes)};
    buffer->index = best;
  }
  numSlots = slots.size();
}

//===-- Attributes ---------------------------------------------------------------------------===//

int64_t Planner::rowMapOf(Attribute space, const Place &place) {
  if (place.steps.empty())
    return -1;
  auto key = std::make_pair(space, Attribute(ArrayAttr::get(model.getContext(), place.steps)));
  return rowMaps.try_emplace(key, rowMaps.size()).first->second;
}

/// How many rows of `outer`, an interleave, there are for each row of `inner`, which is one phase of it.
static int64_t rowsForEach(Attribute inner, Attribute outer) {
  Attribute frame = getFrame(outer);
  Attribute innerRows = getSpaceWithin(frame, inner), outerRows = getSpaceWithin(frame, outer);
  auto timesOf = [](Attribute space) -> int64_t {
    if (auto interleave = dyn_cast<InterleaveAttr>(space))
      return interleave.getTimes();
    return cast<RowSpace>(space).getConstantRows().value_or(1);
  };
  // No rows at all: any step will do.
  return std::max<int64_t>(timesOf(outerRows) / std::max<int64_t>(timesOf(innerRows), 1), 1);
}

LayoutAttr Planner::layoutOf(Value value) {
  const Place &place = places[value];
  const Buffer &buffer = buffers[place.buffer];
  int64_t step = 1;
  Attribute inner = jagged(value).getSpace();
  for (Attribute embed : place.steps) {
    Attribute outer = cast<EmbedAttr>(embed).getOuter();
    if (cast<EmbedAttr>(embed).getKind() == EmbedKind::phase)
      step *= rowsForEach(inner, outer);
    inner = outer;
  }
  return LayoutAttr::get(model.getContext(), buffer.rowBytes / elementBytes(jagged(value).getElementType()),
                         !place.steps.empty(), step, buffer.kind == BufferKind::arena);
}

void Planner::annotate() {
  MLIRContext *context = model.getContext();
  for (auto kernel : model.getBody().getOps<KernelOp>()) {
    SmallVector<Attribute> operandLayouts, resultLayouts, kernelPlaces;
    auto describe = [&](Value value, SmallVector<Attribute> &layouts) {
      if (!isa<JaggedType>(value.getType())) {
        layouts.push_back(UnitAttr::get(context));
        kernelPlaces.push_back(UnitAttr::get(context));
        return;
      }
      const Place &place = places[value];
      layouts.push_back(layoutOf(value));
      kernelPlaces.push_back(
          PlaceAttr::get(context, place.buffer, rowMapOf(jagged(value).getSpace(), place), place.offset));
    };
    for (Value operand : kernel->getOperands())
      describe(operand, operandLayouts);
    for (Value result : kernel->getResults())
      describe(result, resultLayouts);
    kernel.setOperandLayoutsAttr(ArrayAttr::get(context, operandLayouts));
    kernel.setResultLayoutsAttr(ArrayAttr::get(context, resultLayouts));
    kernel->setAttr("rectile.places", ArrayAttr::get(context, kernelPlaces));
  }
  SmallVector<Attribute> bufferAttrs, rowMapAttrs;
  for (const Buffer &buffer : buffers)
    bufferAttrs.push_back(BufferAttr::get(context, buffer.kind, buffer.space, buffer.rowBytes, buffer.index));
  for (const auto &[key, number] : rowMaps)
    rowMapAttrs.push_back(RowMapAttr::get(context, key.first, cast<ArrayAttr>(key.second)));
  model->setAttr("rectile.plan", PlanAttr::get(context, ArrayAttr::get(context, bufferAttrs),
                                               ArrayAttr::get(context, rowMapAttrs), numSlots));
}

namespace {
struct PlanMemoryPass : reccc::impl::PlanMemoryPassBase<PlanMemoryPass> {
  using PlanMemoryPassBase::PlanMemoryPassBase;
  void runOnOperation() override {
    Claims claims;
    insertCopies(getOperation(), claims);
    if (failed(Planner(getOperation(), claims).run()))
      signalPassFailure();
  }
};
} // namespace
