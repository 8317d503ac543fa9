// SPDX-License-Identifier: Apache-2.0
// Collects remarks and costs while stages run.
#include "Explain.h"
#include "ExitCode.h"

#include "mlir/IR/Remarks.h"
#include "reccc/Analysis/Cost.h"
#include "reccc/Analysis/Locations.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace reccc;

//===-- Listening ----------------------------------------------------------------------------===//

struct Explanation::Remarks : remark::detail::MLIRRemarkStreamerBase {
  explicit Remarks(Explanation &explanation) : explanation(explanation) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string text;
    for (const auto &argument : remark.getArgs())
      text += argument.val;
    llvm::remarks::Type type = remark.getRemarkType();
    std::vector<std::string> &lines = type == llvm::remarks::Type::Passed     ? explanation.done
                                      : type == llvm::remarks::Type::Analysis ? explanation.facts
                                                                              : explanation.left;
    lines.push_back(describeLocation(remark.getLocation()) + ": " + text + " [" + remark.getCategoryName().str() + "]");
  }

  Explanation &explanation;
};

struct Explanation::Watch : PassInstrumentation {
  explicit Watch(Explanation &explanation) : explanation(explanation) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    for (const StageInfo &stage : getStages())
      if (pass->getArgument() == stage.verifyPass &&
          (stage.name == "model" || stage.name == "optimized" || stage.name == "kernels"))
        explanation.addModel("stage " + stage.name.str(), op);
    if (pass->getArgument() == "recsys-amortize-nests")
      explanation.addModel("after recsys-amortize-nests", op);
  }

  Explanation &explanation;
};

Explanation::Explanation(const Options &options, MLIRContext *context) : options(options) {
  remark::RemarkCategories all;
  all.passed = all.missed = all.analysis = ".*";
  // Without this engine the remarks of passes go nowhere; a second engine cannot be set.
  bool enabled = succeeded(remark::enableOptimizationRemarks(*context, std::make_unique<Remarks>(*this),
                                                             std::make_unique<remark::RemarkEmittingPolicyAll>(), all));
  if (!enabled)
    left.push_back("remarks of passes are not available");
}

std::unique_ptr<PassInstrumentation> Explanation::makeInstrumentation() { return std::make_unique<Watch>(*this); }

std::optional<int> reccc::checkExplainLengths(const Options &options, ModuleOp module) {
  llvm::SetVector<StringRef> known;
  AttrTypeWalker walker;
  walker.addWalk([&](Attribute attribute) {
    if (StringRef name = recsys::getRowsName(attribute); !name.empty())
      known.insert(name);
  });
  module.walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        walker.walk(argument.getType());
    for (Type type : op->getResultTypes())
      walker.walk(type);
  });
  for (StringRef name : options.explainLengths.keys())
    if (!known.contains(name)) {
      error() << "--explain-lengths: no base rows are named '" << name
              << "', expected some of: " << llvm::join(known, ", ") << "\n";
      return kUsage;
    }
  return std::nullopt;
}

int64_t Explanation::lengthOf(Attribute base) const {
  StringRef name = recsys::getRowsName(base);
  int64_t length = *cast<recsys::RowSpace>(base).getMaxRows();
  auto given = options.explainLengths.find(name);
  if (given != options.explainLengths.end())
    length = std::min(length, given->second);
  usedLengths[name] = length;
  return length;
}

//===-- Costs --------------------------------------------------------------------------------===//

static std::string formatCost(const Cost &cost) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%10.3f MFLOP %10.0f pairs %10.1f KB activations %10.1f KB weights",
                                                 cost.flops / 1e6, cost.pairs, cost.activationBytes / 1e3,
                                                 cost.weightBytes / 1e3);
  return text;
}

void Explanation::addModel(StringRef when, Operation *root) {
  auto lengths = [&](Attribute base) { return lengthOf(base); };
  root->walk([&](recsys::ModelOp model) {
    Cost sum;
    std::vector<std::string> kernels;
    for (Operation &op : model.getBody().front()) {
      Cost cost = computeCost(&op, lengths);
      sum += cost;
      auto kernel = dyn_cast<rectile::KernelOp>(op);
      if (!kernel)
        continue;
      std::string formula = describeFlops(&op);
      auto result = cast<recsys::JaggedType>(op.getResult(0).getType());
      kernels.push_back("  " + formatCost(cost) + "  " + rectile::stringifyKernelKind(kernel.getKind()).str() +
                        " over " + describeRows(result.getSpace()) + " rows, " + describeLocation(op.getLoc()) +
                        (formula.empty() ? "" : "\n      FLOP = " + formula));
    }
    double &before = firstFlops.try_emplace(model.getSymName(), sum.flops).first->second;
    std::string less;
    if (sum.flops > 0 && before > sum.flops)
      llvm::raw_string_ostream(less) << llvm::format(", %.2f times fewer FLOP than at first", before / sum.flops);
    costs.push_back(formatCost(sum) + "  @" + model.getSymName().str() + ", " + when.str() + less +
                    (kernels.empty() ? "" : ", " + std::to_string(kernels.size()) + " kernels"));
    costs.insert(costs.end(), kernels.begin(), kernels.end());
  });
}

//===-- The report ---------------------------------------------------------------------------===//

static void writeList(llvm::raw_ostream &stream, StringRef title, ArrayRef<std::string> lines) {
  stream << title << "\n";
  for (const std::string &line : lines)
    stream << "  " << line << "\n";
  if (lines.empty())
    stream << "  nothing\n";
  stream << "\n";
}

std::string Explanation::write(const ImportReport &report) const {
  std::string text, lengths;
  llvm::raw_string_ostream stream(text);
  std::vector<std::string> choices;
  for (const PresetChoice &choice : report.choices)
    choices.push_back(choice.node + ": " + choice.field + " = " + choice.value + " (" + choice.preset +
                      (choice.overridden ? ", overridden by the description)" : ")"));
  writeList(stream, "What presets chose", choices);
  writeList(stream, "What rows depend on", facts);
  writeList(stream, "What was rewritten", done);
  writeList(stream, "What was not, and why", left);
  for (auto &[name, length] : usedLengths)
    lengths += (lengths.empty() ? " with " : ", ") + name.str() + " = " + std::to_string(length);
  writeList(stream, "Cost of one request" + lengths, costs);
  return text;
}
