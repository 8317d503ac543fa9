// SPDX-License-Identifier: Apache-2.0
// A serving program: five compiled models are linked in, and it runs one of them on a file of requests, as batches of
// a few at a time, the way a server would.
//
//     serve MODEL REQUESTS OUTPUTS [BATCH [THREADS]]
//
// It asks the model what its inputs, outputs and row spaces are called; nothing here knows what a model computes. The
// last line on standard output says how long a request took.
#include "dcnv2.h"
#include "din.h"
#include "hstu_ranker.h"
#include "hstu_retrieval.h"
#include "safetensors.h"
#include "sasrec.h"

#include <recrt/recrt.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_TENSORS = 32 };

static const struct {
  const char *name;
  const recrt_module *module;
} models[] = {
    {"sasrec", &movielens_sasrec_module},      {"hstu_retrieval", &movielens_retrieval_module},
    {"hstu_ranker", &movielens_ranker_module}, {"din", &movielens_din_module},
    {"dcnv2", &movielens_dcnv2_module},
};

/// A batch in the making, and the results so far.
typedef struct server {
  recrt_context *context;
  recrt_entry_info entry;
  recrt_tensor_info inputs[MAX_TENSORS], outputs[MAX_TENSORS];
  recrt_row_space_info spaces[MAX_TENSORS];
  tensor input_values[MAX_TENSORS], offsets[MAX_TENSORS];
  tensor results[MAX_TENSORS];
  int64_t num_requests;
} server;

static int fail(recrt_status status) {
  if (status.code == RECRT_OK)
    return 0;
  fprintf(stderr, "%s: %s\n", status.place, status.message);
  return 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static size_t element_size(int32_t element) {
  return element == RECRT_ELEMENT_I64 ? 8 : element == RECRT_ELEMENT_F32 ? 4 : 2;
}

/// Asks the model for its signature and finds the tensors of the file that go with it.
static int bind(server *s, const recrt_model *model, const tensor_file *file) {
  s->entry.size = sizeof s->entry;
  if (fail(recrt_model_get_entry(model, 0, &s->entry)))
    return 1;
  if (s->entry.num_inputs > MAX_TENSORS || s->entry.num_outputs > MAX_TENSORS ||
      s->entry.num_row_spaces > MAX_TENSORS) {
    fprintf(stderr, "%s: more than %d inputs, outputs or row spaces\n", s->entry.name, MAX_TENSORS);
    return 1;
  }
  s->num_requests = -1;
  for (int32_t i = 0; i < s->entry.num_row_spaces; ++i) {
    char name[256];
    s->spaces[i].size = sizeof s->spaces[i];
    if (fail(recrt_model_get_row_space(model, 0, i, &s->spaces[i])))
      return 1;
    snprintf(name, sizeof name, "%s.offsets", s->spaces[i].name);
    if (tensor_file_find(file, name, &s->offsets[i]))
      return 1;
    if (strcmp(s->offsets[i].dtype, "I64") || s->offsets[i].rows < 2 ||
        (s->num_requests >= 0 && s->num_requests != s->offsets[i].rows - 1)) {
      fprintf(stderr, "%s: expected I64 offsets of the same number of requests in '%s'\n", file->path, name);
      return 1;
    }
    s->num_requests = s->offsets[i].rows - 1;
  }
  for (int32_t i = 0; i < s->entry.num_inputs; ++i) {
    recrt_tensor_info *info = &s->inputs[i];
    info->size = sizeof *info;
    if (fail(recrt_model_get_input(model, 0, i, info)) || tensor_file_find(file, info->name, &s->input_values[i]))
      return 1;
    // A model without jagged inputs: its first input says how many requests there are.
    if (s->num_requests < 0)
      s->num_requests = s->input_values[i].rows / info->fixed_rows;
    int64_t rows = info->row_space >= 0 ? ((const int64_t *)s->offsets[info->row_space].data)[s->num_requests]
                                        : info->fixed_rows * s->num_requests;
    if (element_size(info->element) !=
            element_size(strcmp(s->input_values[i].dtype, "I64") ? RECRT_ELEMENT_F32 : RECRT_ELEMENT_I64) ||
        s->input_values[i].rows != rows || s->input_values[i].row_elements != info->row_elements) {
      fprintf(stderr, "%s: expected %lld rows of %lld elements of the model's type in '%s'\n", file->path,
              (long long)rows, (long long)info->row_elements, info->name);
      return 1;
    }
  }
  for (int32_t i = 0; i < s->entry.num_outputs; ++i) {
    s->outputs[i].size = sizeof s->outputs[i];
    if (fail(recrt_model_get_output(model, 0, i, &s->outputs[i])))
      return 1;
    strcpy(s->results[i].dtype, s->outputs[i].element == RECRT_ELEMENT_I64 ? "I64" : "F32");
    s->results[i].row_elements = s->outputs[i].row_elements;
  }
  return 0;
}

/// Runs requests [first, first + count). The offsets of a batch begin at 0.
static int run(server *s, int64_t first, int64_t count) {
  recrt_row_offsets offsets[MAX_TENSORS];
  recrt_input inputs[MAX_TENSORS];
  int64_t *numbers = malloc(sizeof(int64_t) * (size_t)(count + 1) * (size_t)(s->entry.num_row_spaces + 1));
  if (!numbers)
    return 1;
  for (int32_t i = 0; i < s->entry.num_row_spaces; ++i) {
    const int64_t *all = s->offsets[i].data;
    int64_t *mine = numbers + i * (count + 1);
    for (int64_t r = 0; r <= count; ++r)
      mine[r] = all[first + r] - all[first];
    offsets[i] = (recrt_row_offsets){s->spaces[i].name, mine, count + 1};
  }
  for (int32_t i = 0; i < s->entry.num_inputs; ++i) {
    const recrt_tensor_info *info = &s->inputs[i];
    int64_t begin = first * info->fixed_rows, rows = count * info->fixed_rows;
    if (info->row_space >= 0) {
      const int64_t *all = s->offsets[info->row_space].data;
      begin = all[first];
      rows = all[first + count] - begin;
    }
    const char *data = s->input_values[i].data;
    inputs[i] = (recrt_input){info->name, data + begin * info->row_bytes, rows, info->row_elements, info->element};
  }
  recrt_request request = {.size = sizeof request,
                           .num_requests = count,
                           .row_offsets = offsets,
                           .inputs = inputs,
                           .num_row_offsets = s->entry.num_row_spaces,
                           .num_inputs = s->entry.num_inputs};
  int failed = fail(recrt_context_run(s->context, 0, &request));
  free(numbers);
  return failed;
}

/// Appends the outputs of the last batch to the results.
static int keep(server *s) {
  for (int32_t i = 0; i < s->entry.num_outputs; ++i) {
    recrt_output_view view = {.size = sizeof view};
    if (fail(recrt_context_get_output(s->context, i, &view)))
      return 1;
    tensor *result = &s->results[i];
    size_t row = (size_t)s->outputs[i].row_bytes, before = (size_t)result->rows * row,
           bytes = (size_t)view.num_rows * row;
    char *grown = realloc((void *)result->data, before + bytes + 1);
    if (!grown)
      return 1;
    memcpy(grown + before, view.data, bytes);
    result->data = grown;
    result->rows += view.num_rows;
  }
  return 0;
}

static int compare_times(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/// Serves all requests; the first batch runs once before the clock does.
static int serve(server *s, int64_t batch) {
  int64_t batches = (s->num_requests + batch - 1) / batch;
  double *times = malloc(sizeof(double) * (size_t)batches), total = 0, shown = now();
  int failed = !times || run(s, 0, batch < s->num_requests ? batch : s->num_requests);
  for (int64_t b = 0; !failed && b < batches; ++b) {
    int64_t first = b * batch, count = s->num_requests - first < batch ? s->num_requests - first : batch;
    double begin = now();
    failed = run(s, first, count);
    times[b] = (now() - begin) / (double)count;
    total += now() - begin;
    failed = failed || keep(s);
    if (now() - shown > 0.2) {
      shown = now();
      fprintf(stderr, "[%lld/%lld]\n", (long long)(b + 1), (long long)batches);
    }
  }
  if (!failed) {
    qsort(times, (size_t)batches, sizeof *times, compare_times);
    printf("%lld requests in batches of %lld: %.1f us a request, half of them below %.1f, 99 of 100 below %.1f\n",
           (long long)s->num_requests, (long long)batch, 1e6 * total / (double)s->num_requests,
           1e6 * times[batches / 2], 1e6 * times[batches * 99 / 100]);
  }
  free(times);
  return failed;
}

int main(int argc, char **argv) {
  const recrt_module *module = NULL;
  for (size_t i = 0; argc >= 4 && i < sizeof models / sizeof *models; ++i)
    if (strcmp(argv[1], models[i].name) == 0)
      module = models[i].module;
  int64_t batch = argc > 4 ? atoll(argv[4]) : 8;
  int threads = argc > 5 ? atoi(argv[5]) : 1;
  if (!module || batch < 1 || threads < 1) {
    fprintf(stderr, "usage: serve MODEL REQUESTS OUTPUTS [BATCH [THREADS]], with MODEL sasrec, hstu_retrieval, "
                    "hstu_ranker, din or dcnv2\n");
    return 2;
  }
  static server s;
  recrt_model *model = NULL;
  tensor_file file;
  recrt_context_options options;
  recrt_context_options_init(&options);
  options.num_threads = threads;
  if (tensor_file_read(argv[2], &file))
    return 1;
  int failed = fail(recrt_model_create(module, NULL, &model)) ||
               fail(recrt_context_create(model, &options, &s.context)) || bind(&s, model, &file) || serve(&s, batch);
  const char *names[MAX_TENSORS];
  for (int32_t i = 0; !failed && i < s.entry.num_outputs; ++i)
    names[i] = s.outputs[i].name;
  failed = failed || tensor_file_write(argv[3], s.entry.num_outputs, names, s.results);
  for (int i = 0; i < MAX_TENSORS; ++i)
    free((void *)s.results[i].data);
  recrt_context_destroy(s.context);
  recrt_model_destroy(model);
  tensor_file_free(&file);
  return failed;
}
