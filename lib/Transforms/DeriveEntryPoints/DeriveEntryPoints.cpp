// SPDX-License-Identifier: Apache-2.0
// From one model the entry points of user states: @prefill computes what does not vary with the candidates, @score the
// rest.
#include "EntryClones.h"
#include "reccc/Analysis/Cost.h"
#include "reccc/Support/Checksum.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSet.h"

namespace reccc {
#define GEN_PASS_DEF_DERIVEENTRYPOINTSPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

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
  LogicalResult run(OpPassManager &passes, Operation *model) { return runPipeline(passes, model); }
  FailureOr<SmallVector<Value>> makeScore(ModelOp model, const RowDependence &dependence, ModelOp &score);
  FailureOr<ModelOp> makePrefill(ModelOp model, ArrayRef<Value> state);
  LogicalResult makeAppend(ModelOp prefill, BaseSpaceAttr rows);
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
    if (!ofUser.erase(model.getInputName(argument.getArgNumber())) && isa<RequestAttr>(spaceOf(argument)))
      wish.scoringInputs.push_back(argument);
  if (!ofUser.empty())
    return model.emitError() << "entry points: the model has no input '" << ofUser.begin()->getKey() << "'";
  return wish;
}

//===-- @score -------------------------------------------------------------------------------===//

/// Clones `model` with the values on the cut as arguments. Returns those that are read, in the order of their numbers.
FailureOr<SmallVector<Value>> DeriveEntryPoints::makeScore(ModelOp model, const RowDependence &dependence,
                                                           ModelOp &score) {
  IRMapping mapping;
  score = cloneEntry(model, "score", mapping);
  SmallVector<Value> cut = findCut(model, dependence);
  for (auto [number, value] : llvm::enumerate(cut)) {
    if (failed(score.insertArgument(score.getNumArguments(), value.getType(), describeState(&getContext(), number),
                                    value.getLoc())))
      return failure();
    mapping.lookup(value).replaceAllUsesWith(score.getArguments().back());
  }
  if (failed(narrowEntry(score, [&](OpPassManager &passes, Operation *op) { return run(passes, op); })))
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
  ModelOp prefill = cloneEntry(model, "prefill", mapping);
  SmallVector<Value> values;
  SmallVector<Attribute> attrs;
  for (auto [number, value] : llvm::enumerate(state)) {
    values.push_back(mapping.lookup(value));
    attrs.push_back(describeState(&getContext(), number));
  }
  setOutputs(prefill, values, attrs);
  if (failed(narrowEntry(prefill, [&](OpPassManager &passes, Operation *op) { return run(passes, op); })))
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

//===-- @append ------------------------------------------------------------------------------===//

/// What new rows read of old ones joins the state, until @append finds everything there.
LogicalResult DeriveEntryPoints::makeAppend(ModelOp prefill, BaseSpaceAttr rows) {
  while (true) {
    FailureOr<SmallVector<Value>> missing =
        deriveAppend(prefill, rows, [&](OpPassManager &passes, Operation *op) { return run(passes, op); });
    if (failed(missing) || missing->empty())
      return failure(failed(missing));
    SmallVector<Value> values(prefill.getBody().front().getTerminator()->getOperands());
    SmallVector<Attribute> attrs(prefill.getResAttrsAttr().getValue());
    for (Value value : *missing) {
      attrs.push_back(describeState(&getContext(), values.size()));
      values.push_back(value);
    }
    setOutputs(prefill, values, attrs);
  }
}

//===-- Refusals -----------------------------------------------------------------------------===//

/// Whether an op computes rows that are neither candidates nor as many in every request.
static Operation *findUserWork(ModelOp score, Attribute candidates) {
  // What is filtered at each scoring are candidates.
  llvm::SetVector<Attribute> ofCandidates = findBoundSpaces(score);
  ofCandidates.insert(candidates);
  auto isOfCandidates = [&](Attribute segment) {
    return llvm::any_of(ofCandidates, [&](Attribute space) { return mentionsSpace(segment, space); });
  };
  for (Operation &op : score.getBody().front()) {
    if (isa<View, OutputOp>(op) || llvm::none_of(op.getOperands(), isJagged))
      continue;
    for (Attribute segment : getSegments(spaceOf(op.getResult(0))))
      if (!isOfCandidates(segment) && !cast<RowSpace>(segment).getConstantRows())
        return &op;
  }
  return nullptr;
}

/// How many rows a filter of the user keeps is no part of a state: nothing that is scored may have such rows.
static LogicalResult checkFilters(ModelOp model, const RowDependence &dependence) {
  llvm::SetVector<Attribute> ofUser;
  for (auto filter : model.getBody().front().getOps<FilterRowsOp>())
    if (!dependence.isVarying(filter.getPlaces()))
      ofUser.insert(filter.getBoundRows());
  if (ofUser.empty())
    return success();
  auto refuse = [&](Location place, Attribute space) {
    return emitError(place) << "entry points: no state of the user can be kept, because the rows '"
                            << getRowsName(space) << "' are read here at each scoring, and how many there are is "
                            << "known only while the flags of their filter are";
  };
  for (Value value : findCut(model, dependence))
    for (Attribute space : ofUser)
      if (mentionsSpace(spaceOf(value), space))
        return refuse(value.getLoc(), space);
  for (Operation &op : model.getBody().front())
    if (dependence.isVarying(&op) && !isa<OutputOp>(op))
      for (Attribute space : findOpaqueSpaces(&op))
        if (ofUser.contains(space))
          return refuse(op.getLoc(), space);
  return success();
}

/// Bags belong to rows of a request: a state has none.
static LogicalResult checkBags(ModelOp score, Attribute candidates) {
  BagsAttr found;
  AttrTypeWalker walker;
  walker.addWalk([&](BagsAttr bags) {
    if (!mentionsSpace(bags, candidates))
      found = bags;
  });
  auto check = [&](Location place) -> LogicalResult {
    if (!found)
      return success();
    return emitError(place) << "entry points: no state of the user can be kept, because rows of the bags '"
                            << found.getName().getValue()
                            << "' are read here at each scoring; join them with embedding_bags";
  };
  for (BlockArgument argument : score.getArguments()) {
    walker.walk(argument.getType());
    if (failed(check(argument.getLoc())))
      return failure();
  }
  for (Operation &op : score.getBody().front()) {
    walker.walk(op.getAttrDictionary());
    for (Type type : op.getResultTypes())
      walker.walk(type);
    if (failed(check(op.getLoc())))
      return failure();
  }
  return success();
}

/// Says what makes rows of the user vary with the candidates.
static LogicalResult refuseScore(ModelOp model, const Wish &wish, const RowDependence &dependence, Operation *work) {
  StringRef candidates = wish.candidates.getName().getValue();
  for (Operation &op : model.getBody().front()) {
    if (op.getNumResults() == 0 || !isJagged(op.getResult(0)))
      continue;
    Value result = op.getResult(0);
    for (auto [index, segment] : llvm::enumerate(getSegments(spaceOf(result)))) {
      if (!dependence.getSegments(result)[index] || dependence.isMadeOfRows(segment) ||
          cast<RowSpace>(segment).getConstantRows())
        continue;
      VaryingCause cause = dependence.findCause(result, index);
      InFlightDiagnostic diagnostic = cause.op->emitError()
                                      << "entry points: no state of the user can be kept, because the rows "
                                      << describeRows(segment);
      auto input = dyn_cast_or_null<BlockArgument>(cause.operand);
      if (input && !dependence.isMadeOfRows(spaceOf(input)))
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
                           << describeRows(getSegments(spaceOf(work->getResult(0))).front()) << " together with '"
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
  ModelOp whole = cloneEntry(model, "prefill.whole", mapping);
  SmallVector<BlockArgument> inputs;
  for (BlockArgument input : wish->scoringInputs)
    inputs.push_back(cast<BlockArgument>(mapping.lookup(Value(input))));
  separateRows(whole, RowDependence(whole, wish->candidates, inputs));
  RowDependence dependence(whole, wish->candidates, inputs);
  if (failed(checkFilters(whole, dependence)))
    return failure();
  ModelOp score;
  FailureOr<SmallVector<Value>> state = makeScore(whole, dependence, score);
  if (failed(state))
    return failure();
  if (Operation *work = findUserWork(score, wish->candidates))
    return refuseScore(whole, *wish, dependence, work);
  if (failed(checkBags(score, wish->candidates)))
    return failure();
  if (state->empty())
    return model.emitError() << "entry points: no output reads anything but the rows '"
                             << wish->candidates.getName().getValue() << "': there is no state to keep";
  FailureOr<ModelOp> prefill = makePrefill(whole, *state);
  if (failed(prefill))
    return failure();
  whole.erase();
  score->moveAfter(*prefill);
  if (wish->append && failed(makeAppend(*prefill, wish->append)))
    return failure();
  if (Operation *coupling = findCoupling(score, wish->candidates))
    remark::missed(coupling->getLoc(), remark::RemarkOpts::name("no slices").category("recsys-derive-entry-points"))
        << ("candidates of a request depend here on the other rows of '" + wish->candidates.getName().getValue() +
            "': @score gives the scores of @" + model.getSymName() + " for all of them at once, not for slices")
               .str();
  numStates += prefill->getNumResults();
  recordHash(*prefill);
  return success();
}
