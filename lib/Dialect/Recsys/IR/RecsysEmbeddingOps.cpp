// SPDX-License-Identifier: Apache-2.0
// Family embedding: result types and checks.
#include "OpChecks.h"

using namespace mlir;
using namespace mlir::recsys;

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  JaggedType ids = jagged(adaptor.getIds());
  auto table = cast<RankedTensorType>(adaptor.getTable().getType());
  if (failed(checkScalar(location, "ids", ids))) // embedding_c1
    return failure();
  if (table.getRank() != 2) // embedding_c2
    return failAt(location, context) << "expected a table of rank 2, got " << table;
  types.push_back(JaggedType::get(context, ids.getSpace(), {table.getDimSize(1)}, table.getElementType()));
  return success();
}

LogicalResult ActionBitsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  JaggedType actions = jagged(adaptor.getActions());
  auto table = cast<RankedTensorType>(adaptor.getTable().getType());
  int64_t weights = adaptor.getWeights().size();
  if (table.getRank() != 2 || table.getDimSize(0) != weights) // action_bits_c1
    return failAt(location, context) << "expected a table with a row for each of the " << weights << " weights, got " << table;
  if (failed(checkScalar(location, "actions", actions))) // action_bits_c2
    return failure();
  types.push_back(JaggedType::get(context, actions.getSpace(), {weights * table.getDimSize(1)}, table.getElementType()));
  return success();
}

LogicalResult ThresholdBitsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                                Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (adaptor.getThresholds().size() != adaptor.getWeights().size()) // threshold_bits_c1
    return failAt(location, context) << "expected a weight for each threshold, got " << adaptor.getThresholds().size()
                                     << " thresholds and " << adaptor.getWeights().size() << " weights";
  JaggedType actions = jagged(adaptor.getActions()), values = jagged(adaptor.getValues());
  if (failed(checkScalar(location, "actions", actions)) || failed(checkScalar(location, "values", values)) ||
      failed(checkSameSpace(location, actions, values))) // threshold_bits_c2
    return failure();
  types.push_back(actions);
  return success();
}

LogicalResult BucketizeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult BucketizeOp::verify() {
  if (!isa<EdgesAttr, SqrtBucketAttr>(getRule())) // bucketize_c1
    return emitOpError() << "expected #recsys.edges or #recsys.sqrt_bucket, got " << getRule();
  return success();
}

LogicalResult RowIndexOp::verify() {
  ArrayRef<Attribute> lengths = getLengths() ? getLengthsAttr().getValue() : ArrayRef<Attribute>();
  AffineMap map = getMap();
  if (map.getNumDims() != 1 || map.getNumSymbols() != lengths.size() || map.getNumResults() == 0) // row_index_c1
    return emitOpError() << "expected a map of one dimension, " << lengths.size()
                         << " symbols (one for each length) and at least one result, got " << getMapAttr();
  for (Attribute space : lengths) // row_index_c2
    if (!isa<RowSpace>(space))
      return emitOpError() << "expected the length of a row space, got " << space;
  return checkScalar(getLoc(), "a result", getResult().getType()); // row_index_c3
}

LogicalResult CalendarFeaturesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                                   Adaptor adaptor, SmallVectorImpl<Type> &types) {
  JaggedType timestamps = jagged(adaptor.getTimestamps());
  ArrayRef<double> periods = adaptor.getPeriods(), units = adaptor.getUnits();
  auto positive = [](double value) { return value > 0; };
  if (periods.empty() || periods.size() != units.size() || !llvm::all_of(periods, positive) ||
      !llvm::all_of(units, positive)) // calendar_features_c1
    return failAt(location, context) << "expected as many periods as units, all greater than 0, got " << periods.size()
                                     << " periods and " << units.size() << " units";
  if (failed(checkScalar(location, "timestamps", timestamps))) // calendar_features_c2
    return failure();
  types.push_back(JaggedType::get(context, timestamps.getSpace(), {2 * static_cast<int64_t>(periods.size())},
                                  Float32Type::get(context)));
  return success();
}
