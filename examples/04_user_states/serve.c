// SPDX-License-Identifier: Apache-2.0
// Serves one user from a state: prefill once, score candidates in slices, append an event, store the state and read it
// back. After each step the scores are those of the whole model, to the last bit.
#include <recrt/recrt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ranker.h"

enum { HISTORY = 300, CANDIDATES = 100, SLICE = 32 };

static void check(recrt_status status) {
  if (status.code == RECRT_OK)
    return;
  fprintf(stderr, "%s: %s\n", status.place, status.message);
  exit(1);
}

static int64_t items[HISTORY], actions[HISTORY], candidates[CANDIDATES];
static const int64_t country = 7, device = 2, hour = 20;

static recrt_request request_of(const recrt_row_offsets *rows, int32_t num_rows, const recrt_input *inputs,
                                int32_t num_inputs) {
  return (recrt_request){.size = sizeof(recrt_request),
                         .num_requests = 1,
                         .row_offsets = rows,
                         .inputs = inputs,
                         .num_row_offsets = num_rows,
                         .num_inputs = num_inputs};
}

/// What the whole model says about the first `events` events.
static void rank(recrt_context *context, int64_t events, float *scores) {
  const int64_t history[] = {0, events}, wanted[] = {0, CANDIDATES};
  const recrt_row_offsets rows[] = {{"history", history, 2}, {"candidates", wanted, 2}};
  const recrt_input inputs[] = {{"item", items, events, 1, RECRT_ELEMENT_I64},
                                {"action", actions, events, 1, RECRT_ELEMENT_I64},
                                {"candidate", candidates, CANDIDATES, 1, RECRT_ELEMENT_I64},
                                {"country", &country, 1, 1, RECRT_ELEMENT_I64},
                                {"device", &device, 1, 1, RECRT_ELEMENT_I64},
                                {"hour", &hour, 1, 1, RECRT_ELEMENT_I64}};
  const recrt_request request = request_of(rows, 2, inputs, 6);
  check(recrt_context_run(context, 0, &request));
  recrt_output_view view = {.size = sizeof(view)};
  check(recrt_context_get_output(context, 0, &view));
  memcpy(scores, view.data, sizeof(float) * CANDIDATES);
}

/// The same against a state, SLICE candidates at a time.
static void score(recrt_context *context, recrt_state *state, float *scores) {
  for (int64_t first = 0; first < CANDIDATES; first += SLICE) {
    const int64_t count = first + SLICE < CANDIDATES ? SLICE : CANDIDATES - first, wanted[] = {0, count};
    const recrt_row_offsets rows[] = {{"candidates", wanted, 2}};
    const recrt_input inputs[] = {{"candidate", candidates + first, count, 1, RECRT_ELEMENT_I64},
                                  {"hour", &hour, 1, 1, RECRT_ELEMENT_I64}};
    const recrt_request request = request_of(rows, 1, inputs, 2);
    check(recrt_state_score(context, &state, &request));
    recrt_output_view view = {.size = sizeof(view)};
    check(recrt_context_get_output(context, 0, &view));
    memcpy(scores + first, view.data, sizeof(float) * (size_t)count);
  }
}

static void expect_same(const char *what, const float *given, const float *expected) {
  if (memcmp(given, expected, sizeof(float) * CANDIDATES) != 0) {
    fprintf(stderr, "%s: the scores differ from those of the whole model\n", what);
    exit(1);
  }
  printf("%-36s %d candidates, best score %.4f\n", what, CANDIDATES, given[0]);
}

int main(void) {
  for (int64_t i = 0; i < HISTORY; ++i) {
    items[i] = i * 7919 % 2000;
    actions[i] = i * 31 % 8;
  }
  for (int64_t i = 0; i < CANDIDATES; ++i)
    candidates[i] = i * 104729 % 2000;
  recrt_model *model;
  check(recrt_model_create(&keeper_module, NULL, &model));
  recrt_context *context;
  check(recrt_context_create(model, NULL, &context));
  float expected[CANDIDATES], given[CANDIDATES];

  // 1. The user is computed once, without candidates.
  const int64_t known = HISTORY - 1, history[] = {0, known};
  const recrt_row_offsets rows[] = {{"history", history, 2}};
  const recrt_input inputs[] = {{"item", items, known, 1, RECRT_ELEMENT_I64},
                                {"action", actions, known, 1, RECRT_ELEMENT_I64},
                                {"country", &country, 1, 1, RECRT_ELEMENT_I64},
                                {"device", &device, 1, 1, RECRT_ELEMENT_I64}};
  const recrt_request user = request_of(rows, 1, inputs, 4);
  recrt_state *state;
  check(recrt_state_prefill(context, &user, &state));
  rank(context, known, expected);
  score(context, state, given);
  expect_same("prefilled, scored in slices:", given, expected);

  // 2. An event follows: keys and values of one row.
  const int64_t one[] = {0, 1};
  const recrt_row_offsets new_rows[] = {{"history.new", one, 2}};
  const recrt_input new_inputs[] = {{"item", items + known, 1, 1, RECRT_ELEMENT_I64},
                                    {"action", actions + known, 1, 1, RECRT_ELEMENT_I64}};
  const recrt_request event = request_of(new_rows, 1, new_inputs, 2);
  check(recrt_state_append(context, &state, &event));
  rank(context, HISTORY, expected);
  score(context, state, given);
  expect_same("an event appended:", given, expected);

  // 3. The state goes to a store and comes back. A state of other weights would be refused.
  size_t size;
  check(recrt_state_export(state, NULL, 0, &size));
  void *bytes = malloc(size);
  check(recrt_state_export(state, bytes, size, &size));
  recrt_state_destroy(state);
  check(recrt_state_import(context, bytes, size, &state));
  score(context, state, given);
  expect_same("stored and read back:", given, expected);
  printf("a state of %d events has %zu bytes\n", HISTORY, size);

  ((unsigned char *)bytes)[size / 2] ^= 1;
  recrt_state *damaged;
  recrt_status status = recrt_state_import(context, bytes, size, &damaged);
  printf("with one bit flipped: %s\n", status.message);
  free(bytes);
  recrt_state_destroy(state);
  recrt_context_destroy(context);
  recrt_model_destroy(model);
  return status.code == RECRT_INVALID_ARGUMENT ? 0 : 1;
}
