// SPDX-License-Identifier: Apache-2.0
// What the derivations of entry points share: clones, arguments that are state values, and rows that come from two
// values.
#ifndef RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_ENTRYCLONES_H
#define RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_ENTRYCLONES_H

#include "reccc/Analysis/RowDependence.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"

namespace reccc {

/// Runs passes on one model, as a pass can.
using RunPasses = llvm::function_ref<LogicalResult(OpPassManager &, Operation *)>;

/// A copy behind all models of the module.
recsys::ModelOp cloneEntry(recsys::ModelOp model, StringRef name, IRMapping &mapping);

/// Leaves what the outputs read, and the inputs that are read.
LogicalResult narrowEntry(recsys::ModelOp model, RunPasses run);

/// The attributes of the argument or result that is value `number` of a state.
DictionaryAttr describeState(MLIRContext *context, int64_t number);

/// Makes `values` the outputs, described by `attrs`.
void setOutputs(recsys::ModelOp model, ArrayRef<Value> values, ArrayRef<Attribute> attrs);

/// A value that does not vary and is read by what does. Values without operands (rows of a parameter, row numbers) cost
/// nothing to make again.
bool isOnCut(Value value, const RowDependence &dependence);

/// All values of a model on the cut, in their order.
SmallVector<Value> findCut(recsys::ModelOp model, const RowDependence &dependence);

/// Where rows that vary and rows that do not are read together, lets them come from two values: the one that does not
/// vary can be kept.
void separateRows(recsys::ModelOp model, const RowDependence &dependence);

/// The least value that a linear expression takes for rows 0 to `numRows` - 1, when that is a known constant.
std::optional<int64_t> findLeast(AffineExpr expr, AffineExpr numRows, unsigned numSymbols);

/// An op of @score by which the rows of a candidate depend on other candidates of the request, or on how many there
/// are; null when candidates may be scored in any slices.
Operation *findCoupling(recsys::ModelOp score, recsys::BaseSpaceAttr candidates);

/// Makes @append of @prefill: new rows of `rows` follow those of the state. Returns values of @prefill that it reads
/// and that are no outputs yet: then nothing was made. Reports the op for which old rows of the state would change.
FailureOr<SmallVector<Value>> deriveAppend(recsys::ModelOp prefill, recsys::BaseSpaceAttr rows, RunPasses run);

} // namespace reccc

#endif // RECCC_LIB_TRANSFORMS_DERIVEENTRYPOINTS_ENTRYCLONES_H
