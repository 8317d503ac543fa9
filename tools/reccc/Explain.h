// SPDX-License-Identifier: Apache-2.0
// The report of `--explain`: what presets chose, what rows depend on, what was rewritten and what not, what the kernels
// cost.
#ifndef RECCC_TOOLS_RECCC_EXPLAIN_H
#define RECCC_TOOLS_RECCC_EXPLAIN_H

#include "Input.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/MapVector.h"

namespace reccc {

/// An exit code when --explain-lengths names rows that the model has none of; the message is printed.
std::optional<int> checkExplainLengths(const Options &options, ModuleOp module);

/// Listens to a compilation; `write` says it all.
class Explanation {
public:
  Explanation(const Options &options, MLIRContext *context);

  /// Watches the passes that close stages. The explanation must outlive the pass manager.
  std::unique_ptr<PassInstrumentation> makeInstrumentation();
  std::string write(const ImportReport &report) const;

private:
  struct Watch;
  struct Remarks;

  /// Costs of the models in `root` at a moment that `when` names.
  void addModel(StringRef when, Operation *root);
  int64_t lengthOf(Attribute base) const;

  const Options &options;
  /// Lines about what was found out, and about rewrites: done, and left.
  std::vector<std::string> facts, done, left;
  /// Per stage and entry point: lines of text.
  std::vector<std::string> costs;
  /// Operations of each entry point as it came.
  llvm::StringMap<double> firstFlops;
  /// Lengths that costs were counted for.
  mutable llvm::MapVector<StringRef, int64_t> usedLengths;
};

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_EXPLAIN_H
