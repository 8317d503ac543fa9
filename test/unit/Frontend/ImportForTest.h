// SPDX-License-Identifier: Apache-2.0
// Imports a description and keeps what it said.
#ifndef RECCC_TEST_UNIT_FRONTEND_IMPORTFORTEST_H
#define RECCC_TEST_UNIT_FRONTEND_IMPORTFORTEST_H

#include "mlir/IR/MLIRContext.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Frontend/Import.h"
#include "reccc/Support/Safetensors.h"
#include "llvm/Support/MemoryBuffer.h"

namespace reccc {

/// "4:9" of the innermost file position, "0:0" without one.
inline std::string placeText(Location location) {
  if (auto named = dyn_cast<NameLoc>(location))
    return placeText(named.getChildLoc());
  auto place = dyn_cast<FileLineColLoc>(location);
  return place ? std::to_string(place.getLine()) + ":" + std::to_string(place.getColumn()) : "0:0";
}

struct Imported {
  std::unique_ptr<MLIRContext> context = std::make_unique<MLIRContext>();
  OwningOpRef<ModuleOp> module;
  ImportReport report;
  /// One line for each: "4:9: error: text [RC2101]", notes behind theirs.
  std::vector<std::string> diagnostics;

  std::string text() const {
    std::string all;
    for (const std::string &line : diagnostics)
      all += line + "\n";
    return all;
  }
};

inline Imported importText(StringRef text, const SafetensorsFile *weights = nullptr, const ImportOptions &options = {},
                           StringRef name = "model.textproto") {
  Imported result;
  ScopedDiagnosticHandler handler(result.context.get(), [&](Diagnostic &diagnostic) {
    auto add = [&](Diagnostic &d) {
      StringRef kind = d.getSeverity() == DiagnosticSeverity::Error     ? "error"
                       : d.getSeverity() == DiagnosticSeverity::Warning ? "warning"
                                                                        : "note";
      result.diagnostics.push_back(placeText(d.getLocation()) + ": " + kind.str() + ": " + d.str());
    };
    add(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      add(note);
    return success();
  });
  auto buffer = llvm::MemoryBuffer::getMemBuffer(text, name, /*RequiresNullTerminator=*/false);
  result.module = importModel(*buffer, weights, options, result.context.get(), &result.report);
  return result;
}

} // namespace reccc

#endif // RECCC_TEST_UNIT_FRONTEND_IMPORTFORTEST_H
