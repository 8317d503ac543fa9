// SPDX-License-Identifier: Apache-2.0
// W [a; b] = Wa a + Wb b: what of a linear's input is the same for many rows is multiplied once.
#include "reccc/Analysis/Cost.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace reccc {
#define GEN_PASS_DEF_SPLITCONCATLINEARPASS
#include "reccc/Transforms/Passes.h.inc"
} // namespace reccc

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

static constexpr StringLiteral kCategory = "recsys-split-concat-linear";

/// Fewer features than this are not worth the sum of two results.
static constexpr int64_t kLeastShared = 8;

/// Whether the rows of `value` are rows of fewer, each many times.
static bool isRepeated(Value value) { return isa_and_nonnull<BroadcastRowsOp, RepeatRowsOp>(value.getDefiningOp()); }

/// A sum or difference that has repeated rows on a side.
static bool isSplittable(Value value) {
  if (isRepeated(value))
    return true;
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<AddOp, SubOp>(op) && llvm::any_of(op->getOperands(), isSplittable);
}

namespace {
/// Where columns of the weight begin that multiply a value, and with which sign.
struct Columns {
  int64_t offset;
  bool isNegative;
};
using Term = SmallVector<Columns, 2>;

class Split {
public:
  explicit Split(LinearOp op) : op(op), builder(op) {}

  bool run();

private:
  void addTerms(Value value, int64_t offset, bool isNegative);
  Value buildWeight(Term &term, int64_t size, bool &isNegative);
  Value buildProduct(Value input, Value weight, Value bias);
  void accumulate(Value &sum, Value part, bool isNegative);

  LinearOp op;
  OpBuilder builder;
  llvm::MapVector<Value, Term> terms;
};
} // namespace

static int64_t widthOf(Value value) { return jaggedTypeOf(value).getRowElements(); }

void Split::addTerms(Value value, int64_t offset, bool isNegative) {
  Operation *definition = value.getDefiningOp();
  if (auto concat = dyn_cast_if_present<ConcatFeaturesOp>(definition)) {
    for (Value input : concat.getInputs()) {
      addTerms(input, offset, isNegative);
      offset += widthOf(input);
    }
    return;
  }
  if (isa_and_nonnull<AddOp, SubOp>(definition) && isSplittable(value)) {
    addTerms(definition->getOperand(0), offset, isNegative);
    addTerms(definition->getOperand(1), offset, isNegative != isa<SubOp>(definition));
    return;
  }
  terms[value].push_back({offset, isNegative});
}

/// The sum of the term's columns of the weight, or of their negatives when all of them are.
Value Split::buildWeight(Term &term, int64_t size, bool &isNegative) {
  auto *positive = llvm::find_if(term, [](Columns columns) { return !columns.isNegative; });
  isNegative = positive == term.end();
  if (!isNegative)
    std::swap(*positive, term.front());
  Value weight;
  for (Columns columns : term) {
    Value part =
        ParamSliceOp::create(builder, op.getLoc(), op.getWeight(), op.getTransposed() ? 1 : 0, columns.offset, size);
    if (!weight)
      weight = part;
    else if (columns.isNegative == isNegative)
      weight = ParamAddOp::create(builder, op.getLoc(), weight, part);
    else
      weight = ParamSubOp::create(builder, op.getLoc(), weight, part);
  }
  return weight;
}

/// Partial sums keep fp32, whatever values are stored in: what is added up later must not be rounded before.
static void markPartial(Operation *op) { op->setAttr(kPartialSumAttr, UnitAttr::get(op->getContext())); }

Value Split::buildProduct(Value input, Value weight, Value bias) {
  JaggedType type = op.getResult().getType();
  if (!isRepeated(input)) {
    auto linear = LinearOp::create(builder, op.getLoc(), type, input, weight, bias, op.getTransposed());
    markPartial(linear);
    return linear;
  }
  Operation *repeat = input.getDefiningOp();
  Value source = repeat->getOperand(0);
  auto linear =
      LinearOp::create(builder, op.getLoc(), type.withSpace(spaceOf(source)), source, weight, bias, op.getTransposed());
  markPartial(linear);
  IRMapping mapping;
  mapping.map(source, linear.getResult());
  Operation *copy = builder.clone(*repeat, mapping);
  copy->getResult(0).setType(type);
  markPartial(copy);
  return copy->getResult(0);
}

void Split::accumulate(Value &sum, Value part, bool isNegative) {
  Operation *added = isNegative ? SubOp::create(builder, op.getLoc(), sum, part).getOperation()
                                : AddOp::create(builder, op.getLoc(), sum, part).getOperation();
  markPartial(added);
  sum = added->getResult(0);
}

bool Split::run() {
  // 1. The terms of the input. One that all rows have of their own is nothing to split.
  addTerms(op.getInput(), 0, /*isNegative=*/false);
  int64_t shared = 0, own = 0;
  for (auto &[value, term] : terms)
    (isRepeated(value) ? shared : own) += widthOf(value);
  int64_t before = op.getInFeatures();
  if (before - own < kLeastShared || shared == 0)
    return false;

  // 2. What rows have of their own stays one product. The bias goes with the first product.
  SmallVector<Value> inputs, weights;
  struct Negative {
    Value input, weight;
  };
  SmallVector<Negative> negatives;
  for (auto &[value, term] : terms) {
    if (isRepeated(value))
      continue;
    bool isNegative;
    Value weight = buildWeight(term, widthOf(value), isNegative);
    if (isNegative) {
      negatives.push_back({value, weight});
      continue;
    }
    inputs.push_back(value);
    weights.push_back(weight);
  }
  Value sum, bias = op.getBias();
  if (!inputs.empty()) {
    Value input =
        inputs.size() == 1 ? inputs.front() : ConcatFeaturesOp::create(builder, op.getLoc(), inputs).getResult();
    Value weight = weights.size() == 1
                       ? weights.front()
                       : ParamConcatOp::create(builder, op.getLoc(), weights, op.getTransposed() ? 1 : 0).getResult();
    sum = buildProduct(input, weight, bias);
  }
  // 3. The products of what is shared: those that are added first, so that there is something to subtract from.
  for (bool negative : {false, true}) {
    for (auto &[value, term] : terms) {
      bool isNegative = llvm::all_of(term, [](Columns columns) { return columns.isNegative; });
      if (!isRepeated(value) || isNegative != negative)
        continue;
      Value weight = buildWeight(term, widthOf(value), isNegative);
      Value product = buildProduct(value, weight, sum ? Value() : bias);
      if (sum)
        accumulate(sum, product, isNegative);
      else
        sum = product;
    }
  }
  for (Negative negative : negatives)
    accumulate(sum, buildProduct(negative.input, negative.weight, Value()), /*isNegative=*/true);
  remark::passed(op.getLoc(), remark::RemarkOpts::name("split").category(kCategory))
      << ("each of " + describeRows(spaceOf(op.getResult())) + " rows multiplies " + Twine(own) +
          " features instead of " + Twine(before) + "; " + Twine(shared) + " are multiplied once for many rows")
             .str();
  // The last sum is the result, which is stored as values are; so is the only product, before it is repeated and after.
  Operation *last = sum.getDefiningOp();
  last->removeAttr(kPartialSumAttr);
  if (isRepeated(sum))
    last->getOperand(0).getDefiningOp()->removeAttr(kPartialSumAttr);
  op.getResult().replaceAllUsesWith(sum);
  op.erase();
  return true;
}

namespace {
struct SplitConcatLinear : reccc::impl::SplitConcatLinearPassBase<SplitConcatLinear> {
  void runOnOperation() override {
    for (auto op : llvm::make_early_inc_range(getOperation().getBody().front().getOps<LinearOp>()))
      numSplit += Split(op).run();
  }
};
} // namespace
