// SPDX-License-Identifier: Apache-2.0
// Family embedding: result types and checks.
#include "OpChecks.h"
#include "reccc/Dialect/Recsys/IR/RowMaps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::recsys;

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getIds())) || failed(checkWeights(location, {adaptor.getTable()})))
    return failure();
  JaggedType ids = jagged(adaptor.getIds());
  auto table = cast<RankedTensorType>(adaptor.getTable().getType());
  if (failed(checkScalar(location, "ids", ids))) // embedding_c1
    return failure();
  if (table.getRank() != 2) // embedding_c2
    return failAt(location, context) << "expected a table of rank 2, got " << table;
  return inferJagged(location, ids.getSpace(), {table.getDimSize(1)}, table.getElementType(), types);
}

/// What joins rows of a table, for each row of `space`.
template <typename Adaptor>
static LogicalResult inferJoined(std::optional<Location> location, Adaptor adaptor, Attribute space,
                                 SmallVectorImpl<Type> &types) {
  MLIRContext *context = space.getContext();
  auto table = cast<RankedTensorType>(adaptor.getTable().getType());
  if (table.getRank() != 2) // embedding_bag_c2, embedding_bags_c2
    return failAt(location, context) << "expected a table of rank 2, got " << table;
  if (adaptor.getKind() == PoolKind::first ||
      adaptor.getKind() == PoolKind::last) // embedding_bag_c3, embedding_bags_c3
    return failAt(location, context) << "expected sum, mean or max, got " << stringifyEnum(adaptor.getKind());
  std::optional<uint64_t> padding = adaptor.getPadding();
  if (padding && *padding >= static_cast<uint64_t>(table.getDimSize(0))) // embedding_bag_c4, embedding_bags_c4
    return failAt(location, context) << "expected a padding id in [0, " << table.getDimSize(0) << "), got "
                                     << static_cast<int64_t>(*padding);
  return inferJagged(location, space, {table.getDimSize(1)}, table.getElementType(), types);
}

LogicalResult EmbeddingBagOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getIds())) || failed(checkWeights(location, {adaptor.getTable()})))
    return failure();
  JaggedType ids = jagged(adaptor.getIds());
  if (ids.getDims().size() != 1) // embedding_bag_c1
    return failAt(location, context) << "expected ids of one dimension, got " << ids;
  return inferJoined(location, adaptor, ids.getSpace(), types);
}

LogicalResult EmbeddingBagsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getIds())) || failed(checkWeights(location, {adaptor.getTable()})))
    return failure();
  JaggedType ids = jagged(adaptor.getIds());
  auto bags = dyn_cast<BagsAttr>(ids.getSpace());
  if (!bags || !ids.getDims().empty()) // embedding_bags_c1
    return failAt(location, context) << "expected ids, one for each row of #recsys.bags, got " << ids;
  return inferJoined(location, adaptor, bags.getOf(), types);
}

LogicalResult ToFloatOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  types.push_back(jagged(adaptor.getInput()).withElementType(Float32Type::get(context)));
  return success();
}

LogicalResult ActionBitsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getActions())) || failed(checkWeights(location, {adaptor.getTable()})))
    return failure();
  JaggedType actions = jagged(adaptor.getActions());
  auto table = cast<RankedTensorType>(adaptor.getTable().getType());
  int64_t weights = adaptor.getWeights().size();
  if (table.getRank() != 2 || table.getDimSize(0) != weights) // action_bits_c1
    return failAt(location, context) << "expected a table with a row for each of the " << weights << " weights, got "
                                     << table;
  if (failed(checkScalar(location, "actions", actions))) // action_bits_c2
    return failure();
  int64_t width = 0;
  if (llvm::MulOverflow(weights, table.getDimSize(1), width))
    width = 0; // the type refuses it
  return inferJagged(location, actions.getSpace(), {width}, table.getElementType(), types);
}

LogicalResult ThresholdBitsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getActions(), adaptor.getValues()})))
    return failure();
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

LogicalResult HashIdsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getIds())))
    return failure();
  JaggedType ids = jagged(adaptor.getIds());
  if (failed(checkScalar(location, "ids", ids))) // hash_ids_c1
    return failure();
  int64_t modulus = adaptor.getModulus(), rows = adaptor.getRows();
  if (modulus < 1 || rows < 1) // hash_ids_c2
    return failAt(location, context) << "expected modulus >= 1 and rows >= 1, got modulus " << modulus << " and rows "
                                     << rows;
  types.push_back(ids);
  return success();
}

LogicalResult BucketizeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult BucketizeOp::verify() {
  if (!isa<EdgesAttr, SqrtBucketAttr, VocabularyAttr>(getRule())) // bucketize_c1
    return emitOpError() << "expected #recsys.edges, #recsys.sqrt_bucket or #recsys.vocabulary, got " << getRule();
  return success();
}

LogicalResult RowIndexOp::verify() {
  ArrayRef<Attribute> lengths = getLengths() ? getLengthsAttr().getValue() : ArrayRef<Attribute>();
  AffineMap map = getMap();
  if (map.getNumDims() != 1 || map.getNumSymbols() != lengths.size() || map.getNumResults() == 0) // row_index_c1
    return emitOpError() << "expected a map of one dimension, " << lengths.size()
                         << " symbols (one for each length) and at least one result, got " << getMapAttr();
  if (failed(checkRowMap([&] { return emitOpError(); }, map))) // row_index_c4
    return failure();
  for (Attribute space : lengths) // row_index_c2
    if (!isa<RowSpace>(space) || isa<NestAttr>(space))
      return emitOpError() << "expected the length of a row space that is no nest, got " << space;
  return checkScalar(getLoc(), "a result", getResult().getType()); // row_index_c3
}

LogicalResult CalendarFeaturesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                                   Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getTimestamps())))
    return failure();
  JaggedType timestamps = jagged(adaptor.getTimestamps());
  ArrayRef<double> periods = adaptor.getPeriods(), units = adaptor.getUnits();
  auto positive = [](double value) { return value > 0 && std::isfinite(value); };
  if (periods.empty() || periods.size() != units.size() || !llvm::all_of(periods, positive) ||
      !llvm::all_of(units, positive)) // calendar_features_c1
    return failAt(location, context) << "expected as many periods as units, all finite and greater than 0, got "
                                     << periods.size() << " periods and " << units.size() << " units";
  if (failed(checkScalar(location, "timestamps", timestamps))) // calendar_features_c2
    return failure();
  return inferJagged(location, timestamps.getSpace(), {2 * static_cast<int64_t>(periods.size())},
                     Float32Type::get(context), types);
}
