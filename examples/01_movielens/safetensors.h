// SPDX-License-Identifier: Apache-2.0
// As much of the safetensors format as a serving program needs to read requests and write results. Each call returns 0,
// or prints what is wrong and returns 1.
#ifndef EXAMPLES_01_MOVIELENS_SAFETENSORS_H
#define EXAMPLES_01_MOVIELENS_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/// A file in memory: 8 bytes of header size, a header in JSON, the data.
typedef struct tensor_file {
  const char *path;
  char *bytes;
  size_t size;
  size_t data_begin;
} tensor_file;

typedef struct tensor {
  const void *data;
  int64_t rows;         // first dimension
  int64_t row_elements; // product of the others
  char dtype[8];        // "I64", "F32"
} tensor;

int tensor_file_read(const char *path, tensor_file *file);
void tensor_file_free(tensor_file *file);

/// The tensor of that name.
int tensor_file_find(const tensor_file *file, const char *name, tensor *out);

/// Writes `count` tensors.
int tensor_file_write(const char *path, int32_t count, const char *const *names, const tensor *tensors);

#endif
