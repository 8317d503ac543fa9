// SPDX-License-Identifier: Apache-2.0
// The macro `hstu`: a stack of HSTU layers in the variants that are published (spec/hstu.md 1.1).
#include "Blocks.h"

using namespace reccc;

namespace {

class HstuBuilder {
public:
  HstuBuilder(ModelBuilder &b, const pb::Hstu &block) : b(b), block(block), names(block.weights()) {}

  Built build() {
    auto input = b.vectors(block, "input");
    if (failed(input))
      return failure();
    width = b.widthOf(*input);
    heads = block.heads();
    layer = block.first_layer();
    if (failed(checkNames()) || failed(learnWidths()))
      return failure();
    auto settings = scoreSettings(b, block.score(), qk);
    auto mask = buildMask(b, block.mask(), *input, *input);
    if (failed(settings) || failed(mask) || failed(checkPaddedRows(b, block.score(), &block.mask(), *input)))
      return failure();
    score = *settings;
    if (score.paddedRows && heads != 1) {
      b.error(block, "heads", Code::Contradiction)
          << "node " << quoted(b.nodeName()) << " has a softmax over padded rows and " << heads
          << " heads, expected one head";
      return failure();
    }
    masks = *mask;
    Value x = *input;
    for (int64_t end = layer + block.layers(); layer < end; ++layer) {
      auto next = buildLayer(x);
      if (failed(next))
        return failure();
      x = *next;
    }
    return x;
  }

private:
  std::string tensor(const std::string &suffix) const { return substitute(names.prefix(), "layer", layer) + suffix; }
  std::string inner(StringRef name) const { return "layers." + std::to_string(layer) + "." + name.str(); }
  int64_t parts() const { return block.output() == pb::Hstu::GATED ? 1 : 3; }

  LogicalResult checkNames() {
    // A norm or bias that is there needs its tensors' names.
    auto needed = [&](bool there, StringRef field, StringRef because) -> LogicalResult {
      if (!there || names.GetReflection()->HasField(names, fieldNamed(names, field)))
        return success();
      return b.error(names, "", Code::MissingField)
             << "node " << quoted(b.nodeName()) << ": hstu.weights." << field
             << " is not set, expected the name behind the prefix, since " << because << " is true";
    };
    if (failed(needed(block.input_norm().affine(), "input_norm_weight", "input_norm.affine")) ||
        failed(needed(block.input_norm().affine(), "input_norm_bias", "input_norm.affine")) ||
        failed(needed(block.output_norm().affine(), "output_norm_weight", "output_norm.affine")) ||
        failed(needed(block.output_norm().affine(), "output_norm_bias", "output_norm.affine")) ||
        failed(needed(names.use_uvqk_bias(), "uvqk_bias", "use_uvqk_bias")) ||
        failed(needed(names.use_output_bias(), "output_bias", "use_output_bias")))
      return failure();
    if (failed(checkLayerPrefix(b, names, names.prefix(), block.layers())))
      return failure();
    if (block.input_norm().per_head())
      return b.error(block.input_norm(), "per_head", Code::Contradiction)
             << "node " << quoted(b.nodeName()) << ": per_head is for the output norm";
    return success();
  }

  /// Widths of q, k and of v: from the description, else from the shapes of the first layer.
  LogicalResult learnWidths() {
    v = block.has_v_width() ? block.v_width() : -1;
    qk = block.has_qk_width() ? block.qk_width() : -1;
    if (v < 0) {
      auto shape = b.weights.shapeOf(tensor(names.output()));
      if (shape && shape->size() == 2) {
        int64_t rows = (*shape)[names.output_layout() == pb::IN_OUT ? 0 : 1];
        if (rows % (parts() * heads) || rows == 0)
          return b.error(names, "output", Code::ShapeMismatch)
                     .note(b.weights.fileLocation(b.builder.getContext()),
                           "tensor " + quoted(tensor(names.output())) + " has shape " + shapeText(*shape))
                 << "weight " << quoted(tensor(names.output())) << " has " << rows << " inputs, expected a multiple of "
                 << parts() * heads << " (" << parts() << " parts x " << heads << " heads)";
        v = rows / (parts() * heads);
      }
    }
    if (qk < 0 && v >= 0) {
      auto shape = b.weights.shapeOf(tensor(names.uvqk()));
      if (shape && shape->size() == 2) {
        int64_t columns = (*shape)[names.uvqk_layout() == pb::IN_OUT ? 1 : 0];
        if (columns % (2 * heads) || columns / (2 * heads) <= v)
          return b.error(names, "uvqk", Code::ShapeMismatch)
                     .note(b.weights.fileLocation(b.builder.getContext()),
                           "tensor " + quoted(tensor(names.uvqk())) + " has shape " + shapeText(*shape))
                 << "weight " << quoted(tensor(names.uvqk())) << " has " << columns
                 << " outputs, expected a multiple of " << 2 * heads << " above " << 2 * heads * v << " (" << heads
                 << " heads x (2 x qk + 2 x " << v << " v))";
        qk = columns / (2 * heads) - v;
      }
    }
    if (v > 0 && qk > 0)
      return success();
    // The file lacks a tensor, or there is no file.
    for (const std::string &name : {tensor(names.output()), tensor(names.uvqk())})
      if (b.weights.hasFile() && !b.weights.contains(name))
        return b.weights.reportMissing(b.places.of(names, "prefix"), name);
    return b.error(block, "", Code::SizeNeeded).hint("set qk_width and v_width, or give the weights")
           << "node " << quoted(b.nodeName()) << ": the widths of q, k and v are not known without a weights file";
  }

  FailureOr<std::pair<Value, Value>> normWeights(const std::string &weight, const std::string &bias, StringRef field,
                                                 Dim dim) {
    auto gain = b.weight(names, field, tensor(weight), {dim});
    auto shift = b.weight(names, field, tensor(bias), {dim});
    if (failed(gain) || failed(shift))
      return failure();
    return std::make_pair(*gain, *shift);
  }

  /// uvqk of a layer with its columns in the order [u | v | q | k].
  FailureOr<std::pair<Value, Value>> uvqkWeights() {
    bool inOut = names.uvqk_layout() == pb::IN_OUT;
    int64_t columns = 2 * heads * (qk + v);
    auto text = [](int64_t number) { return std::to_string(number); };
    Dim out(columns, text(heads) + " heads x (2 x " + text(qk) + " qk + 2 x " + text(v) + " v)");
    SmallVector<Dim> dims = {{width, "width of the input"}, out};
    if (!inOut)
      std::swap(dims[0], dims[1]);
    SmallVector<std::pair<Location, std::string>> notes;
    if (block.has_qk_width())
      notes.push_back({b.places.of(block, "qk_width"), "qk_width is set here"});
    if (block.has_v_width())
      notes.push_back({b.places.of(block, "v_width"), "v_width is set here"});
    notes.push_back({b.places.of(block, "heads"), "heads is set here"});
    auto weight = b.weight(names, names.uvqk().empty() ? "prefix" : "uvqk", tensor(names.uvqk()), dims, notes);
    if (failed(weight))
      return failure();
    Value bias;
    if (names.use_uvqk_bias()) {
      auto given = b.weight(names, "uvqk_bias", tensor(names.uvqk_bias()), {out}, notes);
      if (failed(given))
        return failure();
      bias = *given;
    }
    if (names.order() == pb::Hstu::Weights::HEADS_UVQK)
      return std::make_pair(toBlocks(*weight, inOut ? 1 : 0), bias ? toBlocks(bias, 0) : bias);
    return std::make_pair(*weight, bias);
  }

  /// From u0 v0 q0 k0 u1 v1 … to u0 u1 … v0 v1 … along a dimension.
  Value toBlocks(Value weight, int64_t dim) {
    SmallVector<Value> pieces;
    int64_t offset = 0;
    for (int64_t size : {v, v, qk, qk}) {
      for (int64_t head = 0; head < heads; ++head)
        pieces.push_back(b.paramSlice(weight, dim, head * 2 * (v + qk) + offset, size));
      offset += size;
    }
    return b.paramConcat(pieces, dim);
  }

  Built buildLayer(Value x) {
    b.at(block);
    // 1. Norm and projection.
    Value gain, shift;
    if (block.input_norm().affine()) {
      auto weights = normWeights(names.input_norm_weight(), names.input_norm_bias(), "input_norm_weight",
                                 {width, "width of the input"});
      if (failed(weights))
        return failure();
      std::tie(gain, shift) = *weights;
    }
    Value normed = b.layerNorm(x, gain, shift, block.input_norm().eps());
    b.define(inner("norm"), normed);
    auto projection = uvqkWeights();
    if (failed(projection))
      return failure();
    Value uvqk = b.linear(normed, projection->first, projection->second, names.uvqk_layout() == pb::OUT_IN);
    b.define(inner("uvqk"), uvqk);

    // 2. The four parts.
    int64_t offset = 0;
    auto part = [&](int64_t size, bool silu, StringRef name) {
      Value slice = b.sliceFeatures(uvqk, offset, heads * size);
      offset += heads * size;
      if (silu)
        slice = b.unary<ir::SiluOp>(slice);
      b.define(inner(name), slice);
      return slice;
    };
    Value u = part(v, block.silu().u(), "u"), value = part(v, block.silu().v(), "v");
    Value query = part(qk, block.silu().q(), "q"), key = part(qk, block.silu().k(), "k");

    // 3. Attention.
    BiasOperands bias;
    if (block.has_bias()) {
      auto bound = bindBias(b, block.bias(), tensor(""), block.mask(), x, score.scale);
      if (failed(bound))
        return failure();
      bias = *bound;
    }
    if (score.paddedRows && bias.toeplitz && b.shapeOf(bias.toeplitz)[0] < 2 * *score.paddedRows - 1) {
      b.error(block.bias(), "position", Code::TooManyRows)
          << "node " << quoted(b.nodeName()) << ": the position bias has " << b.shapeOf(bias.toeplitz)[0]
          << " entries, expected at least " << 2 * *score.paddedRows - 1 << " (2N - 1) for " << *score.paddedRows
          << " padded rows";
      return failure();
    }
    query = b.reshape(query, {heads, qk});
    key = b.reshape(key, {heads, qk});
    value = b.reshape(value, {heads, v});
    Value attended = score.paddedRows ? buildPaddedAttention(b, query, key, value, score, bias)
                                      : buildAttention(b, query, key, value, masks, score, bias);
    b.define(inner("attention"), attended);
    Value attention = b.reshape(attended, {heads * v});
    b.define(inner("attn"), attention);

    // 4. Norm, gate, output.
    bool perHead = block.output_norm().per_head();
    int64_t groups = perHead ? heads : 1;
    gain = shift = Value();
    if (block.output_norm().affine()) {
      auto weights =
          normWeights(names.output_norm_weight(), names.output_norm_bias(), "output_norm_weight",
                      perHead ? Dim(heads, "one for each head")
                              : Dim(heads * v, std::to_string(heads) + " heads x " + std::to_string(v) + " v"));
      if (failed(weights))
        return failure();
      std::tie(gain, shift) = *weights;
      if (perHead && groups == 1) { // a norm of one group has a weight for each element
        gain = b.paramConcat(SmallVector<Value>(v, gain), 0);
        shift = b.paramConcat(SmallVector<Value>(v, shift), 0);
      }
    }
    Value a = b.layerNorm(attention, gain, shift, block.output_norm().eps(), groups);
    b.define(inner("normed"), a);
    Value gated = b.binary<ir::MulOp>(u, a);
    b.define(inner("gated"), gated);
    Value joined = gated;
    if (block.output() != pb::Hstu::GATED)
      joined = b.concatFeatures({u, block.output() == pb::Hstu::U_ATTENTION_GATED ? attention : a, gated});
    auto result = buildOutput(joined, x);
    if (succeeded(result))
      b.define(inner("out"), *result);
    return result;
  }

  Built buildOutput(Value joined, Value x) {
    bool outIn = names.output_layout() == pb::OUT_IN;
    SmallVector<Dim> dims = {{parts() * heads * v, std::to_string(parts()) + " parts x " + std::to_string(heads) +
                                                       " heads x " + std::to_string(v) + " v"},
                             {width, "width of the input"}};
    if (outIn)
      std::swap(dims[0], dims[1]);
    auto weight = b.weight(names, "output", tensor(names.output()), dims);
    if (failed(weight))
      return failure();
    Value bias;
    if (names.use_output_bias()) {
      auto given = b.weight(names, "output_bias", tensor(names.output_bias()), {{width, "width of the input"}});
      if (failed(given))
        return failure();
      bias = *given;
    }
    Value projected = b.linear(joined, *weight, bias, outIn);
    b.define(inner("projected"), projected);
    return block.has_residual() && !block.residual() ? projected : b.binary<ir::AddOp>(x, projected);
  }

  ModelBuilder &b;
  const pb::Hstu &block;
  const pb::Hstu::Weights &names;
  int64_t width = 0, heads = 0, qk = -1, v = -1, layer = 0;
  ScoreSettings score;
  ArrayAttr masks;
};

} // namespace

Built reccc::build(ModelBuilder &b, const pb::Hstu &block) { return HstuBuilder(b, block).build(); }
