// SPDX-License-Identifier: Apache-2.0
//
// What the compiler writes and the runtime reads: the constant description of a compiled model (its *plan*) and the
// calling convention of its kernels. Hosts never need this header; they use recrt.h. Plain C, fixed-width fields, no
// pointers into the host. Everything is `const` data of the object; the runtime checks every index in it once, at load.
//
// The plan in one paragraph. Base row spaces get their lengths from a request, derived spaces by a formula. *Row maps*
// say where the rows of one space lie among the rows of another. Buffers are inputs, outputs, packed weights or places
// in the arena; an arena place is a slot, slots follow one another, and a slot is as large as its largest buffer is for
// the totals of this batch. Steps call kernels in order; a kernel's operands are buffers seen through row maps.
#ifndef RECRT_MODULE_H
#define RECRT_MODULE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RECRT_MODULE_MAGIC 0x31435245u /* "REC1" */
#define RECRT_MODULE_ABI 3u

/// Element types of buffers.
enum recrt_element { RECRT_ELEMENT_F32 = 0, RECRT_ELEMENT_BF16 = 1, RECRT_ELEMENT_I64 = 2 };

/// ISA levels, weakest first. A step has one entry for each level that the module was compiled for.
enum recrt_isa { RECRT_ISA_X86_64_V3 = 0, RECRT_ISA_X86_64_V4 = 1, RECRT_ISA_COUNT = 2 };

// --- Row spaces -----------------------------------------------------------------------------------------------------

enum recrt_space_kind {
  RECRT_SPACE_BASE = 0,   // length from the request, at most `count`; `name` is the user's
  RECRT_SPACE_ROWS,       // `count` rows in every request
  RECRT_SPACE_CONCAT,     // sum of `parts`
  RECRT_SPACE_INTERLEAVE, // parts[0] * count
  RECRT_SPACE_GROUP_PAD,  // ceil(parts[0] / count)
  RECRT_SPACE_GROUP_DROP, // floor(parts[0] / count)
  RECRT_SPACE_TAKE,       // min(parts[0], count): take_first and take_last
  RECRT_SPACE_NEST,       // parts[0] * parts[1]
  RECRT_SPACE_BAGS,       // a bag of at most `count` rows for each row of base space parts[0]; `name` is the user's
  RECRT_SPACE_OPAQUE      // at most `count` rows; one filter step of the entry finds how many
};

/// A row space. Parts are indices of earlier spaces.
typedef struct recrt_space_desc {
  const char *name;     // base spaces and bags; null otherwise
  const int32_t *parts; // num_parts indices
  int64_t count;
  int32_t kind; // recrt_space_kind
  int32_t num_parts;
} recrt_space_desc;

// --- Row maps -------------------------------------------------------------------------------------------------------

/// One step outwards from a view to what it is a view of: row i of `inner` in a request is row
/// `first + shift + i * stride` of `outer` in that request. The runtime checks for every request that all of them
/// exist. With a `frame`, `outer` is a nest of it and `inner` a nest of it or the frame itself: the step is taken
/// within each row of the frame, where parts, counts and lengths are those of what the nest holds.
enum recrt_embed_kind {
  RECRT_EMBED_SEGMENT = 0, // first = rows of the parts of concat `outer` before part `index` (0 if no concat), stride 1
  RECRT_EMBED_TAKE_LAST,   // first = len(outer) - len(inner), stride 1
  RECRT_EMBED_TAKE_FIRST,  // first = 0, stride 1
  RECRT_EMBED_PHASE,       // first = index, stride = count of interleave `outer`, or the ratio of two constant counts
  RECRT_EMBED_REPEAT       // row i of `inner` is row i mod len(outer): all rows again for each row of another space
};

/// `shift` addresses rows inside of neighbouring constants that were merged to one part: rows<2>, rows<4> to rows<6>.
typedef struct recrt_embed_step {
  int32_t kind; // recrt_embed_kind
  int32_t outer;
  int32_t index;
  int32_t shift;
  int32_t frame; // -1: the step is taken within the request
  int32_t reserved;
} recrt_embed_step;

/// Rows of space `space` as rows of the space of the last step: rows[r] for each row r of the batch.
typedef struct recrt_rowmap_desc {
  const recrt_embed_step *steps;
  int32_t space;
  int32_t num_steps; // at least 1
} recrt_rowmap_desc;

// --- Buffers --------------------------------------------------------------------------------------------------------

enum recrt_buffer_kind { RECRT_BUFFER_INPUT = 0, RECRT_BUFFER_OUTPUT, RECRT_BUFFER_ARENA, RECRT_BUFFER_WEIGHT };

/// A buffer holds `row_bytes` for each row of `space` (weights: `space` is -1 and `bytes` counts). Arena rows are
/// padded to multiples of 64 bytes; the runtime adds 64 readable bytes behind each buffer of its own.
typedef struct recrt_buffer_desc {
  int64_t row_bytes; // distance of rows
  int64_t bytes;     // weights only
  int64_t offset;    // weights: byte offset in the weights blob, 64-byte aligned
  int32_t kind;      // recrt_buffer_kind
  int32_t space;     // -1 for weights
  int32_t slot;      // arena only
  int32_t index;     // inputs and outputs: index in the signature
} recrt_buffer_desc;

// --- Signature ------------------------------------------------------------------------------------------------------

/// What to check about the ids of an input before any kernel runs.
enum recrt_id_mode { RECRT_IDS_UNCHECKED = 0, RECRT_IDS_REJECT_REQUEST = 1 };

/// An input or output. Rows are packed: no padding between rows.
typedef struct recrt_tensor_desc {
  const char *name;
  const int64_t *dims; // feature dimensions of one row
  int64_t id_limit;    // inputs with id_mode: valid ids are [0, id_limit)
  int32_t num_dims;
  int32_t element; // recrt_element
  int32_t space;
  int32_t id_mode; // recrt_id_mode
  int32_t state;   // 1 + the number of the state value that it is; 0 for what the host gives or gets
  int32_t reserved;
} recrt_tensor_desc;

// --- Kernels --------------------------------------------------------------------------------------------------------

/// What a kernel sees of a row space.
typedef struct recrt_space_view {
  const int64_t *offsets;        // num_requests + 1
  const int32_t *request_of_row; // total rows
  int64_t total;
  const int64_t *bags; // bags: where the bag of each row begins, and the total; null otherwise
} recrt_space_view;

/// What a kernel sees of a buffer: row r of the operand is row rows[r] of the buffer, r itself when `rows` is null.
/// `data` includes the operand's static column offset.
typedef struct recrt_operand {
  void *data;
  const int64_t *rows;
} recrt_operand;

/// One unit of attention work: rows [first, first + 32) of query segment `segment` of `request`, for one head. A step
/// with a frame works within each row of it: `request` is the row of the frame then.
typedef struct recrt_attention_item {
  int32_t request;
  int32_t segment;
  int64_t first; // row in its segment
  int32_t head;
  int32_t reserved;
  int64_t area; // visible (query, key) pairs, an estimate used for ordering only
} recrt_attention_item;

typedef struct recrt_kernel_args {
  const recrt_operand *operands;
  const recrt_space_view *spaces;
  const recrt_attention_item *items; // attention only
  int64_t num_requests;
  int64_t num_splits; // gemm: number of column groups the panels are cut into
} recrt_kernel_args;

/// A kernel does the work items [first, last) and may use `scratch_bytes` of 64-byte aligned scratch that no other
/// thread touches. It does not allocate, has no state and never fails.
typedef void (*recrt_kernel_fn)(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch);

/// Attention: visible pairs of one item; fills nothing in.
typedef int64_t (*recrt_area_fn)(const recrt_kernel_args *args, const recrt_attention_item *item);

enum recrt_kernel_kind {
  RECRT_KERNEL_ROWS = 0,  // item: `block` rows of space `space`
  RECRT_KERNEL_GEMM,      // item: (row block, split), split fastest; `columns` panels may be cut into splits
  RECRT_KERNEL_ATTENTION, // item: recrt_attention_item; segments are the parts of `space`, or of what it holds for each
                          // row of `frame` (itself when that is no concat)
  RECRT_KERNEL_TOP_K,     // the runtime's own: operands scores (f32), [exclude], ids out (i64), scores out (f32)
  RECRT_KERNEL_FILTER // the runtime's own: operands flags over `space` (i64), places out over an opaque space (i64).
                      // Binds that space; steps that have rows of it come behind
};

/// How an operand of a step is found.
typedef struct recrt_operand_desc {
  int64_t offset; // bytes added to the buffer: a column offset
  int32_t buffer;
  int32_t rowmap; // -1: none
} recrt_operand_desc;

typedef struct recrt_step_desc {
  const char *name;                       // for profiles and logs: "layer 3 uvqk"
  recrt_kernel_fn entry[RECRT_ISA_COUNT]; // null where the module has no such level, for top_k and filter
  recrt_area_fn area[RECRT_ISA_COUNT];    // attention only
  const recrt_operand_desc *operands;
  const int32_t *spaces; // indices of the spaces the kernel sees, in its order
  int64_t scratch_bytes[RECRT_ISA_COUNT];
  int64_t block;    // rows in a row block (rows, gemm)
  int64_t columns;  // gemm: panels in all; top_k: number of columns
  int64_t k;        // top_k
  int64_t first_id; // top_k
  int32_t kind;     // recrt_kernel_kind
  int32_t space;    // iteration space
  int32_t num_operands;
  int32_t num_spaces;
  int32_t heads;         // attention
  int32_t exclude_space; // top_k: space of the excluded ids, -1 for none
  int32_t frame;         // attention: what it works within; -1 for the request
  int32_t reserved;
} recrt_step_desc;

// --- Module ---------------------------------------------------------------------------------------------------------

/// What an entry does with user states. Value n of a state is output n of the one prefill entry.
enum recrt_entry_kind {
  RECRT_ENTRY_PLAIN = 0,
  RECRT_ENTRY_PREFILL, // the outputs are a state
  RECRT_ENTRY_SCORE,   // reads state values
  RECRT_ENTRY_APPEND   // reads state values and gives the rows that follow theirs
};

typedef struct recrt_entry_desc {
  const char *name; // "rank"
  const recrt_tensor_desc *inputs;
  const recrt_tensor_desc *outputs;
  const recrt_buffer_desc *buffers;
  const recrt_rowmap_desc *rowmaps;
  const recrt_step_desc *steps;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_buffers;
  int32_t num_rowmaps;
  int32_t num_steps;
  int32_t num_slots;
  int32_t kind;      // recrt_entry_kind
  int32_t old_space; // append: the base space of the rows that the state has
  int32_t new_space; // append: the base space of the rows that it gets
  int32_t reserved;
} recrt_entry_desc;

/// The one exported symbol of an artifact: `recrt_module` in a shared object, `<model>_module` in a linked-in object.
typedef struct recrt_module {
  uint32_t magic;
  uint32_t abi;
  const char *model_name;
  const char *tool_version;
  const recrt_space_desc *spaces;
  const recrt_entry_desc *entries;
  const void *weights; // 64-byte aligned; null when the weights lie in a file of their own
  int64_t weights_bytes;
  uint64_t weights_hash; // reccc::checksum64 of the blob; refuses a file of another model
  uint64_t state_hash;   // of what computes user states; refuses those of another model
  int32_t num_spaces;
  int32_t num_entries;
  uint32_t isa_levels; // bit set of 1 << recrt_isa
  uint32_t reserved;
} recrt_module;

#ifdef __cplusplus
}
#endif
#endif
