// SPDX-License-Identifier: Apache-2.0
// Diagnostics of the frontend: a code behind every message, hints, notes, and names that are safe
// to print.
#ifndef RECCC_LIB_FRONTEND_REPORT_H
#define RECCC_LIB_FRONTEND_REPORT_H

#include "mlir/IR/Diagnostics.h"
#include "reccc/Support/LLVM.h"
#include <string>

namespace reccc {

enum class Code {
#define RECCC_DIAGNOSTIC(name, code, title, help) name = code,
#include "reccc/Frontend/DiagnosticCodes.def"
};

/// A diagnostic being written; reported when it goes out of scope.
class Report {
public:
  static Report error(Location where, Code code) { return Report(emitError(where), code); }
  static Report warning(Location where, Code code) { return Report(emitWarning(where), code); }
  Report(Report &&) = default;
  ~Report();

  template <typename T> Report &operator<<(T &&part) & {
    diagnostic << std::forward<T>(part);
    return *this;
  }
  template <typename T> Report &&operator<<(T &&part) && {
    diagnostic << std::forward<T>(part);
    return std::move(*this);
  }
  Report &note(Location where, const Twine &text);
  /// What to do, as a note at the same place.
  Report &hint(const Twine &text);
  operator LogicalResult() const { return failure(); }

private:
  Report(InFlightDiagnostic diagnostic, Code code) : diagnostic(std::move(diagnostic)), code(code) {}
  InFlightDiagnostic diagnostic;
  Code code;
};

/// 'name', with bytes that do not print escaped and the middle of a long name left out.
std::string quoted(StringRef name);

/// The candidates nearest to `name`, as "did you mean 'a' or 'b'?"; empty when none is near.
std::string didYouMean(StringRef name, ArrayRef<StringRef> candidates);

/// "a, b and c".
std::string enumerate(ArrayRef<std::string> parts, StringRef conjunction = "and");

/// "[4, 8]"; unknown sizes (-1) print as '?'.
std::string shapeText(ArrayRef<int64_t> shape);

/// As one would write it: "0.5", "1e-06".
std::string numberText(double value);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_REPORT_H
