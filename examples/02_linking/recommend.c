// SPDX-License-Identifier: Apache-2.0
// Recommends films to two users: one model linked in, the installed runtime, nothing else.
#include <recrt/recrt.h>
#include <stdio.h>
#include <stdlib.h>

#include "sasrec.h"

static void check(recrt_status status) {
  if (status.code == RECRT_OK)
    return;
  fprintf(stderr, "%s: %s\n", status.place, status.message);
  exit(1);
}

int main(void) {
  recrt_model *model;
  check(recrt_model_create(&movielens_sasrec_module, NULL, &model));
  recrt_context *context;
  check(recrt_context_create(model, NULL, &context));

  // Two requests in one batch: the first user saw four films, the second one.
  const int64_t history[] = {0, 4, 5}, items[] = {50, 172, 181, 1, 288};
  const recrt_row_offsets offsets[] = {{"history", history, 3}};
  const recrt_input inputs[] = {{"item", items, 5, 1, RECRT_ELEMENT_I64}};
  const recrt_request request = {.size = sizeof(request),
                                 .num_requests = 2,
                                 .row_offsets = offsets,
                                 .inputs = inputs,
                                 .num_row_offsets = 1,
                                 .num_inputs = 1};
  check(recrt_context_run(context, 0, &request));

  // Outputs come in the order of the description: scores, topk.ids, topk.scores, topk_unseen.ids, topk_unseen.scores.
  recrt_output_view best = {.size = sizeof(best)};
  check(recrt_context_get_output(context, 3, &best));
  for (int user = 0; user < 2; ++user) {
    printf("user %d:", user);
    for (int rank = 0; rank < 10; ++rank)
      printf(" %lld", (long long)((const int64_t *)best.data)[user * 10 + rank]);
    printf("\n");
  }
  recrt_context_destroy(context);
  recrt_model_destroy(model);
  return 0;
}
