// SPDX-License-Identifier: Apache-2.0
// reccc-run as a user calls it: outputs, comparisons, and exit codes with messages.
#include "Handles.h"

#include "reccc/Support/Artifact.h"
#include "reccc/Support/Safetensors.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace reccc;

namespace {
class RunToolTest : public ::testing::Test {
protected:
  void SetUp() override {
    directory = std::filesystem::temp_directory_path() / ("reccc_run_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    std::ifstream in(TINY_OBJECT, std::ios::binary);
    const std::string payload{std::istreambuf_iterator<char>(in), {}};
    ArtifactInfo info;
    info.moduleAbi = RECRT_MODULE_ABI;
    ASSERT_TRUE(writeArtifact(path("model.so"), payload.data(), payload.size(), info, error));
    writeRequests("requests.st", {});
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string path(const std::string &name) const { return (directory / name).string(); }

  /// Runs the tool; arguments may name files as @file. Output and errors come together.
  int run(const std::string &arguments) {
    std::string command = "\"" RECCC_RUN "\" ";
    for (char c : arguments)
      command += c == '@' ? directory.string() + "/" : std::string(1, c);
    FILE *pipe = ::popen((command + " 2>&1").c_str(), "r");
    output.clear();
    char buffer[1024];
    while (size_t count = std::fread(buffer, 1, sizeof(buffer), pipe))
      output.append(buffer, count);
    const int status = ::pclose(pipe);
    EXPECT_TRUE(WIFEXITED(status)) << output;
    return WEXITSTATUS(status);
  }
  bool says(const std::string &part) const { return output.find(part) != std::string::npos; }

  /// The requests of all users, with some tensors replaced, added, or (without data) left out.
  void writeRequests(const std::string &name, const std::vector<TensorToWrite> &changes) {
    const int64_t count = static_cast<int64_t>(users.size());
    std::vector<TensorToWrite> tensors = {
        {"item", TensorType::I64, {request.historyOffsets.back()}, request.items.data()},
        {"candidate.values", TensorType::I64, {request.candidateOffsets.back()}, request.candidates.data()},
        {"user", TensorType::F32, {count, TINY_WIDTH}, request.users.data()},
        {"history.offsets", TensorType::I64, {count + 1}, request.historyOffsets.data()},
        {"candidate.offsets", TensorType::I64, {count + 1}, request.candidateOffsets.data()}};
    for (const TensorToWrite &change : changes) {
      for (size_t i = 0; i < tensors.size(); ++i)
        if (tensors[i].name == change.name)
          tensors.erase(tensors.begin() + static_cast<ptrdiff_t>(i--));
      if (change.data)
        tensors.push_back(change);
    }
    ASSERT_TRUE(writeSafetensors(path(name), tensors, error)) << error.message;
  }

  std::filesystem::path directory;
  std::vector<TinyUser> users = someUsers();
  TinyRequest request{users};
  std::string output;
  FileError error;
};
} // namespace

TEST_F(RunToolTest, WritesWhatTheReferenceSays) {
  ASSERT_EQ(run("@model.so @requests.st -o @out.st --threads=2 --repeat=5 --profile"), 0) << output;
  EXPECT_TRUE(says("time: median ")) << output;
  EXPECT_TRUE(says("for 10 requests")) << output;
  EXPECT_TRUE(says("attention sum")) << output;
  const auto file = SafetensorsFile::open(path("out.st"), error);
  ASSERT_TRUE(file) << error.message;
  const FileTensor *score = file->find("score"), *offsets = file->find("score.offsets"), *best = file->find("best"),
                   *last = file->find("last");
  ASSERT_TRUE(score && offsets && best && last);
  EXPECT_EQ(best->describe(), "i64[10, 3]");
  EXPECT_EQ(file->find("best.offsets"), nullptr);
  const std::vector<TinyAnswer> expected = references(users);
  size_t row = 0;
  for (size_t b = 0; b < users.size(); ++b) {
    EXPECT_EQ(offsets->loadInteger(static_cast<int64_t>(b)), static_cast<int64_t>(row));
    for (float value : expected[b].scores)
      EXPECT_EQ(score->loadDouble(static_cast<int64_t>(row++)), value);
    for (size_t i = 0; i < TINY_K; ++i)
      EXPECT_EQ(best->loadInteger(static_cast<int64_t>(b * TINY_K + i)), expected[b].best[i]);
  }
  EXPECT_EQ(score->numElements(), static_cast<int64_t>(row));
}

TEST_F(RunToolTest, ComparesWithATolerance) {
  ASSERT_EQ(run("@model.so @requests.st -o @out.st"), 0) << output;
  ASSERT_EQ(run("@model.so @requests.st --compare=@out.st --tolerance=0"), 0) << output;
  EXPECT_TRUE(says("outputs agree")) << output;

  const auto good = SafetensorsFile::open(path("out.st"), error);
  ASSERT_TRUE(good);
  std::vector<double> last;
  for (int64_t i = 0; i < good->find("last")->numElements(); ++i)
    last.push_back(good->find("last")->loadDouble(i));
  auto writeLast = [&](double factor) {
    std::vector<double> changed = last;
    changed[6] *= factor; // request 3, row 0, element 2
    const int64_t rows = static_cast<int64_t>(changed.size()) / TINY_WIDTH;
    ASSERT_TRUE(writeSafetensors(path("changed.st"),
                                 {{"last.values", TensorType::F64, {rows, TINY_WIDTH}, changed.data()}}, error));
  };
  ASSERT_NE(last[6], 0);
  writeLast(1 + 1e-4);
  EXPECT_EQ(run("@model.so @requests.st --compare=@changed.st"), 1) << output;
  EXPECT_TRUE(says("last: ")) << output;
  EXPECT_TRUE(says("1 outside of the tolerance 1e-05, the worst in request 3, row 0, element 2")) << output;
  EXPECT_EQ(run("@model.so @requests.st --compare=@changed.st --tolerance=2e-4"), 0) << output;
  writeLast(0.0 / 0.0);
  EXPECT_EQ(run("@model.so @requests.st --compare=@changed.st --tolerance=1e300"), 1) << output;

  const int64_t id = 3;
  ASSERT_TRUE(writeSafetensors(path("other.st"), {{"best", TensorType::I64, {1}, &id}}, error));
  EXPECT_EQ(run("@model.so @requests.st --compare=@other.st"), 1) << output;
  EXPECT_TRUE(says("'best' is i64[1], the output has 10 rows of 3 integers")) << output;
  ASSERT_TRUE(writeSafetensors(path("other.st"), {{"worst", TensorType::I64, {1}, &id}}, error));
  EXPECT_EQ(run("@model.so @requests.st --compare=@other.st"), 1) << output;
  EXPECT_TRUE(says("holds none of the outputs")) << output;
}

TEST_F(RunToolTest, RandomRequestsDependOnTheSeedAlone) {
  ASSERT_EQ(run("@model.so --random-requests=20 --seed=3 -o @a.st --threads=1"), 0) << output;
  ASSERT_EQ(run("@model.so --random-requests=20 --seed=3 --compare=@a.st --tolerance=0"), 0);
  ASSERT_EQ(run("@model.so --random-requests=20 --seed=4 --compare=@a.st --tolerance=0"), 1);
}

TEST_F(RunToolTest, DescribesAModel) {
  ASSERT_EQ(run("@model.so --describe"), 0);
  EXPECT_EQ(output, "model tiny, compiled by reccc 0.1.0 for x86-64-v3, x86-64-v4; 640 bytes of "
                    "weights\n"
                    "entry rank\n"
                    "  rows history: at most 100\n"
                    "  rows candidates: at most 40\n"
                    "  input item: history x i64, ids below 10\n"
                    "  input candidate: candidates x i64, ids below 10\n"
                    "  input user: 1 row x 4xf32\n"
                    "  output score: candidates x f32\n"
                    "  output last: derived rows x 4xf32\n"
                    "  output best: 1 row x 3xi64\n"
                    "  output best_score: 1 row x 3xf32\n");
}

TEST_F(RunToolTest, AcceptsOtherTypesAndEqualOffsets) {
  std::vector<int32_t> items(request.items.begin(), request.items.end());
  std::vector<double> user(request.users.begin(), request.users.end());
  ASSERT_EQ(run("@model.so @requests.st -o @out.st"), 0) << output;
  writeRequests("wide.st", {{"item", TensorType::I32, {static_cast<int64_t>(items.size())}, items.data()},
                            {"user", TensorType::F64, {10, 1, TINY_WIDTH}, user.data()},
                            {"item.offsets", TensorType::I64, {11}, request.historyOffsets.data()},
                            {"note", TensorType::I64, {11}, request.historyOffsets.data()}});
  ASSERT_EQ(run("@model.so @wide.st --compare=@out.st --tolerance=0"), 0) << output;
  EXPECT_TRUE(says("warning: entry 'rank' has no use for tensor 'note'")) << output;
}

TEST_F(RunToolTest, RefusesWrongRequestFiles) {
  auto refused = [&](const std::vector<TensorToWrite> &changes, const std::string &part, int code = 1) {
    writeRequests("bad.st", changes);
    EXPECT_EQ(run("@model.so @bad.st -o @none.st"), code) << output;
    EXPECT_TRUE(says(part)) << output;
    EXPECT_TRUE(says("bad.st: ")) << output;
    EXPECT_FALSE(std::filesystem::exists(path("none.st")));
  };
  const TensorToWrite none = {"", TensorType::I64, {0}, nullptr};
  auto without = [&](const char *name) {
    TensorToWrite tensor = none;
    tensor.name = name;
    return tensor;
  };
  const float *floats = request.users.data();
  refused({without("item")}, "input 'item' is missing: expected a tensor 'item' or 'item.values'");
  refused({without("history.offsets")}, "row space 'history' has no offsets");
  refused({{"item.values", TensorType::I64, {0}, floats}}, "expected one of them");
  refused({{"item.offsets", TensorType::I64, {11}, request.candidateOffsets.data()}},
          "'item.offsets' and 'history.offsets' differ");
  refused({{"history.offsets", TensorType::F32, {11}, floats}}, "expected i64[requests + 1]");
  refused({{"history.offsets", TensorType::I64, {10}, request.historyOffsets.data()}},
          "the offsets of row space 'candidates' are of 10 requests, those of 'history' of 9");
  std::vector<int64_t> offsets = request.historyOffsets;
  offsets[5] = offsets[4] - 1;
  refused({{"history.offsets", TensorType::I64, {11}, offsets.data()}},
          "'history.offsets' must not decrease: number 5");
  offsets = request.historyOffsets;
  offsets[0] = 1;
  refused({{"history.offsets", TensorType::I64, {11}, offsets.data()}}, "to begin with 0, got 1");
  refused({{"user", TensorType::F32, {4, 10}, floats}}, "input 'user' is f32[4, 10], expected [10, 4]");
  refused({{"user", TensorType::I64, {10, 4}, std::vector<int64_t>(40).data()}}, "expected floats");
  refused({{"item", TensorType::F32, {269}, std::vector<float>(269).data()}}, "expected integers");
  std::vector<int64_t> items = request.items;
  items[3] = 10;
  refused({{"item", TensorType::I64, {269}, items.data()}},
          "bad.st: input 'item', request 3, row 2, element 0: error: expected an id in [0, 10), "
          "got 10");
}

TEST_F(RunToolTest, ExitCodesFollowTheContract) {
  EXPECT_EQ(run("--help"), 0);
  EXPECT_TRUE(says("usage: reccc-run"));
  EXPECT_EQ(run("--version"), 0);
  EXPECT_EQ(output, "reccc-run 0.1.0\n");
  EXPECT_EQ(run(""), 2);
  EXPECT_TRUE(says("expected a compiled model"));
  EXPECT_EQ(run("@model.so"), 2);
  EXPECT_TRUE(says("--random-requests=N or --describe"));
  EXPECT_EQ(run("@model.so @requests.st --describe"), 2);
  EXPECT_EQ(run("a b c"), 2);
  EXPECT_EQ(run("@model.so @requests.st --treads=2"), 2);
  EXPECT_TRUE(says("unknown option '--treads', did you mean '--threads'?")) << output;
  for (const char *wrong : {"--threads=0", "--threads=2x", "--isa=v5", "--repeat=", "--seed=-1", "--tolerance=nan",
                            "--tolerance=-1", "--output="}) {
    EXPECT_EQ(run(std::string("@model.so @requests.st ") + wrong), 2) << wrong;
    EXPECT_TRUE(says("expects")) << output;
  }
  EXPECT_EQ(run("@missing.so @requests.st"), 3);
  EXPECT_TRUE(says("missing.so: error: cannot open the file: No such file")) << output;
  EXPECT_EQ(run("@model.so @missing.st"), 3);
  EXPECT_EQ(run("@model.so @requests.st -o @no/such/directory.st"), 3);
  EXPECT_EQ(run("@requests.st @requests.st"), 1);
  EXPECT_TRUE(says("without its footer")) << output;
  EXPECT_EQ(run("@model.so @model.so"), 1);
  EXPECT_TRUE(says("expected a safetensors file")) << output;
  EXPECT_EQ(run("@model.so @requests.st --entry=score"), 1);
  EXPECT_TRUE(says("it has no entry 'score'; its first one is 'rank'")) << output;
  EXPECT_EQ(run("@model.so @requests.st --entry=rank --isa=v3"), 0) << output;
  std::vector<int64_t> longer(TINY_MAX_HISTORY + 1), offsets = {0, TINY_MAX_HISTORY + 1};
  offsets.resize(11, TINY_MAX_HISTORY + 1);
  writeRequests("long.st", {{"item", TensorType::I64, {TINY_MAX_HISTORY + 1}, longer.data()},
                            {"history.offsets", TensorType::I64, {11}, offsets.data()}});
  EXPECT_EQ(run("@model.so @long.st"), 4);
  EXPECT_TRUE(says("row space 'history', request 0: error: the model takes at most 100 rows")) << output;
}
