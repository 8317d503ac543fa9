// SPDX-License-Identifier: Apache-2.0
// What counts as nesting, and where the limit is met.
#include "reccc/Support/NestingDepth.h"

#include <gtest/gtest.h>
#include <string>

using namespace reccc;

TEST(NestingDepth, LimitItselfIsAllowed) {
  std::string text = std::string(256, '(') + std::string(256, ')');
  EXPECT_FALSE(findDeeperNesting(text));
  EXPECT_TRUE(findDeeperNesting("(" + text + ")"));
}

TEST(NestingDepth, PlaceOfTheFirstBracketTooMany) {
  std::optional<TextPlace> place = findDeeperNesting("a\n  ([{<x>}])", 3);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->line, 2u);
  EXPECT_EQ(place->column, 6u);
}

TEST(NestingDepth, AllKindsNestInEachOther) {
  EXPECT_TRUE(findDeeperNesting("tuple<tuple<[{(", 4));
  EXPECT_FALSE(findDeeperNesting("tuple<tuple<[{(", 5));
}

TEST(NestingDepth, StringsAndCommentsDoNotCount) {
  EXPECT_FALSE(findDeeperNesting("\"((((\" // ((((\n", 1));
  EXPECT_FALSE(findDeeperNesting("\"\\\"((((\"", 1));
  EXPECT_TRUE(findDeeperNesting("\"a\" ((", 1)) << "a string ends";
  EXPECT_TRUE(findDeeperNesting("\"a\n((", 1)) << "a string that is not closed ends with its line";
  EXPECT_TRUE(findDeeperNesting("// a\n((", 1)) << "a comment ends with its line";
}

TEST(NestingDepth, ArrowsAndComparisonsCloseNothing) {
  EXPECT_TRUE(findDeeperNesting("<(a) -> (b), (c) -> <", 1));
  EXPECT_TRUE(findDeeperNesting("<a >= b <", 1));
  EXPECT_FALSE(findDeeperNesting("a <= b <= c <", 1));
}

TEST(NestingDepth, SignsInARowNest) {
  EXPECT_TRUE(findDeeperNesting(std::string(300, '-') + "1"));
  std::string spaced;
  for (int i = 0; i < 300; ++i)
    spaced += "- ";
  EXPECT_TRUE(findDeeperNesting(spaced + "1"));
  std::string separate;
  for (int i = 0; i < 300; ++i)
    separate += "-1, ";
  EXPECT_FALSE(findDeeperNesting(separate));
}
