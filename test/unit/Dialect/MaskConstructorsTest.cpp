// SPDX-License-Identifier: Apache-2.0
// The mask constructors against the rules that published code writes down, element by element, for
// every small sequence.
#include "reccc/Dialect/Recsys/IR/MaskConstructors.h"
#include "mlir/IR/MLIRContext.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::recsys;

namespace {

/// Rows of one request: contextual rows, then the history, then candidates.
struct Lengths {
  int64_t context, history, candidates;
  int64_t end() const { return context + history; }
  int64_t total() const { return end() + candidates; }
};

/// Meta's reference (ops/pytorch/pt_hstu_attention.py): places are ids, all context is 0, all
/// candidates the last one.
bool metaVisible(int64_t r, int64_t c, Lengths n, int64_t past, int64_t minFull) {
  auto id = [&](int64_t p, int64_t &last) {
    last = n.total();
    if (n.context) {
      p = std::max<int64_t>(p - n.context + 1, 0);
      last -= n.context - 1;
    }
    last -= n.candidates;
    return std::min(p, last);
  };
  int64_t last, row = id(r, last), column = id(c, last), distance = row - column;
  bool valid = r == c || distance > 0;
  if (past)
    valid &= distance <= past || (minFull && row >= last - minFull);
  if (n.context)
    valid |= row == 0 && column < last;
  return valid;
}

/// NVIDIA's reference: a candidate stands where it is, groups of one candidate.
bool nvidiaVisible(int64_t r, int64_t c, Lengths n, int64_t past) {
  auto id = [&](int64_t p) { return n.context ? std::max<int64_t>(p - n.context + 1, 0) : p; };
  bool valid = r == c || id(r) - id(c) > 0;
  if (r >= n.end() && c >= n.end())
    valid &= r == c;
  if (past)
    valid &= id(r) - id(c) <= past;
  if (n.context)
    valid |= r < n.context && c < n.end();
  return valid;
}

/// Meta's Hopper kernel: candidates have no window.
bool hopperVisible(int64_t r, int64_t c, Lengths n, int64_t past, int64_t minFull) {
  if (r >= n.end())
    return r == c || c < n.end();
  return metaVisible(r, c, n, past, minFull);
}

struct Masks : testing::Test {
  Masks() { context.loadDialect<RecsysDialect>(); }

  /// What the masks of `segments` show at lengths `rows` of the segments.
  std::vector<std::vector<bool>> visible(ArrayRef<SmallVector<Attribute>> masks, ArrayRef<Attribute> segments,
                                         ArrayRef<int64_t> rows) {
    int64_t total = 0;
    SmallVector<int64_t> first;
    for (int64_t count : rows) {
      first.push_back(total);
      total += count;
    }
    auto rowsOf = [&](Attribute space) { return rows[llvm::find(segments, space) - segments.begin()]; };
    std::vector<std::vector<bool>> result(total, std::vector<bool>(total));
    for (size_t q = 0; q < segments.size(); ++q)
      for (size_t k = 0; k < segments.size(); ++k)
        for (int64_t i = 0; i < rows[q]; ++i) {
          SmallVector<std::pair<int64_t, int64_t>> intervals;
          cast<Mask>(masks[q][k]).getIntervals(i, rows[k], rowsOf, intervals);
          for (auto [low, high] : intervals)
            for (int64_t j = low; j < high; ++j)
              result[first[q] + i][first[k] + j] = true;
        }
    return result;
  }

  /// All lengths of up to `most` history rows in `parts` segments.
  template <typename Rule>
  void check(const CausalRule &rule, int64_t contextRows, size_t parts, bool contextIsHistory, Rule expected) {
    SmallVector<Attribute> segments;
    SmallVector<SegmentRole> roles;
    if (contextRows) {
      segments.push_back(getRowsSpace(&context, contextRows));
      roles.push_back(contextIsHistory ? SegmentRole::History : SegmentRole::Context);
    }
    for (size_t i = 0; i < parts; ++i) {
      segments.push_back(getBaseSpace(&context, "h" + std::to_string(i), 8));
      roles.push_back(SegmentRole::History);
    }
    segments.push_back(getBaseSpace(&context, "c", 4));
    roles.push_back(SegmentRole::Candidates);
    auto masks = buildCausalMasks(segments, roles, rule);
    for (int64_t history = 0; history <= 7; ++history)
      for (int64_t candidates = 0; candidates <= 3; ++candidates)
        for (int64_t firstPart = 0; firstPart <= (parts > 1 ? history : 0); ++firstPart) {
          SmallVector<int64_t> rows;
          if (contextRows)
            rows.push_back(contextRows);
          rows.push_back(parts > 1 ? firstPart : history);
          if (parts > 1)
            rows.push_back(history - firstPart);
          rows.push_back(candidates);
          auto got = visible(masks, segments, rows);
          Lengths lengths{contextIsHistory ? 0 : contextRows, contextIsHistory ? contextRows + history : history,
                          candidates};
          for (int64_t r = 0; r < lengths.total(); ++r)
            for (int64_t c = 0; c < lengths.total(); ++c)
              ASSERT_EQ(got[r][c], expected(r, c, lengths))
                  << "row " << r << " column " << c << " context " << contextRows << " history " << history
                  << " candidates " << candidates << " past " << rule.past << " minFull " << rule.minFull
                  << " first part " << firstPart;
        }
  }

  MLIRContext context;
};

} // namespace

TEST_F(Masks, areThoseOfMetasReference) {
  for (int64_t contextRows : {0, 1, 2, 3})
    for (int64_t past : {0, 1, 2, 3, 5, 9})
      for (int64_t minFull : {0, 1, 3, 9})
        for (size_t parts : {1, 2}) {
          CausalRule rule{past, past ? minFull : 0, CandidateWindow::FromHistoryEnd, true};
          check(rule, contextRows, parts, false,
                [&](int64_t r, int64_t c, Lengths n) { return metaVisible(r, c, n, past, minFull); });
        }
}

TEST_F(Masks, areThoseOfMetasHopperKernel) {
  for (int64_t contextRows : {0, 2})
    for (int64_t past : {1, 3})
      for (int64_t minFull : {0, 2}) {
        CausalRule rule{past, minFull, CandidateWindow::AllHistory, true};
        check(rule, contextRows, 1, false,
              [&](int64_t r, int64_t c, Lengths n) { return hopperVisible(r, c, n, past, minFull); });
      }
}

TEST_F(Masks, areThoseOfNvidiasReference) {
  for (int64_t contextRows : {0, 1, 3})
    for (int64_t past : {0, 1, 2, 4, 9}) {
      CausalRule rule{past, 0, CandidateWindow::FromOwnRow, true};
      check(rule, contextRows, 1, false, [&](int64_t r, int64_t c, Lengths n) { return nvidiaVisible(r, c, n, past); });
    }
}

TEST_F(Masks, contextMayBeOrdinaryCausalRows) {
  for (int64_t past : {0, 2, 4}) {
    CausalRule rule{past, 0, CandidateWindow::FromHistoryEnd, true};
    check(rule, 3, 1, true, [&](int64_t r, int64_t c, Lengths n) { return metaVisible(r, c, n, past, 0); });
  }
}

TEST_F(Masks, candidatesSeeTheirGroupAsInNvidiasReference) {
  for (int64_t group : {1, 2, 3}) {
    CausalRule rule;
    rule.candidateGroup = group;
    check(rule, 2, 1, false, [&](int64_t r, int64_t c, Lengths n) {
      bool sameGroup = r >= n.end() && c >= n.end() && (r - n.end()) / group == (c - n.end()) / group && c <= r;
      return nvidiaVisible(r, c, n, 0) || sameGroup;
    });
  }
}

TEST_F(Masks, candidatesMaySeeTheirWholeGroup) {
  for (bool bidirectional : {false, true})
    for (int64_t group : {1, 2, 3}) {
      CausalRule rule;
      rule.candidateGroup = group;
      rule.seesWholeGroup = true;
      rule.bidirectional = bidirectional;
      check(rule, 0, 1, false, [&](int64_t r, int64_t c, Lengths n) {
        bool sameGroup = r >= n.end() && c >= n.end() && (r - n.end()) / group == (c - n.end()) / group;
        return c < n.end() ? bidirectional || r >= n.end() || c <= r : sameGroup;
      });
    }
}

TEST_F(Masks, reversedCandidatesSeeThoseBehindThemInTheirGroup) {
  SmallVector<Attribute> segments = {getBaseSpace(&context, "h", 8), getBaseSpace(&context, "c", 9)};
  for (bool whole : {false, true})
    for (int64_t group : {1, 2, 3}) {
      CausalRule rule;
      rule.candidateGroup = group;
      rule.seesWholeGroup = whole;
      auto masks = buildReverseCausalMasks(&context, {SegmentRole::History, SegmentRole::Candidates}, rule);
      int64_t history = 4, candidates = 6;
      auto got = visible(masks, segments, {history, candidates});
      for (int64_t r = 0; r < history + candidates; ++r)
        for (int64_t c = 0; c < history + candidates; ++c) {
          bool sameGroup = r >= history && c >= history && (r - history) / group == (c - history) / group;
          bool expected = c < history ? r >= history || c >= r : sameGroup && (whole || c >= r);
          ASSERT_EQ(got[r][c], expected) << "row " << r << " column " << c << " group " << group << " whole " << whole;
        }
    }
}

TEST_F(Masks, semiLocalRowsAreThoseOfTorchEasyRec) {
  // tzrec/ops/hstu_attention_utils.py; contextual rows are counted, and always lie in the prefix.
  for (int64_t contextRows : {0, 2})
    for (int64_t local : {0, 1, 2, 4, 9})
      for (int64_t prefix : {0, 1, 2, 3, 9})
        for (size_t parts : {1, 2})
          for (bool keeps : {false, true}) {
            CausalRule rule;
            rule.semiLocal = SemiLocalRule{local, prefix, keeps && contextRows};
            rule.candidateWindow = CandidateWindow::AllHistory;
            rule.candidatesSeeThemselves = false;
            int64_t first = rule.semiLocal->keptSegments ? std::max(prefix, contextRows) : prefix;
            check(rule, contextRows, parts, true, [&](int64_t r, int64_t c, Lengths n) {
              if (r >= n.end())
                return c < n.end();
              return c < std::min(first, r + 1) || (std::max(first, r - local + 1) <= c && c <= r);
            });
          }
}

TEST_F(Masks, candidatesMayHaveLocalRows) {
  for (bool ownRow : {false, true}) {
    CausalRule rule;
    rule.semiLocal = SemiLocalRule{3, 1, false};
    rule.candidateWindow = ownRow ? CandidateWindow::FromOwnRow : CandidateWindow::FromHistoryEnd;
    check(rule, 0, 2, true, [&](int64_t r, int64_t c, Lengths n) {
      if (r == c)
        return true;
      int64_t place = r < n.end() || ownRow ? r : n.end();
      return c < std::min(r, n.end()) && (c < 1 || place - c < 3);
    });
  }
}

TEST_F(Masks, bidirectionalHistoriesDoNotSeeCandidates) {
  for (bool self : {false, true}) {
    CausalRule rule;
    rule.bidirectional = true;
    rule.candidatesSeeThemselves = self;
    check(rule, 2, 2, true, [&](int64_t r, int64_t c, Lengths n) { return c < n.end() || (self && r == c); });
  }
}

TEST_F(Masks, candidatesAreSeenWhereNothingIsCausal) {
  CausalRule rule;
  rule.bidirectional = rule.candidatesAreSeen = true;
  check(rule, 2, 2, true, [&](int64_t r, int64_t c, Lengths n) { return c < n.end() || r < n.end() || r == c; });
}

TEST_F(Masks, groupsUnderAWindowOfTheirOwnRows) {
  for (int64_t past : {1, 2, 3}) {
    CausalRule rule{past, 0, CandidateWindow::FromOwnRow, true};
    rule.candidateGroup = 3;
    check(rule, 3, 1, false, [&](int64_t r, int64_t c, Lengths n) {
      bool sameGroup = r >= n.end() && c >= n.end() && (r - n.end()) / 3 == (c - n.end()) / 3 && c <= r;
      return nvidiaVisible(r, c, n, past) || (sameGroup && r - c <= past);
    });
  }
}

TEST_F(Masks, candidatesMayNotSeeThemselves) {
  CausalRule rule{0, 0, CandidateWindow::FromHistoryEnd, false};
  check(rule, 2, 1, false,
        [&](int64_t r, int64_t c, Lengths n) { return metaVisible(r, c, n, 0, 0) && !(r == c && r >= n.end()); });
}

TEST_F(Masks, fullShowsEverything) {
  auto masks = buildFullMasks(&context, 2, 3);
  EXPECT_EQ(masks.size(), 2u);
  EXPECT_EQ(toArrayAttr(&context, masks).size(), 2u);
  for (auto &list : masks)
    EXPECT_EQ(llvm::count(list, Attribute(FullMaskAttr::get(&context))), 3);
}
