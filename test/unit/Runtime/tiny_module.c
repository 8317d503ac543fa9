// SPDX-License-Identifier: Apache-2.0
// Kernels and plan of the hand-written model. With TINY_SHARED it is a shared object.
#include "tiny_module.h"

#include <stddef.h>

// Rows of 16 floats, of which TINY_WIDTH are used: arena rows are multiples of 64 bytes.
#define STRIDE 16
__attribute__((aligned(64))) const float tiny_table[TINY_ROWS * STRIDE] = {
    [0 * STRIDE] = 1, 2,  3,  4,  [1 * STRIDE] = -1, 0.5f, 0, 2, [2 * STRIDE] = 7,  -8, 1, 0,
    [3 * STRIDE] = 3, 3,  3,  -3, [4 * STRIDE] = 0,  0,    0, 1, [5 * STRIDE] = -2, 4,  8, -16,
    [6 * STRIDE] = 5, 1,  -1, 1,  [7 * STRIDE] = 2,  2,    2, 2, [8 * STRIDE] = -5, 0,  9, 11,
    [9 * STRIDE] = 6, -6, 6,  -6};

static int64_t row_of(const recrt_operand *operand, int64_t row) { return operand->rows ? operand->rows[row] : row; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

enum { BLOCK = 3 };

// operands: ids, table, out; spaces: rows
static void embed(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const int64_t *ids = args->operands[0].data;
  const float *table = args->operands[1].data;
  float *out = args->operands[2].data;
  (void)scratch;
  int64_t end = least(last * BLOCK, args->spaces[0].total);
  for (int64_t r = first * BLOCK; r < end; ++r)
    for (int c = 0; c < TINY_WIDTH; ++c)
      out[row_of(&args->operands[2], r) * STRIDE + c] = table[ids[r] * STRIDE + c];
}

// operands: user, out; spaces: context rows
static void context(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const float *user = args->operands[0].data;
  float *out = args->operands[1].data;
  (void)scratch;
  int64_t end = least(last * BLOCK, args->spaces[0].total);
  for (int64_t r = first * BLOCK; r < end; ++r) {
    int64_t request = args->spaces[0].request_of_row[r];
    int64_t number = r - args->spaces[0].offsets[request];
    for (int c = 0; c < TINY_WIDTH; ++c)
      out[row_of(&args->operands[1], r) * STRIDE + c] = user[request * TINY_WIDTH + c] + (float)number;
  }
}

// operands: x, out; spaces: tokens. Panels are single columns; out = x times (column + 1), by way
// of scratch, so that two threads with the same scratch would show.
static void gemm(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const float *x = args->operands[0].data;
  float *out = args->operands[1].data;
  volatile float *own = scratch;
  for (int64_t item = first; item < last; ++item) {
    int64_t block = item / args->num_splits, split = item % args->num_splits;
    int64_t begin = split * TINY_WIDTH / args->num_splits;
    int64_t end = (split + 1) * TINY_WIDTH / args->num_splits;
    int64_t rows = least((block + 1) * BLOCK, args->spaces[0].total);
    for (int64_t r = block * BLOCK; r < rows; ++r) {
      for (int64_t c = begin; c < end; ++c)
        own[c] = x[r * STRIDE + c];
      for (int64_t c = begin; c < end; ++c)
        out[r * STRIDE + c] = own[c] * (float)(c + 1);
    }
  }
}

// operands: x, out; spaces: tokens, context, history, candidates. Head h has columns 2h and 2h + 1.
// Row i of a segment sees rows [0, i] of the same segment of its request.
static int64_t segment_start(const recrt_kernel_args *args, const recrt_attention_item *item) {
  int64_t start = args->spaces[0].offsets[item->request];
  for (int s = 0; s < item->segment; ++s)
    start += args->spaces[1 + s].offsets[item->request + 1] - args->spaces[1 + s].offsets[item->request];
  return start;
}

static int64_t segment_rows(const recrt_kernel_args *args, const recrt_attention_item *item) {
  const int64_t *offsets = args->spaces[1 + item->segment].offsets;
  return offsets[item->request + 1] - offsets[item->request];
}

static void attend(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const float *x = args->operands[0].data;
  float *out = args->operands[1].data;
  (void)scratch;
  for (int64_t i = first; i < last; ++i) {
    const recrt_attention_item *item = &args->items[i];
    int64_t start = segment_start(args, item);
    int64_t end = least(item->first + 32, segment_rows(args, item));
    for (int64_t r = item->first; r < end; ++r)
      for (int c = 2 * item->head; c < 2 * item->head + 2; ++c) {
        float sum = 0;
        for (int64_t j = 0; j <= r; ++j)
          sum += x[(start + j) * STRIDE + c];
        out[(start + r) * STRIDE + c] = sum;
      }
  }
}

static int64_t attend_area(const recrt_kernel_args *args, const recrt_attention_item *item) {
  int64_t rows = least(32, segment_rows(args, item) - item->first);
  return rows * (2 * item->first + rows + 1) / 2;
}

// operands: x, out (packed); spaces: rows. The sum of a row times a tiny number, so that results
// are denormal when the kernel is told so by its second column.
static void score(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const float *x = args->operands[0].data;
  float *out = args->operands[1].data;
  (void)scratch;
  int64_t end = least(last * BLOCK, args->spaces[0].total);
  for (int64_t r = first * BLOCK; r < end; ++r) {
    const float *row = x + row_of(&args->operands[0], r) * STRIDE;
    float sum = 0;
    for (int c = 0; c < TINY_WIDTH; ++c)
      sum += row[c];
    out[r] = sum * 0x1p-130f;
  }
}

// operands: x, out (packed); spaces: rows
static void copy(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const float *x = args->operands[0].data;
  float *out = args->operands[1].data;
  (void)scratch;
  int64_t end = least(last * BLOCK, args->spaces[0].total);
  for (int64_t r = first * BLOCK; r < end; ++r)
    for (int c = 0; c < TINY_WIDTH; ++c)
      out[r * TINY_WIDTH + c] = x[row_of(&args->operands[0], r) * STRIDE + c];
}

// operands: user, table, out; spaces: request. Scores of all rows of the table.
static void logits(const recrt_kernel_args *args, int64_t first, int64_t last, void *scratch) {
  const float *user = args->operands[0].data;
  const float *table = args->operands[1].data;
  float *out = args->operands[2].data;
  (void)scratch;
  int64_t end = least(last * BLOCK, args->spaces[0].total);
  for (int64_t r = first * BLOCK; r < end; ++r)
    for (int j = 0; j < TINY_ROWS; ++j) {
      float sum = 0;
      for (int c = 0; c < TINY_WIDTH; ++c)
        sum += user[r * TINY_WIDTH + c] * table[j * STRIDE + c];
      out[r * STRIDE + j] = sum;
    }
}

static const int32_t token_parts[] = {TINY_CONTEXT_ROWS, TINY_HISTORY, TINY_CANDIDATES};
static const int32_t history_part[] = {TINY_HISTORY};

static const recrt_space_desc spaces[TINY_NUM_SPACES] = {
    [TINY_HISTORY] = {.name = "history", .count = TINY_MAX_HISTORY, .kind = RECRT_SPACE_BASE},
    [TINY_CANDIDATES] = {.name = "candidates", .count = TINY_MAX_CANDIDATES, .kind = RECRT_SPACE_BASE},
    [TINY_REQUEST] = {.count = 1, .kind = RECRT_SPACE_ROWS},
    [TINY_CONTEXT_ROWS] = {.count = TINY_CONTEXT, .kind = RECRT_SPACE_ROWS},
    [TINY_TOKENS] = {.parts = token_parts, .kind = RECRT_SPACE_CONCAT, .num_parts = 3},
    [TINY_TAKE_LAST] = {.parts = history_part, .count = TINY_LAST, .kind = RECRT_SPACE_TAKE, .num_parts = 1},
};

static const int64_t width[] = {TINY_WIDTH}, top[] = {TINY_K};

static const recrt_tensor_desc inputs[] = {
    {.name = "item",
     .id_limit = TINY_ROWS,
     .element = RECRT_ELEMENT_I64,
     .space = TINY_HISTORY,
     .id_mode = RECRT_IDS_REJECT_REQUEST},
    {.name = "candidate",
     .id_limit = TINY_ROWS,
     .element = RECRT_ELEMENT_I64,
     .space = TINY_CANDIDATES,
     .id_mode = RECRT_IDS_REJECT_REQUEST},
    {.name = "user", .dims = width, .num_dims = 1, .element = RECRT_ELEMENT_F32, .space = TINY_REQUEST},
};

static const recrt_tensor_desc outputs[] = {
    {.name = "score", .element = RECRT_ELEMENT_F32, .space = TINY_CANDIDATES},
    {.name = "last", .dims = width, .num_dims = 1, .element = RECRT_ELEMENT_F32, .space = TINY_TAKE_LAST},
    {.name = "best", .dims = top, .num_dims = 1, .element = RECRT_ELEMENT_I64, .space = TINY_REQUEST},
    {.name = "best_score", .dims = top, .num_dims = 1, .element = RECRT_ELEMENT_F32, .space = TINY_REQUEST},
};

enum {
  IN_ITEM,
  IN_CANDIDATE,
  IN_USER,
  OUT_SCORE,
  OUT_LAST,
  OUT_BEST,
  OUT_BEST_SCORE,
  TOKENS,
  SCALED,
  SUMS,
  LOGITS,
  TABLE
};

#define ARENA(of, number) {.row_bytes = 4 * STRIDE, .kind = RECRT_BUFFER_ARENA, .space = of, .slot = number}

static const recrt_buffer_desc buffers[] = {
    [IN_ITEM] = {8, 0, 0, RECRT_BUFFER_INPUT, TINY_HISTORY, 0, 0},
    [IN_CANDIDATE] = {8, 0, 0, RECRT_BUFFER_INPUT, TINY_CANDIDATES, 0, 1},
    [IN_USER] = {4 * TINY_WIDTH, 0, 0, RECRT_BUFFER_INPUT, TINY_REQUEST, 0, 2},
    [OUT_SCORE] = {4, 0, 0, RECRT_BUFFER_OUTPUT, TINY_CANDIDATES, 0, 0},
    [OUT_LAST] = {4 * TINY_WIDTH, 0, 0, RECRT_BUFFER_OUTPUT, TINY_TAKE_LAST, 0, 1},
    [OUT_BEST] = {8 * TINY_K, 0, 0, RECRT_BUFFER_OUTPUT, TINY_REQUEST, 0, 2},
    [OUT_BEST_SCORE] = {4 * TINY_K, 0, 0, RECRT_BUFFER_OUTPUT, TINY_REQUEST, 0, 3},
    [TOKENS] = ARENA(TINY_TOKENS, 0),
    [SCALED] = ARENA(TINY_TOKENS, 1),
    [SUMS] = ARENA(TINY_TOKENS, 0),
    [LOGITS] = ARENA(TINY_REQUEST, 1),
    [TABLE] = {0, sizeof(tiny_table), 0, RECRT_BUFFER_WEIGHT, -1, 0, 0},
};

static const recrt_embed_step to_context[] = {{RECRT_EMBED_SEGMENT, TINY_TOKENS, 0, 0, -1, 0}};
static const recrt_embed_step to_history[] = {{RECRT_EMBED_SEGMENT, TINY_TOKENS, 1, 0, -1, 0}};
static const recrt_embed_step to_candidates[] = {{RECRT_EMBED_SEGMENT, TINY_TOKENS, 2, 0, -1, 0}};
static const recrt_embed_step to_last[] = {{RECRT_EMBED_TAKE_LAST, TINY_HISTORY, 0, 0, -1, 0},
                                           {RECRT_EMBED_SEGMENT, TINY_TOKENS, 1, 0, -1, 0}};

static const recrt_rowmap_desc rowmaps[] = {
    {to_context, TINY_CONTEXT_ROWS, 1},
    {to_history, TINY_HISTORY, 1},
    {to_candidates, TINY_CANDIDATES, 1},
    {to_last, TINY_TAKE_LAST, 2},
};

static const recrt_operand_desc embed_items[] = {{0, IN_ITEM, -1}, {0, TABLE, -1}, {0, TOKENS, 1}};
static const recrt_operand_desc embed_candidates[] = {{0, IN_CANDIDATE, -1}, {0, TABLE, -1}, {0, TOKENS, 2}};
static const recrt_operand_desc make_context[] = {{0, IN_USER, -1}, {0, TOKENS, 0}};
static const recrt_operand_desc scale[] = {{0, TOKENS, -1}, {0, SCALED, -1}};
static const recrt_operand_desc sum[] = {{0, SCALED, -1}, {0, SUMS, -1}};
static const recrt_operand_desc score_candidates[] = {{0, SUMS, 2}, {0, OUT_SCORE, -1}};
static const recrt_operand_desc copy_last[] = {{0, SUMS, 3}, {0, OUT_LAST, -1}};
static const recrt_operand_desc all_logits[] = {{0, IN_USER, -1}, {0, TABLE, -1}, {0, LOGITS, -1}};
static const recrt_operand_desc select_best[] = {
    {0, LOGITS, -1}, {0, IN_ITEM, -1}, {0, OUT_BEST, -1}, {0, OUT_BEST_SCORE, -1}};

static const int32_t see_history[] = {TINY_HISTORY}, see_candidates[] = {TINY_CANDIDATES},
                     see_context[] = {TINY_CONTEXT_ROWS}, see_last[] = {TINY_TAKE_LAST}, see_request[] = {TINY_REQUEST};
static const int32_t see_tokens[] = {TINY_TOKENS, TINY_CONTEXT_ROWS, TINY_HISTORY, TINY_CANDIDATES};

#define ROWS(label, function, over, ops, count, seen)                                                                  \
  {.name = label,                                                                                                      \
   .entry = {function, function},                                                                                      \
   .operands = ops,                                                                                                    \
   .spaces = seen,                                                                                                     \
   .block = BLOCK,                                                                                                     \
   .kind = RECRT_KERNEL_ROWS,                                                                                          \
   .space = over,                                                                                                      \
   .num_operands = count,                                                                                              \
   .num_spaces = 1,                                                                                                    \
   .exclude_space = -1,                                                                                                \
   .frame = -1}

static const recrt_step_desc steps[] = {
    ROWS("embed items", embed, TINY_HISTORY, embed_items, 3, see_history),
    ROWS("embed candidates", embed, TINY_CANDIDATES, embed_candidates, 3, see_candidates),
    ROWS("context", context, TINY_CONTEXT_ROWS, make_context, 2, see_context),
    {.name = "scale",
     .entry = {gemm, gemm},
     .operands = scale,
     .spaces = see_tokens,
     .scratch_bytes = {4 * TINY_WIDTH, 4 * TINY_WIDTH},
     .block = BLOCK,
     .columns = TINY_WIDTH,
     .kind = RECRT_KERNEL_GEMM,
     .space = TINY_TOKENS,
     .num_operands = 2,
     .num_spaces = 1,
     .exclude_space = -1,
     .frame = -1},
    {.name = "sum",
     .entry = {attend, attend},
     .area = {attend_area, attend_area},
     .operands = sum,
     .spaces = see_tokens,
     .kind = RECRT_KERNEL_ATTENTION,
     .space = TINY_TOKENS,
     .num_operands = 2,
     .num_spaces = 4,
     .heads = 2,
     .exclude_space = -1,
     .frame = -1},
    ROWS("score", score, TINY_CANDIDATES, score_candidates, 2, see_candidates),
    ROWS("last", copy, TINY_TAKE_LAST, copy_last, 2, see_last),
    ROWS("logits", logits, TINY_REQUEST, all_logits, 3, see_request),
    {.name = "best",
     .operands = select_best,
     .columns = TINY_ROWS,
     .k = TINY_K,
     .kind = RECRT_KERNEL_TOP_K,
     .space = TINY_REQUEST,
     .num_operands = 4,
     .exclude_space = TINY_HISTORY,
     .frame = -1},
};

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))

static const recrt_entry_desc entries[] = {{
    .name = "rank",
    .inputs = inputs,
    .outputs = outputs,
    .buffers = buffers,
    .rowmaps = rowmaps,
    .steps = steps,
    .num_inputs = COUNT(inputs),
    .num_outputs = COUNT(outputs),
    .num_buffers = COUNT(buffers),
    .num_rowmaps = COUNT(rowmaps),
    .num_steps = COUNT(steps),
    .num_slots = 2,
}};

#ifndef TINY_ABI
#define TINY_ABI RECRT_MODULE_ABI
#endif

__attribute__((visibility("default"))) const recrt_module tiny_module = {
    .magic = RECRT_MODULE_MAGIC,
    .abi = TINY_ABI,
    .model_name = "tiny",
    .tool_version = "0.1.0",
    .spaces = spaces,
    .entries = entries,
#ifndef TINY_EXTERNAL_WEIGHTS
    .weights = tiny_table,
#endif
    .weights_bytes = sizeof(tiny_table),
    .weights_hash = 0x1234,
    .num_spaces = TINY_NUM_SPACES,
    .num_entries = COUNT(entries),
    .isa_levels = (1 << RECRT_ISA_X86_64_V3) | (1 << RECRT_ISA_X86_64_V4),
};
