// SPDX-License-Identifier: Apache-2.0
// Greedy: each step that keeps the failure is kept.
#include "Shrink.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

static ModelOp modelOf(ModuleOp module) { return *module.getOps<ModelOp>().begin(); }

/// Where the model fails; empty where it does not.
static std::string findFailure(GeneratedModel &model, const CheckOptions &options) {
  int ends[2];
  if (pipe(ends) != 0)
    return "";
  pid_t child = fork();
  if (child == 0) {
    std::optional<Failure> failure = checkModel(model, options);
    std::string where = failure ? failure->where : "";
    _exit(write(ends[1], where.data(), where.size()) == static_cast<ssize_t>(where.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string where(1000, '\0');
  ssize_t size = read(ends[0], where.data(), where.size());
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0)
    return "";
  where.resize(std::max<ssize_t>(size, 0));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? where : "crash";
}

static void setNames(ModelOp model, StringRef attribute, ArrayRef<Attribute> names) {
  model->setAttr(attribute, ArrayAttr::get(model.getContext(), names));
}

/// The signature follows from the arguments and the output op.
static void updateType(ModelOp model) {
  Block &body = model.getBody().front();
  model.setFunctionType(
      FunctionType::get(model.getContext(), body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
}

static void dropOutputs(ModelOp model, function_ref<bool(unsigned)> drops) {
  Operation *output = model.getBody().front().getTerminator();
  SmallVector<Value> values;
  SmallVector<Attribute> names;
  for (auto [index, value] : llvm::enumerate(output->getOperands())) {
    if (drops(index))
      continue;
    values.push_back(value);
    names.push_back((*model.getResAttrs())[index]);
  }
  output->setOperands(values);
  setNames(model, "res_attrs", names);
  updateType(model);
}

/// `x` of the outputs `x.ids` and `x.scores`, which are judged by each other.
static StringRef getStem(ModelOp model, unsigned index) {
  StringRef name = model.getOutputName(index);
  (void)(name.consume_back(".ids") || name.consume_back(".scores"));
  return name;
}

static void eraseDead(ModelOp model) {
  Block &body = model.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  auto module = model->getParentOfType<ModuleOp>();
  for (auto parameter : llvm::make_early_inc_range(module.getOps<ParameterOp>()))
    if (SymbolTable::symbolKnownUseEmpty(parameter, module))
      parameter.erase();
  SmallVector<Attribute> names;
  llvm::BitVector dead(body.getNumArguments());
  for (BlockArgument argument : body.getArguments()) {
    // The first one says how many requests there are.
    dead[argument.getArgNumber()] = argument.use_empty() && argument.getArgNumber() > 0;
    if (!dead[argument.getArgNumber()])
      names.push_back((*model.getArgAttrs())[argument.getArgNumber()]);
  }
  body.eraseArguments(dead);
  setNames(model, "arg_attrs", names);
  updateType(model);
}

/// What the op computes becomes an input of numbers like its own; integers may index tables and stay.
static bool cutOff(ModelOp model, Operation *op) {
  if (op->getNumResults() != 1 || !isa<JaggedType>(op->getResult(0).getType()) ||
      !cast<JaggedType>(op->getResult(0).getType()).isFloat())
    return false;
  static int64_t number = 0;
  OpBuilder builder(model.getContext());
  BlockArgument argument = model.getBody().front().addArgument(op->getResult(0).getType(), op->getLoc());
  SmallVector<Attribute> names(model.getArgAttrs()->getValue());
  names.push_back(builder.getDictionaryAttr(
      builder.getNamedAttr(ModelOp::kNameAttr, builder.getStringAttr("cut" + std::to_string(number++)))));
  setNames(model, "arg_attrs", names);
  op->getResult(0).replaceAllUsesWith(argument);
  updateType(model);
  return true;
}

/// Applies a step to a copy and keeps it when the copy fails alike.
static bool attempt(GeneratedModel &model, const CheckOptions &options, StringRef where,
                    function_ref<bool(ModelOp)> step) {
  OwningOpRef<ModuleOp> before = model.module->clone();
  if (step(modelOf(*model.module))) {
    eraseDead(modelOf(*model.module));
    if (findFailure(model, options) == where)
      return true;
  }
  model.module = std::move(before);
  return false;
}

std::string shrink(GeneratedModel &model, const CheckOptions &options) {
  std::string where = findFailure(model, options);
  if (where.empty())
    return where;
  // 1. One output, if it fails alone.
  SmallVector<std::string> stems;
  for (unsigned index = 0; index < modelOf(*model.module).getNumResults(); ++index)
    if (StringRef stem = getStem(modelOf(*model.module), index); !llvm::is_contained(stems, stem))
      stems.push_back(stem.str());
  bool single = false;
  for (unsigned i = 0; i < stems.size() && stems.size() > 1 && !single; ++i)
    single = attempt(model, options, where, [&](ModelOp op) {
      dropOutputs(op, [&](unsigned index) { return getStem(op, index) != stems[i]; });
      return true;
    });
  for (unsigned i = stems.size(); !single && i-- > 0;)
    attempt(model, options, where, [&](ModelOp op) {
      dropOutputs(op, [&](unsigned index) { return getStem(op, index) == stems[i]; });
      return op.getNumResults() > 0;
    });
  // 2. Ops from the last one on: what is cut off late takes most with it.
  for (bool changed = true; changed;) {
    changed = false;
    unsigned count =
        std::distance(modelOf(*model.module).getBody().front().begin(), modelOf(*model.module).getBody().front().end());
    for (unsigned place = count; place-- > 0;)
      changed |= attempt(model, options, where, [&](ModelOp op) {
        Block &body = op.getBody().front();
        return place + 1 < body.getOperations().size() && cutOff(op, &*std::next(body.begin(), place));
      });
  }
  return where;
}

} // namespace reccc::fuzz
