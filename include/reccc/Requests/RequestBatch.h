// SPDX-License-Identifier: Apache-2.0
// Batches of requests for a loaded model, from a safetensors file or made up. Needs no LLVM.
//
// In a file, input `x` is the tensor `x` or `x.values`, its rows packed; the offsets of base row
// space `s` are `s.offsets`, or `x.offsets` of an input over `s` where all of these agree; so are those of
// bags, one more than there are rows that have bags. Inputs
// with a fixed number of rows need no offsets.
#ifndef RECCC_REQUESTS_REQUESTBATCH_H
#define RECCC_REQUESTS_REQUESTBATCH_H

#include "reccc/Support/FileError.h"
#include "reccc/Support/Safetensors.h"
#include "recrt/recrt.h"

#include <optional>
#include <string>
#include <vector>

namespace reccc {

/// Rounds to bf16, ties to even; NaN stays NaN.
uint16_t roundToBf16(float value);

/// What an entry point takes and gives, as recrt describes it.
struct EntrySignature {
  static std::optional<EntrySignature> of(const recrt_model *model, int32_t entry, FileError &error);

  std::string name;
  std::vector<recrt_row_space_info> rowSpaces;
  std::vector<recrt_tensor_info> inputs, outputs;
};

/// Owns the arrays of a batch. Lives no longer than the model whose signature it was made for.
class RequestBatch {
public:
  /// Integers are widened to i64, floats are rounded to the type of the input. What the entry does
  /// not know is added to `warnings`.
  static std::optional<RequestBatch> fromFile(const SafetensorsFile &file, const EntrySignature &signature,
                                              std::vector<std::string> &warnings, FileError &error);

  /// Valid requests: lengths between 0 and the maximum of each row space (the first request has
  /// all maxima), ids in range, floats in [-1, 1). The same seed gives the same requests anywhere.
  static std::optional<RequestBatch> random(const EntrySignature &signature, int64_t numRequests, uint64_t seed,
                                            FileError &error);

  RequestBatch(RequestBatch &&) = default;
  RequestBatch &operator=(RequestBatch &&) = default;

  recrt_request request() const;
  int64_t numRequests() const { return requests; }
  /// Rows of all requests in a row space of the signature.
  int64_t totalRows(size_t rowSpace) const { return offsets[rowSpace].back(); }

private:
  RequestBatch() = default;
  void describe(const EntrySignature &signature);

  int64_t requests = 0;
  std::vector<std::vector<int64_t>> offsets;    // by row space
  std::vector<std::vector<unsigned char>> data; // by input
  std::vector<recrt_row_offsets> rowOffsets;
  std::vector<recrt_input> inputs;
};

} // namespace reccc

#endif // RECCC_REQUESTS_REQUESTBATCH_H
