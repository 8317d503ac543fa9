// SPDX-License-Identifier: Apache-2.0
// From one model the entry points of user states: @prefill computes what does not vary with the candidates, @score the
// rest.
#include "RowDependence.h"
#include "reccc/Analysis/Cost.h"
#include "reccc/Support/Checksum.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace reccc {
#define GEN_PASS_DEF_DERIVEENTRYPOINTSPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static Operation *outputOf(ModelOp model) { return model.getBody().front().getTerminator(); }

namespace {

/// What the attribute asks for.
struct Wish {
  BaseSpaceAttr candidates, append;
  /// Inputs that come with each scoring though they are not over candidates.
  SmallVector<BlockArgument> scoringInputs;
};

struct DeriveEntryPoints : reccc::impl::DeriveEntryPointsPassBase<DeriveEntryPoints> {
  void runOnOperation() override {
    ModelOp asked;
    for (auto model : getOperation().getOps<ModelOp>()) {
      if (!model->hasAttr(ModelOp::kEntryPointsAttr))
        continue;
      if (asked) {
        model.emitError() << "expected one model with entry points of states in a module, got @" << asked.getSymName()
                          << " too";
        return signalPassFailure();
      }
      asked = model;
    }
    if (asked && failed(derive(asked)))
      signalPassFailure();
  }

  FailureOr<Wish> readWish(ModelOp model);
  LogicalResult derive(ModelOp model);
  ModelOp cloneAs(ModelOp model, StringRef name, IRMapping &mapping);
  LogicalResult narrow(ModelOp model);
  FailureOr<SmallVector<Value>> makeScore(ModelOp model, const RowDependence &dependence, ModelOp &score);
  FailureOr<ModelOp> makePrefill(ModelOp model, ArrayRef<Value> state);
};

} // namespace

//===-- What is asked for --------------------------------------------------------------------===//

/// The base space of a model with this name.
static BaseSpaceAttr findBaseSpace(ModelOp model, StringRef name) {
  BaseSpaceAttr found;
  AttrTypeWalker walker;
  walker.addWalk([&](BaseSpaceAttr space) {
    if (space.getName().getValue() == name)
      found = space;
  });
  model.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      walker.walk(type);
    if (op == model)
      for (Type type : model.getArgumentTypes())
        walker.walk(type);
  });
  return found;
}

FailureOr<Wish> DeriveEntryPoints::readWish(ModelOp model) {
  Wish wish;
  auto attr = dyn_cast<DictionaryAttr>(model->getAttr(ModelOp::kEntryPointsAttr));
  auto candidates = attr ? attr.getAs<StringAttr>("candidates") : StringAttr();
  if (!candidates)
    return model.emitError() << "expected " << ModelOp::kEntryPointsAttr << " = {candidates = \"name of base rows\"}";
  auto find = [&](StringAttr name, BaseSpaceAttr &space) -> LogicalResult {
    space = findBaseSpace(model, name.getValue());
    if (space)
      return success();
    return model.emitError() << "entry points: the model has no base rows '" << name.getValue() << "'";
  };
  if (failed(find(candidates, wish.candidates)))
    return failure();
  auto append = attr.getAs<StringAttr>("append");
  if (!append)
    return wish;
  if (failed(find(append, wish.append)))
    return failure();
  if (wish.append == wish.candidates)
    return model.emitError() << "entry points: candidates cannot be appended";
  // 1. A state outlives its request, so what a request says of itself comes with each scoring.
  llvm::StringSet<> ofUser;
  if (auto names = attr.getAs<ArrayAttr>("user_inputs"))
    for (auto name : names.getAsRange<StringAttr>())
      ofUser.insert(name.getValue());
  for (BlockArgument argument : model.getArguments())
    if (!ofUser.erase(model.getInputName(argument.getArgNumber())) && isa<RequestAttr>(getSpaceOf(argument)))
      wish.scoringInputs.push_back(argument);
  if (!ofUser.empty())
    return model.emitError() << "entry points: the model has no input '" << ofUser.begin()->getKey() << "'";
  return wish;
}

//===-- Clones -------------------------------------------------------------------------------===//

ModelOp DeriveEntryPoints::cloneAs(ModelOp model, StringRef name, IRMapping &mapping) {
  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
  auto clone = cast<ModelOp>(builder.clone(*model, mapping));
  clone.setSymName(name);
  clone->setAttr(ModelOp::kEntryKindAttr, builder.getStringAttr(name));
  return clone;
}

/// Leaves what the outputs read, and the inputs that are read.
LogicalResult DeriveEntryPoints::narrow(ModelOp model) {
  OpPassManager passes(ModelOp::getOperationName());
  passes.addPass(createRemoveDeadRowsPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (failed(runPipeline(passes, model)))
    return failure();
  llvm::BitVector unread(model.getNumArguments());
  for (BlockArgument argument : model.getArguments())
    unread[argument.getArgNumber()] = argument.use_empty();
  return model.eraseArguments(unread);
}

static DictionaryAttr describeState(MLIRContext *context, int64_t number) {
  Builder builder(context);
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(ModelOp::kNameAttr, builder.getStringAttr("state." + Twine(number))),
       builder.getNamedAttr(ModelOp::kStateAttr, builder.getI64IntegerAttr(number))});
}

/// Where rows that vary and rows that do not are read together, lets them come from two values: the one that does not
/// vary can be kept.
static void separateRows(ModelOp model, const RowDependence &dependence) {
  OpBuilder builder(model.getContext());
  SmallVector<OpOperand *> together;
  model.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (dependence.readsBoth(operand))
        together.push_back(&operand);
  });
  for (OpOperand *operand : together) {
    Value value = operand->get();
    builder.setInsertionPoint(operand->getOwner());
    ArrayRef<bool> varying = dependence.getSegments(value);
    SmallVector<Value> runs;
    for (unsigned first = 0, next; first < varying.size(); first = next) {
      for (next = first + 1; next < varying.size() && varying[next] == varying[first];)
        ++next;
      runs.push_back(SliceRowsOp::create(builder, operand->getOwner()->getLoc(), value, first, next - first));
    }
    operand->set(ConcatRowsOp::create(builder, operand->getOwner()->getLoc(), runs));
  }
}

//===-- @score -------------------------------------------------------------------------------===//

/// A value that does not vary and is read by what does. Values without operands (rows of a parameter, row numbers) cost
/// nothing to make again.
static bool isOnCut(Value value, const RowDependence &dependence) {
  if (!hasRows(value) || dependence.isVarying(value))
    return false;
  Operation *op = value.getDefiningOp();
  if (op && llvm::none_of(op->getOperands(), hasRows))
    return false;
  return llvm::any_of(value.getUsers(),
                      [&](Operation *user) { return isa<OutputOp>(user) || dependence.isVarying(user); });
}

/// Clones `model` with the values on the cut as arguments. Returns those that are read, in the order of their numbers.
FailureOr<SmallVector<Value>> DeriveEntryPoints::makeScore(ModelOp model, const RowDependence &dependence,
                                                           ModelOp &score) {
  IRMapping mapping;
  score = cloneAs(model, "score", mapping);
  SmallVector<Value> cut(
      llvm::make_filter_range(model.getArguments(), [&](Value value) { return isOnCut(value, dependence); }));
  for (Operation &op : model.getBody().front())
    llvm::copy_if(op.getResults(), std::back_inserter(cut), [&](Value value) { return isOnCut(value, dependence); });
  for (auto [number, value] : llvm::enumerate(cut)) {
    if (failed(score.insertArgument(score.getNumArguments(), value.getType(), describeState(&getContext(), number),
                                    value.getLoc())))
      return failure();
    mapping.lookup(value).replaceAllUsesWith(score.getArguments().back());
  }
  if (failed(narrow(score)))
    return failure();
  SmallVector<Value> state;
  for (BlockArgument argument : score.getArguments())
    if (std::optional<int64_t> number = score.getInputState(argument.getArgNumber())) {
      score.setArgAttrs(argument.getArgNumber(), describeState(&getContext(), state.size()));
      state.push_back(cut[*number]);
    }
  return state;
}

//===-- @prefill -----------------------------------------------------------------------------===//

FailureOr<ModelOp> DeriveEntryPoints::makePrefill(ModelOp model, ArrayRef<Value> state) {
  IRMapping mapping;
  ModelOp prefill = cloneAs(model, "prefill", mapping);
  SmallVector<Value> values;
  SmallVector<Attribute> attrs;
  for (auto [number, value] : llvm::enumerate(state)) {
    values.push_back(mapping.lookup(value));
    attrs.push_back(describeState(&getContext(), number));
  }
  outputOf(prefill)->setOperands(values);
  prefill.setFunctionType(FunctionType::get(&getContext(), prefill.getArgumentTypes(), ValueRange(values).getTypes()));
  prefill.setResAttrsAttr(ArrayAttr::get(&getContext(), attrs));
  if (failed(narrow(prefill)))
    return failure();
  return prefill;
}

/// Tells states of one model from those of another: what computes them, in words.
static void recordHash(ModelOp prefill) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  prefill->print(stream, OpPrintingFlags().useLocalScope().printGenericOpForm());
  Builder builder(prefill.getContext());
  prefill->setAttr(ModelOp::kStateHashAttr, builder.getI64IntegerAttr(checksum64(text.data(), text.size())));
}

//===-- Refusals -----------------------------------------------------------------------------===//

/// Whether an op computes rows that are neither candidates nor as many in every request.
static Operation *findUserWork(ModelOp score, Attribute candidates) {
  for (Operation &op : score.getBody().front()) {
    if (isa<View, OutputOp>(op) || llvm::none_of(op.getOperands(), hasRows))
      continue;
    for (Attribute segment : getSegments(getSpaceOf(op.getResult(0))))
      if (!mentionsSpace(segment, candidates) && !cast<RowSpace>(segment).getConstantRows())
        return &op;
  }
  return nullptr;
}

/// Says what makes rows of the user vary with the candidates.
static LogicalResult refuseScore(ModelOp model, const Wish &wish, const RowDependence &dependence, Operation *work) {
  StringRef candidates = wish.candidates.getName().getValue();
  for (Operation &op : model.getBody().front()) {
    if (op.getNumResults() == 0 || !hasRows(op.getResult(0)))
      continue;
    Value result = op.getResult(0);
    for (auto [index, segment] : llvm::enumerate(getSegments(getSpaceOf(result)))) {
      if (!dependence.getSegments(result)[index] || dependence.isMadeOfRows(segment) ||
          cast<RowSpace>(segment).getConstantRows())
        continue;
      VaryingCause cause = dependence.findCause(result, index);
      InFlightDiagnostic diagnostic = cause.op->emitError()
                                      << "entry points: no state of the user can be kept, because the rows "
                                      << describeRows(segment);
      auto input = dyn_cast_or_null<BlockArgument>(cause.operand);
      if (input && !dependence.isMadeOfRows(getSpaceOf(input)))
        diagnostic << " read '" << model.getInputName(input.getArgNumber())
                   << "' here, which comes with each scoring; if it stays the same for a user, list it in user_inputs";
      else if (cause.operand)
        diagnostic << " read rows of '" << candidates << "' here";
      else
        diagnostic << " depend here on how many rows '" << candidates << "' has";
      return diagnostic;
    }
  }
  return work->emitError() << "entry points: no state of the user can be kept, because this op reads the rows "
                           << describeRows(getSegments(getSpaceOf(work->getResult(0))).front()) << " together with '"
                           << candidates << "', and would compute them again at each scoring";
}

LogicalResult DeriveEntryPoints::derive(ModelOp model) {
  FailureOr<Wish> wish = readWish(model);
  if (failed(wish))
    return failure();
  model->removeAttr(ModelOp::kEntryPointsAttr);
  for (StringRef name : {"prefill", "score", "append"})
    if (Operation *other = getOperation().lookupSymbol(name))
      return other->emitError() << "the name @" << name << " is taken by an entry point that is derived";
  IRMapping mapping;
  ModelOp whole = cloneAs(model, "prefill.whole", mapping);
  SmallVector<BlockArgument> inputs;
  for (BlockArgument input : wish->scoringInputs)
    inputs.push_back(cast<BlockArgument>(mapping.lookup(Value(input))));
  separateRows(whole, RowDependence(whole, wish->candidates, inputs));
  RowDependence dependence(whole, wish->candidates, inputs);
  ModelOp score;
  FailureOr<SmallVector<Value>> state = makeScore(whole, dependence, score);
  if (failed(state))
    return failure();
  if (Operation *work = findUserWork(score, wish->candidates))
    return refuseScore(whole, *wish, dependence, work);
  if (state->empty())
    return model.emitError() << "entry points: no output reads anything but the rows '"
                             << wish->candidates.getName().getValue() << "': there is no state to keep";
  numStates += state->size();
  FailureOr<ModelOp> prefill = makePrefill(whole, *state);
  if (failed(prefill))
    return failure();
  whole.erase();
  score->moveAfter(*prefill);
  recordHash(*prefill);
  return success();
}
