// SPDX-License-Identifier: Apache-2.0
// Where the steps of a run are executed: the caller's thread, a pool of the process, or a pool of
// the host.
#ifndef RECCC_LIB_RUNTIME_THREADPOOL_H
#define RECCC_LIB_RUNTIME_THREADPOOL_H

#include "recrt/recrt.h"

#include <memory>
#include <sys/types.h>

namespace recrt {

class ThreadPool {
public:
  using Task = void (*)(void *argument, int32_t index);

  virtual ~ThreadPool() = default;

  virtual int32_t numThreads() const = 0;
  /// Calls task(argument, i) once for each i in [0, count), count <= numThreads(), and waits.
  virtual void run(int32_t count, Task task, void *argument) = 0;
  /// False in a child of the process that made the pool: its threads are not there.
  virtual bool usable() const { return true; }

  /// The pool of this process with so many threads, made when it is asked for first and kept while
  /// somebody holds it. With fewer threads when the system grants no more.
  static std::shared_ptr<ThreadPool> ofProcess(int32_t numThreads);
  static std::shared_ptr<ThreadPool> ofHost(const recrt_thread_pool &pool);
};

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_THREADPOOL_H
