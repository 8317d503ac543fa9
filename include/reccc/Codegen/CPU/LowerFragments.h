// SPDX-License-Identifier: Apache-2.0
// Turns rectile operations on fragments into vectors in registers.
#ifndef RECCC_CODEGEN_CPU_LOWERFRAGMENTS_H
#define RECCC_CODEGEN_CPU_LOWERFRAGMENTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "reccc/Codegen/CPU/TargetDescription.h"

namespace reccc {

/// On a `rectile.dot`: rows of B are asked for that many k ahead of their use. Rows that do not exist do no harm.
constexpr StringRef kPrefetchAttr = "rectile.prefetch";

/// A fragment becomes rows x (columns / lanes) vectors; `rectile.dot` a loop over k that broadcasts A and loads B once.
/// Fragments must not cross regions. Fails on a shape that is not whole vectors.
LogicalResult lowerFragments(func::FuncOp function, const TargetDescription &target);

} // namespace reccc

#endif // RECCC_CODEGEN_CPU_LOWERFRAGMENTS_H
