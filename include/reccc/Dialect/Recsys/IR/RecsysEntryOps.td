// SPDX-License-Identifier: Apache-2.0
// Family entry: external parameters, entry points and what they return.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSENTRYOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSENTRYOPS_TD

include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "reccc/Dialect/Recsys/IR/RecsysTypes.td"

def Recsys_ParameterOp : Recsys_Op<"parameter", [Symbol]> {
  let summary = "Name a tensor of the weights file";
  let description = [{
    Declares a weight. Its values never stand in the IR.
    - `source` (required): the name of the tensor in the weights file.
    - `type` (required): its shape and storage type; the file's type may be wider.

    (parameter_c1) The type is a static tensor of f32, bf16 or i64 with dimensions >= 1.

    ```mlir
    recsys.parameter private @items : tensor<1683x64xf32> from "item_embedding.weight"
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$sym_visibility, TypeAttr:$type, StrAttr:$source);
  let assemblyFormat = "custom<Symbol>($sym_visibility, $sym_name) `:` $type `from` $source attr-dict";
  let hasVerifier = 1;
}

def Recsys_ModelOp : Recsys_Op<"model", [FunctionOpInterface, IsolatedFromAbove, AffineScope]> {
  let summary = "An entry point of a model";
  let description = [{
    Function-like; passes anchor on it. Arguments and results are jagged values; the attribute `recsys.name` of each is the
    user's name for it. `recsys.state = n` marks an argument or result that is value n of a user state (recsys-derive-entry-points): it keeps the
    storage type that its values have inside of the model. `recsys.entry_points` on the model asks for the entry points of states;
    those have `recsys.entry_kind` ("prefill", "score", "append"), @prefill also `recsys.state_hash`, which tells states of other models apart, and @append
    `recsys.append = [#old, #new]`, the base spaces of the rows that a state has and of those that it gets.

    (model_c1) One block, ended by `recsys.output`. (model_c2) Every argument and result is jagged and has a `recsys.name`; the names of
    arguments differ, those of results too. (model_c3) A name is one row space. (model_c4) One op binds each opaque space, before any other op names it; no input has rows of one.

    ```mlir
    #history = #recsys.space<"history", max = 50>
    recsys.model @rank(%ids: !recsys.jagged<#history x i64> {recsys.name = "item"})
        -> (!recsys.jagged<#history x i64> {recsys.name = "same"}) {
      recsys.output %ids : !recsys.jagged<#history x i64>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                   OptionalAttr<StrAttr>:$sym_visibility, OptionalAttr<DictArrayAttr>:$arg_attrs,
                   OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region AnyRegion:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral kNameAttr = "recsys.name";
    static constexpr ::llvm::StringLiteral kStateAttr = "recsys.state";
    static constexpr ::llvm::StringLiteral kEntryPointsAttr = "recsys.entry_points";
    static constexpr ::llvm::StringLiteral kEntryKindAttr = "recsys.entry_kind";
    static constexpr ::llvm::StringLiteral kAppendAttr = "recsys.append";
    static constexpr ::llvm::StringLiteral kStateHashAttr = "recsys.state_hash";
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The user's names of argument and result `index`.
    ::llvm::StringRef getInputName(unsigned index);
    ::llvm::StringRef getOutputName(unsigned index);
    /// Which value of a user state argument or result `index` is; nullopt when it is none.
    std::optional<int64_t> getInputState(unsigned index);
    std::optional<int64_t> getOutputState(unsigned index);
  }];
}

def Recsys_OutputOp : Recsys_Op<"output", [Pure, Terminator, ReturnLike, HasParent<"ModelOp">]> {
  let summary = "Return the outputs of a model";
  let description = [{
    (output_c1) Operand types are the result types of the model.

    ```mlir
    recsys.model @rank(%x: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"})
        -> (!recsys.jagged<#recsys.request x 8xf32> {recsys.name = "y"}) {
      recsys.output %x : !recsys.jagged<#recsys.request x 8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let hasVerifier = 1;
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSENTRYOPS_TD
