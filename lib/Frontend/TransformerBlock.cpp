// SPDX-License-Identifier: Apache-2.0
// The macro `transformer`: a stack of Transformer layers, norms after the residuals or before the blocks.
#include "Blocks.h"

using namespace reccc;

namespace {

class TransformerBuilder {
public:
  TransformerBuilder(ModelBuilder &b, const pb::Transformer &block) : b(b), block(block), names(block.weights()) {}

  Built build() {
    auto input = b.vectors(block, "input");
    if (failed(input))
      return failure();
    width = b.widthOf(*input);
    if (width % block.heads()) {
      b.error(block, "heads", Code::OutOfRange)
          << "heads is " << block.heads() << ", expected a divisor of the width of the input, " << width;
      return failure();
    }
    if (failed(checkLayerPrefix(b, names, names.prefix(), block.layers())))
      return failure();
    auto settings = scoreSettings(b, block.score(), width / block.heads());
    if (failed(checkPaddedRows(b, block.score(), /*mask=*/nullptr, *input)))
      return failure();
    auto queries = block.query().empty() ? input : b.vectors(block, "query");
    if (failed(queries) || failed(b.sameRecord(block, "query", -1, *queries, *input)))
      return failure();
    auto crossMask = buildMask(b, block.mask(), *queries, *input);
    auto mask = buildMask(b, block.mask(), *queries, *queries);
    if (failed(settings) || failed(crossMask) || failed(mask))
      return failure();
    if (!block.query().empty() && !block.key_mask().empty()) {
      b.error(block, "key_mask", Code::Contradiction)
          << "node " << quoted(b.nodeName()) << " has query rows of its own, expected no key_mask";
      return failure();
    }
    auto validKeys = bindKeyMask(b, block, *input);
    if (failed(validKeys) || failed(checkNames()))
      return failure();
    keyMask = *validKeys;
    score = *settings;
    Value x = *queries;
    for (layer = 0; layer < block.layers(); ++layer) {
      masks = layer == 0 ? *crossMask : *mask;
      auto next = buildLayer(x, layer == 0 ? *input : x);
      if (failed(next))
        return failure();
      x = *next;
    }
    return x;
  }

private:
  /// One way of naming the projections, and a slope for LEAKY_RELU alone.
  LogicalResult checkNames() {
    bool apart = !names.query().empty() && !names.key().empty() && !names.value().empty();
    bool none = names.query().empty() && names.key().empty() && names.value().empty();
    if (names.packed().empty() ? !apart : !none)
      return b.error(names, "", Code::MissingField)
             << "node " << quoted(b.nodeName()) << ": expected the weights query, key and value, or packed alone";
    if ((block.activation() == pb::Transformer::LEAKY_RELU) != block.has_slope())
      return b.error(block, block.has_slope() ? "slope" : "activation", Code::Contradiction)
             << "node " << quoted(b.nodeName())
             << " has one of `activation: LEAKY_RELU` and slope, expected both or neither";
    return success();
  }

  std::string prefix(const std::string &name) const { return substitute(names.prefix(), "layer", layer) + name + "."; }
  std::string inner(StringRef name) const { return "layers." + std::to_string(layer) + "." + name.str(); }

  Built linear(Value input, const std::string &name, StringRef field, Dim outputs) {
    return buildTorchLinear(b, names,
                            names.GetReflection()->HasField(names, fieldNamed(names, field)) ? field : "prefix", input,
                            prefix(name), outputs, !names.has_use_bias() || names.use_bias());
  }

  /// The projection with a number of those that one weight holds.
  Built packed(Value input, int64_t number) {
    std::string name = substitute(names.prefix(), "layer", layer) + names.packed();
    auto weight =
        b.weight(names, "packed", name + "_weight", {{3 * width, "three widths"}, {width, "width of the input"}});
    FailureOr<Value> bias = Value();
    if (!names.has_use_bias() || names.use_bias())
      bias = b.weight(names, "packed", name + "_bias", {{3 * width, "three widths"}});
    if (failed(weight) || failed(bias))
      return failure();
    return b.linear(input, b.paramSlice(*weight, 0, number * width, width),
                    *bias ? b.paramSlice(*bias, 0, number * width, width) : Value(), /*transposed=*/true);
  }

  Built norm(Value x, const std::string &name, StringRef field) {
    return block.norm_kind() == pb::Transformer::RMS_NORM
               ? buildTorchRmsNorm(b, names, field, x, prefix(name), block.eps())
               : buildTorchNorm(b, names, field, x, prefix(name), block.eps());
  }

  /// What a block reads: with PRE the norm of x.
  Built before(Value x, const std::string &name, StringRef field, StringRef innerName) {
    if (block.norm() != pb::Transformer::PRE)
      return x;
    auto normed = norm(x, name, field);
    if (succeeded(normed))
      b.define(inner(innerName), *normed);
    return normed;
  }

  /// x + residual, with POST its norm.
  Built after(Value x, Value residual, const std::string &name, StringRef field) {
    Value sum = b.binary<ir::AddOp>(x, residual);
    return block.norm() == pb::Transformer::PRE ? Built(sum) : norm(sum, name, field);
  }

  Value activate(Value x) {
    switch (block.activation()) {
    case pb::Transformer::RELU:
      return b.unary<ir::ReluOp>(x);
    case pb::Transformer::SILU:
      return b.unary<ir::SiluOp>(x);
    case pb::Transformer::LEAKY_RELU:
      return ir::LeakyReluOp::create(b.builder, b.where, x.getType(), x, llvm::APFloat(block.slope()));
    default:
      return b.gelu(x, block.activation() == pb::Transformer::GELU_TANH);
    }
  }

  /// Rows of `x` read rows of `from`.
  Built buildAttentionBlock(Value x, Value from) {
    Dim same(width, "width of the input");
    auto input = before(x, names.attention_norm(), "attention_norm", "attention_input");
    auto source = x == from ? input : before(from, names.attention_norm(), "attention_norm", "attention_source");
    if (failed(input) || failed(source))
      return failure();
    Built query = failure(), key = failure(), value = failure();
    if (names.packed().empty()) {
      query = linear(*input, names.query(), "query", same);
      key = linear(*source, names.key(), "key", same);
      value = linear(*source, names.value(), "value", same);
    } else {
      query = packed(*input, 0), key = packed(*source, 1), value = packed(*source, 2);
    }
    if (failed(query) || failed(key) || failed(value))
      return failure();
    b.define(inner("query"), *query);
    b.define(inner("key"), *key);
    b.define(inner("value"), *value);
    int64_t heads = block.heads();
    auto split = [&](Value v) { return b.reshape(v, {heads, width / heads}); };
    Value attended = buildAttention(b, split(*query), split(*key), split(*value), masks, score, {}, keyMask);
    b.define(inner("attention"), attended);
    auto projected = linear(b.reshape(attended, {width}), names.attention_output(), "attention_output", same);
    if (failed(projected))
      return failure();
    b.define(inner("projected"), *projected);
    return after(*projected, x, names.attention_norm(), "attention_norm");
  }

  Built buildInnerBlock(Value x) {
    auto input = before(x, names.output_norm(), "output_norm", "inner_input");
    if (failed(input))
      return failure();
    auto hidden =
        linear(*input, names.inner(), "inner", {block.has_inner_width() ? block.inner_width() : -1, "inner_width"});
    if (failed(hidden))
      return failure();
    b.define(inner("hidden"), *hidden);
    auto result = linear(activate(*hidden), names.inner_output(), "inner_output", {width, "width of the input"});
    if (failed(result))
      return failure();
    b.define(inner("inner"), *result);
    return after(*result, x, names.output_norm(), "output_norm");
  }

  Built buildLayer(Value x, Value from) {
    b.at(block);
    auto attention = buildAttentionBlock(x, from);
    if (failed(attention))
      return failure();
    b.define(inner("attn"), *attention);
    auto result = buildInnerBlock(*attention);
    if (succeeded(result))
      b.define(inner("out"), *result);
    return result;
  }

  ModelBuilder &b;
  const pb::Transformer &block;
  const pb::Transformer::Weights &names;
  int64_t width = 0, layer = 0;
  ScoreSettings score;
  ArrayAttr masks;
  KeyMask keyMask;
};

} // namespace

Built reccc::build(ModelBuilder &b, const pb::Transformer &block) { return TransformerBuilder(b, block).build(); }
