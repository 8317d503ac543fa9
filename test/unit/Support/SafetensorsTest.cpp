// SPDX-License-Identifier: Apache-2.0
// The safetensors reader refuses every damaged header with a reason, and reads back what the writer
// wrote.
#include "reccc/Support/Safetensors.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace reccc;

namespace {
class SafetensorsTest : public ::testing::Test {
protected:
  void SetUp() override {
    directory = std::filesystem::temp_directory_path() / ("safetensors_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  std::string path(const char *name) const { return (directory / name).string(); }

  std::filesystem::path directory;
};
} // namespace

static std::string fileOf(const std::string &header, const std::string &data = "") {
  uint64_t size = header.size();
  return std::string(reinterpret_cast<const char *>(&size), 8) + header + data;
}

static std::optional<SafetensorsFile> parse(const std::string &bytes, FileError &error) {
  return SafetensorsFile::parse(reinterpret_cast<const std::byte *>(bytes.data()), bytes.size(), "w.safetensors",
                                error);
}

/// Expects a refusal whose message contains `part`.
static void expectRefused(const std::string &bytes, const std::string &part,
                          FileErrorKind kind = FileErrorKind::Invalid) {
  FileError error;
  EXPECT_FALSE(parse(bytes, error).has_value()) << part;
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("w.safetensors: error: "), 0u) << error.message;
  EXPECT_EQ(error.kind, kind);
}

static const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

TEST_F(SafetensorsTest, RoundTripsEveryType) {
  const double f64[] = {1.5, -0.0};
  const float f32[] = {3.25f, INFINITY, 0.1f};
  const uint16_t bf16[] = {0x3fc0}, f16[] = {0x3e00, 0x0001, 0xfc00};
  const int64_t i64[] = {-7, INT64_MIN};
  const int32_t i32[] = {-9};
  const int8_t i8[] = {-128, 127};
  const uint8_t u8[] = {255}, flag[] = {1, 0};
  std::vector<TensorToWrite> tensors = {{"flag", TensorType::Bool, {2}, flag}, {"u8", TensorType::U8, {1}, u8},
                                        {"f16", TensorType::F16, {3}, f16},    {"bf16", TensorType::BF16, {1, 1}, bf16},
                                        {"i32", TensorType::I32, {}, i32},     {"f32", TensorType::F32, {3, 1}, f32},
                                        {"i64", TensorType::I64, {2}, i64},    {"f64", TensorType::F64, {1, 2}, f64},
                                        {"i8", TensorType::I8, {2}, i8},       {"none", TensorType::F32, {0, 4}, f32}};
  FileError error;
  ASSERT_TRUE(writeSafetensors(path("x"), tensors, error, {{"k\n", "v\"\\"}})) << error.message;
  auto file = SafetensorsFile::open(path("x"), error);
  ASSERT_TRUE(file.has_value()) << error.message;
  ASSERT_EQ(file->tensors().size(), tensors.size());
  EXPECT_EQ(file->metadata().at("k\n"), "v\"\\");
  for (const TensorToWrite &tensor : tensors) {
    const FileTensor *read = file->find(tensor.name);
    ASSERT_NE(read, nullptr) << tensor.name;
    EXPECT_EQ(read->type, tensor.type);
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(std::memcmp(read->data, tensor.data, read->bytes), 0) << tensor.name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(read->data) % byteWidth(read->type), 0u);
  }
  EXPECT_EQ(file->find("f64")->loadDouble(0), 1.5);
  EXPECT_EQ(file->find("f32")->loadDouble(2), static_cast<double>(0.1f));
  EXPECT_EQ(file->find("bf16")->loadDouble(0), 1.5);
  EXPECT_EQ(file->find("f16")->loadDouble(0), 1.5);
  EXPECT_EQ(file->find("f16")->loadDouble(1), std::ldexp(1.0, -24));
  EXPECT_EQ(file->find("f16")->loadDouble(2), -INFINITY);
  EXPECT_EQ(file->find("i64")->loadInteger(1), INT64_MIN);
  EXPECT_EQ(file->find("i32")->loadInteger(0), -9);
  EXPECT_EQ(file->find("u8")->loadDouble(0), 255.0);
  EXPECT_EQ(file->find("i8")->loadInteger(0), -128);
  EXPECT_EQ(file->find("flag")->loadInteger(1), 0);
  EXPECT_EQ(file->find("f32")->describe(), "f32[3, 1]");
  EXPECT_EQ(file->find("missing"), nullptr);
}

TEST_F(SafetensorsTest, RefusesShortAndOversizedHeaders) {
  expectRefused("", "empty");
  expectRefused("x", "header length field of 8 bytes");
  expectRefused("1234567", "header length field of 8 bytes");
  expectRefused(std::string(8, '\0'), "does not begin with '{'");
  expectRefused(std::string(8, '\xff') + "{}", "over the limit");
  expectRefused(std::string("\x10\0\0\0\0\0\0\0", 8) + "{}", "exceeds the file");
}

TEST_F(SafetensorsTest, RefusesWrongHeaders) {
  expectRefused(fileOf("[]"), "does not begin with '{'");
  expectRefused(fileOf("{\"\xff\":1}"), "not UTF-8");
  expectRefused(fileOf("{" + std::string(100000, '[')), "expected '\"'");
  expectRefused(fileOf("{\"a\":" + std::string(100000, '{')), "expected '\"'");
  expectRefused(fileOf(good.substr(0, good.size() - 1)), "expected '}'");
  expectRefused(fileOf(good + "x", std::string(8, 'x')), "behind the closing brace");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[2]}})"), "data_offsets is missing");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","dtype":"F32"}})"), "dtype is given twice");
  expectRefused(fileOf(R"({"a":{"order":"F"}})"), "got 'order'");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"), "non-negative integer");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}})"), "begins with 0");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[18446744073709551616]}})"), "64 bits");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1]}})"), "more than 8");
  expectRefused(fileOf(R"({"a\ud800":{}})"), "surrogate");
  expectRefused(fileOf(R"({"__metadata__":{"a":1}})"), "expected '\"'");
  expectRefused(fileOf(R"({"__metadata__":{"a":"1","a":"2"}})"), "twice");
}

TEST_F(SafetensorsTest, RefusesLyingOffsets) {
  auto one = [](const char *dtype, const char *shape, const char *offsets) {
    return std::string("{\"t\":{\"dtype\":\"") + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets +
           "}}";
  };
  const std::string data(8, 'x');
  FileError error;
  EXPECT_TRUE(parse(fileOf(one("F32", "[2]", "[0,8]"), data), error).has_value()) << error.message;
  expectRefused(fileOf(one("F31", "[2]", "[0,8]"), data), "got 'F31'");
  expectRefused(fileOf(one("F32", "[2]", "[8,0]"), data), "do not lie within");
  expectRefused(fileOf(one("F32", "[2]", "[0,12]"), data), "do not lie within");
  expectRefused(fileOf(one("F32", "[1]", "[4,8]"), data), "leave a hole");
  expectRefused(fileOf(one("F32", "[3]", "[0,8]"), data), "the shape takes 12 bytes");
  expectRefused(fileOf(one("F32", "[1]", "[0,4]"), data), "4 trailing bytes");
  expectRefused(fileOf(one("F32", "[4294967296,4294967298]", "[0,8]"), data), "overflows");
  expectRefused(fileOf(one("F64", "[2305843009213693953]", "[0,8]"), data), "overflows");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                       R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                       data),
                "overlap");
  expectRefused(fileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                       R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                       data),
                "stands in the header twice");
}

TEST_F(SafetensorsTest, NamesOtherFormats) {
  expectRefused(std::string("PK\x03\x04") + std::string(60, 'x'), "zip archive");
  expectRefused("\x80\x02" + std::string(60, 'x'), "pickle");
  expectRefused("\x89HDF\r\n\x1a\n", "HDF5");
  expectRefused("GGUF" + std::string(60, 'x'), "GGUF");
  expectRefused("version https://git-lfs.github.com/spec/v1\n", "git lfs pull");
}

TEST_F(SafetensorsTest, EscapesNamesInMessages) {
  std::string name = "\\u001b[31m" + std::string(200, 'n');
  expectRefused(fileOf("{\"" + name + "\":{}}"), "tensor '\\x1b[31mnnn");
}

TEST_F(SafetensorsTest, BoundsTheNumberOfTensors) {
  std::string header = "{";
  for (int i = 0; i <= 1 << 20; ++i)
    header += "\"" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  header.back() = '}';
  expectRefused(fileOf(header), "more than 1048576 tensors", FileErrorKind::Resource);
}

TEST_F(SafetensorsTest, EveryTruncationAndBitFlipIsRefusedOrReadable) {
  std::string bytes = fileOf(R"({"__metadata__":{"k":"v"},)"
                             R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                             R"("b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}})",
                             std::string(16, 'd'));
  FileError error;
  ASSERT_TRUE(parse(bytes, error).has_value());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse(bytes.substr(0, size), error).has_value()) << size;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    if (auto file = parse(flipped, error))
      for (const FileTensor &tensor : file->tensors())
        for (int64_t i = 0; i < tensor.numElements(); ++i)
          (void)tensor.loadDouble(i);
  }
}

TEST_F(SafetensorsTest, RefusesWhatIsNotARegularFile) {
  FileError error;
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  for (std::string file : {path("fifo"), directory.string(), std::string("/dev/zero")}) {
    EXPECT_FALSE(SafetensorsFile::open(file, error).has_value());
    EXPECT_EQ(error.kind, FileErrorKind::Io);
    EXPECT_NE(error.message.find("regular file"), std::string::npos) << error.message;
  }
  EXPECT_FALSE(SafetensorsFile::open(path("missing"), error).has_value());
  EXPECT_NE(error.message.find("No such file"), std::string::npos) << error.message;
}

TEST_F(SafetensorsTest, WritingKeepsTheOldFileOnFailureAndSweepsStaleOnes) {
  FileError error;
  const float value = 1;
  ASSERT_TRUE(writeSafetensors(path("x"), {{"a", TensorType::F32, {1}, &value}}, error));
  std::ofstream(path(".x.tmp.1.00000000")) << "left by a writer that was killed";
  EXPECT_FALSE(
      writeSafetensors(path("x"), {{"a", TensorType::F32, {1}, &value}, {"a", TensorType::U8, {1}, &value}}, error));
  EXPECT_NE(error.message.find("two tensors named 'a'"), std::string::npos);
  EXPECT_TRUE(SafetensorsFile::open(path("x"), error).has_value());
  ASSERT_TRUE(writeSafetensors(path("x"), {{"b", TensorType::F32, {1}, &value}}, error));
  EXPECT_NE(SafetensorsFile::open(path("x"), error)->find("b"), nullptr);
  size_t files = 0;
  for (auto &entry : std::filesystem::directory_iterator(directory)) {
    (void)entry;
    ++files;
  }
  EXPECT_EQ(files, 1u) << "no temporary file is left";
  EXPECT_FALSE(writeSafetensors(path("no/such/dir"), {}, error));
  EXPECT_EQ(error.kind, FileErrorKind::Io);
}
