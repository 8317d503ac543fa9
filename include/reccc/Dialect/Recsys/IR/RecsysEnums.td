// SPDX-License-Identifier: Apache-2.0
// Enumerations of the recsys dialect.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSENUMS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSENUMS_TD

include "mlir/IR/EnumAttr.td"
include "reccc/Dialect/Recsys/IR/RecsysBase.td"

class Recsys_Enum<string name, string summary, list<I32EnumCase> cases> : I32Enum<name, summary, cases> {
  let cppNamespace = "::mlir::recsys";
}
class Recsys_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<Recsys_Dialect, info, mnemonic> {
  let assemblyFormat = "$value";
}

def Recsys_Remainder : Recsys_Enum<"Remainder", "what becomes of rows that do not fill a group", [
  I32EnumCase<"pad", 0>, I32EnumCase<"drop_oldest", 1>]>;

def Recsys_OutOfRange : Recsys_Enum<"OutOfRange", "what an id outside the table does", [
  I32EnumCase<"reject_request", 0>, I32EnumCase<"clamp", 1>]>;
def Recsys_OutOfRangeAttr : Recsys_EnumAttr<Recsys_OutOfRange, "out_of_range">;

def Recsys_PoolKind : Recsys_Enum<"PoolKind", "how the rows of a request become one", [
  I32EnumCase<"last", 0>, I32EnumCase<"first", 1>, I32EnumCase<"sum", 2>, I32EnumCase<"mean", 3>]>;
def Recsys_PoolKindAttr : Recsys_EnumAttr<Recsys_PoolKind, "pool_kind">;

def Recsys_ScoreKind : Recsys_Enum<"ScoreKind", "how scores become weights", [
  I32EnumCase<"silu", 0>, I32EnumCase<"softmax", 1>]>;
def Recsys_ScoreKindAttr : Recsys_EnumAttr<Recsys_ScoreKind, "score_kind">;

def Recsys_ScoreOrder : Recsys_Enum<"ScoreOrder", "whether a bias is added after or before scaling", [
  I32EnumCase<"scale_then_add", 0>, I32EnumCase<"add_then_scale", 1>]>;
def Recsys_ScoreOrderAttr : Recsys_EnumAttr<Recsys_ScoreOrder, "score_order">;

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSENUMS_TD
