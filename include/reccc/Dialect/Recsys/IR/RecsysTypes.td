// SPDX-License-Identifier: Apache-2.0
// The jagged type and the operand classes built on it.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypes.td"
include "reccc/Dialect/Recsys/IR/RecsysAttrs.td"

def Recsys_JaggedType : TypeDef<Recsys_Dialect, "Jagged"> {
  let mnemonic = "jagged";
  let summary = "One record for each row of a row space";
  let description = [{
    `!recsys.jagged<#space x 4x128xf32>`: rows of `#space`, each a dense 4x128 record. No dimensions: a scalar.
    (jagged_c1) The space is a row space. (jagged_c2) Dimensions are at least 1, at most 8, and their product is below 2^31.
    (jagged_c3) Elements are f32, bf16, i64 or f64.
  }];
  let parameters = (ins "::mlir::Attribute":$space, ArrayRefParameter<"int64_t">:$dims, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The row space through its interface.
    ::mlir::recsys::RowSpace getRowSpace() const;
    /// Elements in one row.
    int64_t getRowElements() const;
    bool isFloat() const { return ::llvm::isa<::mlir::FloatType>(getElementType()); }
    JaggedType withSpace(::mlir::Attribute space) const;
    JaggedType withDims(::llvm::ArrayRef<int64_t> dims) const;
    JaggedType withElementType(::mlir::Type type) const;
  }];
}

def Recsys_Ids : Type<CPred<[{::llvm::isa<::mlir::recsys::JaggedType>($_self) &&
    ::llvm::cast<::mlir::recsys::JaggedType>($_self).getElementType().isInteger(64)}]>, "jagged value of i64",
    "::mlir::recsys::JaggedType">;
def Recsys_Floats : Type<CPred<[{::llvm::isa<::mlir::recsys::JaggedType>($_self) &&
    ::llvm::cast<::mlir::recsys::JaggedType>($_self).isFloat()}]>, "jagged value of floats",
    "::mlir::recsys::JaggedType">;
def Recsys_Weight : Type<CPred<[{::llvm::isa<::mlir::RankedTensorType>($_self) &&
    ::llvm::cast<::mlir::RankedTensorType>($_self).hasStaticShape()}]>, "parameter tensor of static shape",
    "::mlir::RankedTensorType">;

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSTYPES_TD
