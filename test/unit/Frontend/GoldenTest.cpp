// SPDX-License-Identifier: Apache-2.0
// The descriptions of the golden cases import with their weights, without a warning, into what the
// cases say.
#include "ImportForTest.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

using namespace reccc;
namespace ir = mlir::recsys;

namespace {

struct Case {
  const char *directory, *description;
  std::vector<const char *> outputs;
  std::vector<const char *> inner; // values that the stored expectations need
};

const Case kCases[] = {
    {"dlrm_tiny", "model.textproto", {"score"}, {"bottom", "pooled", "interaction"}},
    {"rb_dcnv2",
     "model.textproto",
     {"logit", "pred"},
     {"deep", "crossed.layers.0", "crossed.layers.2", "deep.stages.2"}},
    {"rb_din", "model.textproto", {"logit", "pred"}, {"user_emb", "dnn_out"}},
    {"interactrank_tiny",
     "model.textproto",
     {"scores", "collapsed_logit"},
     {"query_heads", "query_collapsed", "item_embedding", "iqp", "dots", "item_masknet.blocks.1"}},
    {"amortized_tiny", "model.textproto", {"scores", "logits"}, {"tokens", "states.layers.1.out", "logits.stages.0"}},
    {"argus_full_tiny",
     "model.textproto",
     {"next_item", "candidate_logits", "like", "share_classes"},
     {"positioned", "states.layers.1.inner_input", "queries", "past_logits", "surface_row.rows.2"}},
    {"argus_simplified",
     "model.textproto",
     {"user", "item_unit", "scores", "next_item", "candidate_logits", "like", "share_classes"},
     {"state", "states.layers.2.out", "queries", "device_hashes.rows.0"}},
    {"gr_dlrm_hstu_kuairand",
     "model.textproto",
     {"preds", "logits"},
     {"tokens", "positioned", "states.layers.2.out", "scored", "user_emb", "item_emb", "head.is_like"}},
    {"gr_dlrm_hstu_kuairand",
     "fixed.textproto",
     {"preds", "logits"},
     {"positioned", "states.layers.2.out", "user_emb"}},
    {"gr_mfalcon_kv", "model.textproto", {"scored"}, {"states", "states.layers.2.k", "states.layers.0.v"}},
    {"hstu_naive_tiny", "model.textproto", {"scored"}, {"states.layers.1.out"}},
    {"nv_hstu_layer_tiny", "model.textproto", {"states"}, {"states.layers.0.attn", "states.layers.1.gated"}},
    {"pinfm_tiny",
     "model.textproto",
     {"scores", "logits"},
     {"positioned", "states.layers.0.key", "states.layers.1.value", "item_row.rows.3", "user_last", "candidate_out"}},
    {"tzrec_dlrm_hstu_add_sla",
     "model.textproto",
     {"tasks"},
     {"tokens", "positioned", "early.layers.0.out", "late.layers.1.out", "late.layers.2.out", "user"}},
    {"ultra_tiny",
     "model.textproto",
     {"click_task", "like_task"},
     {"click_early.layers.0.out", "click_late.layers.2.out", "view_late.layers.1.out", "user", "item_emb"}},
    {"gr_stu_tiny",
     "model.textproto",
     {"states", "scored"},
     {"states.layers.0.u", "states.layers.1.attn", "states.layers.1.out"}},
    {"gr_stu_context_window",
     "model.textproto",
     {"states", "scored"},
     {"states.layers.0.u", "states.layers.1.attn", "states.layers.1.out"}},
    {"gr_dlrm_hstu_interleave",
     "model.textproto",
     {"user_emb"},
     {"content", "candidate_content", "action", "tokens", "positioned", "states.layers.0.out", "states.layers.1.out",
      "scored"}},
    {"gr_dlrm_hstu_interleave",
     "fixed.textproto",
     {"user_emb"},
     {"positioned", "states.layers.0.out", "states.layers.1.out"}},
    {"gr_hstu_retrieval_ml1m",
     "model.textproto",
     {"user_emb", "topk.ids", "topk.scores", "topk_unseen.ids", "topk_unseen.scores"},
     {"tokens", "states.layers.0.out", "states.layers.1.out", "encoded", "scores"}},
    {"ml100k_hstu_retrieval",
     "model.textproto",
     {"scores", "topk.ids", "topk.scores", "topk_unseen.ids", "topk_unseen.scores"},
     {"tokens", "states.layers.0.out", "states.layers.2.out", "encoded", "user_emb"}},
    {"ml100k_hstu_ranker",
     "model.textproto",
     {"preds", "logits"},
     {"tokens", "positioned", "states.layers.0.out", "states.layers.1.out", "item_emb", "user_emb"}},
    {"rb_sasrec",
     "model.textproto",
     {"scores", "topk.ids", "topk.scores", "topk_unseen.ids", "topk_unseen.scores"},
     {"tokens", "states.layers.0.attn", "states.layers.1.out"}},
};

SafetensorsFile openWeights(const std::string &directory) {
  FileError error;
  auto file = SafetensorsFile::open(directory + "/weights.safetensors", error);
  EXPECT_TRUE(file) << directory;
  return std::move(*file);
}

std::string directoryOf(const char *name) { return std::string(RECCC_SOURCE_DIR) + "/test/golden/" + name; }

class Golden : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(Golden, importsWithItsWeights) {
  const Case &test = GetParam();
  SafetensorsFile weights = openWeights(directoryOf(test.directory));
  auto buffer = llvm::MemoryBuffer::getFile(directoryOf(test.directory) + "/" + test.description);
  ASSERT_TRUE(buffer);
  ImportOptions options;
  options.strict = true;
  for (const char *name : test.inner)
    options.also.push_back(name);
  Imported imported = importText((*buffer)->getBuffer(), &weights, options);
  ASSERT_TRUE(imported.module) << imported.text();
  EXPECT_EQ(imported.text(), "");
  EXPECT_TRUE(succeeded(verify(*imported.module)));

  auto models = imported.module->getOps<ir::ModelOp>();
  ASSERT_TRUE(llvm::hasSingleElement(models));
  ir::ModelOp model = *models.begin();
  std::vector<std::string> names;
  for (unsigned i = 0; i < model.getResultTypes().size(); ++i)
    names.push_back(model.getOutputName(i).str());
  std::vector<std::string> expected(test.outputs.begin(), test.outputs.end());
  expected.insert(expected.end(), test.inner.begin(), test.inner.end());
  EXPECT_EQ(names, expected);

  // Every op stands at a line of the description.
  imported.module->walk([&](Operation *op) {
    if (!isa<ModuleOp, ir::ModelOp>(op))
      EXPECT_NE(placeText(op->getLoc()), "0:0") << op->getName().getStringRef().str();
  });
}

TEST_P(Golden, everyNamedValueCanBeReturned) {
  const Case &test = GetParam();
  SafetensorsFile weights = openWeights(directoryOf(test.directory));
  auto buffer = llvm::MemoryBuffer::getFile(directoryOf(test.directory) + "/" + test.description);
  ASSERT_TRUE(buffer);
  ImportOptions options;
  options.also = importText((*buffer)->getBuffer(), &weights).report.values;
  EXPECT_GT(options.also.size(), 5u);
  Imported imported = importText((*buffer)->getBuffer(), &weights, options);
  EXPECT_TRUE(imported.module) << imported.text();
}

INSTANTIATE_TEST_SUITE_P(All, Golden, testing::ValuesIn(kCases), [](const auto &info) {
  return std::string(info.param.directory) + (StringRef(info.param.description) == "model.textproto" ? "" : "_fixed");
});

TEST(GoldenExamples, theTourShowsAModelThatCompiles) {
  auto page = llvm::MemoryBuffer::getFile(std::string(RECCC_SOURCE_DIR) + "/docs/description.md");
  ASSERT_TRUE(page);
  StringRef text = (*page)->getBuffer().split("```textproto\n").second.split("```").first;
  SafetensorsFile weights = openWeights(directoryOf("rb_sasrec"));
  ImportOptions options;
  options.strict = true;
  Imported imported = importText(text, &weights, options);
  EXPECT_TRUE(imported.module);
  EXPECT_EQ(imported.text(), "");
}

static size_t linesOf(StringRef example) {
  auto buffer = llvm::MemoryBuffer::getFile(std::string(RECCC_SOURCE_DIR) + "/examples/" + example.str());
  return buffer ? (*buffer)->getBuffer().count('\n') : SIZE_MAX;
}

TEST(GoldenExamples, areShort) {
  EXPECT_LE(linesOf("01_movielens/sasrec.textproto"), 40u);
  EXPECT_LE(linesOf("03_kuairand_ranker/ranker.textproto"), 150u);
}
