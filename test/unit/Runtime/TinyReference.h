// SPDX-License-Identifier: Apache-2.0
// Batches for the hand-written model, and what it must answer: plain loops, request by request.
#ifndef RECCC_TEST_UNIT_RUNTIME_TINYREFERENCE_H
#define RECCC_TEST_UNIT_RUNTIME_TINYREFERENCE_H

#include "tiny_module.h"

#include "recrt/recrt.h"

#include <array>
#include <vector>

struct TinyUser {
  std::vector<int64_t> items, candidates;
  std::array<float, TINY_WIDTH> user;
};

struct TinyAnswer {
  std::vector<float> scores;
  std::vector<std::array<float, TINY_WIDTH>> last;
  std::array<int64_t, TINY_K> best;
  std::array<float, TINY_K> bestScores;

  bool operator==(const TinyAnswer &other) const;
};

TinyAnswer referenceAnswer(const TinyUser &user);

/// Users of every interesting length: none, one row, tile boundaries, the maximum.
std::vector<TinyUser> someUsers();

/// Owns the arrays of a request for some users.
struct TinyRequest {
  explicit TinyRequest(const std::vector<TinyUser> &users);
  TinyRequest(const TinyRequest &) = delete;

  /// Asks for the outputs in buffers of this request.
  void giveOutputs();
  /// The answers of the last run of a context, from wherever the outputs are.
  std::vector<TinyAnswer> answers(const recrt_context *context) const;

  std::vector<int64_t> historyOffsets{0}, candidateOffsets{0}, items, candidates;
  std::vector<float> users;
  std::vector<float> scores, last, bestScores;
  std::vector<int64_t> best;
  std::array<recrt_row_offsets, 2> rowOffsets;
  std::array<recrt_input, 3> inputs;
  std::array<recrt_output, 4> outputs;
  recrt_request request;
};

#endif // RECCC_TEST_UNIT_RUNTIME_TINYREFERENCE_H
