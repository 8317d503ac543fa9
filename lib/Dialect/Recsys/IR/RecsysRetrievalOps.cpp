// SPDX-License-Identifier: Apache-2.0
// Family retrieval: result types and checks.
#include "OpChecks.h"

using namespace mlir;
using namespace mlir::recsys;

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getScores(), adaptor.getExclude()})))
    return failure();
  JaggedType scores = jagged(adaptor.getScores());
  int64_t k = adaptor.getK();
  if (scores.getDims().size() != 1) // top_k_c1
    return failAt(location, context) << "expected records of one dimension, got " << scores;
  if (k < 1) // top_k_c2
    return failAt(location, context) << "expected k >= 1, got " << k;
  if (Value exclude = adaptor.getExclude();
      exclude && failed(checkScalar(location, "excluded ids", jagged(exclude)))) // top_k_c3
    return failure();
  if (failed(inferJagged(location, scores.getSpace(), {k}, IntegerType::get(context, 64), types)))
    return failure();
  return inferJagged(location, scores.getSpace(), {k}, scores.getElementType(), types);
}

LogicalResult NearestRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getQuery(), adaptor.getKeys()})))
    return failure();
  JaggedType query = jagged(adaptor.getQuery()), keys = jagged(adaptor.getKeys());
  if (failed(checkSameRecord(location, query, keys))) // nearest_rows_c1
    return failure();
  if (!isa<RequestAttr>(getFrame(keys.getSpace()))) // nearest_rows_c2
    return failAt(location, context) << "expected keys that are rows of the request, got " << keys;
  int64_t k = adaptor.getK(), from = adaptor.getFrom();
  if (k < 1 || k > 65536) // nearest_rows_c3
    return failAt(location, context) << "expected k from 1 to 65536, got " << k;
  if (from < 0) // nearest_rows_c4
    return failAt(location, context) << "expected a place from 0 on, got " << from;
  if (FloatAttr scale = adaptor.getHalfScaleAttr();
      scale && !(scale.getValue().isFiniteNonZero() && !scale.getValue().isNegative())) // nearest_rows_c5
    return failAt(location, context) << "expected a half_scale > 0, got " << scale.getValueAsDouble();
  return inferJagged(location, query.getSpace(), {k}, IntegerType::get(context, 64), types);
}
