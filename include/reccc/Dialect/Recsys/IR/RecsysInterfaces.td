// SPDX-License-Identifier: Apache-2.0
// Interfaces of the recsys dialect: row spaces, masks, and what passes ask of ops.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSINTERFACES_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSINTERFACES_TD

include "mlir/IR/OpBase.td"

def Recsys_RowSpaceInterface : AttrInterface<"RowSpace"> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Which rows a value has in each request, and how they are grouped. Built by the functions of
    `RowSpaces.h`, which normalize; the verifiers refuse a form that is not normal. }];
  let methods = [
    InterfaceMethod<"The largest number of rows in a request; nullopt when it does not fit 63 bits.",
                    "std::optional<int64_t>", "getMaxRows">,
    InterfaceMethod<"The number of rows in every request, when it does not depend on the request.",
                    "std::optional<int64_t>", "getConstantRows">,
    InterfaceMethod<"The row spaces this one is built from.", "::llvm::SmallVector<::mlir::Attribute>", "getParts">,
    InterfaceMethod<"The number of rows, given the lengths of the base spaces (in a callback).", "int64_t", "getRows",
                    (ins "::llvm::function_ref<int64_t(::mlir::Attribute)>":$baseRows)>
  ];
}

def Recsys_MaskInterface : AttrInterface<"Mask"> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Which columns of a source segment each row of a query segment sees: a list of disjoint intervals. }];
  let methods = [
    InterfaceMethod<[{Appends the visible intervals [low, high) of row `row`, clamped to [0, columns), sorted, none empty.
                      `rowsOf` gives the length of a row space in this request. What numbers of the request decide may be
                      visible is visible here: the whole segment for a table.}],
                    "void", "getIntervals",
                    (ins "int64_t":$row, "int64_t":$columns,
                         "::llvm::function_ref<int64_t(::mlir::Attribute)>":$rowsOf,
                         "::llvm::SmallVectorImpl<std::pair<int64_t, int64_t>> &":$intervals)>
  ];
}

def Recsys_RowWiseInterface : OpInterface<"RowWise"> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Row r of every result depends on nothing but row r of the jagged operands (of the results' row space)
    and on parameters. Such an op commutes with taking rows. }];
}

def Recsys_ElementwiseInterface : OpInterface<"Elementwise", [Recsys_RowWiseInterface]> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Element (r, d) of the result depends on elements (r, d) of the operands only. Such an op can follow
    a dot product in its epilogue. }];
}

def Recsys_ViewInterface : OpInterface<"View"> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Moves no data by itself: its result is a part or an arrangement of its operands. }];
}

def Recsys_ParameterExpressionInterface : OpInterface<"ParameterExpression"> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Computes a tensor from parameters alone; evaluated at compile time. }];
}

def Recsys_BindsRowsInterface : OpInterface<"BindsRows"> {
  let cppNamespace = "::mlir::recsys";
  let description = [{ Decides how many rows an opaque space has. Of a model exactly one op binds each, before any other op has rows of it. }];
  let methods = [
    InterfaceMethod<"The opaque space that the op binds; null when it binds none.", "::mlir::Attribute", "getBoundRows">
  ];
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSINTERFACES_TD
