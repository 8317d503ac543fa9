// SPDX-License-Identifier: Apache-2.0
// What one run needs: a block of memory, a pool, and the state of the last batch.
#ifndef RECCC_LIB_RUNTIME_CONTEXT_H
#define RECCC_LIB_RUNTIME_CONTEXT_H

#include "Layout.h"
#include "Model.h"
#include "Request.h"
#include "RowSpaces.h"
#include "ThreadPool.h"

#include <atomic>
#include <utility>

namespace recrt {

/// Memory of the host's allocator, aligned to 64 bytes.
class Block {
public:
  explicit Block(const recrt_allocator &allocator) : allocator(allocator) {}
  ~Block() { free(); }
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;

  std::byte *data() const { return bytes; }
  int64_t size() const { return length; }
  /// Makes the block at least so large; keeps the first `kept` bytes. On failure it is unchanged.
  bool grow(int64_t size, int64_t kept);
  void swap(Block &other) {
    std::swap(bytes, other.bytes);
    std::swap(length, other.length);
  }
  const recrt_allocator &source() const { return allocator; }

private:
  void free();

  recrt_allocator allocator;
  std::byte *bytes = nullptr;
  int64_t length = 0;
};

/// The items of one step of the batch, shared by the threads of the pool.
struct alignas(64) StepWork {
  const StepPlan *step;
  recrt_kernel_args args;
  int64_t numItems;
  int64_t chunk;      // items that a thread takes at once
  int64_t finishedAt; // nanoseconds of the steady clock; 0 unless the context measures
  alignas(64) std::atomic<int64_t> next;
  alignas(64) std::atomic<int64_t> done;
};

/// The batch in work, and after a good run the last one. The vectors have their full capacity from
/// the start.
struct Batch {
  const EntryPlan *entry = nullptr;
  int64_t numRequests = 0;
  BoundRequest bound;
  Layout layout;
  Offsets offsets;                     // by space of the module; null where not in use
  std::vector<int64_t> totals;         // by space of the module
  std::vector<int64_t *> bags;         // by space of the module: where bags begin
  std::vector<int32_t *> requestOfRow; // by space of the module
  std::vector<char> ownOutputs;        // by output
  std::vector<void *> outputData;      // by output
  std::vector<int64_t> numItems;       // by item list
  size_t firstStep = 0, endStep = 0;   // of the phase at work
  int64_t startedAt = 0;               // like StepWork::finishedAt
};

/// A run against states as an ordinary batch: the parts that the host gave and those that lie in states. These vectors
/// have their full capacity from the start.
struct StateBatch {
  std::vector<recrt_row_offsets> rowOffsets;
  std::vector<recrt_input> inputs;

  /// What an append counts.
  std::vector<int64_t> lengths;  // by UserStatePlan::bases
  std::vector<int64_t> ofSpaces; // rows, by row space
  std::vector<int64_t> joined;   // rows of one state and of what it gets, by value
  std::vector<int64_t> after;    // rows that each state must have then, by request and value
};

} // namespace recrt

struct recrt_context {
  recrt_context(recrt_model *model, const recrt_allocator &allocator)
      : model(model), allocator(allocator), block(allocator), gathered(allocator) {
    model->retain();
  }
  ~recrt_context() { model->release(); }

  recrt_model *model;
  const recrt_allocator allocator;
  recrt::Block block;
  recrt::Block gathered; // what runs against several states copy together
  recrt::StateBatch stateBatch;
  std::shared_ptr<recrt::ThreadPool> pool;
  recrt_log_sink log = {};
  bool profile = false;
  bool limited = false;
  recrt::BatchLimits limits;
  recrt::Batch batch;
  // What the steps of an entry hand to kernels; as large as the largest entry needs.
  std::vector<recrt_operand> operands;
  std::vector<recrt_space_view> views;
  std::unique_ptr<recrt::StepWork[]> steps;
  std::atomic<bool> busy{false};
};

namespace recrt {

/// Runs the steps of a batch that was checked and laid out.
Status executeSteps(recrt_context &context);

/// Derives and fills in what steps of a phase look up, once the rows are known that the filter before it binds.
Status beginPhase(recrt_context &context, int32_t phase);

/// Marks a context as being in use.
class InUse {
public:
  explicit InUse(recrt_context &context)
      : context(context), first(!context.busy.exchange(true, std::memory_order_acquire)) {}
  ~InUse() {
    if (first)
      context.busy.store(false, std::memory_order_release);
  }
  InUse(const InUse &) = delete;
  InUse &operator=(const InUse &) = delete;
  /// Fails when another thread uses it, or when its threads are in a parent process.
  Status check() const;

private:
  recrt_context &context;
  const bool first;
};

/// Checks and runs a batch in a context that is marked.
Status runEntry(recrt_context &context, const EntryPlan &entry, const recrt_request &request);

/// An output of the last good run.
recrt_output_view viewOutput(const recrt_context &context, size_t index);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_CONTEXT_H
