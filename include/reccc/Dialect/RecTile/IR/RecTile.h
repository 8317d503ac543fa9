// SPDX-License-Identifier: Apache-2.0
// The rectile dialect: kernels, and the fragments that generated code computes with.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILE_H
#define RECCC_DIALECT_RECTILE_IR_RECTILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

#include "reccc/Dialect/RecTile/IR/RecTileDialect.h.inc"
#include "reccc/Dialect/RecTile/IR/RecTileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "reccc/Dialect/RecTile/IR/RecTileAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "reccc/Dialect/RecTile/IR/RecTileTypes.h.inc"
#define GET_OP_CLASSES
#include "reccc/Dialect/RecTile/IR/RecTileOps.h.inc"

#endif // RECCC_DIALECT_RECTILE_IR_RECTILE_H
