// SPDX-License-Identifier: Apache-2.0
// The rectile dialect and the base class of its operations.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILEBASE_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILEBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def RecTile_Dialect : Dialect {
  let name = "rectile";
  let cppNamespace = "::mlir::rectile";
  let summary = "Kernels and the tile fragments that they are made of";
  let description = [{
    Two levels share this dialect. `rectile.kernel` and `rectile.dispatch` stand in a model and say what one kernel computes and
    how it is called. Fragment operations stand in the body of a generated kernel, between `scf` loops and `vector` values: a
    fragment is a block of an fp32 matrix that lives in registers, and only the lowering of a target knows which.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

class RecTile_Op<string mnemonic, list<Trait> traits = []> : Op<RecTile_Dialect, mnemonic, traits>;

#endif // RECCC_DIALECT_RECTILE_IR_RECTILEBASE_TD
