// SPDX-License-Identifier: Apache-2.0
// Counts every allocation of the process: a warm context makes none. Makes every single one fail:
// the call reports it, nothing leaks, and the next run is good.
#include "Handles.h"

#include "reccc/Support/Artifact.h"

#include <atomic>
#include <cerrno>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <unistd.h>

// The C library's own entry points, under the replaced ones.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);
}

namespace {
std::atomic<int64_t> allocations{0}, live{0};
/// The allocations that still succeed; negative: all.
std::atomic<int64_t> allowed{-1};
std::atomic<bool> failForever{false};

bool refuse() {
  ++allocations;
  int64_t left = allowed.load();
  while (left >= 0) {
    if (left == 0) {
      if (!failForever)
        allowed = -1;
      errno = ENOMEM;
      return true;
    }
    if (allowed.compare_exchange_weak(left, left - 1))
      return false;
  }
  return false;
}

void *counted(void *memory) {
  live += memory != nullptr;
  return memory;
}
} // namespace

extern "C" {
void *malloc(size_t size) { return refuse() ? nullptr : counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return refuse() ? nullptr : counted(__libc_calloc(count, size)); }
void *realloc(void *memory, size_t size) {
  if (refuse())
    return nullptr;
  live += memory == nullptr;
  return __libc_realloc(memory, size);
}
void *memalign(size_t alignment, size_t size) { return refuse() ? nullptr : counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void free(void *memory) {
  live -= memory != nullptr;
  __libc_free(memory);
}
}

TEST(AllocationTest, TheCounterCounts) {
  const int64_t before = allocations;
  std::unique_ptr<int> value(new int);
  __asm__ volatile("" : : "r"(value.get()) : "memory"); // or the compiler removes it
  EXPECT_EQ(allocations - before, 1);
}

TEST(AllocationTest, AWarmContextAllocatesNothing) {
  const std::vector<TinyUser> users = someUsers();
  const std::vector<TinyUser> fewer(users.begin() + 2, users.begin() + 6);
  TinyRequest request(users), small(fewer);
  request.giveOutputs();
  Model model = makeTinyModel();
  for (int32_t threads : {1, 2, 3}) {
    Context context = makeContext(model, contextOptions(threads));
    ASSERT_EQ(recrt_context_run(context.get(), 0, &request.request).code, RECRT_OK);
    ASSERT_EQ(recrt_context_run(context.get(), 0, &small.request).code, RECRT_OK);
    const int64_t before = allocations;
    for (int i = 0; i < 20; ++i) {
      recrt_context_run(context.get(), 0, &request.request);
      recrt_context_run(context.get(), 0, &small.request);
    }
    EXPECT_EQ(allocations - before, 0) << threads << " threads";
  }
}

TEST(AllocationTest, DeclaredLimitsNeedNoWarmUp) {
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  Model model = makeTinyModel();
  recrt_context_options options = contextOptions(1);
  options.max_requests = static_cast<int64_t>(users.size());
  Context context = makeContext(model, options);
  const int64_t before = allocations;
  const recrt_status status = recrt_context_run(context.get(), 0, &request.request);
  EXPECT_EQ(allocations - before, 0);
  EXPECT_EQ(status.code, RECRT_OK) << text(status);
}

TEST(AllocationTest, RefusedBatchesAllocateNothing) {
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  Model model = makeTinyModel();
  Context context = makeContext(model, contextOptions(1));
  ASSERT_EQ(recrt_context_run(context.get(), 0, &request.request).code, RECRT_OK);
  request.items[3] = -1;
  const int64_t before = allocations;
  const recrt_status status = recrt_context_run(context.get(), 0, &request.request);
  EXPECT_EQ(allocations - before, 0);
  EXPECT_EQ(status.code, RECRT_INVALID_ARGUMENT);
}

/// Runs `body` with its k-th allocation failing, for all k, until it gets through without one.
template <typename Body> static void failEveryAllocation(Body body) {
  for (bool forever : {false, true}) {
    for (int64_t k = 0;; ++k) {
      ASSERT_LT(k, 10000);
      const int64_t before = live;
      failForever = forever;
      allowed = k;
      const recrt_status status = body();
      const bool reached = allowed <= 0;
      allowed = -1;
      EXPECT_EQ(live, before) << "allocation " << k << " leaks";
      if (status.code != RECRT_OK) {
        EXPECT_TRUE(status.code == RECRT_RESOURCE_EXHAUSTED || status.code == RECRT_IO_ERROR ||
                    status.code == RECRT_INVALID_ARGUMENT)
            << text(status);
      }
      if (!reached) {
        EXPECT_EQ(status.code, RECRT_OK) << text(status);
        break;
      }
    }
  }
}

TEST(AllocationTest, EveryAllocationMayFail) {
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  failEveryAllocation([&] {
    recrt_model *model = nullptr;
    recrt_context *context = nullptr;
    recrt_context_options options = contextOptions(1);
    recrt_status status = recrt_model_create(&tiny_module, nullptr, &model);
    if (status.code == RECRT_OK)
      status = recrt_context_create(model, &options, &context);
    if (status.code == RECRT_OK)
      status = recrt_context_run(context, 0, &request.request);
    recrt_context_destroy(context);
    recrt_model_destroy(model);
    return status;
  });
  Model model = makeTinyModel();
  expectRuns(makeContext(model, contextOptions(1)), request, references(users));
}

TEST(AllocationTest, EveryAllocationOfALoadMayFail) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("recrt_allocation_test." + std::to_string(::getpid()) + ".so"))
          .string();
  std::ifstream in(TINY_OBJECT, std::ios::binary);
  const std::string payload{std::istreambuf_iterator<char>(in), {}};
  reccc::FileError error;
  reccc::ArtifactInfo info;
  info.moduleAbi = RECRT_MODULE_ABI;
  ASSERT_TRUE(reccc::writeArtifact(path, payload.data(), payload.size(), info, error));
  recrt_model *model = nullptr;
  // The system's loader keeps some of what it allocates first.
  ASSERT_EQ(recrt_model_load(path.c_str(), nullptr, &model).code, RECRT_OK);
  recrt_model_destroy(model);
  for (int64_t k = 0;; ++k) {
    ASSERT_LT(k, 10000);
    allowed = k;
    failForever = false;
    model = nullptr;
    const recrt_status status = recrt_model_load(path.c_str(), nullptr, &model);
    const bool reached = allowed <= 0;
    allowed = -1;
    EXPECT_EQ(status.code == RECRT_OK, model != nullptr);
    recrt_model_destroy(model);
    if (!reached) {
      EXPECT_EQ(status.code, RECRT_OK) << text(status);
      break;
    }
  }
  std::filesystem::remove(path);
}
