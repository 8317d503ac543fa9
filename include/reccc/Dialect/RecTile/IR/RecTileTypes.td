// SPDX-License-Identifier: Apache-2.0
// The fragment type.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILETYPES_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILETYPES_TD

include "reccc/Dialect/RecTile/IR/RecTileBase.td"

def RecTile_FragmentType : TypeDef<RecTile_Dialect, "Fragment"> {
  let mnemonic = "fragment";
  let summary = "A block of an fp32 matrix in registers";
  let description = [{
    `!rectile.fragment<12x32>` has 12 rows of 32 columns. Every element is one fp32 accumulator. The target says which shapes it
    can hold: see `TargetDescription`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // RECCC_DIALECT_RECTILE_IR_RECTILETYPES_TD
