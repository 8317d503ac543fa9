// SPDX-License-Identifier: Apache-2.0
// Every wrong batch is refused with its place, writes nothing, and leaves the context as it was.
#include "Handles.h"

#include <cstring>

namespace {
class RequestTest : public ::testing::Test {
protected:
  RequestTest() : users(someUsers()), request(users) { request.giveOutputs(); }

  /// Expects a refusal whose text contains `part`, untouched outputs, and a good run afterwards.
  void expectRefused(const std::string &part, int32_t code = RECRT_INVALID_ARGUMENT) {
    const recrt_status status = recrt_context_run(context.get(), 0, &request.request);
    EXPECT_EQ(status.code, code) << text(status);
    EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
    for (float value : request.scores)
      EXPECT_EQ(value, -77);
    for (int64_t value : request.best)
      EXPECT_EQ(value, -77);
    TinyRequest good(users);
    expectRuns(context, good, references(users));
  }

  Model model = makeTinyModel();
  Context context = makeContext(model, contextOptions(2));
  std::vector<TinyUser> users;
  TinyRequest request;
};
} // namespace

TEST_F(RequestTest, EmptyBatchesAndRowsAreFine) {
  std::vector<TinyUser> nobody;
  TinyRequest empty(nobody);
  expectRuns(context, empty, {});
  recrt_output_view view;
  view.size = sizeof(view);
  ASSERT_EQ(recrt_context_get_output(context.get(), 0, &view).code, RECRT_OK);
  EXPECT_EQ(view.num_rows, 0);
  EXPECT_EQ(view.num_requests, 0);
  std::vector<TinyUser> withoutRows(3);
  for (TinyUser &user : withoutRows)
    user.user = {1, 2, 3, 4};
  TinyRequest rowless(withoutRows);
  rowless.inputs[0].data = nullptr;
  rowless.inputs[1].data = reinterpret_cast<const void *>(1);
  expectRuns(context, rowless, references(withoutRows));
}

TEST_F(RequestTest, OffsetsAreChecked) {
  request.historyOffsets[0] = 1;
  expectRefused("row space 'history': expected offsets[0] = 0, got 1");
  request.historyOffsets[0] = 0;
  request.historyOffsets[4] = request.historyOffsets[5] + 1;
  expectRefused("row space 'history', request 4: offsets must not decrease: offsets[5] = 38 < "
                "offsets[4] = 39");
}

TEST_F(RequestTest, NegativeLengthsThatSumRightAreRefused) {
  request.historyOffsets[1] = -3;
  expectRefused("offsets[1] = -3 < offsets[0] = 0");
}

TEST_F(RequestTest, TheLastOffsetIsTheNumberOfRows) {
  ++request.inputs[0].num_rows;
  expectRefused("input 'item': expected 269 rows by the offsets of its row space, got 270");
  request.inputs[0].num_rows -= 2;
  expectRefused("input 'item': expected 269 rows by the offsets of its row space, got 268");
}

TEST_F(RequestTest, TheNumberOfOffsetsIsChecked) {
  request.rowOffsets[1].count = 10;
  expectRefused("row space 'candidates': expected 11 offsets (requests + 1), got 10");
  request.rowOffsets[1].count = 11;
  request.request.num_requests = 9;
  expectRefused("expected 10 offsets");
  request.request.num_requests = -1;
  expectRefused("-1 requests");
  request.request.num_requests = INT64_MAX;
  expectRefused("requests are not possible");
}

TEST_F(RequestTest, LengthsOverTheMaximumAreRefused) {
  std::vector<TinyUser> longer = users;
  longer[7].items.push_back(0);
  TinyRequest tooLong(longer);
  const recrt_status status = recrt_context_run(context.get(), 0, &tooLong.request);
  EXPECT_EQ(status.code, RECRT_RESOURCE_EXHAUSTED);
  EXPECT_EQ(text(status), "row space 'history', request 7: the model takes at most 100 rows in a "
                          "request, got 101");
  request.historyOffsets[10] = INT64_MAX;
  expectRefused("got 9223372036854775", RECRT_RESOURCE_EXHAUSTED);
}

TEST_F(RequestTest, IdsOutOfRangeAreRefusedWithTheirPlace) {
  const int64_t bad[] = {TINY_ROWS, TINY_ROWS + 1, int64_t(1) << 31, INT64_MAX, -1, -2, INT64_MIN};
  // First, middle and last id; user 0 has no rows, user 3 has items 1 to 5.
  const std::pair<size_t, const char *> places[] = {
      {0, "request 1, row 0"}, {3, "request 3, row 2"}, {268, "request 9, row 2"}};
  for (int64_t id : bad) {
    for (auto [position, place] : places) {
      const int64_t good = request.items[position];
      request.items[position] = id;
      expectRefused("input 'item', " + std::string(place) + ", element 0: expected an id in [0, 10), got " +
                    std::to_string(id));
      request.items[position] = good;
    }
  }
  request.candidates[0] = 10;
  expectRefused("input 'candidate', request 2, row 0");
}

TEST_F(RequestTest, TypesAndShapesAreChecked) {
  request.inputs[0].element = RECRT_ELEMENT_F32;
  expectRefused("input 'item': expected elements of type i64, got f32");
  request.inputs[0].element = 17;
  expectRefused("got an unknown type");
  request.inputs[0].element = RECRT_ELEMENT_I64;
  request.inputs[2].row_elements = 5;
  expectRefused("input 'user': expected 4 elements in a row, got 5");
}

TEST_F(RequestTest, MissingUnknownAndDoublePartsAreRefused) {
  request.request.num_inputs = 2;
  expectRefused("input 'user': the request does not hold it");
  request.request.num_inputs = 3;
  request.inputs[2].name = "users";
  expectRefused("input 'users': entry 'rank' has no such input; it expects 'user'");
  request.inputs[2].name = "item";
  expectRefused("input 'item': it is given twice");
  request.inputs[2].name = nullptr;
  expectRefused("input 2: its name is null");
  request.inputs[2].name = "user";
  request.request.num_row_offsets = 1;
  expectRefused("row space 'candidates': the request has no offsets for it");
  request.request.num_row_offsets = 2;
  request.rowOffsets[1].row_space = "history";
  expectRefused("row space 'history': it is given twice");
  request.rowOffsets[1].row_space = "candidates";
  request.outputs[3].name = "\x1b[31mevil";
  expectRefused("output '?[31mevil'");
  request.outputs[3].name = "best_score";
  request.request.num_inputs = -1;
  expectRefused("-1 inputs");
}

TEST_F(RequestTest, OrderDoesNotMatter) {
  std::swap(request.inputs[0], request.inputs[2]);
  std::swap(request.rowOffsets[0], request.rowOffsets[1]);
  std::swap(request.outputs[0], request.outputs[3]);
  expectRuns(context, request, references(users));
}

TEST_F(RequestTest, PointersAreChecked) {
  request.inputs[2].data = nullptr;
  expectRefused("input 'user': its data is null");
  request.inputs[2].data = reinterpret_cast<const char *>(request.users.data()) + 1;
  expectRefused("input 'user': its data is not aligned");
  request.inputs[2].data = request.users.data();
  request.rowOffsets[0].offsets = nullptr;
  expectRefused("row space 'history': its offsets are null");
  request.rowOffsets[0].offsets = request.historyOffsets.data();
  request.request.inputs = nullptr;
  expectRefused("null array");
  request.request.inputs = request.inputs.data();
  request.outputs[0].data = reinterpret_cast<char *>(request.scores.data()) + 2;
  expectRefused("output 'score': its data is not aligned");
}

TEST_F(RequestTest, OutputsMustFitAndNotOverlap) {
  --request.outputs[0].capacity_rows;
  expectRefused("output 'score': it has room for 117 rows, needs 118");
  ++request.outputs[0].capacity_rows;
  request.outputs[0].data = request.users.data();
  expectRefused("output 'score': it overlaps input 'user'");
  request.outputs[0].data = request.last.data() + 1;
  expectRefused("overlaps output 'score'");
}

TEST_F(RequestTest, ANullRequestOrEntryIsRefused) {
  EXPECT_EQ(recrt_context_run(context.get(), 0, nullptr).code, RECRT_INVALID_ARGUMENT);
  EXPECT_EQ(recrt_context_run(context.get(), 1, &request.request).code, RECRT_INVALID_ARGUMENT);
  EXPECT_EQ(recrt_context_run(context.get(), -1, &request.request).code, RECRT_INVALID_ARGUMENT);
  request.request.size = 0;
  expectRefused("recrt_request: its field size is 0");
}

TEST_F(RequestTest, ANeighboursNaNStaysThere) {
  std::vector<TinyUser> sick = users;
  sick[4].user = {0.f / 0.f, 1, 2, 3};
  TinyRequest mixed(sick);
  const recrt_status status = recrt_context_run(context.get(), 0, &mixed.request);
  ASSERT_EQ(status.code, RECRT_OK) << text(status);
  const std::vector<TinyAnswer> answers = mixed.answers(context.get());
  for (size_t b = 0; b < users.size(); ++b)
    if (b != 4) {
      EXPECT_TRUE(answers[b] == referenceAnswer(users[b])) << b;
    }
}
