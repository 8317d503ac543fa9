// SPDX-License-Identifier: Apache-2.0
// What the public implementations that presets name do, as fragments of descriptions.
#include "Presets.h"
#include "google/protobuf/text_format.h"

using namespace reccc;
namespace gp = google::protobuf;

namespace {
struct Preset {
  const char *block; // message of the block
  const char *name;  // enumerator
  /// Always set.
  const char *always;
  /// Set when the description has the message at a path.
  struct Conditional {
    const char *path, *text;
  } whenPresent[2];
};
} // namespace

// Sources: the comments of the enumerations in recsys/v1/model.proto.
static const Preset kPresets[] = {
    {"Hstu",
     "META_STU",
     R"(input_norm { eps: 1e-6 affine: true }
        output_norm { eps: 1e-6 affine: true per_head: false }
        silu { u: true v: false q: false k: false }
        mask { causal {} }
        score { silu {} inverse_sqrt_width {} }
        output: U_ATTENTION_GATED
        weights {
          uvqk: "_uvqk_weight" uvqk_bias: "_uvqk_beta" use_uvqk_bias: true
          output: "_output_weight" use_output_bias: false
          input_norm_weight: "_input_norm_weight" input_norm_bias: "_input_norm_bias"
          output_norm_weight: "_output_norm_weight" output_norm_bias: "_output_norm_bias"
          order: BLOCKS_UVQK uvqk_layout: IN_OUT output_layout: IN_OUT
        })",
     {{"mask.window", "mask { window { candidates: FROM_HISTORY_END min_full: 0 } }"},
      {"mask.candidates", "mask { candidates { see: SELF } }"}}},
    {"Hstu",
     "META_RESEARCH_HSTU",
     R"(input_norm { eps: 1e-6 affine: false }
        output_norm { eps: 1e-6 affine: false per_head: false }
        silu { u: true v: true q: true k: true }
        mask { causal {} }
        score { silu {} factor: 1 }
        output: GATED
        weights {
          uvqk: "_uvqk" use_uvqk_bias: false
          output: "_o.weight" output_bias: "_o.bias" use_output_bias: true
          order: BLOCKS_UVQK uvqk_layout: IN_OUT output_layout: OUT_IN
        })",
     {{"bias", R"(bias {
          position: "_rel_attn_bias._pos_w" time: "_rel_attn_bias._ts_w"
          rule { meta_research_log {} } order: SCALE_THEN_ADD
        })"}}},
    {"Hstu",
     "NVIDIA_HSTU",
     R"(input_norm { eps: 1e-5 affine: true }
        output_norm { eps: 1e-5 affine: true per_head: false }
        silu { u: true v: true q: true k: true }
        mask { causal {} }
        score { silu {} inverse_sqrt_width {} }
        output: GATED
        weights {
          uvqk: "_linear_uvqk.weight" uvqk_bias: "_linear_uvqk.bias" use_uvqk_bias: true
          output: "_linear_proj.weight" use_output_bias: false
          input_norm_weight: "_input_layernorm_weight" input_norm_bias: "_input_layernorm_bias"
          output_norm_weight: "_output_ln_dropout_mul.weight" output_norm_bias: "_output_ln_dropout_mul.bias"
          order: HEADS_UVQK uvqk_layout: OUT_IN output_layout: OUT_IN
        })",
     {{"mask.window", "mask { window { candidates: FROM_OWN_ROW min_full: 0 } }"},
      {"mask.candidates", "mask { candidates { see: SELF } }"}}},
    {"Transformer",
     "RECBOLE_SASREC",
     R"(norm: POST eps: 1e-12 activation: GELU
        mask { causal {} }
        score { softmax {} inverse_sqrt_width {} }
        weights {
          prefix: "trm_encoder.layer.{layer}."
          query: "multi_head_attention.query" key: "multi_head_attention.key" value: "multi_head_attention.value"
          attention_output: "multi_head_attention.dense" attention_norm: "multi_head_attention.LayerNorm"
          inner: "feed_forward.dense_1" inner_output: "feed_forward.dense_2" output_norm: "feed_forward.LayerNorm"
        })",
     {}},
    {"Transformer",
     "RECBOLE_BERT4REC",
     R"(norm: POST eps: 1e-12 activation: GELU
        mask { full {} }
        score { softmax {} inverse_sqrt_width {} }
        weights {
          prefix: "trm_encoder.layer.{layer}."
          query: "multi_head_attention.query" key: "multi_head_attention.key" value: "multi_head_attention.value"
          attention_output: "multi_head_attention.dense" attention_norm: "multi_head_attention.LayerNorm"
          inner: "feed_forward.dense_1" inner_output: "feed_forward.dense_2" output_norm: "feed_forward.LayerNorm"
        })",
     {}},
    {"Positions",
     "META_HSTU",
     "sqrt_width {} count: FROM_NEWEST",
     {{"time", "time { rule { sqrt { unit: 60 } } last: LAST_ROW }"}}},
    {"Positions",
     "META_HSTU_PYTORCH",
     "sqrt_width {} count: FROM_NEWEST",
     {{"time", "time { rule { sqrt { unit: 60 } } last: WIDTH_MINUS_ONE }"}}},
    {"Positions",
     "TORCH_EASYREC",
     "sqrt_width {} count: FROM_NEWEST",
     {{"time", "time { rule { torch_easyrec { unit: 60 function: SQRT } } last: LAST_ROW }"}}},
    {"Positions", "META_RESEARCH_HSTU", "sqrt_width {} count: FROM_OLDEST", {}},
    {"Positions", "RECBOLE_SASREC", "factor: 1 count: FROM_OLDEST", {}},
};

namespace {
class Filler {
public:
  Filler(Places &places, Location place, StringRef node, StringRef preset, std::vector<PresetChoice> &choices)
      : places(places), place(place), node(node), preset(preset), choices(choices) {}

  /// Copies from `from` what `to` has not.
  void fill(Message &to, const Message &from, const std::string &path) {
    std::vector<const Field *> fields;
    from.GetReflection()->ListFields(from, &fields);
    for (const Field *field : fields) {
      const auto *reflection = to.GetReflection();
      std::string fieldPath = path + "." + field->name();
      bool has = field->is_repeated() ? reflection->FieldSize(to, field) != 0 : reflection->HasField(to, field);
      const auto *oneof = field->real_containing_oneof();
      bool otherOfOneof = !has && oneof && reflection->HasOneof(to, oneof);
      bool message = field->cpp_type() == Field::CPPTYPE_MESSAGE;
      if (message && !otherOfOneof) {
        Message *child = reflection->MutableMessage(&to, field);
        if (!has)
          places.adopt(*child, place);
        fill(*child, from.GetReflection()->GetMessage(from, field), fieldPath);
        if (field->message_type()->field_count() == 0)
          choices.push_back({node.str(), fieldPath, "{}", preset.str(), has});
        continue;
      }
      if (message) {
        choices.push_back({node.str(), fieldPath, "{}", preset.str(), /*overridden=*/true});
        continue;
      }
      choices.push_back({node.str(), fieldPath, valueText(from, field), preset.str(), has || otherOfOneof});
      if (!has && !otherOfOneof)
        copy(to, from, field);
    }
  }

private:
  static void copy(Message &to, const Message &from, const Field *field) {
    const auto *read = from.GetReflection();
    const auto *write = to.GetReflection();
    switch (field->cpp_type()) {
    case Field::CPPTYPE_STRING:
      return write->SetString(&to, field, read->GetString(from, field));
    case Field::CPPTYPE_BOOL:
      return write->SetBool(&to, field, read->GetBool(from, field));
    case Field::CPPTYPE_DOUBLE:
      return write->SetDouble(&to, field, read->GetDouble(from, field));
    case Field::CPPTYPE_INT64:
      return write->SetInt64(&to, field, read->GetInt64(from, field));
    case Field::CPPTYPE_ENUM:
      return write->SetEnumValue(&to, field, read->GetEnumValue(from, field));
    default:
      llvm_unreachable("presets set strings, bools, numbers and enumerations");
    }
  }

  Places &places;
  Location place;
  StringRef node, preset;
  std::vector<PresetChoice> &choices;
};
} // namespace

/// The description has the message at `path`: "mask.window".
static bool hasMessage(const Message &block, StringRef path) {
  const Message *message = &block;
  while (!path.empty()) {
    auto [name, rest] = path.split('.');
    const Field *field = fieldNamed(*message, name);
    if (!message->GetReflection()->HasField(*message, field))
      return false;
    message = &message->GetReflection()->GetMessage(*message, field);
    path = rest;
  }
  return true;
}

void reccc::applyPreset(pb::Node &node, Places &places, std::vector<PresetChoice> &choices) {
  const Field *blockField = node.GetReflection()->GetOneofFieldDescriptor(node, node.GetDescriptor()->oneof_decl(0));
  if (!blockField)
    return;
  Message *block = node.GetReflection()->MutableMessage(&node, blockField);
  const Field *presetField = fieldNamed(*block, "preset");
  if (!presetField || !block->GetReflection()->HasField(*block, presetField))
    return;
  const auto *chosen =
      presetField->enum_type()->FindValueByNumber(block->GetReflection()->GetEnumValue(*block, presetField));
  if (!chosen)
    return; // reported by the rules
  Location place = places.of(*block, presetField);
  for (const Preset &preset : kPresets) {
    if (block->GetDescriptor()->name() != preset.block || chosen->name() != preset.name)
      continue;
    Filler filler(places, place, node.name(), preset.name, choices);
    auto fill = [&](const char *text) {
      std::unique_ptr<Message> from(block->New());
      if (!gp::TextFormat::ParseFromString(text, from.get()))
        llvm_unreachable("a preset is not a fragment of its block");
      filler.fill(*block, *from, blockField->name());
    };
    for (const Preset::Conditional &conditional : preset.whenPresent)
      if (conditional.path && hasMessage(*block, conditional.path))
        fill(conditional.text);
    fill(preset.always);
  }
}
