// SPDX-License-Identifier: Apache-2.0
//
// The C API of the reccc runtime: load a compiled model, ask what it wants, run it.
//
//     recrt_model *model;
//     recrt_status status = recrt_model_load("ranker.so", NULL, &model);
//     recrt_context *context;
//     status = recrt_context_create(model, NULL, &context);
//     status = recrt_context_run(context, 0, &request);
//     if (status.code != RECRT_OK) fprintf(stderr, "%s: %s\n", status.place, status.message);
//
// Status. Every call that can fail returns a recrt_status by value; there is nothing to free. On
// failure nothing has changed except where a call says so, `*out` handles are null, and the next
// good call behaves as if the failed one had not been. The library never exits, aborts, throws or
// installs signal handlers.
//
// Ownership. The host owns what it passes in; the library keeps no pointer to it after the call
// returns, except: a recrt_module and its weights (until the model is destroyed), the allocator,
// thread pool and log sink (until the last handle made with them is destroyed), and the outputs
// that a context lends (until its next run). Every `create` and `load` has its `destroy`;
// destroying null is allowed. A context keeps its model alive: a model may be destroyed while
// contexts of it still run, and its memory goes with the last of them.
//
// Threads. A model is immutable: any number of threads may use it at once. A context holds the
// memory of one run and is used by one thread at a time (a second one gets
// RECRT_FAILED_PRECONDITION). Different contexts run independently and may share a thread pool.
// After fork() a child must make its own contexts; those of the parent are refused there.
//
// Memory. A context takes one block through the allocator. With declared limits it takes all of it
// when it is created and a run never allocates; without, a run allocates only when a batch needs
// more than any before it. The description of a model itself lives on the C++ heap.
//
// Results. For one artifact and one ISA level the result of a request is the same to the last bit
// whoever shares its batch, in whatever order, on any number of threads, and whatever rounding
// mode or denormal mode the host has set (it is set aside during a run and restored).
//
// Files must not be changed in place while a model is loaded from them: replace them by renaming a
// new file over the old name, as reccc does.
#ifndef RECRT_RECRT_H
#define RECRT_RECRT_H

#include <stddef.h>
#include <stdint.h>

#include "recrt/module.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RECRT_API __attribute__((visibility("default")))
#else
#define RECRT_API
#endif

#define RECRT_VERSION_MAJOR 0
#define RECRT_VERSION_MINOR 1
#define RECRT_VERSION_PATCH 0

// --- Status -----------------------------------------------------------------------------------

/// The values are the exit codes of the tools, where they have one.
typedef enum recrt_code {
  RECRT_OK = 0,
  RECRT_INVALID_ARGUMENT = 1,    // a request, file or option is wrong; the message says how
  RECRT_IO_ERROR = 3,            // a file cannot be read, mapped or opened
  RECRT_RESOURCE_EXHAUSTED = 4,  // out of memory, or over a declared limit
  RECRT_INCOMPATIBLE = 5,        // a good artifact for another CPU or version
  RECRT_FAILED_PRECONDITION = 6, // the handle cannot be used here and now
  RECRT_INTERNAL = 70            // a bug of reccc
} recrt_code;

/// `place` names what the failure is about (a file, an input and a request, a row space) and may be
/// empty. Both texts end in a zero byte and are cut to fit.
typedef struct recrt_status {
  int32_t code; // recrt_code
  char place[124];
  char message[384];
} recrt_status;

// --- Version and capabilities -----------------------------------------------------------------

typedef struct recrt_capabilities {
  size_t size; // set by the caller to sizeof(recrt_capabilities)
  int32_t version_major, version_minor, version_patch;
  uint32_t module_abi;         // RECRT_MODULE_ABI that this library reads
  uint32_t artifact_version;   // newest format of artifacts that this library reads
  uint32_t isa_levels;         // what this CPU and system can run: bit set of 1 << recrt_isa
  int32_t default_num_threads; // CPUs that this process may use, by affinity and cgroup quota
} recrt_capabilities;

RECRT_API recrt_status recrt_query_capabilities(recrt_capabilities *capabilities);

/// "x86-64-v3", "x86-64-v4"; null for an unknown level.
RECRT_API const char *recrt_isa_name(int32_t isa);

// --- What the host may bring ------------------------------------------------------------------

/// `allocate` returns memory aligned to `alignment` (a power of two) or null. It may be called by
/// any thread that uses a context.
typedef struct recrt_allocator {
  void *user;
  void *(*allocate)(void *user, size_t size, size_t alignment);
  void (*release)(void *user, void *memory, size_t size);
} recrt_allocator;

/// `run` calls task(argument, i) exactly once for each i in [0, count), in any order, at once or
/// one after the other, and returns when all have returned. `count` is at most `num_threads`.
/// Several threads may call `run` at once when they share the pool.
typedef struct recrt_thread_pool {
  void *user;
  int32_t num_threads;
  void (*run)(void *user, int32_t count, void (*task)(void *argument, int32_t index), void *argument);
} recrt_thread_pool;

typedef enum recrt_severity { RECRT_LOG_INFO = 0, RECRT_LOG_WARNING = 1 } recrt_severity;

/// Called without locks held, by the thread that made the call into the library.
typedef struct recrt_log_sink {
  void *user;
  void (*write)(void *user, int32_t severity, const char *message);
} recrt_log_sink;

// --- Models -----------------------------------------------------------------------------------

typedef struct recrt_model recrt_model;

#define RECRT_ISA_BEST (-1)

/// Zero-initialise and set `size`; with recrt_model_options_init all fields get their defaults.
typedef struct recrt_model_options {
  size_t size;               // sizeof(recrt_model_options)
  int32_t isa;               // recrt_isa to use, or RECRT_ISA_BEST
  int32_t trust_weights;     // 1: do not read a weights file through to check it at load
  const char *weights_path;  // weights file of an artifact without embedded weights; null: the
                             // path of the artifact with ".weights" appended
  const recrt_log_sink *log; // null: nothing is logged
} recrt_model_options;

RECRT_API void recrt_model_options_init(recrt_model_options *options);

/// Loads an artifact that reccc wrote. The file is opened once and checked whole before any of it
/// is used. `options` may be null.
RECRT_API recrt_status recrt_model_load(const char *path, const recrt_model_options *options, recrt_model **out);

/// Makes a model of an object that is linked into the program.
RECRT_API recrt_status recrt_model_create(const recrt_module *module, const recrt_model_options *options,
                                          recrt_model **out);

RECRT_API void recrt_model_destroy(recrt_model *model);

typedef struct recrt_model_info {
  size_t size; // sizeof(recrt_model_info)
  const char *name;
  const char *tool_version; // of the compiler
  uint32_t isa_levels;      // levels in the model: bit set of 1 << recrt_isa
  int32_t isa;              // level in use
  int32_t num_entries;
  int64_t weights_bytes;
} recrt_model_info;

RECRT_API recrt_status recrt_model_get_info(const recrt_model *model, recrt_model_info *info);

/// An entry point: what `recrt_context_run` runs.
typedef struct recrt_entry_info {
  size_t size; // sizeof(recrt_entry_info)
  const char *name;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_row_spaces; // base row spaces and bags: those whose offsets a request gives
  int32_t num_steps;
} recrt_entry_info;

RECRT_API recrt_status recrt_model_get_entry(const recrt_model *model, int32_t entry, recrt_entry_info *info);
RECRT_API recrt_status recrt_model_find_entry(const recrt_model *model, const char *name, int32_t *entry);

typedef struct recrt_row_space_info {
  size_t size; // sizeof(recrt_row_space_info)
  const char *name;
  int64_t max_rows; // in one request, or in one bag
  int32_t bags_of;  // -1: its offsets count rows of requests; else the index of the row space each
                    // row of which has a bag of rows
} recrt_row_space_info;

RECRT_API recrt_status recrt_model_get_row_space(const recrt_model *model, int32_t entry, int32_t index,
                                                 recrt_row_space_info *info);

/// An input or output: a packed array of rows, each of the same dims.
typedef struct recrt_tensor_info {
  size_t size; // sizeof(recrt_tensor_info)
  const char *name;
  const int64_t *dims; // feature dimensions of one row; num_dims may be 0
  int32_t num_dims;
  int32_t element;      // recrt_element
  int64_t row_elements; // product of dims
  int64_t row_bytes;
  int32_t row_space;  // index for recrt_model_get_row_space; -1: derived or constant
  int64_t fixed_rows; // rows in every request when that is constant, else -1
  int64_t max_rows;   // rows in a request at most
  int64_t id_limit;   // inputs: ids must lie in [0, id_limit); -1: not checked
} recrt_tensor_info;

RECRT_API recrt_status recrt_model_get_input(const recrt_model *model, int32_t entry, int32_t index,
                                             recrt_tensor_info *info);
RECRT_API recrt_status recrt_model_get_output(const recrt_model *model, int32_t entry, int32_t index,
                                              recrt_tensor_info *info);

// --- Contexts ---------------------------------------------------------------------------------

typedef struct recrt_context recrt_context;

/// How many rows of a base row space, or of bags, all requests of a batch have together at most.
typedef struct recrt_row_limit {
  const char *row_space;
  int64_t max_total_rows;
} recrt_row_limit;

typedef struct recrt_context_options {
  size_t size;                          // sizeof(recrt_context_options)
  const recrt_allocator *allocator;     // null: the C library
  const recrt_thread_pool *thread_pool; // null: the pool of the process for `num_threads`
  const recrt_log_sink *log;            // null: nothing is logged
  int32_t num_threads;                  // 0: default_num_threads; 1: the caller's thread alone.
                                        // Ignored when thread_pool is given.
  int32_t profile;                      // 1: measure the time of every step
  int64_t max_requests;                 // 0: no declared limits, memory grows as needed
  const recrt_row_limit *row_limits;    // with max_requests; a space that is not listed has
  int32_t num_row_limits;               // max_requests times its maximum
} recrt_context_options;

RECRT_API void recrt_context_options_init(recrt_context_options *options);

RECRT_API recrt_status recrt_context_create(recrt_model *model, const recrt_context_options *options,
                                            recrt_context **out);
RECRT_API void recrt_context_destroy(recrt_context *context);

typedef struct recrt_context_info {
  size_t size; // sizeof(recrt_context_info)
  int32_t num_threads;
  int64_t reserved_bytes;   // the block that the context holds
  int64_t used_bytes;       // what the last run needed of it
  int64_t activation_bytes; // of these: values between kernels
} recrt_context_info;

RECRT_API recrt_status recrt_context_get_info(const recrt_context *context, recrt_context_info *info);

// --- Requests ---------------------------------------------------------------------------------

/// The rows of base row space `row_space`: request i has rows [offsets[i], offsets[i + 1]).
/// `count` is num_requests + 1, offsets[0] is 0, and offsets do not decrease. Of bags: row i of the row space
/// `bags_of`, counted over all requests, has the bag [offsets[i], offsets[i + 1]), and `count` is the number of
/// those rows + 1.
typedef struct recrt_row_offsets {
  const char *row_space;
  const int64_t *offsets;
  int64_t count;
} recrt_row_offsets;

/// The values of one input: `num_rows` packed rows of `row_elements` elements each, aligned to the
/// element. `data` may be anything when there are no elements.
typedef struct recrt_input {
  const char *name;
  const void *data;
  int64_t num_rows;
  int64_t row_elements;
  int32_t element; // recrt_element
} recrt_input;

/// Where to write an output: `capacity_rows` packed rows of the output's row_bytes. The library
/// cannot know the real size of the memory; a smaller one is written beyond its end. An output
/// must not overlap an input or another output. Outputs that are not listed, or whose `data` is
/// null, are kept by the context: read them with recrt_context_get_output. How many rows an output has may
/// follow from data (rows that a filter keeps): then it needs room for as many as there could be, those of what is
/// filtered.
typedef struct recrt_output {
  const char *name;
  void *data;
  int64_t capacity_rows;
} recrt_output;

/// A batch. Arrays may be in any order; the order of the model is fastest.
typedef struct recrt_request {
  size_t size; // sizeof(recrt_request)
  int64_t num_requests;
  const recrt_row_offsets *row_offsets;
  const recrt_input *inputs;
  const recrt_output *outputs;
  int32_t num_row_offsets;
  int32_t num_inputs;
  int32_t num_outputs;
} recrt_request;

/// Checks the whole batch, then runs it. What is wrong with a batch is found before any kernel runs
/// and before any output is written.
RECRT_API recrt_status recrt_context_run(recrt_context *context, int32_t entry, const recrt_request *request);

/// An output of the last good run. `offsets` has num_requests + 1 elements.
typedef struct recrt_output_view {
  size_t size; // sizeof(recrt_output_view)
  const void *data;
  const int64_t *offsets;
  int64_t num_requests;
  int64_t num_rows;
} recrt_output_view;

/// Valid until the next run, and while the caller's own buffers live where it gave some.
RECRT_API recrt_status recrt_context_get_output(const recrt_context *context, int32_t index, recrt_output_view *view);

/// A step of the last good run, with its time when the context was made with `profile`.
typedef struct recrt_step_info {
  size_t size; // sizeof(recrt_step_info)
  const char *name;
  int32_t kind; // recrt_kernel_kind
  int64_t num_items;
  int64_t nanoseconds;
} recrt_step_info;

RECRT_API recrt_status recrt_context_get_step(const recrt_context *context, int32_t index, recrt_step_info *info);

// --- User states ------------------------------------------------------------------------------

/// What a model computes of a user before there are candidates: keys and values of the history, and
/// whatever else does not depend on candidates. A model has states when its description asks for
/// them (entry_points). A state is computed once, and candidates are scored against it, all at once
/// or slice by slice, for as long as the user's rows stay the same:
///
///     recrt_state *state;
///     status = recrt_state_prefill(context, &user, &state);        // one request, one state
///     status = recrt_state_score(context, &state, &candidates);    // outputs as of recrt_context_run
///     status = recrt_state_append(context, &state, &new_events);   // where the model has the entry
///
/// The host owns states. A state keeps its model alive and the allocator of the context that made it. Any
/// number of runs, in any contexts, may read a state at once; appending to one that is read gives
/// RECRT_FAILED_PRECONDITION, and so does reading one that grows. A candidate's scores are the same to
/// the last bit in every slice and batch. Scoring allocates only when a batch needs more than any before it in its
/// context; appending also when a state has no more room, which it then takes for half as many rows again.
typedef struct recrt_state recrt_state;

/// Runs entry "prefill" and makes one state for each request: out[0] to out[num_requests - 1]. On
/// failure all are null.
RECRT_API recrt_status recrt_state_prefill(recrt_context *context, const recrt_request *request, recrt_state **out);

/// Runs entry "score": request i is scored against states[i]. One state may stand in several
/// places. The request holds what the states do not: rows and inputs of candidates. Several states
/// are copied side by side, a single one is read where it lies.
RECRT_API recrt_status recrt_state_score(recrt_context *context, recrt_state *const *states,
                                         const recrt_request *request);

/// Runs entry "append": states[i] gets the new rows of request i, which come as rows "<name>.new".
/// On failure no state has changed. A state that would have more rows than the model takes gives
/// RECRT_RESOURCE_EXHAUSTED.
RECRT_API recrt_status recrt_state_append(recrt_context *context, recrt_state *const *states,
                                          const recrt_request *request);

RECRT_API void recrt_state_destroy(recrt_state *state);

typedef struct recrt_state_info {
  size_t size;           // sizeof(recrt_state_info)
  int64_t memory_bytes;  // that it holds, with room to grow
  uint64_t export_bytes; // that it exports to
} recrt_state_info;

RECRT_API recrt_status recrt_state_get_info(const recrt_state *state, recrt_state_info *info);

/// How many rows of a base row space the state has.
RECRT_API recrt_status recrt_state_count_rows(const recrt_state *state, const char *row_space, int64_t *rows);

/// Writes the state to `bytes` and its size to `size`; with null bytes it only tells the size. Must not run while the
/// state grows.
RECRT_API recrt_status recrt_state_export(const recrt_state *state, void *bytes, size_t capacity, size_t *size);

/// Makes a state of exported bytes, for the model of `context` and with its allocator. Damaged bytes
/// give RECRT_INVALID_ARGUMENT; a state of another model, of other weights or of another format
/// gives RECRT_INCOMPATIBLE. States are good for every ISA level of a model.
RECRT_API recrt_status recrt_state_import(recrt_context *context, const void *bytes, size_t size, recrt_state **out);

#ifdef __cplusplus
}
#endif
#endif
