// SPDX-License-Identifier: Apache-2.0
// From a model description (recsys/v1/model.proto, text or binary) to a module of the recsys
// dialect.
#ifndef RECCC_FRONTEND_IMPORT_H
#define RECCC_FRONTEND_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "reccc/Support/LLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include <string>
#include <vector>

namespace reccc {
class SafetensorsFile;

/// One thing that a preset decided, for `--explain`.
struct PresetChoice {
  std::string node;   // "states"
  std::string field;  // "hstu.input_norm.eps"
  std::string value;  // "1e-06"
  std::string preset; // "META_STU"
  bool overridden;    // the description says otherwise
};

struct ImportOptions {
  /// Unknown fields are errors instead of warnings.
  bool strict = false;
  /// Values that become outputs beside the declared ones: "states.layers.0.out". The output's name
  /// is the value's.
  std::vector<std::string> also;
};

struct ImportReport {
  std::vector<PresetChoice> choices;
  /// Every name that `also` accepts, in the order of the description.
  std::vector<std::string> values;
};

/// Reads the description in `buffer` (its identifier is the file name of all locations). `weights`
/// gives sizes and checks names; null: the description must tell all sizes. Diagnostics go to the
/// context's engine, with the code at the end of the message; the result is null after an error.
/// The module verifies. Every op has the location of the line that asks for it, inside a NameLoc
/// with the value's name.
OwningOpRef<ModuleOp> importModel(const llvm::MemoryBuffer &buffer, const SafetensorsFile *weights,
                                  const ImportOptions &options, MLIRContext *context, ImportReport *report = nullptr);

/// The bytes look like MLIR, not like a description.
bool looksLikeMlir(StringRef name, StringRef bytes);

} // namespace reccc

#endif // RECCC_FRONTEND_IMPORT_H
