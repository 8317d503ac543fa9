// SPDX-License-Identifier: Apache-2.0
// The recsys dialect and its ops.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSOPS_H
#define RECCC_DIALECT_RECSYS_IR_RECSYSOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "reccc/Dialect/Recsys/IR/RecsysTypes.h"

#include "reccc/Dialect/Recsys/IR/RecsysDialect.h.inc"

#include "reccc/Dialect/Recsys/IR/RecsysOpInterfaces.h.inc"

#define GET_OP_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysOps.h.inc"

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSOPS_H
