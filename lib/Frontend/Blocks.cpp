// SPDX-License-Identifier: Apache-2.0
// Which block a node has.
#include "Blocks.h"

using namespace reccc;

static Built buildBlock(ModelBuilder &b, const pb::Node &node) {
  switch (node.block_case()) {
#define RECCC_BLOCK(enumerator, field)                                                                                 \
  case pb::Node::enumerator:                                                                                           \
    return build(b, node.field());
    RECCC_BLOCK(kEmbedding, embedding)
    RECCC_BLOCK(kEmbeddingBag, embedding_bag)
    RECCC_BLOCK(kActionBits, action_bits)
    RECCC_BLOCK(kThresholdBits, threshold_bits)
    RECCC_BLOCK(kVocabulary, vocabulary)
    RECCC_BLOCK(kBucketize, bucketize)
    RECCC_BLOCK(kRowIndex, row_index)
    RECCC_BLOCK(kCalendar, calendar)
    RECCC_BLOCK(kHashIds, hash_ids)
    RECCC_BLOCK(kConcatRows, concat_rows)
    RECCC_BLOCK(kAppend, append)
    RECCC_BLOCK(kInterleave, interleave)
    RECCC_BLOCK(kDeinterleave, deinterleave)
    RECCC_BLOCK(kSelect, select)
    RECCC_BLOCK(kShift, shift)
    RECCC_BLOCK(kBroadcastRows, broadcast_rows)
    RECCC_BLOCK(kRepeatRows, repeat_rows)
    RECCC_BLOCK(kGroupRows, group_rows)
    RECCC_BLOCK(kSplatRows, splat_rows)
    RECCC_BLOCK(kPadRows, pad_rows)
    RECCC_BLOCK(kGatherRows, gather_rows)
    RECCC_BLOCK(kMaskRows, mask_rows)
    RECCC_BLOCK(kMaskShort, mask_short)
    RECCC_BLOCK(kPool, pool)
    RECCC_BLOCK(kLinear, linear)
    RECCC_BLOCK(kRequestLinear, request_linear)
    RECCC_BLOCK(kLayerNorm, layer_norm)
    RECCC_BLOCK(kL2Norm, l2_norm)
    RECCC_BLOCK(kRmsNorm, rms_norm)
    RECCC_BLOCK(kBatchNorm, batch_norm)
    RECCC_BLOCK(kDiv, div)
    RECCC_BLOCK(kScale, scale)
    RECCC_BLOCK(kLeakyRelu, leaky_relu)
    RECCC_BLOCK(kClamp, clamp)
    RECCC_BLOCK(kLog, log)
    RECCC_BLOCK(kConcatFeatures, concat_features)
    RECCC_BLOCK(kSliceFeatures, slice_features)
    RECCC_BLOCK(kReshapeFeatures, reshape_features)
    RECCC_BLOCK(kScaleParts, scale_parts)
    RECCC_BLOCK(kReduceFeatures, reduce_features)
    RECCC_BLOCK(kFeatureDots, feature_dots)
    RECCC_BLOCK(kAttention, attention)
    RECCC_BLOCK(kDotTable, dot_table)
    RECCC_BLOCK(kTopK, top_k)
    RECCC_BLOCK(kNearestRows, nearest_rows)
    RECCC_BLOCK(kMlp, mlp)
    RECCC_BLOCK(kContextualRows, contextual_rows)
    RECCC_BLOCK(kContextualMlp, contextual_mlp)
    RECCC_BLOCK(kPositions, positions)
    RECCC_BLOCK(kHstu, hstu)
    RECCC_BLOCK(kTransformer, transformer)
    RECCC_BLOCK(kMultitaskHead, multitask_head)
    RECCC_BLOCK(kHashedEmbedding, hashed_embedding)
    RECCC_BLOCK(kMixture, mixture)
    RECCC_BLOCK(kCross, cross)
    RECCC_BLOCK(kMaskNet, mask_net)
    RECCC_BLOCK(kDot, dot)
#undef RECCC_BLOCK
  case pb::Node::kFoldRows:
    return buildFoldRows(b, node.fold_rows());
  default:
    return buildElementwise(b, node);
  }
}

LogicalResult reccc::buildNode(ModelBuilder &b, const pb::Node &node) {
  b.begin(node.name(), node);
  // Ops stand where the block begins.
  forEachChild(node, [&](const Message &block, const Field *, int) { b.at(block); });
  Built result = buildBlock(b, node);
  if (failed(result)) {
    b.failNode();
    return failure();
  }
  b.define("", *result);
  return success();
}
