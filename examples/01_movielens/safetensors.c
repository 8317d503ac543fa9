// SPDX-License-Identifier: Apache-2.0
// Reads and writes safetensors files. The header is searched for the names asked for; no JSON tree is built.
#include "safetensors.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static size_t element_size(const char *dtype) { return dtype[strlen(dtype) - 2] == '6' ? 8 : 4; }

int tensor_file_read(const char *path, tensor_file *file) {
  memset(file, 0, sizeof *file);
  file->path = path;
  FILE *stream = fopen(path, "rb");
  uint64_t header = 0;
  long size = -1;
  if (stream && fseek(stream, 0, SEEK_END) == 0)
    size = ftell(stream);
  if (size >= 8) {
    // A zero byte behind the end keeps searches inside.
    file->bytes = malloc((size_t)size + 1);
    rewind(stream);
    if (file->bytes && fread(file->bytes, 1, (size_t)size, stream) == (size_t)size) {
      file->size = (size_t)size;
      file->bytes[size] = 0;
      memcpy(&header, file->bytes, 8);
    }
  }
  if (stream)
    fclose(stream);
  if (file->size < 8 || header > file->size - 8) {
    fprintf(stderr, "%s: cannot be read, or is no safetensors file\n", path);
    tensor_file_free(file);
    return 1;
  }
  file->data_begin = 8 + (size_t)header;
  return 0;
}

void tensor_file_free(tensor_file *file) {
  free(file->bytes);
  file->bytes = NULL;
}

/// Numbers of a list `[1, 2]` behind `key`; their count, or -1 when there is no such list before `end`.
static int parse_list(const char *text, const char *end, const char *key, int64_t *numbers, int limit) {
  const char *at = strstr(text, key);
  if (!at || at >= end || !(at = strchr(at, '[')) || at >= end)
    return -1;
  int count = 0;
  for (++at; at < end && *at != ']'; ++at) {
    if (!isdigit((unsigned char)*at))
      continue;
    if (count == limit)
      return -1;
    char *rest;
    numbers[count++] = strtoll(at, &rest, 10);
    at = rest - 1;
  }
  return count;
}

int tensor_file_find(const tensor_file *file, const char *name, tensor *out) {
  char key[256];
  int64_t shape[8] = {0}, range[2] = {0};
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *header = file->bytes + 8, *header_end = file->bytes + file->data_begin;
  const char *at = strstr(header, key);
  const char *end = at && at < header_end ? strchr(at, '}') : NULL;
  const char *dtype = end ? strstr(at, "\"dtype\"") : NULL;
  dtype = dtype && dtype < end ? strchr(dtype, ':') : NULL;
  if (!dtype || sscanf(dtype, ": \"%7[A-Z0-9]\"", out->dtype) != 1 ||
      (strcmp(out->dtype, "I64") && strcmp(out->dtype, "F32"))) {
    fprintf(stderr, "%s: expected a tensor '%s' of I64 or F32\n", file->path, name);
    return 1;
  }
  int rank = parse_list(at, end, "\"shape\"", shape, 8);
  int64_t limit = (int64_t)(file->size - file->data_begin), elements = 1;
  int good = rank >= 1 && parse_list(at, end, "\"data_offsets\"", range, 2) == 2 && range[0] >= 0 &&
             range[0] <= range[1] && range[1] <= limit;
  for (int i = 0; good && i < rank; ++i)
    good = !__builtin_mul_overflow(elements, shape[i], &elements);
  if (!good || elements != (range[1] - range[0]) / (int64_t)element_size(out->dtype)) {
    fprintf(stderr, "%s: tensor '%s' has no valid shape and place\n", file->path, name);
    return 1;
  }
  out->data = file->bytes + file->data_begin + range[0];
  out->rows = shape[0];
  out->row_elements = shape[0] ? elements / shape[0] : 0;
  return 0;
}

int tensor_file_write(const char *path, int32_t count, const char *const *names, const tensor *tensors) {
  char *header = NULL;
  size_t header_size = 0, begin = 0;
  FILE *stream = open_memstream(&header, &header_size);
  if (!stream)
    return 1;
  for (int32_t i = 0; i < count; ++i) {
    size_t bytes = (size_t)(tensors[i].rows * tensors[i].row_elements) * element_size(tensors[i].dtype);
    fprintf(stream, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%lld,%lld],\"data_offsets\":[%zu,%zu]}", i ? "," : "{",
            names[i], tensors[i].dtype, (long long)tensors[i].rows, (long long)tensors[i].row_elements, begin,
            begin + bytes);
    begin += bytes;
  }
  fprintf(stream, "}");
  fclose(stream);
  FILE *file = fopen(path, "wb");
  uint64_t padded = (header_size + 7) / 8 * 8;
  int good = file && fwrite(&padded, 8, 1, file) == 1 && fprintf(file, "%-*s", (int)padded, header) == (int)padded;
  for (int32_t i = 0; good && i < count; ++i) {
    size_t elements = (size_t)(tensors[i].rows * tensors[i].row_elements);
    good = fwrite(tensors[i].data, element_size(tensors[i].dtype), elements, file) == elements;
  }
  if (file && fclose(file) != 0)
    good = 0;
  free(header);
  if (!good)
    fprintf(stderr, "%s: cannot be written\n", path);
  return !good;
}
