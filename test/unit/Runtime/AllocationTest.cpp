// SPDX-License-Identifier: Apache-2.0
// Counts every allocation of the process: a warm context makes none. Makes every single one fail:
// the call reports it, nothing leaks, and the next run is good.
#include "StateModule.h"

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

namespace {
/// Two users with states and room for long histories.
struct StateUsers {
  explicit StateUsers(int32_t threads) {
    parts.spaces[History].count = parts.spaces[NewHistory].count = 1000;
    EXPECT_EQ(parts.load(model).code, RECRT_OK);
    context = makeContext(model, contextOptions(threads));
    Batch users("history", "x", {std::vector<float>(100, 1), std::vector<float>(80, 2)}, {10, 20});
    states.list.assign(2, nullptr);
    EXPECT_EQ(recrt_state_prefill(context.get(), &users.request, states.list.data()).code, RECRT_OK);
  }

  recrt_status score(Batch &batch) { return recrt_state_score(context.get(), states.list.data(), &batch.request); }
  recrt_status append(Batch &batch) { return recrt_state_append(context.get(), states.list.data(), &batch.request); }
  int64_t memory() const {
    int64_t bytes = 0;
    for (const recrt_state *state : states.list) {
      recrt_state_info info;
      info.size = sizeof(info);
      EXPECT_EQ(recrt_state_get_info(state, &info).code, RECRT_OK);
      bytes += info.memory_bytes;
    }
    return bytes;
  }

  StateModule parts;
  Model model;
  Context context;
  States states;
};
} // namespace

TEST(AllocationTest, AWarmContextScoresStatesWithoutAllocations) {
  for (int32_t threads : {1, 2}) {
    StateUsers users(threads);
    Batch many("candidates", "q", {{1, 2, 3}, {4}}), few("candidates", "q", {{}, {2}}), one("candidates", "q", {{5}});
    for (Batch *batch : {&many, &few, &one})
      ASSERT_EQ(users.score(*batch).code, RECRT_OK);
    const int64_t before = allocations;
    bool good = true;
    for (int i = 0; i < 20; ++i)
      for (Batch *batch : {&many, &few, &one})
        good &= users.score(*batch).code == RECRT_OK;
    EXPECT_EQ(allocations - before, 0) << threads << " threads";
    EXPECT_TRUE(good);
  }
}

TEST(AllocationTest, AppendsAllocateOnlyWhereStatesMove) {
  StateUsers users(1);
  Batch added("history.new", "x", {{1, 2}, {3}}), nothing("history.new", "x", {{}, {}});
  { // The context has seen longer ones.
    const std::vector<float> most(1000, 1);
    Batch longest("history", "x", {most, most}, {1, 2});
    States states;
    states.list.assign(2, nullptr);
    ASSERT_EQ(recrt_state_prefill(users.context.get(), &longest.request, states.list.data()).code, RECRT_OK);
    ASSERT_EQ(recrt_state_append(users.context.get(), states.list.data(), &nothing.request).code, RECRT_OK);
  }
  int moves = 0;
  for (int i = 0; i < 300; ++i) {
    const int64_t bytes = users.memory(), before = allocations;
    const recrt_status status = users.append(i % 3 ? added : nothing);
    const int64_t count = allocations - before;
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
    const bool moved = users.memory() != bytes;
    moves += moved;
    EXPECT_EQ(count > 0, moved) << count << " allocations of append " << i;
  }
  EXPECT_GT(moves, 0);
  EXPECT_LT(moves, 30);
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

TEST(AllocationTest, EveryAllocationOfUserStatesMayFail) {
  const StateUsers users(1);
  Batch user("history", "x", {{1, 2}, {3}}, {1, 2}), added("history.new", "x", {{4, 5, 6}, {7}});
  Batch candidates("candidates", "q", {{1}, {2, 3}});
  std::vector<unsigned char> bytes(1000);
  recrt_context_options options = contextOptions(1);
  failEveryAllocation([&] {
    recrt_context *context = nullptr;
    recrt_state *states[2] = {}, *read = nullptr;
    size_t size = 0;
    int64_t rows = 0;
    recrt_status status = recrt_context_create(users.model.get(), &options, &context);
    if (status.code == RECRT_OK)
      status = recrt_state_prefill(context, &user.request, states);
    if (status.code == RECRT_OK) {
      status = recrt_state_append(context, states, &added.request);
      EXPECT_EQ(recrt_state_count_rows(states[0], "history", &rows).code, RECRT_OK);
      EXPECT_EQ(rows, status.code == RECRT_OK ? 5 : 2);
    }
    if (status.code == RECRT_OK)
      status = recrt_state_score(context, states, &candidates.request);
    if (status.code == RECRT_OK)
      status = recrt_state_export(states[1], bytes.data(), bytes.size(), &size);
    if (status.code == RECRT_OK)
      status = recrt_state_import(context, bytes.data(), size, &read);
    for (recrt_state *state : {states[0], states[1], read})
      recrt_state_destroy(state);
    recrt_context_destroy(context);
    return status;
  });
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
