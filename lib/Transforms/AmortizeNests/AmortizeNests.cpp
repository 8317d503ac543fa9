// SPDX-License-Identifier: Apache-2.0
// What every row of a frame would compute alike is computed once for the request.
#include "AttentionParts.h"
#include "SplitValues.h"
#include "reccc/Analysis/Cost.h"
#include "reccc/Analysis/FrameDependence.h"
#include "reccc/Analysis/Locations.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace reccc {
#define GEN_PASS_DEF_AMORTIZENESTSPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static constexpr StringLiteral kCategory = "recsys-amortize-nests";

namespace {
/// One run over one model, for one frame.
class Frame {
public:
  Frame(ModelOp model, Attribute frame)
      : frame(frame), block(model.getBody().front()), builder(model.getContext()), dependence(model, frame),
        values(builder, frame) {}

  void run() {
    explain();
    for (Operation &op : llvm::make_early_inc_range(block)) {
      builder.setInsertionPoint(&op);
      rebuild(&op);
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  int64_t numShared = 0, numRefused = 0;

private:
  void explain();
  void explainColours();
  std::string describeColours(Value result);
  Location findOrigin(ValueSegment read, Location line);
  void rebuild(Operation *op);
  void share(Operation *op);
  void splitRowWise(Operation *op);
  bool splitGiven(Operation *op);
  bool splitConcat(ConcatRowsOp op);
  void splitSlice(SliceRowsOp op);

  bool isSplit(Operation *op) const {
    return llvm::any_of(op->getOperands(), [&](Value operand) { return values.isSplit(operand); });
  }

  Attribute frame;
  Block &block;
  OpBuilder builder;
  FrameDependence dependence;
  SplitValues values;
};
} // namespace

//===-- Reports ------------------------------------------------------------------------------===//

/// Ops whose sharing or not is worth a line.
static bool isWork(Operation *op) {
  return isa<LinearOp, AttentionOp, EmbeddingOp, EmbeddingBagOp, EmbeddingBagsOp, RequestLinearOp>(op);
}

/// "key 1", "operand 2".
static std::string nameOperand(Operation *op, Value operand) {
  auto attention = dyn_cast<AttentionOp>(op);
  if (!attention)
    return "operand " + std::to_string(llvm::find(op->getOperands(), operand) - op->operand_begin());
  if (operand == attention.getQuery())
    return "the query";
  for (auto [number, key] : llvm::enumerate(attention.getKeys()))
    if (operand == key || operand == attention.getValues()[number])
      return (operand == key ? "key " : "value ") + std::to_string(number);
  return "a key mask";
}

/// Where what varies in `read` comes from, at another line of the description than `line`.
Location Frame::findOrigin(ValueSegment read, Location line) {
  auto placeOf = [](Location location) { return location->findInstanceOf<FileLineColLoc>(); };
  while (auto result = dyn_cast<OpResult>(read.value)) {
    SmallVector<ValueSegment> reads = dependence.findReads(result, read.segment);
    auto *varying =
        llvm::find_if(reads, [&](ValueSegment next) { return dependence.varies(next.value, next.segment); });
    bool isArranged = isa<ConcatRowsOp, SliceRowsOp>(result.getOwner());
    if ((placeOf(result.getLoc()) != placeOf(line) && !isArranged) || varying == reads.end())
      break;
    read = *varying;
  }
  return read.value.getLoc();
}

/// "history rows: user".
std::string Frame::describeColours(Value result) {
  std::string text;
  for (auto [segment, space] : llvm::enumerate(getSegmentsWithin(frame, spaceOf(result)))) {
    text += (segment ? ", " : "") + describeRows(space == frame ? frame : getSpaceWithin(frame, space)) + " rows: ";
    switch (dependence.getColour(result, segment)) {
    case Colour::constant:
      text += "constant";
      break;
    case Colour::user:
      text += "user";
      break;
    case Colour::own:
      text += describeRows(frame);
      break;
    case Colour::cross:
      text += "cross";
      break;
    }
  }
  return text;
}

/// What work makes, and at joints of rows, by colour.
void Frame::explainColours() {
  std::string last;
  for (Operation &op : block) {
    if (!isWork(&op) && !isa<ConcatRowsOp>(op))
      continue;
    for (OpResult result : op.getResults()) {
      if (!dependence.isWithinFrame(result))
        continue;
      // Several ops of a line often say the same.
      std::string text = describeColours(result), place = describeLocation(op.getLoc()) + text;
      if (place != last)
        remark::analysis(op.getLoc(), remark::RemarkOpts::name("colours").category(kCategory)) << text;
      last = place;
    }
  }
}

/// What work is shared; for a segment that could have been shared but for one operand, that operand.
void Frame::explain() {
  explainColours();
  // Segments of values that vary because of an operand which has been named already.
  DenseSet<std::pair<Value, unsigned>> explained;
  for (Operation &op : block) {
    for (OpResult result : op.getResults()) {
      if (!dependence.isWithinFrame(result) || spaceOf(result) == frame)
        continue;
      for (auto [segment, space] : llvm::enumerate(getSegmentsWithin(frame, spaceOf(result)))) {
        std::string rows = describeRows(getSpaceWithin(frame, space));
        if (!dependence.varies(result, segment)) {
          numShared += isWork(&op);
          if (isWork(&op))
            remark::passed(op.getLoc(), remark::RemarkOpts::name("shared").category(kCategory))
                << (op.getName().getStringRef() + " computes " + rows + " rows once, not for each of " +
                    describeRows(frame) + " rows")
                       .str();
          continue;
        }
        if (space == frame)
          continue;
        SmallVector<ValueSegment> reads = dependence.findReads(result, segment);
        auto varies = [&](ValueSegment read) { return dependence.varies(read.value, read.segment); };
        if (llvm::any_of(reads, [&](ValueSegment read) { return explained.contains({read.value, read.segment}); })) {
          explained.insert({result, static_cast<unsigned>(segment)});
          continue;
        }
        auto *cause = llvm::find_if(reads, varies);
        if (cause == reads.end() || llvm::all_of(reads, varies))
          continue;
        explained.insert({result, static_cast<unsigned>(segment)});
        ++numRefused;
        remark::missed(op.getLoc(), remark::RemarkOpts::name("not shared").category(kCategory))
            << (op.getName().getStringRef() + " and what follows compute " + rows + " rows for each of " +
                describeRows(frame) + " rows: " + nameOperand(&op, cause->value) +
                " differs from one to the next, because of " + describeLocation(findOrigin(*cause, op.getLoc())))
                   .str();
      }
    }
  }
}

//===-- Rewriting ----------------------------------------------------------------------------===//

void Frame::rebuild(Operation *op) {
  bool isWithin = llvm::any_of(op->getResults(), [&](Value result) { return values.isWithinFrame(result); });
  // A part of an operand may be shared where the others are not.
  bool readsAll = isa<RepeatRowsOp>(op) || llvm::all_of(op->getOperands(), [&](Value operand) {
                    return !values.isWithinFrame(operand) || values.isShared(operand);
                  });
  if (isWithin && readsAll && llvm::none_of(op->getResults(), [&](Value result) { return dependence.varies(result); }))
    return share(op);
  if (isWithin && isa<SplatRowsOp, BroadcastRowsOp, RepeatRowsOp>(op) && splitGiven(op))
    return;
  if (!isSplit(op))
    return;
  if (isWithin) {
    if (isa<RowWise>(op))
      return splitRowWise(op);
    if (auto concat = dyn_cast<ConcatRowsOp>(op); concat && splitConcat(concat))
      return;
    if (auto slice = dyn_cast<SliceRowsOp>(op))
      return splitSlice(slice);
    if (auto attention = dyn_cast<AttentionOp>(op); attention && canSplitAttention(attention, frame))
      return values.setParts(attention.getResult(), splitAttention(builder, attention, frame, dependence, values));
  }
  for (OpOperand &operand : op->getOpOperands())
    operand.set(values.getWhole(operand.get()));
}

/// The whole op once for the request. What it says about rows it says within a row of the frame, and there nothing
/// changes.
void Frame::share(Operation *op) {
  if (auto repeat = dyn_cast<RepeatRowsOp>(op); repeat && repeat.getOuter() == frame)
    return values.setShared(repeat.getResult(), repeat.getInput());
  // Once for the request is as it is.
  if (auto repeat = dyn_cast<RepeatRowsOp>(op); repeat && isa<RequestAttr>(repeat.getOuter()))
    return values.setShared(repeat.getResult(), values.getShared(repeat.getInput()));
  IRMapping mapping;
  for (Value operand : op->getOperands())
    if (values.isWithinFrame(operand))
      mapping.map(operand, values.getShared(operand));
  Operation *copy = builder.clone(*op, mapping);
  if (auto repeat = dyn_cast<RepeatRowsOp>(copy))
    repeat.setOuterAttr(getSpaceWithin(frame, repeat.getOuter()));
  for (auto [before, after] : llvm::zip_equal(op->getResults(), copy->getResults())) {
    after.setType(jaggedTypeOf(before).withSpace(getSpaceWithin(frame, spaceOf(before))));
    // One row is broadcast to one row.
    bool isSame = isa<BroadcastRowsOp>(copy) && after.getType() == copy->getOperand(0).getType();
    values.setShared(before, isSame ? copy->getOperand(0) : after);
  }
}

void Frame::splitRowWise(Operation *op) {
  SmallVector<SmallVector<SplitValues::Part>> parts(op->getNumResults());
  for (unsigned segment = 0, e = dependence.countSegments(op->getResult(0)); segment < e; ++segment) {
    bool isShared = llvm::none_of(op->getResults(), [&](Value result) { return dependence.varies(result, segment); });
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (values.isWithinFrame(operand))
        mapping.map(operand, isShared ? values.getPart(operand, segment).value : values.getVarying(operand, segment));
    Operation *copy = builder.clone(*op, mapping);
    for (auto [index, result] : llvm::enumerate(copy->getResults())) {
      Attribute space = getSegmentsWithin(frame, spaceOf(op->getResult(index)))[segment];
      result.setType(jaggedTypeOf(result).withSpace(isShared ? getSpaceWithin(frame, space) : space));
      parts[index].push_back({result, isShared});
    }
  }
  for (auto [result, list] : llvm::zip_equal(op->getResults(), parts))
    values.setParts(result, list);
}

/// Ops that give every row of the frame the same. Rows of the request that are those of the frame vary nevertheless;
/// the other segments are shared, beside the op, which makes the whole.
bool Frame::splitGiven(Operation *op) {
  Value whole = op->getResult(0);
  unsigned count = dependence.countSegments(whole);
  if (llvm::all_of(llvm::seq(count), [&](unsigned segment) { return dependence.varies(whole, segment); }))
    return false;
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    Value shared = values.isWithinFrame(operand.get()) ? values.getShared(operand.get()) : operand.get();
    operand.set(values.getWhole(operand.get()));
    mapping.map(operand.get(), shared);
  }
  builder.setInsertionPointAfter(op);
  SmallVector<SplitValues::Part> parts;
  for (auto [segment, space] : llvm::enumerate(getSegmentsWithin(frame, spaceOf(whole)))) {
    if (dependence.varies(whole, segment)) {
      parts.push_back({values.slice(whole, segment, count), false});
    } else if (auto repeat = dyn_cast<RepeatRowsOp>(op)) {
      parts.push_back({values.slice(repeat.getInput(), segment, count), true});
    } else {
      Value copy = builder.clone(*op, mapping)->getResult(0);
      copy.setType(jaggedTypeOf(copy).withSpace(getSpaceWithin(frame, space)));
      parts.push_back({copy, true});
    }
  }
  values.setParts(whole, parts, whole);
  return true;
}

bool Frame::splitConcat(ConcatRowsOp op) {
  auto pieces = findConcatParts(op, frame);
  if (!pieces)
    return false;
  // Values of one row each, joined by themselves, would be rows of the request.
  for (auto [segment, list] : llvm::enumerate(*pieces))
    if (list.size() > 1 && dependence.varies(op.getResult(), segment) && llvm::all_of(list, [&](ValueSegment piece) {
          return getSegmentsWithin(frame, spaceOf(piece.value))[piece.segment] == frame;
        }))
      return false;
  SmallVector<SplitValues::Part> parts;
  for (auto [segment, list] : llvm::enumerate(*pieces)) {
    bool isShared = !dependence.varies(op.getResult(), segment);
    SmallVector<Value> inputs;
    for (ValueSegment piece : list)
      inputs.push_back(isShared ? values.getPart(piece.value, piece.segment).value
                                : values.getVarying(piece.value, piece.segment));
    Value value = inputs.size() == 1 ? inputs.front() : ConcatRowsOp::create(builder, op.getLoc(), inputs).getResult();
    parts.push_back({value, isShared});
  }
  values.setParts(op.getResult(), parts);
  return true;
}

void Frame::splitSlice(SliceRowsOp op) {
  SmallVector<SplitValues::Part> parts;
  for (unsigned segment = 0, e = dependence.countSegments(op.getResult()); segment < e; ++segment)
    parts.push_back(values.getPart(op.getInput(), op.getFirst() + segment));
  values.setParts(op.getResult(), parts);
}

//===-- The pass -----------------------------------------------------------------------------===//

/// Rows that others are grouped by, or that values of the request are broadcast to; outer ones first.
static SmallVector<Attribute> findFrames(ModelOp model) {
  llvm::SetVector<Attribute> frames;
  auto add = [&](Attribute space, auto &add) -> void {
    if (isa<RequestAttr>(space))
      return;
    add(recsys::getFrame(space), add);
    frames.insert(space);
  };
  for (Operation &op : model.getBody().front()) {
    for (Value result : op.getResults())
      if (isJagged(result))
        add(recsys::getFrame(spaceOf(result)), add);
    if (auto broadcast = dyn_cast<BroadcastRowsOp>(op))
      add(spaceOf(broadcast.getResult()), add);
  }
  return frames.takeVector();
}

namespace {
struct AmortizeNests : reccc::impl::AmortizeNestsPassBase<AmortizeNests> {
  void runOnOperation() override {
    for (Attribute space : findFrames(getOperation())) {
      Frame frame(getOperation(), space);
      frame.run();
      numShared += frame.numShared;
      numRefused += frame.numRefused;
    }
  }
};
} // namespace
