// SPDX-License-Identifier: Apache-2.0
// The parts of the attention generator: the loop nest, and what becomes of scores.
#ifndef RECCC_LIB_CODEGEN_COMMON_ATTENTIONKERNEL_H
#define RECCC_LIB_CODEGEN_COMMON_ATTENTIONKERNEL_H

#include "reccc/Codegen/Common/Kernels.h"

namespace reccc {

/// A recrt_attention_item, and where its query segment lies.
struct AttentionItem {
  Instance instance; // what the op reads together
  Value segment, first, head;
  Value begin; // first row of the segment
  Value rows;  // of the segment
  Value count; // queries of this item, at most 32
};

/// A block of keys whose scores are in scratch. Keys are numbered in their segment.
struct KeyBlock {
  Value keyBegin;          // row of the source's space that is key 0
  Value first, count;      // keys of the block
  Value fullLow, fullHigh; // keys that all lanes see
  Value laneLow, laneHigh; // [32] i32 in memory: what each lane sees
  KernelOperand *keyMask;  // keys that nobody sees are 0 in it; null where the source has none
};

/// Turns a block of raw scores `[key][32]` into weights, in place: scale, bias, mask, SiLU or softmax.
class AttentionScore {
public:
  virtual ~AttentionScore() = default;
  virtual void beginTile(const AttentionItem &item) = 0;
  /// What the initial result of a query is multiplied with to be a sum, in all lanes.
  virtual Value initialWeight(const AttentionItem &item, Value lane) = 0;
  virtual void apply(const KeyBlock &block) = 0;
  /// What the sum of a query is divided by, in all lanes.
  virtual Value divisor(const AttentionItem &item, Value lane) = 0;
  virtual void storeState(const AttentionItem &item) {}
};

/// Chooses by the operator's attributes.
std::unique_ptr<AttentionScore> makeAttentionScore(KernelFrame &frame, recsys::AttentionOp op, Value scores, Value out,
                                                   int64_t outStride);

class AttentionBuilder {
public:
  AttentionBuilder(KernelFrame &frame, recsys::AttentionOp op)
      : frame(frame), b(frame.b), target(frame.b.target), op(op), width(op.getQuery().getType().getDims()[1]),
        valueWidth(cast<recsys::JaggedType>(op.getResult().getType()).getDims()[1]) {}

  KernelFacts build();
  void buildArea(Value item);

private:
  struct SourceSegment {
    unsigned source;
    Attribute space, segment;
    unsigned place;               // among the segments of its space
    SmallVector<Attribute> masks; // for each query segment
    unsigned firstSlot, slots = 0;
  };

  void findSegments();
  AttentionItem readItem(Value pointer);
  void forMasks(const AttentionItem &item, SourceSegment &segment, function_ref<void(Attribute)> body);
  Value slotField(Value slot, int64_t field);
  void buildBounds(const AttentionItem &item);
  void buildLaneBounds(const AttentionItem &item, SourceSegment &segment, Attribute mask, Value columns);
  void buildTile(const AttentionItem &item);
  void loadInitial(const AttentionItem &item);
  void buildSource(const AttentionItem &item, unsigned source);
  void buildScores(const KeyBlock &block, KernelOperand &key, Value keys, int64_t stride);
  void buildSums(const KeyBlock &block, KernelOperand &value, Value values, int64_t stride);
  void storeResult(const AttentionItem &item);

  KernelFrame &frame;
  TileBuilder &b;
  const TargetDescription &target;
  recsys::AttentionOp op;
  int64_t width, valueWidth, outStride = 0;
  Attribute querySpace;
  SmallVector<Attribute> querySegments;
  SmallVector<SourceSegment> sourceSegments;
  unsigned numSlots = 0; // intervals of all source segments
  std::unique_ptr<AttentionScore> score;
  // Scratch: queries [width][32], sums [32][outStride], scores [key][32], rows of keys in fp32, intervals.
  Value queries, out, scores, converted, slotFields, laneLow, laneHigh;
};

} // namespace reccc

#endif // RECCC_LIB_CODEGEN_COMMON_ATTENTIONKERNEL_H
