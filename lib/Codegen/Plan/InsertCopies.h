// SPDX-License-Identifier: Apache-2.0
// Copies of values that cannot lie where they are wanted.
#ifndef RECCC_LIB_CODEGEN_PLAN_INSERTCOPIES_H
#define RECCC_LIB_CODEGEN_PLAN_INSERTCOPIES_H

#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

namespace mlir::rectile {

/// Values that are written straight into the container or output that reads them: the use that says where.
using Claims = llvm::DenseMap<Value, OpOperand *>;

/// Finds the claims on values and copies what two uses claim or cannot be read where it lies.
void insertCopies(recsys::ModelOp model, Claims &claims);

} // namespace mlir::rectile

#endif // RECCC_LIB_CODEGEN_PLAN_INSERTCOPIES_H
