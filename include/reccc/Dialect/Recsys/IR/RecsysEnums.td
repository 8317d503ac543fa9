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
  I32EnumCase<"pad_first", 0>, I32EnumCase<"pad_last", 1>, I32EnumCase<"drop_first", 2>, I32EnumCase<"drop_last", 3>]>;
def Recsys_RemainderAttr : Recsys_EnumAttr<Recsys_Remainder, "remainder">;
def Recsys_OutOfRange : Recsys_Enum<"OutOfRange", "what an id outside the table does", [
  I32EnumCase<"reject_request", 0>, I32EnumCase<"clamp", 1>]>;
def Recsys_OutOfRangeAttr : Recsys_EnumAttr<Recsys_OutOfRange, "out_of_range">;

def Recsys_PoolKind : Recsys_Enum<"PoolKind", "how several records become one", [
  I32EnumCase<"last", 0>, I32EnumCase<"first", 1>, I32EnumCase<"sum", 2>, I32EnumCase<"mean", 3>, I32EnumCase<"max", 4>]>;
def Recsys_PoolKindAttr : Recsys_EnumAttr<Recsys_PoolKind, "pool_kind">;

def Recsys_ByZero : Recsys_Enum<"ByZero", "what a division by 0 gives", [
  I32EnumCase<"ieee", 0>, I32EnumCase<"zero", 1>]>;
def Recsys_ByZeroAttr : Recsys_EnumAttr<Recsys_ByZero, "by_zero">;

def Recsys_Pairs : Recsys_Enum<"Pairs", "which pairs of vectors", [
  I32EnumCase<"all", 0>, I32EnumCase<"lower", 1>, I32EnumCase<"lower_diagonal", 2>, I32EnumCase<"upper", 3>,
  I32EnumCase<"upper_diagonal", 4>]>;
def Recsys_PairsAttr : Recsys_EnumAttr<Recsys_Pairs, "pairs">;

def Recsys_ScoreKind : Recsys_Enum<"ScoreKind", "how scores become weights", [
  I32EnumCase<"silu", 0>, I32EnumCase<"softmax", 1>]>;
def Recsys_ScoreKindAttr : Recsys_EnumAttr<Recsys_ScoreKind, "score_kind">;

def Recsys_ScoreOrder : Recsys_Enum<"ScoreOrder", "whether a bias is added after or before scaling", [
  I32EnumCase<"scale_then_add", 0>, I32EnumCase<"add_then_scale", 1>]>;
def Recsys_ScoreOrderAttr : Recsys_EnumAttr<Recsys_ScoreOrder, "score_order">;

def Recsys_NearestOrder : Recsys_Enum<"NearestOrder", "in which order the nearest rows come", [
  I32EnumCase<"by_place", 0>, I32EnumCase<"best_first", 1>]>;
def Recsys_NearestOrderAttr : Recsys_EnumAttr<Recsys_NearestOrder, "nearest_order">;

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSENUMS_TD
