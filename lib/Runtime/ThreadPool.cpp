// SPDX-License-Identifier: Apache-2.0
// The pools of the process are pthreadpool's.
#include "ThreadPool.h"

#include <map>
#include <mutex>
#include <pthread.h>
#include <pthreadpool.h>
#include <unistd.h>
#include <vector>

namespace recrt {

namespace {
class CallerThread final : public ThreadPool {
public:
  int32_t numThreads() const override { return 1; }
  void run(int32_t count, Task task, void *argument) override {
    for (int32_t i = 0; i < count; ++i)
      task(argument, i);
  }
};

class HostPool final : public ThreadPool {
public:
  explicit HostPool(const recrt_thread_pool &pool) : pool(pool) {}
  int32_t numThreads() const override { return pool.num_threads; }
  void run(int32_t count, Task task, void *argument) override { pool.run(pool.user, count, task, argument); }

private:
  recrt_thread_pool pool;
};

class ProcessPool final : public ThreadPool {
public:
  explicit ProcessPool(int32_t numThreads)
      : pool(pthreadpool_create(static_cast<size_t>(numThreads))), owner(::getpid()) {}
  ~ProcessPool() override {
    if (pool && usable())
      pthreadpool_destroy(pool);
  }
  int32_t numThreads() const override { return static_cast<int32_t>(pthreadpool_get_threads_count(pool)); }
  bool usable() const override { return ::getpid() == owner; }
  bool made() const { return pool; }
  void run(int32_t count, Task task, void *argument) override {
    struct Call {
      Task task;
      void *argument;
    } call = {task, argument};
    auto body = [](void *context, size_t index) {
      Call *call = static_cast<Call *>(context);
      call->task(call->argument, static_cast<int32_t>(index));
    };
    // The workers have nothing to do until the next batch, so they sleep at once.
    pthreadpool_parallelize_1d(pool, body, &call, static_cast<size_t>(count), PTHREADPOOL_FLAG_YIELD_WORKERS);
  }

private:
  pthreadpool_t pool;
  pid_t owner;
};
} // namespace

/// How many of `wanted` threads the system lets run at once. pthreadpool does not look whether its
/// threads were made and would wait forever for one that was not.
static int32_t grantedThreads(int32_t wanted) {
  std::mutex gate;
  std::vector<pthread_t> threads;
  threads.reserve(static_cast<size_t>(wanted));
  auto waitAtGate = [](void *argument) -> void * {
    std::lock_guard<std::mutex> lock(*static_cast<std::mutex *>(argument));
    return nullptr;
  };
  {
    std::lock_guard<std::mutex> closed(gate);
    pthread_t thread;
    while (static_cast<int32_t>(threads.size()) < wanted && ::pthread_create(&thread, nullptr, waitAtGate, &gate) == 0)
      threads.push_back(thread);
  }
  for (pthread_t thread : threads)
    ::pthread_join(thread, nullptr);
  return static_cast<int32_t>(threads.size());
}

std::shared_ptr<ThreadPool> ThreadPool::ofProcess(int32_t numThreads) {
  static std::mutex mutex;
  static std::map<int32_t, std::weak_ptr<ThreadPool>> pools;
  if (numThreads > 1) {
    std::lock_guard<std::mutex> lock(mutex);
    std::weak_ptr<ThreadPool> &known = pools[numThreads];
    if (std::shared_ptr<ThreadPool> pool = known.lock(); pool && pool->usable())
      return pool;
    // The caller is one of the pool's threads.
    const int32_t count = 1 + grantedThreads(numThreads - 1);
    if (count > 1) {
      auto pool = std::make_shared<ProcessPool>(count);
      if (pool->made()) {
        known = pool;
        return pool;
      }
    }
  }
  return std::make_shared<CallerThread>();
}

std::shared_ptr<ThreadPool> ThreadPool::ofHost(const recrt_thread_pool &pool) {
  return std::make_shared<HostPool>(pool);
}

} // namespace recrt
