// SPDX-License-Identifier: Apache-2.0
// The blocks of a description, each to ops of the recsys dialect. A block reports its own errors;
// `buildNode` names its result.
#ifndef RECCC_LIB_FRONTEND_BLOCKS_H
#define RECCC_LIB_FRONTEND_BLOCKS_H

#include "ModelBuilder.h"

namespace reccc {

/// Builds the node's block and defines its values.
LogicalResult buildNode(ModelBuilder &b, const pb::Node &node);

using Built = FailureOr<Value>;

// Embedding.
Built build(ModelBuilder &b, const pb::Embedding &block);
Built build(ModelBuilder &b, const pb::EmbeddingBag &block);
Built build(ModelBuilder &b, const pb::ActionBits &block);
Built build(ModelBuilder &b, const pb::ThresholdBits &block);
Built build(ModelBuilder &b, const pb::Vocabulary &block);
Built build(ModelBuilder &b, const pb::Bucketize &block);
Built build(ModelBuilder &b, const pb::RowIndex &block);
Built build(ModelBuilder &b, const pb::Calendar &block);
Built build(ModelBuilder &b, const pb::HashIds &block);

// Rows.
Built build(ModelBuilder &b, const pb::ConcatRows &block);
Built build(ModelBuilder &b, const pb::Append &block);
Built build(ModelBuilder &b, const pb::Interleave &block);
Built build(ModelBuilder &b, const pb::Deinterleave &block);
Built build(ModelBuilder &b, const pb::Select &block);
Built build(ModelBuilder &b, const pb::Shift &block);
Built build(ModelBuilder &b, const pb::BroadcastRows &block);
Built build(ModelBuilder &b, const pb::RepeatRows &block);
Built build(ModelBuilder &b, const pb::GroupRows &block);
Built buildFoldRows(ModelBuilder &b, const pb::Operand &block);
Built build(ModelBuilder &b, const pb::SplatRows &block);
Built build(ModelBuilder &b, const pb::PadRows &block);
Built build(ModelBuilder &b, const pb::GatherRows &block);
Built build(ModelBuilder &b, const pb::MaskRows &block);
Built build(ModelBuilder &b, const pb::MaskShort &block);
Built build(ModelBuilder &b, const pb::Pool &block);

// Dense.
Built build(ModelBuilder &b, const pb::Linear &block);
Built build(ModelBuilder &b, const pb::RequestLinear &block);
Built build(ModelBuilder &b, const pb::LayerNorm &block);
Built build(ModelBuilder &b, const pb::L2Norm &block);
Built build(ModelBuilder &b, const pb::RmsNorm &block);
Built build(ModelBuilder &b, const pb::BatchNorm &block);
Built build(ModelBuilder &b, const pb::Div &block);
Built build(ModelBuilder &b, const pb::Scale &block);
Built build(ModelBuilder &b, const pb::LeakyRelu &block);
Built build(ModelBuilder &b, const pb::Clamp &block);
Built build(ModelBuilder &b, const pb::Log &block);
Built buildElementwise(ModelBuilder &b, const pb::Node &node);

// Parts of records.
Built build(ModelBuilder &b, const pb::ConcatFeatures &block);
Built build(ModelBuilder &b, const pb::SliceFeatures &block);
Built build(ModelBuilder &b, const pb::ReshapeFeatures &block);
Built build(ModelBuilder &b, const pb::ScaleParts &block);
Built build(ModelBuilder &b, const pb::ReduceFeatures &block);
Built build(ModelBuilder &b, const pb::FeatureDots &block);

// Attention and retrieval.
Built build(ModelBuilder &b, const pb::Attention &block);
Built build(ModelBuilder &b, const pb::DotTable &block);
Built build(ModelBuilder &b, const pb::TopK &block);
Built build(ModelBuilder &b, const pb::NearestRows &block);

// Macros.
Built build(ModelBuilder &b, const pb::Mlp &block);
Built build(ModelBuilder &b, const pb::ContextualRows &block);
Built build(ModelBuilder &b, const pb::ContextualMlp &block);
Built build(ModelBuilder &b, const pb::Positions &block);
Built build(ModelBuilder &b, const pb::Hstu &block);
Built build(ModelBuilder &b, const pb::Transformer &block);
Built build(ModelBuilder &b, const pb::MultitaskHead &block);
Built build(ModelBuilder &b, const pb::HashedEmbedding &block);
Built build(ModelBuilder &b, const pb::Dot &block);
Built build(ModelBuilder &b, const pb::Mixture &block);
Built build(ModelBuilder &b, const pb::Cross &block);
Built build(ModelBuilder &b, const pb::MaskNet &block);

//===-- Shared between blocks
//-----------------------------------------------------------------------------------------===//

/// Weight and bias of a torch.nn.Linear: PREFIX.weight [out, in], PREFIX.bias [out].
Built buildTorchLinear(ModelBuilder &b, const Message &message, StringRef field, Value input, const std::string &prefix,
                       Dim outputs, bool useBias = true);
/// PREFIX.weight of an RMS norm over the whole record.
Built buildTorchRmsNorm(ModelBuilder &b, const Message &message, StringRef field, Value input,
                        const std::string &prefix, double eps);
/// PREFIX.weight and PREFIX.bias of a norm over the whole record.
Built buildTorchNorm(ModelBuilder &b, const Message &message, StringRef field, Value input, const std::string &prefix,
                     double eps);
/// x * sigmoid(norm(x)).
Built buildSwishNorm(ModelBuilder &b, const Message &message, StringRef field, Value input, const std::string &prefix,
                     double eps);
/// The running statistics of PREFIX as a factor and an addend of each number.
Built buildTorchBatchNorm(ModelBuilder &b, const Message &message, StringRef field, Value input,
                          const std::string &prefix, double eps);
/// Layers as torch.nn.Sequential stores them; `message` has the fields `stage`, `weights`, `eps`
/// and `widths`.
Built buildSequential(ModelBuilder &b, const Message &message, Value input, ArrayRef<int> stages, StringRef weights,
                      std::optional<double> eps, ArrayRef<int64_t> widths, std::optional<double> slope = std::nullopt);
/// Refuses a prefix that names the weights of several layers alike.
LogicalResult checkLayerPrefix(ModelBuilder &b, const Message &names, StringRef prefix, int64_t layers);
/// `text` with every {NAME} replaced.
std::string substitute(StringRef text, StringRef name, int64_t number);

/// Sum over k of gate[k] * part k of `experts`, which are [K, D].
Value buildMixture(ModelBuilder &b, Value gate, Value experts);

/// The ops' word for a kind of pooling.
ir::PoolKind poolKind(pb::Pool::Kind kind);
/// The same where only SUM, MEAN and MAX have a meaning; `message` has the field `kind`.
FailureOr<ir::PoolKind> reducingKind(ModelBuilder &b, const Message &message, pb::Pool::Kind kind);

/// The table's parameter, [rows, width].
Built bindTable(ModelBuilder &b, const pb::Table &table);

/// A bucket rule; `last` is the largest bucket where the rule does not say one (-1: none).
FailureOr<Attribute> bucketRule(ModelBuilder &b, const pb::BucketRule &rule, int64_t last);

/// masks[query segment][key segment] over the rows of `query` and `key`.
FailureOr<ArrayAttr> buildMask(ModelBuilder &b, const pb::Mask &mask, Value query, Value key);

/// How attention scores become weights.
struct ScoreSettings {
  ir::ScoreKind kind;
  double scale;
  std::optional<double> divisor;
  bool rowLengthDivisor = false;
  std::optional<int64_t> paddedRows; // columns that a softmax counts, seen or not
};
FailureOr<ScoreSettings> scoreSettings(ModelBuilder &b, const pb::Score &score, int64_t queryWidth);

/// What `padded_rows` of the score of `query` expects: a causal mask of history alone, and not more rows. Without
/// `mask`, that it is not there.
LogicalResult checkPaddedRows(ModelBuilder &b, const pb::Score &score, const pb::Mask *mask, Value query);

/// Biases of one attention. Tensor names are `prefix` + the names in the message.
struct BiasOperands {
  Value toeplitz, bucketWeights, queryTimes, keyTimes;
  Value requestTime;
  int64_t center = 0;
  bool lastAtOnePlace = false; // all candidates stand behind the history
  Attribute rule;
  ir::ScoreOrder order = ir::ScoreOrder::scale_then_add;
};
FailureOr<BiasOperands> bindBias(ModelBuilder &b, const pb::ScoreBias &bias, const std::string &prefix,
                                 const pb::Mask &mask, Value query, double scale);

/// Which keys anybody sees, and which only themselves see; null where nothing is said of them.
struct KeyMask {
  Value valid, own;
};

/// The fields `key_mask` and `masked_see_themselves` of a block, over the rows of `key`.
FailureOr<KeyMask> bindKeyMask(ModelBuilder &b, const Message &message, Value key);

/// query, key and value have records of [heads, width]; `bounds` are what masks that are tables read.
Value buildAttention(ModelBuilder &b, Value query, Value key, Value value, ArrayAttr masks, const ScoreSettings &score,
                     const BiasOperands &bias, const KeyMask &keyMask = {}, ValueRange bounds = {});

/// A causal attention whose softmax counts `score.paddedRows` columns of every row.
Value buildPaddedAttention(ModelBuilder &b, Value query, Value key, Value value, const ScoreSettings &score,
                           BiasOperands bias);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_BLOCKS_H
