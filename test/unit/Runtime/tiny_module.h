// SPDX-License-Identifier: Apache-2.0
// A model written by hand that uses every kind of step, operand and row map once. The reference in
// TinyReference.h says what it computes.
#ifndef RECCC_TEST_UNIT_RUNTIME_TINY_MODULE_H
#define RECCC_TEST_UNIT_RUNTIME_TINY_MODULE_H

#include "recrt/module.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TINY_WIDTH = 4, TINY_ROWS = 10, TINY_K = 3, TINY_CONTEXT = 2, TINY_LAST = 3 };
enum { TINY_MAX_HISTORY = 100, TINY_MAX_CANDIDATES = 40 };

enum tiny_space {
  TINY_HISTORY,
  TINY_CANDIDATES,
  TINY_REQUEST,
  TINY_CONTEXT_ROWS,
  TINY_TOKENS,    // concat<context, history, candidates>
  TINY_TAKE_LAST, // take_last<history, 3>
  TINY_NUM_SPACES
};

#ifdef TINY_SHARED
// The exported name is also that of the type, so C cannot spell it.
extern const recrt_module tiny_module __asm__("recrt_module");
#else
extern const recrt_module tiny_module;
#endif
extern const float tiny_table[TINY_ROWS * 16];

#ifdef __cplusplus
}
#endif
#endif
