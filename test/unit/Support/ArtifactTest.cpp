// SPDX-License-Identifier: Apache-2.0
// Artifacts: every truncation and every flipped bit is refused; the checksum is XXH64.
#include "reccc/Support/Artifact.h"
#include "reccc/Support/Checksum.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace reccc;

namespace {
class ArtifactTest : public ::testing::Test {
protected:
  void SetUp() override {
    directory = std::filesystem::temp_directory_path() / ("artifact_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    path = (directory / "model.so").string();
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string read() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string &bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
  std::optional<ArtifactFile> open(ArtifactKind kind = ArtifactKind::SharedObject) {
    return ArtifactFile::open(path, kind, error);
  }

  std::filesystem::path directory;
  std::string path;
  FileError error;
};
} // namespace

TEST(ChecksumTest, MatchesPublishedValues) {
  EXPECT_EQ(checksum64("", 0), 0xef46db3751d8e999u);
  EXPECT_EQ(checksum64("a", 1), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(checksum64("abc", 3), 0x44bc2cf5ad770999u);
  const char *long_text = "Nobody inspects the spammish repetition";
  EXPECT_EQ(checksum64(long_text, std::strlen(long_text)), 0xfbcea83c8a378bf1u);
}

TEST(ChecksumTest, PiecesGiveTheSameAsOneRun) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += static_cast<char>(i * 37);
  for (size_t piece = 1; piece < 70; ++piece) {
    Checksum64 checksum;
    for (size_t at = 0; at < text.size(); at += piece)
      checksum.update(text.data() + at, std::min(piece, text.size() - at));
    EXPECT_EQ(checksum.finish(), checksum64(text.data(), text.size())) << piece;
  }
}

TEST_F(ArtifactTest, RoundTrips) {
  ArtifactInfo info{ArtifactKind::Weights, 0x1234567890abcdefu, 3, 2, "0.1.0"};
  ASSERT_TRUE(writeArtifact(path, "payload", 7, info, error)) << error.message;
  std::string first = read();
  auto file = open(ArtifactKind::Weights);
  ASSERT_TRUE(file.has_value()) << error.message;
  EXPECT_EQ(file->payloadBytes(), 7u);
  EXPECT_EQ(std::memcmp(file->payload(), "payload", 7), 0);
  EXPECT_EQ(file->info().weightsHash, info.weightsHash);
  EXPECT_EQ(file->info().moduleAbi, 3u);
  EXPECT_EQ(file->info().isaLevels, 2u);
  EXPECT_EQ(file->info().toolVersion, "0.1.0");
  EXPECT_FALSE(open(ArtifactKind::SharedObject).has_value());
  EXPECT_NE(error.message.find("got packed weights"), std::string::npos) << error.message;
  ASSERT_TRUE(writeArtifact(path, "payload", 7, info, error));
  EXPECT_EQ(read(), first);
}

TEST_F(ArtifactTest, EveryTruncationAndFlippedBitIsRefused) {
  ASSERT_TRUE(writeArtifact(path, "some payload", 12, {}, error));
  const std::string good = read();
  for (size_t size = 0; size < good.size(); ++size) {
    write(good.substr(0, size));
    EXPECT_FALSE(open().has_value()) << size;
    EXPECT_EQ(error.kind, FileErrorKind::Invalid);
  }
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    write(bad);
    EXPECT_FALSE(open().has_value()) << bit;
    EXPECT_EQ(error.kind, FileErrorKind::Invalid) << error.message;
  }
  write(good + "x");
  EXPECT_FALSE(open().has_value());
  write(good);
  EXPECT_TRUE(open().has_value()) << error.message;
}

TEST_F(ArtifactTest, RefusesNewerFormatsAndLyingFootersWithAGoodChecksum) {
  ASSERT_TRUE(writeArtifact(path, "some payload", 12, {}, error));
  const std::string good = read();
  auto with = [&](size_t offset, uint64_t value, size_t width) {
    std::string bytes = good;
    std::memcpy(&bytes[12 + offset], &value, width);
    uint64_t checksum = checksum64(bytes.data(), bytes.size() - 8);
    std::memcpy(&bytes[bytes.size() - 8], &checksum, 8);
    write(bytes);
    return open().has_value();
  };
  EXPECT_TRUE(with(8, artifactVersion, 4)) << error.message;
  EXPECT_FALSE(with(8, artifactVersion + 1, 4));
  EXPECT_EQ(error.kind, FileErrorKind::Incompatible);
  EXPECT_NE(error.message.find("reads formats up to 1"), std::string::npos) << error.message;
  EXPECT_FALSE(with(8, 0, 4));
  EXPECT_FALSE(with(12, 77, 4));
  EXPECT_NE(error.message.find("unknown kind"), std::string::npos) << error.message;
  for (uint64_t size : {uint64_t(0), uint64_t(11), uint64_t(13), ~uint64_t(0)}) {
    EXPECT_FALSE(with(16, size, 8));
    EXPECT_NE(error.message.find("bytes of payload"), std::string::npos) << error.message;
  }
}
