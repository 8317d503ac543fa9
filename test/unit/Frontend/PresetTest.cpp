// SPDX-License-Identifier: Apache-2.0
// Presets: what they set, what the description may say otherwise, what is reported.
#include "ImportForTest.h"
#include "gtest/gtest.h"

using namespace reccc;

static std::string hstu(StringRef inside) {
  return R"(name: "m" rows { name: "h" max: 8 }
input { name: "x" rows: "h" type: FLOAT32 dims: 4 }
input { name: "t" rows: "h" type: INT64 }
input { name: "now" rows: "request" type: INT64 }
node { name: "s" hstu { input: "x" layers: 1 heads: 2 qk_width: 3 v_width: 2 weights { prefix: "l.{layer}." } )" +
         inside.str() + " } } output { node: \"s\" }";
}

static const PresetChoice *find(const Imported &imported, StringRef field) {
  for (const PresetChoice &choice : imported.report.choices)
    if (choice.field == field)
      return &choice;
  return nullptr;
}

TEST(Preset, everyHstuPresetIsAWholeLayer) {
  for (const char *preset : {"META_STU", "META_RESEARCH_HSTU", "NVIDIA_HSTU"}) {
    Imported imported = importText(hstu(std::string("score { silu { divisor: 8 } } preset: ") + preset));
    EXPECT_TRUE(imported.module) << preset << "\n" << imported.text();
    ASSERT_TRUE(find(imported, "hstu.input_norm.eps"));
    EXPECT_EQ(find(imported, "hstu.input_norm.eps")->preset, preset);
    EXPECT_EQ(find(imported, "hstu.input_norm.eps")->value, std::string(preset) == "NVIDIA_HSTU" ? "1e-05" : "1e-06");
  }
}

TEST(Preset, aChoiceOfTheDescriptionWins) {
  Imported imported = importText(hstu("preset: META_STU score { silu { divisor: 8 } factor: 0.5 } "
                                      "output: GATED input_norm { eps: 0.25 }"));
  ASSERT_TRUE(imported.module) << imported.text();
  EXPECT_TRUE(find(imported, "hstu.output")->overridden);
  EXPECT_TRUE(find(imported, "hstu.input_norm.eps")->overridden);
  EXPECT_TRUE(find(imported, "hstu.score.inverse_sqrt_width")->overridden);
  EXPECT_FALSE(find(imported, "hstu.input_norm.affine")->overridden);
  imported.module->walk([](mlir::recsys::AttentionOp op) { EXPECT_EQ(op.getScale().convertToDouble(), 0.5); });
  bool sawNorm = false;
  imported.module->walk([&](mlir::recsys::LayerNormOp op) { sawNorm |= op.getEps().convertToDouble() == 0.25; });
  EXPECT_TRUE(sawNorm);
}

TEST(Preset, conditionalChoicesNeedTheirMessage) {
  Imported without = importText(hstu("preset: META_RESEARCH_HSTU score { silu { divisor: 8 } }"));
  ASSERT_TRUE(without.module) << without.text();
  EXPECT_FALSE(find(without, "hstu.bias.time"));
  Imported with =
      importText(hstu("preset: META_RESEARCH_HSTU score { silu { divisor: 8 } } "
                      "bias { timestamps: \"t\" request_time: \"now\" position_entries: 15 time_entries: 129 }"));
  ASSERT_TRUE(with.module) << with.text();
  EXPECT_EQ(find(with, "hstu.bias.time")->value, "\"_rel_attn_bias._ts_w\"");
}

TEST(Preset, withoutOneEverythingMustBeSaid) {
  Imported imported = importText(hstu("score { silu { divisor: 8 } inverse_sqrt_width {} } mask { causal {} }"));
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("hstu.input_norm is not set, expected a message { … } [RC2201]"), std::string::npos)
      << imported.text();
  EXPECT_NE(imported.text().find("name a public implementation with preset: one of META_STU, "
                                 "META_RESEARCH_HSTU or NVIDIA_HSTU"),
            std::string::npos)
      << imported.text();
}

TEST(Preset, everyPositionPresetIsWhole) {
  for (const char *preset : {"META_HSTU", "META_HSTU_PYTORCH", "META_RESEARCH_HSTU", "RECBOLE_SASREC"}) {
    std::string text =
        R"(name: "m" rows { name: "h" max: 8 } input { name: "x" rows: "h" type: FLOAT32 dims: 4 } input { name: "t" rows: "h" type: INT64 }
      input { name: "now" rows: "request" type: INT64 } node { name: "p" positions { input: "x" weight: "w" entries: 9 preset: )";
    text += preset;
    if (StringRef(preset).starts_with("META_HSTU"))
      text += R"( time { weight: "tw" entries: 64 history: "t" request: "now" })";
    Imported imported = importText(text + " } } output { node: \"p\" }");
    ASSERT_TRUE(imported.module) << preset << "\n" << imported.text();
    // The position clamp of Meta's PyTorch code: at D - 1 = 3, not at 63.
    imported.module->walk([&](mlir::recsys::BucketizeOp op) {
      EXPECT_EQ(cast<mlir::recsys::SqrtBucketAttr>(op.getRule()).getLast(), StringRef(preset) == "META_HSTU" ? 63 : 3);
    });
  }
}

TEST(Preset, theTransformerPresetIsWhole) {
  Imported imported = importText(
      R"(name: "m" rows { name: "h" max: 8 } input { name: "x" rows: "h" type: FLOAT32 dims: 4 }
    node { name: "s" transformer { input: "x" preset: RECBOLE_SASREC layers: 2 heads: 2 inner_width: 16 } } output { node: "s" })");
  EXPECT_TRUE(imported.module) << imported.text();
}

TEST(Transformer, mayHaveNormsInFrontAndNoBiases) {
  Imported imported = importText(R"(name: "m" rows { name: "h" max: 8 }
input { name: "x" rows: "h" type: FLOAT32 dims: 4 }
node { name: "s" transformer {
  input: "x" layers: 2 heads: 2 norm: PRE norm_kind: RMS_NORM eps: 1e-6 activation: SILU inner_width: 8
  mask { causal {} } score { softmax {} inverse_sqrt_width {} }
  weights {
    prefix: "l.{layer}." query: "q" key: "k" value: "v" attention_output: "o" attention_norm: "n1"
    inner: "f1" inner_output: "f2" output_norm: "n2" use_bias: false
  }
} }
node { name: "n" rms_norm { input: "s" weight: "n.weight" eps: 1e-6 } }
node { name: "g" gelu_tanh { input: "n" } }
output { node: "g" } output { node: "s.layers.1.inner_input" } output { node: "s.layers.0.attention_input" })");
  ASSERT_TRUE(imported.module) << imported.text();
  int norms = 0, linears = 0, gelus = 0;
  imported.module->walk([&](mlir::recsys::RmsNormOp norm) { norms += bool(norm.getWeight()); });
  imported.module->walk([&](mlir::recsys::GeluOp gelu) { gelus += gelu.getTanh(); });
  imported.module->walk([&](mlir::recsys::LinearOp linear) {
    EXPECT_FALSE(linear.getBias());
    ++linears;
  });
  EXPECT_EQ(norms, 5);
  EXPECT_EQ(linears, 12);
  EXPECT_EQ(gelus, 1);
}

TEST(HashIds, givesRowsOfATable) {
  Imported imported = importText(R"(name: "m" rows { name: "h" max: 8 }
input { name: "x" rows: "h" type: INT64 }
table { name: "t" weight: "w" out_of_range: CLAMP rows: 6 width: 4 }
node { name: "r" hash_ids { input: "x" multiplier: 5 addend: 7 modulus: 11 rows: 6 } }
node { name: "e" embedding { ids: "r" table: "t" } }
output { node: "e" })");
  ASSERT_TRUE(imported.module) << imported.text();
  int hashes = 0;
  imported.module->walk(
      [&](mlir::recsys::HashIdsOp hash) { hashes += hash.getRows() == 6 && hash.getModulus() == 11; });
  EXPECT_EQ(hashes, 1);
}
