// SPDX-License-Identifier: Apache-2.0
// @append: what new rows of a history compute. The history becomes old and new rows; what varies with the new ones is
// computed, and the rest must be what the state has.
#include "EntryClones.h"
#include "GrowRows.h"
#include "reccc/Analysis/Cost.h"
#include "reccc/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

namespace {
/// Where the old rows of a value come from: value of @prefill, or `count` of its segments.
struct Origin {
  Value value;
  unsigned first = 0, count = 0; // count 0: all

  bool operator==(const Origin &other) const {
    return value == other.value && first == other.first && count == other.count;
  }
};

class AppendBuilder {
public:
  AppendBuilder(ModelOp prefill, BaseSpaceAttr rows, BaseSpaceAttr added, RunPasses run)
      : prefill(prefill), rows(rows), added(added), growth(rows, added), run(run) {}
  FailureOr<SmallVector<Value>> build();

private:
  LogicalResult growClone();
  LogicalResult setNewRowsAsOutputs();
  LogicalResult checkOldRows(const RowDependence &dependence);
  std::optional<Origin> findOrigin(Value value);
  LogicalResult replaceByState(Value value, const Origin &origin);
  Value materialize(const Origin &origin);
  InFlightDiagnostic refuse(Operation *op) {
    return op->emitError() << "entry points: no rows can be appended to '" << rows.getName().getValue()
                           << "', because ";
  }

  ModelOp prefill, append;
  BaseSpaceAttr rows, added;
  GrowRows growth;
  RunPasses run;
  DenseMap<Value, Value> inPrefill;   // of values of the clone
  SmallVector<Value> state;           // of the clone, by number
  DenseMap<int64_t, Value> arguments; // of the clone, by number
  SmallVector<Origin> notInState;     // numbered behind the values of the state
};
} // namespace

LogicalResult AppendBuilder::growClone() {
  IRMapping mapping;
  append = cloneEntry(prefill, "append", mapping);
  append->setAttr(ModelOp::kAppendAttr, ArrayAttr::get(append.getContext(), {rows, added}));
  if (failed(growth.run(append)))
    return failure();
  for (auto [before, after] : mapping.getValueMap())
    inPrefill[after] = before;
  for (ConcatRowsOp whole : growth.getJoined())
    inPrefill[whole] = inPrefill[whole.getInputs().front()];
  return success();
}

LogicalResult AppendBuilder::setNewRowsAsOutputs() {
  OpBuilder builder(append.getBody().front().getTerminator());
  SmallVector<Value> outputs;
  SmallVector<Attribute> attrs;
  for (auto [number, value] : llvm::enumerate(append.getBody().front().getTerminator()->getOperands())) {
    state.push_back(value);
    SmallVector<Attribute> segments = getSegments(spaceOf(value));
    unsigned parts = llvm::count_if(segments, [&](Attribute segment) { return growth.isAdded(segment); });
    if (parts == 0)
      continue;
    if (parts > 1 || !growth.isAdded(segments.back()))
      return refuse(value.getDefiningOp())
             << "the rows " << describeRows(spaceOf(value)) << " of the state end with other rows";
    outputs.push_back(SliceRowsOp::create(builder, value.getLoc(), value, segments.size() - 1, 1));
    attrs.push_back(describeState(append.getContext(), number));
  }
  setOutputs(append, outputs, attrs);
  return success();
}

/// What is in the state must stay as it is when rows follow.
LogicalResult AppendBuilder::checkOldRows(const RowDependence &dependence) {
  for (Value value : state)
    for (auto [index, segment] : llvm::enumerate(getSegments(spaceOf(value)))) {
      if (!dependence.getSegments(value)[index] || dependence.isMadeOfRows(segment))
        continue;
      VaryingCause cause = dependence.findCause(value, index);
      return refuse(cause.op) << "the rows " << describeRows(segment) << " of the state "
                              << (cause.operand ? "read the new rows here" : "depend here on how many rows there are")
                              << ", so that they would change";
    }
  return success();
}

std::optional<Origin> AppendBuilder::findOrigin(Value value) {
  if (Value before = inPrefill.lookup(value))
    return Origin{before};
  auto slice = value.getDefiningOp<SliceRowsOp>();
  Value before = slice ? inPrefill.lookup(slice.getInput()) : Value();
  if (!before)
    return std::nullopt;
  // Segments count without the new ones.
  SmallVector<Attribute> segments = getSegments(spaceOf(slice.getInput()));
  unsigned first = llvm::count_if(ArrayRef(segments).take_front(slice.getFirst()),
                                  [&](Attribute segment) { return !growth.isAdded(segment); });
  unsigned count = slice.getCount(), all = getSegments(spaceOf(before)).size();
  return count == all ? Origin{before} : Origin{before, first, count};
}

/// The value of @prefill that an origin stands for.
Value AppendBuilder::materialize(const Origin &origin) {
  if (origin.count == 0)
    return origin.value;
  OpBuilder builder(prefill.getContext());
  builder.setInsertionPointAfterValue(origin.value);
  return SliceRowsOp::create(builder, origin.value.getLoc(), origin.value, origin.first, origin.count);
}

/// Reads old rows from the state: from a value that it has, or one that it would have to get.
LogicalResult AppendBuilder::replaceByState(Value value, const Origin &origin) {
  auto outputs = prefill.getBody().front().getTerminator()->getOperands();
  int64_t number = std::distance(outputs.begin(), llvm::find(outputs, origin.value));
  bool isInState = number < static_cast<int64_t>(outputs.size());
  if (!isInState) {
    auto *known = llvm::find(notInState, origin);
    number += known - notInState.begin();
    if (known == notInState.end())
      notInState.push_back(origin);
  }
  Value &argument = arguments[number];
  if (!argument) {
    Type type = isInState ? origin.value.getType() : value.getType();
    if (failed(append.insertArgument(append.getNumArguments(), type, describeState(append.getContext(), number),
                                     value.getLoc())))
      return failure();
    argument = append.getArguments().back();
  }
  Value old = argument;
  if (isInState && origin.count > 0) {
    OpBuilder builder = OpBuilder::atBlockBegin(&append.getBody().front());
    old = SliceRowsOp::create(builder, value.getLoc(), old, origin.first, origin.count);
  }
  value.replaceAllUsesWith(old);
  return success();
}

FailureOr<SmallVector<Value>> AppendBuilder::build() {
  if (failed(growClone()) || failed(setNewRowsAsOutputs()))
    return failure();
  OpPassManager split(ModelOp::getOperationName());
  split.addPass(createSplitAttentionSourcesPass());
  if (failed(run(split, append)))
    return failure();
  RowDependence together(append, added, {});
  if (failed(checkOldRows(together)))
    return failure();
  if (append.getNumResults() == 0)
    return refuse(prefill) << "no value of the state has such rows", failure();
  separateRows(append, together);
  for (Value value : findCut(append, RowDependence(append, added, {})))
    if (std::optional<Origin> origin = findOrigin(value))
      if (failed(replaceByState(value, *origin)))
        return failure();
  if (failed(narrowEntry(append, run)))
    return failure();
  SmallVector<Value> missing;
  int64_t known = prefill.getNumResults();
  for (BlockArgument argument : append.getArguments())
    if (std::optional<int64_t> number = append.getInputState(argument.getArgNumber()); number && *number >= known)
      missing.push_back(materialize(notInState[*number - known]));
  if (!missing.empty())
    append.erase();
  return missing;
}

FailureOr<SmallVector<Value>> reccc::deriveAppend(ModelOp prefill, BaseSpaceAttr rows, RunPasses run) {
  auto added = cast<BaseSpaceAttr>(
      getBaseSpace(prefill.getContext(), (rows.getName().getValue() + ".new").str(), rows.getMax()));
  return AppendBuilder(prefill, rows, added, run).build();
}
