// SPDX-License-Identifier: Apache-2.0
// Which ops, kinds of attributes and keywords the generated models hold.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_COVERAGE_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_COVERAGE_H

#include "mlir/IR/BuiltinOps.h"
#include "reccc/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

namespace reccc::fuzz {

class Coverage {
public:
  explicit Coverage(mlir::MLIRContext *context);
  /// Counts what the outputs depend on: dead code shows nothing.
  void count(mlir::ModuleOp module);
  /// Names what was never counted; returns whether there is any.
  bool reportMissing(llvm::raw_ostream &os) const;

private:
  llvm::StringMap<int64_t> counts;
};

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_COVERAGE_H
