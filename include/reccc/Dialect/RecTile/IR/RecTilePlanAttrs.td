// SPDX-License-Identifier: Apache-2.0
// The memory plan of a model: buffers, row maps, and where each operand of a kernel lies. Mirrors recrt/module.h.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILEPLANATTRS_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILEPLANATTRS_TD

include "reccc/Dialect/RecTile/IR/RecTileBase.td"

class RecTile_PlanPartAttr<string name, string attrMnemonic> : AttrDef<RecTile_Dialect, name> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

def RecTile_EmbedKind : I32Enum<"EmbedKind", "how a view lies in what it is a view of", [
  I32EnumCase<"segment", 0>, I32EnumCase<"take_last", 1>, I32EnumCase<"take_first", 2>, I32EnumCase<"phase", 3>,
  I32EnumCase<"repeat", 4>]> {
  let cppNamespace = "::mlir::rectile";
}

def RecTile_EmbedAttr : RecTile_PlanPartAttr<"Embed", "embed"> {
  let summary = "One step from a view to what it is a view of";
  let description = [{
    `#rectile.embed<kind = segment, outer = #space, index = 1, shift = 0>`; see `recrt_embed_step`. `index` is the part of a
    concat or the phase of an interleave, `shift` the row inside of that part. With `frame = #space` the step is taken within each row of that space.
  }];
  let parameters = (ins EnumParameter<RecTile_EmbedKind>:$kind, "::mlir::Attribute":$outer, "int64_t":$index, "int64_t":$shift,
                    OptionalParameter<"::mlir::Attribute">:$frame);
}

def RecTile_RowMapAttr : RecTile_PlanPartAttr<"RowMap", "rowmap"> {
  let summary = "The rows of a space as rows of a buffer";
  let description = [{ `#rectile.rowmap<space = #space, steps = [#rectile.embed<…>]>`: outwards, at least one step. }];
  let parameters = (ins "::mlir::Attribute":$space, "::mlir::ArrayAttr":$steps);
}

def RecTile_BufferKind : I32Enum<"BufferKind", "who owns a buffer", [
  I32EnumCase<"input", 0>, I32EnumCase<"output", 1>, I32EnumCase<"arena", 2>]> {
  let cppNamespace = "::mlir::rectile";
}

def RecTile_BufferAttr : RecTile_PlanPartAttr<"Buffer", "buffer"> {
  let summary = "Rows of one space, in memory";
  let description = [{
    `#rectile.buffer<kind = arena, space = #space, row_bytes = 256, index = 3>`: `index` is the slot of an arena buffer, the number of an
    input or output otherwise.
  }];
  let parameters = (ins EnumParameter<RecTile_BufferKind>:$kind, "::mlir::Attribute":$space, "int64_t":$row_bytes, "int64_t":$index);
}

def RecTile_PlaceAttr : RecTile_PlanPartAttr<"Place", "place"> {
  let summary = "Where an operand or result of a kernel lies";
  let description = [{
    `#rectile.place<buffer = 2, rowmap = -1, offset = 128>`: numbers into the plan's lists, -1 for no row map; `offset` in bytes of
    a row. Attribute `rectile.places` of a kernel: one for each operand, then one for each result, `unit` for a parameter.
  }];
  let parameters = (ins "int64_t":$buffer, "int64_t":$rowmap, "int64_t":$offset);
}

def RecTile_PlanAttr : RecTile_PlanPartAttr<"Plan", "plan"> {
  let summary = "Buffers and row maps of a model";
  let description = [{ Attribute `rectile.plan` of a `recsys.model`; set by `reccc-plan-memory`. }];
  let parameters = (ins "::mlir::ArrayAttr":$buffers, "::mlir::ArrayAttr":$rowmaps, "int64_t":$slots);
}

#endif // RECCC_DIALECT_RECTILE_IR_RECTILEPLANATTRS_TD
