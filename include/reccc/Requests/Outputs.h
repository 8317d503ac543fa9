// SPDX-License-Identifier: Apache-2.0
// The outputs of a run: writes them to a file, compares them with expected ones. Needs no LLVM.
#ifndef RECCC_REQUESTS_OUTPUTS_H
#define RECCC_REQUESTS_OUTPUTS_H

#include "reccc/Requests/RequestBatch.h"

namespace reccc {

/// Adds the tensors of an output of `numRequests` requests: its rows and, unless every request has one row, its
/// offsets.
void addOutput(std::vector<TensorToWrite> &tensors, const recrt_tensor_info &output, const void *data,
               const int64_t *offsets, int64_t numRequests);

/// Output `y` becomes the tensor `y`, its rows packed, and `y.offsets` unless every request has one
/// row. Taken from the last run of the context.
bool writeOutputs(const std::string &path, const recrt_context *context, const EntrySignature &signature,
                  FileError &error);

/// How far an output is from what was expected.
struct OutputDifference {
  std::string name;
  int64_t elements = 0;
  int64_t wrong = 0;
  double maxAbsolute = 0;
  /// Of the worst wrong element, or the worst of all.
  std::string place;
};

/// Compares every output of which the file has a tensor `y` or `y.values`. A float is right when
/// |given - expected| <= tolerance * max(1, |expected|), or both are the same NaN or infinity; an
/// integer when it is equal. Fails when shapes differ or the file has none of the outputs.
bool compareOutputs(const SafetensorsFile &expected, const recrt_context *context, const EntrySignature &signature,
                    double tolerance, std::vector<OutputDifference> &differences, FileError &error);

} // namespace reccc

#endif // RECCC_REQUESTS_OUTPUTS_H
