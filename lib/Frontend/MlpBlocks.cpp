// SPDX-License-Identifier: Apache-2.0
// Macros of linear layers and norms: sequences as PyTorch stores them, heads of several tasks.
#include "Blocks.h"

using namespace reccc;

std::string reccc::substitute(StringRef text, StringRef name, int64_t number) {
  std::string key = ("{" + name + "}").str(), result = text.str(), value = std::to_string(number);
  for (size_t at = 0; (at = result.find(key, at)) != std::string::npos; at += value.size())
    result.replace(at, key.size(), value);
  return result;
}

LogicalResult reccc::checkLayerPrefix(ModelBuilder &b, const Message &names, StringRef prefix, int64_t layers) {
  if (layers < 2 || prefix.contains("{layer}"))
    return success();
  return b.error(names, "prefix", Code::Contradiction)
         << "node " << quoted(b.nodeName()) << ": prefix " << quoted(prefix) << " has no {layer}, expected one for "
         << layers << " layers";
}

Built reccc::buildTorchLinear(ModelBuilder &b, const Message &message, StringRef field, Value input,
                              const std::string &prefix, Dim outputs, bool useBias) {
  auto weight = b.weight(message, field, prefix + "weight", {outputs, {b.widthOf(input), "width of the input"}});
  if (failed(weight))
    return failure();
  FailureOr<Value> bias = Value();
  if (useBias)
    bias = b.weight(message, field, prefix + "bias", {{b.shapeOf(*weight)[0], "outputs of the weight"}});
  if (failed(bias) || failed(b.jagged(message, b.spaceOf(input), {b.shapeOf(*weight)[0]}, b.builder.getF32Type())))
    return failure();
  return b.linear(input, *weight, *bias, /*transposed=*/true);
}

/// A parameter of the shape of the input's record.
static FailureOr<Value> recordWeight(ModelBuilder &b, const Message &message, StringRef field, Value input,
                                     const std::string &name) {
  SmallVector<Dim> dims;
  for (int64_t size : b.typeOf(input).getDims())
    dims.push_back({size, "shape of the input's record"});
  return b.weight(message, field, name, dims);
}

Built reccc::buildTorchRmsNorm(ModelBuilder &b, const Message &message, StringRef field, Value input,
                               const std::string &prefix, double eps) {
  auto weight = recordWeight(b, message, field, input, prefix + "weight");
  return failed(weight)
             ? weight
             : Built(ir::RmsNormOp::create(b.builder, b.where, input.getType(), input, *weight, llvm::APFloat(eps))
                         .getResult());
}

Built reccc::buildTorchNorm(ModelBuilder &b, const Message &message, StringRef field, Value input,
                            const std::string &prefix, double eps) {
  auto weight = recordWeight(b, message, field, input, prefix + "weight");
  auto bias = recordWeight(b, message, field, input, prefix + "bias");
  if (failed(weight) || failed(bias))
    return failure();
  return b.layerNorm(input, *weight, *bias, eps);
}

Built reccc::buildSwishNorm(ModelBuilder &b, const Message &message, StringRef field, Value input,
                            const std::string &prefix, double eps) {
  auto norm = buildTorchNorm(b, message, field, input, prefix, eps);
  if (failed(norm))
    return failure();
  return b.binary<ir::MulOp>(input, b.unary<ir::SigmoidOp>(*norm));
}

/// (x - mean) / sqrt(variance + eps) as a factor and an addend; times `weight` and plus `bias` where they are not null.
static Built buildStatistics(ModelBuilder &b, const Message &message, StringRef field, Value input,
                             const std::string &prefix, double eps, Value weight, Value bias) {
  Dim width(b.widthOf(input), "width of the input");
  auto mean = b.weight(message, field, prefix + "running_mean", {width});
  auto variance = b.weight(message, field, prefix + "running_var", {width});
  if (failed(mean) || failed(variance))
    return failure();
  b.weights.markUsed(prefix + "num_batches_tracked");
  Type type = mean->getType();
  Value factor = ir::ParamRsqrtOp::create(b.builder, b.where, type, *variance, llvm::APFloat(eps));
  if (weight)
    factor = ir::ParamMulOp::create(b.builder, b.where, type, weight, factor);
  Value scaled = b.binary<ir::MulOp>(input, b.splat(factor, b.typeOf(input)));
  Value shift = ir::ParamMulOp::create(b.builder, b.where, type, *mean, factor);
  if (!bias)
    return b.binary<ir::SubOp>(scaled, b.splat(shift, b.typeOf(input)));
  Value addend = ir::ParamSubOp::create(b.builder, b.where, type, bias, shift);
  return b.binary<ir::AddOp>(scaled, b.splat(addend, b.typeOf(input)));
}

Built reccc::buildTorchBatchNorm(ModelBuilder &b, const Message &message, StringRef field, Value input,
                                 const std::string &prefix, double eps) {
  Dim width(b.widthOf(input), "width of the input");
  auto weight = b.weight(message, field, prefix + "weight", {width});
  auto bias = b.weight(message, field, prefix + "bias", {width});
  if (failed(weight) || failed(bias))
    return failure();
  return buildStatistics(b, message, field, input, prefix, eps, *weight, *bias);
}

/// x (p + alpha (1 - p)), p = sigmoid(batch norm of x).
static Built buildDice(ModelBuilder &b, const Message &message, Value input, const std::string &prefix, double eps) {
  auto normed = buildStatistics(b, message, "weights", input, prefix + "bn.", eps, Value(), Value());
  auto alpha = b.weight(message, "weights", prefix + "alpha", {{b.widthOf(input), "width of the input"}});
  if (failed(normed) || failed(alpha))
    return failure();
  Value p = b.unary<ir::SigmoidOp>(*normed), rest = b.scale(p, -1, -1);
  Value leak = b.binary<ir::MulOp>(rest, b.splat(*alpha, b.typeOf(input)));
  return b.binary<ir::MulOp>(input, b.binary<ir::AddOp>(p, leak));
}

Built reccc::buildSequential(ModelBuilder &b, const Message &message, Value input, ArrayRef<int> stages,
                             StringRef weights, std::optional<double> eps, ArrayRef<int64_t> widths,
                             std::optional<double> slope) {
  size_t linears = llvm::count(stages, pb::Mlp::LINEAR);
  if (!widths.empty() && widths.size() != linears) {
    b.error(message, "widths", Code::Contradiction, 0)
        << "node " << quoted(b.nodeName()) << " has " << widths.size() << " widths and " << linears
        << " linear stages, expected as many";
    return failure();
  }
  size_t linear = 0;
  for (auto [i, stage] : llvm::enumerate(stages)) {
    std::string prefix = substitute(substitute(weights, "stage", i), "linear", linear);
    bool norm = stage == pb::Mlp::LAYER_NORM || stage == pb::Mlp::SWISH_NORM || stage == pb::Mlp::BATCH_NORM ||
                stage == pb::Mlp::DICE;
    if (norm && !eps) {
      b.error(message, "stage", Code::MissingField, i)
          << "node " << quoted(b.nodeName()) << ": eps is not set, expected the eps of its norms";
      return failure();
    }
    if (stage == pb::Mlp::LEAKY_RELU && !slope) {
      b.error(message, "stage", Code::MissingField, i)
          << "node " << quoted(b.nodeName()) << ": slope is not set, expected the slope of LEAKY_RELU";
      return failure();
    }
    Built next = failure();
    switch (stage) {
    case pb::Mlp::LINEAR:
      next = buildTorchLinear(b, message, "weights", input, prefix,
                              widths.empty() ? Dim(-1, "widths") : Dim(widths[linear], "widths"));
      ++linear;
      break;
    case pb::Mlp::LAYER_NORM:
      next = buildTorchNorm(b, message, "weights", input, prefix, *eps);
      break;
    case pb::Mlp::SWISH_NORM:
      next = buildSwishNorm(b, message, "weights", input, prefix, *eps);
      break;
    case pb::Mlp::SILU:
      next = b.unary<ir::SiluOp>(input);
      break;
    case pb::Mlp::RELU:
      next = b.unary<ir::ReluOp>(input);
      break;
    case pb::Mlp::GELU:
      next = b.gelu(input, /*tanh=*/false);
      break;
    case pb::Mlp::GELU_TANH:
      next = b.gelu(input, /*tanh=*/true);
      break;
    case pb::Mlp::SIGMOID:
      next = b.unary<ir::SigmoidOp>(input);
      break;
    case pb::Mlp::TANH:
      next = b.unary<ir::TanhOp>(input);
      break;
    case pb::Mlp::BATCH_NORM:
      next = buildTorchBatchNorm(b, message, "weights", input, prefix, *eps);
      break;
    case pb::Mlp::DICE:
      next = buildDice(b, message, input, prefix, *eps);
      break;
    case pb::Mlp::DROPOUT:
      next = input;
      break;
    case pb::Mlp::LEAKY_RELU:
      next = Value(ir::LeakyReluOp::create(b.builder, b.where, input.getType(), input, llvm::APFloat(*slope)));
      break;
    }
    if (failed(next))
      return failure();
    input = *next;
    if (i + 1 < stages.size())
      b.define("stages." + Twine(i), input);
  }
  return input;
}

Built reccc::build(ModelBuilder &b, const pb::Mlp &block) {
  auto input = b.vectors(block, "input");
  if (failed(input))
    return failure();
  SmallVector<int> stages(block.stage().begin(), block.stage().end());
  SmallVector<int64_t> widths(block.widths().begin(), block.widths().end());
  return buildSequential(b, block, *input, stages, block.weights(),
                         block.has_eps() ? std::optional(block.eps()) : std::nullopt, widths,
                         block.has_slope() ? std::optional(block.slope()) : std::nullopt);
}

Built reccc::build(ModelBuilder &b, const pb::MultitaskHead &block) {
  auto user = b.vectors(block, "user");
  auto item = b.vectors(block, "item");
  if (failed(user) || failed(item) || failed(b.sameRows(block, "item", -1, *item, *user)) ||
      failed(b.sameRecord(block, "item", -1, *item, *user)))
    return failure();
  SmallVector<int> stages(block.stage().begin(), block.stage().end());
  SmallVector<int64_t> widths(block.widths().begin(), block.widths().end());
  auto logits = buildSequential(b, block, b.binary<ir::MulOp>(*user, *item), stages, block.weights(),
                                block.has_eps() ? std::optional(block.eps()) : std::nullopt, widths);
  if (failed(logits))
    return failure();
  if (b.widthOf(*logits) != block.task_size()) {
    b.error(block, "task", Code::RecordsDiffer, 0)
        << "node " << quoted(b.nodeName()) << " has " << block.task_size() << " tasks, expected " << b.widthOf(*logits)
        << ", one for each output of its last stage";
    return failure();
  }
  b.define("logits", *logits);
  // Neighbours of one kind are one slice.
  SmallVector<Value> parts;
  for (int first = 0; first < block.task_size();) {
    int end = first;
    while (end < block.task_size() && block.task(end).kind() == block.task(first).kind())
      ++end;
    Value part = b.sliceFeatures(*logits, first, end - first);
    parts.push_back(block.task(first).kind() == pb::MultitaskHead::Task::BINARY ? b.unary<ir::SigmoidOp>(part) : part);
    first = end;
  }
  Value preds = b.concatFeatures(parts);
  llvm::StringSet<> seen;
  for (const auto &[i, task] : llvm::enumerate(block.task())) {
    if (!seen.insert(task.name()).second || task.name() == "logits" || task.name() == "preds" ||
        task.name() == "stages") {
      b.error(task, "name", Code::DuplicateName) << "task " << quoted(task.name()) << ": the name is taken";
      return failure();
    }
    b.define(task.name(), b.sliceFeatures(preds, i, 1));
  }
  b.define("preds", preds);
  return preds;
}
