// SPDX-License-Identifier: Apache-2.0
// Kinds of kernels, where their operands lie, and how weights are packed.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILEATTRS_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILEATTRS_TD

include "reccc/Dialect/RecTile/IR/RecTileBase.td"

def RecTile_KernelKind : I32Enum<"KernelKind", "what a kernel is", [
  I32EnumCase<"rows", 0>, I32EnumCase<"gemm", 1>, I32EnumCase<"attention", 2>, I32EnumCase<"top_k", 3>,
  I32EnumCase<"filter", 4>]> {
  let cppNamespace = "::mlir::rectile";
}

def RecTile_KernelKindAttr : EnumAttr<RecTile_Dialect, RecTile_KernelKind, "kind">;

def RecTile_LayoutAttr : AttrDef<RecTile_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "Where the rows of a kernel's jagged operand or result lie";
  let description = [{
    Filled in by the memory planner; code generation needs nothing else about a buffer. A kernel gets `(data, rows)` for each
    operand (`recrt_operand`), `data` with the column offset included. All figures count elements of the value's type.

    - `stride`: distance of neighbouring rows of the *buffer*. Row r of the value begins at `data + rows[r] * stride`, or at
      `data + r * stride` when the value is not mapped.
    - `mapped`: `rows` is given at run time. Without it `rows` is null and never read.
    - `step`: distance, in rows of the buffer, of two neighbouring rows of one request; 1 for segments and takes, n for a phase
      of an interleave. Only attention uses it, to walk over keys without a look-up.
    - `padded`: 64 bytes from any element of a row may be read, though they are not the row's (the arena, packed weights).
      Users' buffers are not padded: there a kernel reads no byte outside of its rows. Writes are exact in both cases.

    A kernel without layouts has packed, unmapped, unpadded rows.

        #rectile.layout<stride = 2048>    #rectile.layout<stride = 512, mapped, step = 2, padded>

    (layout_c1) stride >= 0, step >= 1, and step is 1 when not mapped.
  }];
  let parameters = (ins "int64_t":$stride, "bool":$mapped, "int64_t":$step, "bool":$padded);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def RecTile_Packing : I32Enum<"Packing", "how a parameter is stored for a kernel", [
  I32EnumCase<"plain", 0>, I32EnumCase<"panels", 1>, I32EnumCase<"panels_transposed", 2>, I32EnumCase<"padded", 3>]> {
  let cppNamespace = "::mlir::rectile";
}

def RecTile_PackingAttr : EnumAttr<RecTile_Dialect, RecTile_Packing, "packing"> {
  let summary = "How a parameter is stored for a kernel";
  let description = [{
    - `plain`: row-major as it is, 64 readable bytes behind it.
    - `panels`: a [k, n] matrix as `[ceil(n / 32)][k][32]`, columns behind n are zero.
    - `panels_transposed`: the same from an [n, k] matrix.
    - `padded`: a vector, zeros up to a multiple of 32 elements.

    `packParameter` of `Codegen/Common/PackParameter.h` does it.
  }];
  let assemblyFormat = "`<` $value `>`";
}

#endif // RECCC_DIALECT_RECTILE_IR_RECTILEATTRS_TD
