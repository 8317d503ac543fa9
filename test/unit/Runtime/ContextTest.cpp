// SPDX-License-Identifier: Apache-2.0
// Runs of the hand-written model: right answers for every batch, pool and memory setting.
#include "Handles.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cmath>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <xmmintrin.h>

TEST(ContextTest, AnswersEqualTheReferenceOnAnyNumberOfThreads) {
  const std::vector<TinyUser> users = someUsers();
  const std::vector<TinyAnswer> expected = references(users);
  Model model = makeTinyModel();
  for (int32_t threads : {1, 2, 3, 8}) {
    Context context = makeContext(model, contextOptions(threads));
    for (int repeat = 0; repeat < 20; ++repeat) {
      TinyRequest request(users);
      expectRuns(context, request, expected);
      request.giveOutputs();
      expectRuns(context, request, expected);
    }
  }
}

TEST(ContextTest, AnswersDoNotDependOnTheBatch) {
  std::vector<TinyUser> users = someUsers();
  Model model = makeTinyModel();
  Context context = makeContext(model, contextOptions(2));
  for (size_t first = 0; first < users.size(); ++first) {
    for (size_t size = 0; size <= users.size() - first; ++size) {
      std::vector<TinyUser> part(users.begin() + static_cast<ptrdiff_t>(first),
                                 users.begin() + static_cast<ptrdiff_t>(first + size));
      std::reverse(part.begin(), part.end());
      TinyRequest request(part);
      expectRuns(context, request, references(part));
    }
  }
}

TEST(ContextTest, TheLevelCanBeChosen) {
  const std::vector<TinyUser> users = someUsers();
  recrt_capabilities capabilities;
  capabilities.size = sizeof(capabilities);
  ASSERT_EQ(recrt_query_capabilities(&capabilities).code, RECRT_OK);
  EXPECT_GE(capabilities.default_num_threads, 1);
  for (int32_t isa = 0; isa < RECRT_ISA_COUNT; ++isa) {
    recrt_model_options options;
    recrt_model_options_init(&options);
    options.isa = isa;
    recrt_model *handle = nullptr;
    const recrt_status status = recrt_model_create(&tiny_module, &options, &handle);
    Model model(handle);
    if (!(capabilities.isa_levels & (1u << isa))) {
      EXPECT_EQ(status.code, RECRT_INCOMPATIBLE);
      continue;
    }
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
    recrt_model_info info;
    info.size = sizeof(info);
    ASSERT_EQ(recrt_model_get_info(model.get(), &info).code, RECRT_OK);
    EXPECT_EQ(info.isa, isa);
    TinyRequest request(users);
    expectRuns(makeContext(model, contextOptions(1)), request, references(users));
  }
}

TEST(ContextTest, DescribesTheSignature) {
  Model model = makeTinyModel();
  int32_t index = -1;
  ASSERT_EQ(recrt_model_find_entry(model.get(), "rank", &index).code, RECRT_OK);
  EXPECT_EQ(index, 0);
  EXPECT_EQ(recrt_model_find_entry(model.get(), "score", &index).code, RECRT_INVALID_ARGUMENT);
  recrt_entry_info entry;
  entry.size = sizeof(entry);
  ASSERT_EQ(recrt_model_get_entry(model.get(), 0, &entry).code, RECRT_OK);
  EXPECT_STREQ(entry.name, "rank");
  EXPECT_EQ(entry.num_inputs, 3);
  EXPECT_EQ(entry.num_outputs, 4);
  ASSERT_EQ(entry.num_row_spaces, 2);
  EXPECT_EQ(recrt_model_get_entry(model.get(), 1, &entry).code, RECRT_INVALID_ARGUMENT);

  recrt_row_space_info space;
  space.size = sizeof(space);
  ASSERT_EQ(recrt_model_get_row_space(model.get(), 0, 1, &space).code, RECRT_OK);
  EXPECT_STREQ(space.name, "candidates");
  EXPECT_EQ(space.max_rows, TINY_MAX_CANDIDATES);
  EXPECT_EQ(recrt_model_get_row_space(model.get(), 0, 2, &space).code, RECRT_INVALID_ARGUMENT);

  recrt_tensor_info tensor;
  tensor.size = sizeof(tensor);
  ASSERT_EQ(recrt_model_get_input(model.get(), 0, 0, &tensor).code, RECRT_OK);
  EXPECT_STREQ(tensor.name, "item");
  EXPECT_EQ(tensor.element, RECRT_ELEMENT_I64);
  EXPECT_EQ(tensor.row_space, 0);
  EXPECT_EQ(tensor.fixed_rows, -1);
  EXPECT_EQ(tensor.id_limit, TINY_ROWS);
  ASSERT_EQ(recrt_model_get_input(model.get(), 0, 2, &tensor).code, RECRT_OK);
  EXPECT_EQ(tensor.row_space, -1);
  EXPECT_EQ(tensor.fixed_rows, 1);
  EXPECT_EQ(tensor.row_elements, TINY_WIDTH);
  EXPECT_EQ(tensor.row_bytes, 4 * TINY_WIDTH);
  EXPECT_EQ(tensor.id_limit, -1);
  ASSERT_EQ(recrt_model_get_output(model.get(), 0, 1, &tensor).code, RECRT_OK);
  EXPECT_EQ(tensor.row_space, -1);
  EXPECT_EQ(tensor.max_rows, TINY_LAST);
  tensor.size = 8;
  EXPECT_EQ(recrt_model_get_output(model.get(), 0, 1, &tensor).code, RECRT_INVALID_ARGUMENT);
}

TEST(ContextTest, TheHostMayBringPoolAllocatorAndLog) {
  static std::atomic<int> tasks, live;
  static std::string logged;
  tasks = live = 0;
  logged.clear();
  recrt_thread_pool pool = {nullptr, 3, [](void *, int32_t count, void (*task)(void *, int32_t), void *argument) {
                              EXPECT_LE(count, 3);
                              for (int32_t i = count - 1; i >= 0; --i, ++tasks)
                                task(argument, i);
                            }};
  recrt_allocator allocator = {nullptr,
                               [](void *, size_t size, size_t alignment) -> void * {
                                 ++live;
                                 return std::aligned_alloc(alignment, (size + 63) / 64 * 64);
                               },
                               [](void *, void *memory, size_t) {
                                 --live;
                                 std::free(memory);
                               }};
  recrt_log_sink log = {nullptr, [](void *, int32_t, const char *message) { logged += message; }};
  recrt_model_options modelOptions;
  recrt_model_options_init(&modelOptions);
  modelOptions.log = &log;
  Model model = makeTinyModel(&modelOptions);
  EXPECT_NE(logged.find("model 'tiny'"), std::string::npos) << logged;
  recrt_context_options options = contextOptions(0);
  options.thread_pool = &pool;
  options.allocator = &allocator;
  const std::vector<TinyUser> users = someUsers();
  {
    Context context = makeContext(model, options);
    TinyRequest request(users);
    expectRuns(context, request, references(users));
    EXPECT_GT(tasks, 0);
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
}

TEST(ContextTest, AHostPoolMayMakeItsThreadsEachTime) {
  recrt_thread_pool pool = {nullptr, 4, [](void *, int32_t count, void (*task)(void *, int32_t), void *argument) {
                              std::vector<std::thread> threads;
                              for (int32_t i = 0; i < count; ++i)
                                threads.emplace_back(task, argument, i);
                              for (std::thread &thread : threads)
                                thread.join();
                            }};
  Model model = makeTinyModel();
  recrt_context_options options = contextOptions(0);
  options.thread_pool = &pool;
  Context context = makeContext(model, options);
  const std::vector<TinyUser> users = someUsers();
  const std::vector<TinyAnswer> expected = references(users);
  for (int repeat = 0; repeat < 50; ++repeat) {
    TinyRequest request(users);
    expectRuns(context, request, expected);
  }
}

TEST(ContextTest, AFailingAllocatorIsReportedAndSurvived) {
  static bool failing;
  failing = true;
  recrt_allocator allocator = {nullptr,
                               [](void *, size_t size, size_t alignment) -> void * {
                                 return failing ? nullptr : std::aligned_alloc(alignment, (size + 63) / 64 * 64);
                               },
                               [](void *, void *memory, size_t) { std::free(memory); }};
  Model model = makeTinyModel();
  recrt_context_options options = contextOptions(1);
  options.allocator = &allocator;
  Context context = makeContext(model, options);
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  EXPECT_EQ(recrt_context_run(context.get(), 0, &request.request).code, RECRT_RESOURCE_EXHAUSTED);
  recrt_output_view view;
  view.size = sizeof(view);
  EXPECT_EQ(recrt_context_get_output(context.get(), 0, &view).code, RECRT_FAILED_PRECONDITION);
  failing = false;
  expectRuns(context, request, references(users));
}

TEST(ContextTest, TheFloatingPointEnvironmentOfTheHostDoesNotMatter) {
  const std::vector<TinyUser> users = someUsers();
  const std::vector<TinyAnswer> expected = references(users);
  const bool denormal = std::any_of(expected.begin(), expected.end(), [](const TinyAnswer &answer) {
    return std::any_of(answer.scores.begin(), answer.scores.end(),
                       [](float score) { return std::fpclassify(score) == FP_SUBNORMAL; });
  });
  ASSERT_TRUE(denormal) << "the test needs results that flushing to zero would change";
  Model model = makeTinyModel();
  for (int32_t threads : {1, 2}) {
    Context context = makeContext(model, contextOptions(threads));
    TinyRequest request(users);
    const unsigned standard = _mm_getcsr();
    // Round upwards, flush to zero, read denormals as zero, with a sticky flag set.
    const unsigned odd = (standard & ~0x6000u) | 0x4000u | 0x8000u | 0x0040u | 0x0020u;
    _mm_setcsr(odd);
    const recrt_status status = recrt_context_run(context.get(), 0, &request.request);
    const unsigned after = _mm_getcsr();
    _mm_setcsr(standard);
    EXPECT_EQ(after, odd);
    ASSERT_EQ(status.code, RECRT_OK) << text(status);
    EXPECT_TRUE(request.answers(context.get()) == expected);
  }
}

TEST(ContextTest, DeclaredLimitsReserveAllMemory) {
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  Model model = makeTinyModel();
  recrt_context_options options = contextOptions(2);
  options.max_requests = static_cast<int64_t>(users.size());
  const recrt_row_limit limits[] = {{"history", request.historyOffsets.back()},
                                    {"candidates", request.candidateOffsets.back()}};
  options.row_limits = limits;
  options.num_row_limits = 2;
  Context context = makeContext(model, options);
  recrt_context_info before, after;
  before.size = after.size = sizeof(before);
  ASSERT_EQ(recrt_context_get_info(context.get(), &before).code, RECRT_OK);
  EXPECT_GT(before.reserved_bytes, 0);
  EXPECT_EQ(before.used_bytes, 0);
  expectRuns(context, request, references(users));
  ASSERT_EQ(recrt_context_get_info(context.get(), &after).code, RECRT_OK);
  EXPECT_EQ(after.reserved_bytes, before.reserved_bytes);
  EXPECT_GT(after.activation_bytes, 0);
  EXPECT_GE(after.used_bytes, after.activation_bytes);
  EXPECT_LE(after.used_bytes, after.reserved_bytes);

  std::vector<TinyUser> more = users;
  more.push_back(users[0]);
  TinyRequest tooMany(more);
  recrt_status status = recrt_context_run(context.get(), 0, &tooMany.request);
  EXPECT_EQ(status.code, RECRT_RESOURCE_EXHAUSTED);
  EXPECT_NE(text(status).find("11 requests"), std::string::npos) << text(status);
  more = users;
  more[0].items.push_back(1);
  TinyRequest tooLong(more);
  status = recrt_context_run(context.get(), 0, &tooLong.request);
  EXPECT_EQ(status.code, RECRT_RESOURCE_EXHAUSTED);
  EXPECT_NE(text(status).find("row space 'history'"), std::string::npos) << text(status);
  expectRuns(context, request, references(users));
}

TEST(ContextTest, RefusesWrongOptions) {
  Model model = makeTinyModel();
  auto refused = [&](recrt_context_options options, const char *part) {
    recrt_context *context = nullptr;
    const recrt_status status = recrt_context_create(model.get(), &options, &context);
    EXPECT_EQ(status.code, RECRT_INVALID_ARGUMENT);
    EXPECT_NE(text(status).find(part), std::string::npos) << text(status);
    EXPECT_EQ(context, nullptr);
  };
  recrt_context_options options = contextOptions(-1);
  refused(options, "num_threads");
  options = contextOptions(1);
  options.size = 4;
  refused(options, "sizeof");
  options = contextOptions(1);
  options.max_requests = -1;
  refused(options, "max_requests");
  const recrt_row_limit unknown = {"histories", 3};
  options = contextOptions(1);
  options.row_limits = &unknown;
  options.num_row_limits = 1;
  refused(options, "need max_requests");
  options.max_requests = 1;
  refused(options, "no row space 'histories'");
  const recrt_thread_pool noFunction = {nullptr, 2, nullptr};
  options = contextOptions(1);
  options.thread_pool = &noFunction;
  refused(options, "thread pool");
  const recrt_allocator noAllocator = {nullptr, nullptr, nullptr};
  options = contextOptions(1);
  options.allocator = &noAllocator;
  refused(options, "allocator");
  recrt_context *context = nullptr;
  EXPECT_EQ(recrt_context_create(nullptr, nullptr, &context).code, RECRT_INVALID_ARGUMENT);
  EXPECT_EQ(recrt_context_create(model.get(), nullptr, nullptr).code, RECRT_INVALID_ARGUMENT);
  EXPECT_EQ(recrt_context_run(nullptr, 0, nullptr).code, RECRT_INVALID_ARGUMENT);
}

TEST(ContextTest, ManyThreadsShareOneModel) {
  const std::vector<TinyUser> users = someUsers();
  const std::vector<TinyAnswer> expected = references(users);
  Model model = makeTinyModel();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&, t] {
      Context context = makeContext(model, contextOptions(1 + t % 2));
      for (int repeat = 0; repeat < 20; ++repeat) {
        TinyRequest request(users);
        if (recrt_context_run(context.get(), 0, &request.request).code != RECRT_OK ||
            !(request.answers(context.get()) == expected))
          ++wrong;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ContextTest, TwoThreadsOnOneContextAreRefused) {
  static std::atomic<bool> inside, leave;
  inside = leave = false;
  recrt_thread_pool pool = {nullptr, 2, [](void *, int32_t count, void (*task)(void *, int32_t), void *argument) {
                              inside = true;
                              while (!leave)
                                std::this_thread::yield();
                              for (int32_t i = 0; i < count; ++i)
                                task(argument, i);
                            }};
  Model model = makeTinyModel();
  recrt_context_options options = contextOptions(0);
  options.thread_pool = &pool;
  Context context = makeContext(model, options);
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users), second(users);
  std::thread first([&] { EXPECT_EQ(recrt_context_run(context.get(), 0, &request.request).code, RECRT_OK); });
  while (!inside)
    std::this_thread::yield();
  const recrt_status status = recrt_context_run(context.get(), 0, &second.request);
  EXPECT_EQ(status.code, RECRT_FAILED_PRECONDITION);
  EXPECT_NE(text(status).find("another thread"), std::string::npos) << text(status);
  leave = true;
  first.join();
  EXPECT_TRUE(request.answers(context.get()) == references(users));
}

TEST(ContextTest, AContextKeepsItsModel) {
  const std::vector<TinyUser> users = someUsers();
  Model model = makeTinyModel();
  Context context = makeContext(model, contextOptions(1));
  model.reset();
  TinyRequest request(users);
  expectRuns(context, request, references(users));
}

TEST(ContextTest, AChildAfterForkMustMakeItsOwn) {
  const std::vector<TinyUser> users = someUsers();
  Model model = makeTinyModel();
  Context context = makeContext(model, contextOptions(2));
  TinyRequest request(users);
  expectRuns(context, request, references(users));
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = recrt_context_run(context.get(), 0, &request.request).code == RECRT_FAILED_PRECONDITION;
    recrt_context_options options = contextOptions(2);
    recrt_context *own = nullptr;
    good &= recrt_context_create(model.get(), &options, &own).code == RECRT_OK;
    good &= recrt_context_run(own, 0, &request.request).code == RECRT_OK;
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(ContextTest, StepsAreMeasured) {
  Model model = makeTinyModel();
  recrt_context_options options = contextOptions(2);
  options.profile = 1;
  Context context = makeContext(model, options);
  recrt_step_info step;
  step.size = sizeof(step);
  EXPECT_EQ(recrt_context_get_step(context.get(), 0, &step).code, RECRT_FAILED_PRECONDITION);
  const std::vector<TinyUser> users = someUsers();
  TinyRequest request(users);
  expectRuns(context, request, references(users));
  ASSERT_EQ(recrt_context_get_step(context.get(), 4, &step).code, RECRT_OK);
  EXPECT_STREQ(step.name, "sum");
  EXPECT_EQ(step.kind, RECRT_KERNEL_ATTENTION);
  EXPECT_GT(step.nanoseconds, 0);
  // Two heads for each started tile of 32 rows: context, history and candidates.
  int64_t tiles = 0;
  for (const TinyUser &user : users)
    tiles += 1 + static_cast<int64_t>((user.items.size() + 31) / 32 + (user.candidates.size() + 31) / 32);
  EXPECT_EQ(step.num_items, 2 * tiles);
  EXPECT_EQ(recrt_context_get_step(context.get(), 9, &step).code, RECRT_INVALID_ARGUMENT);
}
