// SPDX-License-Identifier: Apache-2.0
// Loading artifacts: a good one runs, a damaged or foreign one is refused before the loader of the
// system sees it.
#include "Handles.h"

#include "reccc/Support/Artifact.h"
#include "reccc/Support/Checksum.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace reccc;

namespace {
class ModelTest : public ::testing::Test {
protected:
  void SetUp() override {
    directory = std::filesystem::temp_directory_path() / ("recrt_model_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    path = (directory / "tiny.so").string();
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  static std::string read(const std::string &file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string &bytes) const { std::ofstream(path, std::ios::binary) << bytes; }

  /// Makes an artifact of a shared object that was built with the tests.
  void seal(const std::string &object, uint32_t abi = RECRT_MODULE_ABI) {
    const std::string payload = read(object);
    ASSERT_FALSE(payload.empty()) << object;
    FileError error;
    ArtifactInfo info;
    info.moduleAbi = abi;
    info.toolVersion = "9.9";
    ASSERT_TRUE(writeArtifact(path, payload.data(), payload.size(), info, error)) << error.message;
  }
  void sealWeights(uint64_t hash, size_t bytes) {
    FileError error;
    ArtifactInfo info;
    info.kind = ArtifactKind::Weights;
    info.weightsHash = hash;
    ASSERT_TRUE(writeArtifact(path + ".weights", tiny_table, bytes, info, error));
  }
  recrt_status load(const recrt_model_options *options = nullptr) {
    recrt_model *loaded = nullptr;
    const recrt_status status = recrt_model_load(path.c_str(), options, &loaded);
    EXPECT_EQ(status.code == RECRT_OK, loaded != nullptr);
    model.reset(loaded);
    return status;
  }
  void expectRefused(int32_t code, const std::string &part, const recrt_model_options *options = nullptr) {
    const recrt_status status = load(options);
    EXPECT_EQ(status.code, code) << text(status);
    EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
  }
  void expectGood(const recrt_model_options *options = nullptr) {
    const recrt_status status = load(options);
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
    const std::vector<TinyUser> users = someUsers();
    TinyRequest request(users);
    expectRuns(makeContext(model, contextOptions(1)), request, references(users));
  }

  std::filesystem::path directory;
  std::string path;
  Model model;
};
} // namespace

TEST_F(ModelTest, LoadsAndRuns) {
  seal(TINY_OBJECT);
  expectGood();
}

TEST_F(ModelTest, ManyLoadsLeaveNothingBehind) {
  seal(TINY_OBJECT);
  auto descriptors = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  auto mappings = [&] {
    const std::string maps = read("/proc/self/maps");
    return std::count(maps.begin(), maps.end(), '\n');
  };
  expectGood();
  model.reset();
  const auto filesBefore = descriptors(), mapsBefore = mappings();
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(load().code, RECRT_OK);
  model.reset();
  EXPECT_EQ(descriptors(), filesBefore);
  EXPECT_LE(mappings(), mapsBefore + 2);
}

TEST_F(ModelTest, AReplacedFileIsAnotherModel) {
  seal(TINY_OBJECT);
  expectGood();
  Model first = std::move(model);
  seal(TINY_EXTERNAL_OBJECT);
  expectRefused(RECRT_IO_ERROR, "tiny.so.weights");
  sealWeights(0x1234, sizeof(tiny_table));
  expectGood();
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  expectRuns(makeContext(first, contextOptions(1)), request, references(users));
}

TEST_F(ModelTest, EveryTruncationAndDamagedByteIsRefused) {
  seal(TINY_OBJECT);
  const std::string good = read(path);
  for (size_t size = 0; size < good.size(); size += size < 1024 ? 1 : 61) {
    write(good.substr(0, size));
    EXPECT_EQ(load().code, RECRT_INVALID_ARGUMENT) << size;
  }
  for (size_t size = good.size() - 200; size < good.size(); ++size) {
    write(good.substr(0, size));
    EXPECT_EQ(load().code, RECRT_INVALID_ARGUMENT) << size;
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  write(good);
  // The ELF header and the end of the file byte by byte, of the rest every fifth byte.
  for (size_t i = 0; i < good.size(); i += i < 64 || i + 256 > good.size() ? 1 : 5) {
    const char bad = static_cast<char>(good[i] ^ (1 << (i % 8)));
    file.seekp(static_cast<std::streamoff>(i)).put(bad).flush();
    EXPECT_EQ(load().code, RECRT_INVALID_ARGUMENT) << i;
    file.seekp(static_cast<std::streamoff>(i)).put(good[i]).flush();
  }
  expectGood();
}

TEST_F(ModelTest, FilesThatAreNoArtifactsAreRefused) {
  expectRefused(RECRT_IO_ERROR, "No such file");
  write("");
  expectRefused(RECRT_INVALID_ARGUMENT, "0 bytes");
  write(std::string(1000, 'x'));
  expectRefused(RECRT_INVALID_ARGUMENT, "without its footer");
  std::filesystem::copy_file(TINY_OBJECT, path, std::filesystem::copy_options::overwrite_existing);
  expectRefused(RECRT_INVALID_ARGUMENT, "without its footer");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  expectRefused(RECRT_IO_ERROR, "regular file");
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  expectRefused(RECRT_IO_ERROR, "regular file");
  EXPECT_EQ(recrt_model_load(nullptr, nullptr, nullptr).code, RECRT_INVALID_ARGUMENT);
}

TEST_F(ModelTest, WellSealedNonsenseIsRefused) {
  FileError error;
  auto sealBytes = [&](const std::string &payload) {
    ArtifactInfo info;
    info.moduleAbi = RECRT_MODULE_ABI;
    ASSERT_TRUE(writeArtifact(path, payload.data(), payload.size(), info, error));
  };
  sealBytes("");
  expectRefused(RECRT_INVALID_ARGUMENT, "no shared object");
  sealBytes(std::string(100, 'x'));
  expectRefused(RECRT_INVALID_ARGUMENT, "no shared object");
  std::string object = read(TINY_OBJECT);
  reinterpret_cast<Elf64_Ehdr *>(object.data())->e_machine = EM_AARCH64;
  sealBytes(object);
  expectRefused(RECRT_INCOMPATIBLE, "ELF machine 183");
  // A shared object without the symbol.
  seal(NO_MODULE_OBJECT);
  expectRefused(RECRT_INVALID_ARGUMENT, "does not export the symbol recrt_module");
}

TEST_F(ModelTest, OtherModuleVersionsAreIncompatible) {
  seal(TINY_OBJECT, RECRT_MODULE_ABI + 1);
  expectRefused(RECRT_INCOMPATIBLE, "written by reccc 9.9 for module ABI 4, this runtime reads 3");
  // The footer says one thing, the module another.
  seal(TINY_NEWER_OBJECT);
  expectRefused(RECRT_INCOMPATIBLE, "module ABI 77");
}

TEST_F(ModelTest, WeightsOfTheirOwnMustBelongToTheModel) {
  seal(TINY_EXTERNAL_OBJECT);
  sealWeights(0x1234, sizeof(tiny_table));
  expectGood();
  recrt_model_options options;
  recrt_model_options_init(&options);
  options.trust_weights = 1;
  expectGood(&options);
  sealWeights(0x9999, sizeof(tiny_table));
  expectRefused(RECRT_INVALID_ARGUMENT, "weights of another model");
  sealWeights(0x1234, sizeof(tiny_table) - 4);
  expectRefused(RECRT_INVALID_ARGUMENT, "weights of another model");
  std::filesystem::copy_file(path, path + ".weights", std::filesystem::copy_options::overwrite_existing);
  expectRefused(RECRT_INVALID_ARGUMENT, "expected packed weights");
  sealWeights(0x1234, sizeof(tiny_table));
  std::filesystem::rename(path + ".weights", directory / "elsewhere");
  expectRefused(RECRT_IO_ERROR, "tiny.so.weights");
  const std::string elsewhere = (directory / "elsewhere").string();
  options.trust_weights = 0;
  options.weights_path = elsewhere.c_str();
  expectGood(&options);
  std::fstream file(elsewhere, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(5).put('!').flush();
  expectRefused(RECRT_INVALID_ARGUMENT, "checksum", &options);
}
