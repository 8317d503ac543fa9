// SPDX-License-Identifier: Apache-2.0
// Bytes to a schema message whose parts all have a place.
#ifndef RECCC_LIB_FRONTEND_PARSE_H
#define RECCC_LIB_FRONTEND_PARSE_H

#include "Places.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace reccc {

struct ParsedModel {
  explicit ParsedModel(Places places) : places(std::move(places)) {}
  pb::Model model;
  Places::Tree tree; // must outlive `places`
  Places places;
};

/// Null after an error.
std::unique_ptr<ParsedModel> parseModel(const llvm::MemoryBuffer &buffer, bool strict, MLIRContext *context);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_PARSE_H
