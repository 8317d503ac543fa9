// SPDX-License-Identifier: Apache-2.0
// Whatever a file holds, the import ends with a model or with errors: never with a crash, never
// with nothing said.
#include "ImportForTest.h"
#include "google/protobuf/text_format.h"
#include "recsys/v1/model.pb.h"
#include "gtest/gtest.h"
#include <random>

using namespace reccc;

static const char *kSmall = R"(name: "small"
rows { name: "h" max: 16 }
rows { name: "r" newest { of: "h" count: 4 } }
rows { name: "c" max: 4 }
input { name: "id" rows: "h" type: INT64 }
input { name: "cand" rows: "c" type: INT64 }
input { name: "now" rows: "request" type: INT64 }
table { name: "t" weight: "w" out_of_range: REJECT_REQUEST rows: 9 width: 4 }
node { name: "ri" select { input: "id" rows: "r" } }
node { name: "e" embedding { ids: "ri" table: "t" } }
node { name: "ce" embedding { ids: "cand" table: "t" } }
node { name: "x" append { history: "e" candidates: "ce" } }
node { name: "p" positions { input: "x" preset: META_HSTU candidates: "c" weight: "pw" entries: 9
  time { weight: "tw" entries: 9 history: "ri" request: "now" } } }
node { name: "s" hstu { input: "p" preset: META_STU layers: 2 heads: 2 qk_width: 2 v_width: 2
  mask { window { past: 3 min_full: 1 } candidates { rows: "c" } } score { silu { divisor: 20 } } weights { prefix: "l.{layer}." } } }
node { name: "q" select { input: "s" rows: "c" } }
output { node: "q" }
)";

static void expectAnswer(StringRef bytes, StringRef name = "model.textproto") {
  Imported imported = importText(bytes, nullptr, {}, name);
  if (!imported.module)
    EXPECT_NE(imported.text().find(": error: "), std::string::npos)
        << "nothing said about " << bytes.take_front(200).str();
}

static std::string binaryOf(const char *text) {
  ::recsys::v1::Model model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model));
  return model.SerializeAsString();
}

TEST(Robustness, theSmallModelIsRight) {
  Imported imported = importText(kSmall);
  EXPECT_TRUE(imported.module) << imported.text();
}

TEST(Robustness, everyTruncationOfText) {
  StringRef text = kSmall;
  for (size_t size = 0; size < text.size(); ++size)
    expectAnswer(text.take_front(size));
}

TEST(Robustness, binaryIsTheSameModel) {
  std::string binary = binaryOf(kSmall);
  Imported fromText = importText(kSmall), fromBinary = importText(binary, nullptr, {}, "model.pb");
  ASSERT_TRUE(fromText.module && fromBinary.module) << fromBinary.text();
  auto print = [](ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream);
    return text;
  };
  EXPECT_EQ(print(*fromText.module), print(*fromBinary.module));
}

TEST(Robustness, everyTruncationOfBinary) {
  std::string binary = binaryOf(kSmall);
  for (size_t size = 0; size < binary.size(); ++size)
    expectAnswer(StringRef(binary).take_front(size), "model.pb");
}

TEST(Robustness, damagedBytes) {
  std::mt19937 random(1);
  std::string binary = binaryOf(kSmall);
  for (int i = 0; i < 2000; ++i) {
    std::string text = kSmall, damaged = binary;
    for (int k = 0; k < 3; ++k) {
      text[random() % text.size()] = static_cast<char>(32 + random() % 95);
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    expectAnswer(text);
    expectAnswer(damaged, "model.pb");
  }
}

TEST(Robustness, randomBytes) {
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 300, '\0');
    for (char &c : bytes)
      c = static_cast<char>(random());
    expectAnswer(bytes);
  }
}

TEST(Robustness, deepNesting) {
  for (const char *open : {"a { ", "a < ", "node { relu { x { ", "unused_weight: [ "}) {
    std::string text = "name: \"m\"\n";
    for (int i = 0; i < 10000; ++i)
      text += open;
    Imported imported = importText(text);
    EXPECT_FALSE(imported.module);
    EXPECT_NE(imported.text().find("error: messages nest deeper than 100 [RC2004]"), std::string::npos)
        << imported.text().substr(0, 500);
  }
}

TEST(Robustness, longChain) {
  std::string text = "name: \"m\" rows { name: \"h\" max: 8 } input { name: \"n0\" rows: \"h\" "
                     "type: FLOAT32 dims: 4 }\n";
  // Backwards, so that the order in the file helps nobody.
  constexpr int count = 100000;
  for (int i = count; i > 0; --i)
    text += "node { name: \"n" + std::to_string(i) + "\" relu { input: \"n" + std::to_string(i - 1) + "\" } }\n";
  Imported imported = importText(text + "output { node: \"n" + std::to_string(count) + "\" }");
  EXPECT_TRUE(imported.module) << imported.text().substr(0, 500);
}

TEST(Robustness, longCycle) {
  std::string text = "name: \"m\" output { node: \"n0\" }\n";
  constexpr int count = 50000;
  for (int i = 0; i < count; ++i)
    text +=
        "node { name: \"n" + std::to_string(i) + "\" relu { input: \"n" + std::to_string((i + 1) % count) + "\" } }\n";
  Imported imported = importText(text);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("more) -> n"), std::string::npos) << imported.text().substr(0, 500);
}

TEST(Robustness, rowsBeyondAllLimits) {
  std::string text = "name: \"m\" rows { name: \"h\" max: 2147483647 } rows { name: \"k\" count: 2147483647 }\n"
                     "input { name: \"x\" rows: \"h\" type: FLOAT32 dims: 1 } output { node: \"n\" }\n";
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += " input: \"x\"";
  for (std::string node : {"concat_rows { input: \"x\" input: \"x\" }", "interleave { input: \"x\" input: \"x\" }"})
    EXPECT_FALSE(importText(text + "node { name: \"n\" " + node + " }").module);
  EXPECT_FALSE(importText(text + "node { name: \"n\" concat_rows {" + many + " } }").module);
  std::string constant = "node { name: \"p\" pad_rows { input: \"x\" count: 2147483647 } } node { name: \"n\" ";
  for (const char *block : {"concat_rows", "interleave"}) {
    Imported imported = importText(text + constant + block + " { input: \"p\" input: \"p\" } }");
    EXPECT_FALSE(imported.module);
    EXPECT_NE(imported.text().find("[RC2407]"), std::string::npos) << imported.text();
  }
}

TEST(Robustness, hugeFiles) {
  for (const std::string &bytes : {std::string(1 << 25, 'a'), std::string(1 << 25, '\0')}) {
    Imported imported = importText(bytes);
    EXPECT_FALSE(imported.module);
    EXPECT_NE(imported.text().find("has 33554432 bytes, expected a description of at most 16777216"),
              std::string::npos);
  }
}

TEST(Robustness, manyErrorsEnd) {
  std::string text = "name: \"m\" output { node: \"x\" } input { name: \"x\" rows: \"request\" type: FLOAT32 }\n";
  for (int i = 0; i < 1000; ++i)
    text += "node { name: \"n" + std::to_string(i) + "\" relu { input: \"undefined\" } }\n";
  Imported imported = importText(text);
  EXPECT_FALSE(imported.module);
  EXPECT_LT(imported.diagnostics.size(), 50u);
}
