// SPDX-License-Identifier: Apache-2.0
// Scores two users with a linked-in model through an installed runtime.
#include <recrt/recrt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tiny_module.h"

static void check(recrt_status status) {
  if (status.code == RECRT_OK)
    return;
  fprintf(stderr, "%s: %s\n", status.place, status.message);
  exit(1);
}

int main(void) {
  recrt_model *model;
  check(recrt_model_create(&tiny_module, NULL, &model));
  recrt_context *context;
  check(recrt_context_create(model, NULL, &context));

  const int64_t history[] = {0, 2, 3}, candidates[] = {0, 1, 3};
  const int64_t items[] = {1, 2, 3}, scored[] = {4, 5, 6};
  const float users[2][TINY_WIDTH] = {{1, 0, 0, 0}, {0, 1, 0, 0}};
  const recrt_row_offsets offsets[] = {{"history", history, 3}, {"candidates", candidates, 3}};
  const recrt_input inputs[] = {{"item", items, 3, 1, RECRT_ELEMENT_I64},
                                {"candidate", scored, 3, 1, RECRT_ELEMENT_I64},
                                {"user", users, 2, TINY_WIDTH, RECRT_ELEMENT_F32}};
  const recrt_request request = {.size = sizeof(request),
                                 .num_requests = 2,
                                 .row_offsets = offsets,
                                 .inputs = inputs,
                                 .num_row_offsets = 2,
                                 .num_inputs = 3};
  check(recrt_context_run(context, 0, &request));
  recrt_output_view best = {.size = sizeof(best)};
  check(recrt_context_get_output(context, 2, &best));
  for (int i = 0; i < 2 * TINY_K; ++i)
    printf("%lld ", (long long)((const int64_t *)best.data)[i]);
  recrt_context_destroy(context);
  recrt_model_destroy(model);
  return 0;
}
