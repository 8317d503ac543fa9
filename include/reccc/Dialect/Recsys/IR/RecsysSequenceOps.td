// SPDX-License-Identifier: Apache-2.0
// Family sequence: which rows, in which order.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSSEQUENCEOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSSEQUENCEOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysEmbeddingOps.td"

def Recsys_ConcatRowsOp : Recsys_InferredOp<"concat_rows", [Recsys_ViewInterface]> {
  let summary = "Rows of several values, one after another in each request";
  let description = [{
    The result's space is the concat of the operands' spaces. With operands over nests, of the rows that each row of their frame has: an operand
    over nest<#cand, #hist> and one over #cand give nest<#cand, concat<#hist, #recsys.request>>.

    (concat_rows_c1) At least one operand. (concat_rows_c2) Dimensions and kind of element agree. (concat_rows_c3) Every operand is over the deepest
    frame of all operands, or grouped by it.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @concat_rows(%a: !recsys.jagged<#recsys.request x 8xf32>, %b: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.concat_rows %a, %b : (!recsys.jagged<#recsys.request x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Recsys_InterleaveOp : Recsys_InferredOp<"interleave", [Recsys_ViewInterface]> {
  let summary = "Alternate the rows of several values";
  let description = [{
    a0 b0 a1 b1 …; the result's space is `interleave<s, n>` for n operands.

    (interleave_c1) At least one operand. (interleave_c2) One row space, equal dimensions and kind of element.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @interleave(%a: !recsys.jagged<#s x 8xf32>, %b: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.interleave %a, %b : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
}

def Recsys_SliceRowsOp : Recsys_InferredOp<"slice_rows", [Recsys_ViewInterface]> {
  let summary = "Some neighbouring segments of a concat";
  let description = [{
    Parts [first, first + count) of the operand's concat, in the order of its parts.

    (slice_rows_c1) The operand's space is a concat that has these parts; count >= 1.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @slice_rows(%a: !recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>) {
      %0 = recsys.slice_rows %a first 1 count 1 : (!recsys.jagged<#recsys.concat<#recsys.request, #s> x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input, I64Attr:$first, I64Attr:$count);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input `first` $first `count` $count attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
}

def Recsys_TakeRowsOp : Recsys_ValueOp<"take_rows", [Recsys_ViewInterface]> {
  let summary = "The first or last rows of each request";
  let description = [{
    The result type says which: `take_first<s, k>` or `take_last<s, k>` of the operand's space, or a space that such a take normalizes to.

    (take_rows_c1) The result's space is a take of the operand's, and of one end only; dimensions and element agree.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @take_rows(%a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.take_rows %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.take_last<#s, 10> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Recsys_DeinterleaveOp : Recsys_InferredOp<"deinterleave", [Recsys_ViewInterface]> {
  let summary = "Every n-th row";
  let description = [{
    Rows phase, phase + n, … of a value over `interleave<s, n>`; the result is over s.

    (deinterleave_c1) The operand's space is an interleave and 0 <= phase < n.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @deinterleave(%a: !recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>) {
      %0 = recsys.deinterleave %a phase 1 : (!recsys.jagged<#recsys.interleave<#s, 2> x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input, I64Attr:$phase);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input `phase` $phase attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Recsys_ShiftOp : Recsys_InferredOp<"shift"> {
  let summary = "Each row takes the value of its neighbour";
  let description = [{
    by = -1: row i has the value of row i + 1, the last row of a request that of `fill`. by = 1: row i that of row i - 1, the first that of `fill`.

    (shift_c1) `by` is 1 or -1. (shift_c2) `fill` is over the frame of the input (`request`, or the outer space of a nest) with equal dimensions and kind of element.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @shift(%a: !recsys.jagged<#s x i64>, %f: !recsys.jagged<#recsys.request x i64>) {
      %0 = recsys.shift %a, %f by -1 : (!recsys.jagged<#s x i64>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#s x i64>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input, AnyType:$fill, I64Attr:$by);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input `,` $fill `by` $by attr-dict `:` functional-type(operands, results)";
}

def Recsys_BroadcastRowsOp : Recsys_ValueOp<"broadcast_rows"> {
  let summary = "The request's row to every row";
  let description = [{
    Also the row of an outer space to all rows that a nest holds for it.

    (broadcast_rows_c1) The operand is over `request`, or over a space that the result's is nested in; dimensions and kind of element agree.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @broadcast_rows(%a: !recsys.jagged<#recsys.request x 8xf32>) {
      %0 = recsys.broadcast_rows %a : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Recsys_RepeatRowsOp : Recsys_InferredOp<"repeat_rows", [Recsys_ViewInterface]> {
  let summary = "All rows of the request, once for each outer row";
  let description = [{
    The result is over nest<outer, s> for an operand over s: every row of `outer` has a copy of the request's rows of its own.

    (repeat_rows_c1) `outer` is a row space.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    #c = #recsys.space<"candidates", max = 10>
    func.func private @repeat_rows(%a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.repeat_rows %a for (#c) : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.nest<#c, #s> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input, AnyAttr:$outer);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input `for` `(` $outer `)` attr-dict `:` functional-type(operands, results)";
}

def Recsys_GroupRowsOp : Recsys_InferredOp<"group_rows"> {
  let summary = "Neighbouring rows as groups";
  let description = [{
    The result is over nest<group<s, size, remainder>, rows<size>> for an operand over s: row j of group g is row g * size + j of the operand, counted from the first
    row that is in a group. With `pad_first` and `pad_last` the rows that are missing at that end are `fill`, or zeros.

    (group_rows_c1) size >= 2. (group_rows_c2) `fill` stands with a padded remainder only, and has as many elements as a row of floats.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @group_rows(%a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.group_rows drop_last %a size 4
        : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.nest<#recsys.group<#s, 4, drop_last>, #recsys.rows<4>> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input, Optional<Recsys_Weight>:$fill, I64Attr:$size, Recsys_RemainderAttr:$remainder);
  let results = (outs AnyType:$result);
  let assemblyFormat = "custom<Keyword>($remainder) $input (`fill` $fill^)? `size` $size attr-dict `:` functional-type(operands, results)";
}

def Recsys_FoldRowsOp : Recsys_InferredOp<"fold_rows"> {
  let summary = "The rows of a group as one record";
  let description = [{
    A value over nest<s, rows<n>> with records D becomes one over s with records n x D.

    (fold_rows_c1) The operand is over a nest of a constant number of rows.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @fold_rows(%a: !recsys.jagged<#recsys.nest<#s, #recsys.rows<4>> x 8xf32>) {
      %0 = recsys.fold_rows %a : (!recsys.jagged<#recsys.nest<#s, #recsys.rows<4>> x 8xf32>) -> !recsys.jagged<#s x 4x8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_SplatRowsOp : Recsys_ValueOp<"splat_rows"> {
  let summary = "A parameter to every row";
  let description = [{
    (splat_rows_c1) The parameter has as many elements as a row of the result.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @splat_rows(%w: tensor<1x8xf32>) {
      %0 = recsys.splat_rows %w : (tensor<1x8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_PadRowsOp : Recsys_ValueOp<"pad_rows"> {
  let summary = "A constant number of rows, zero behind the end";
  let description = [{
    Row j < len is row j of the operand, later rows are zero; rows from the result's count on are dropped. Of a nest, for each outer row.

    (pad_rows_c1) The result's space has a constant size within the frame of the operand; dimensions and kind of element agree.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @pad_rows(%a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.pad_rows %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.rows<2> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_GatherRowsOp : Recsys_InferredOp<"gather_rows"> {
  let summary = "Rows by their places";
  let description = [{
    Row j that the result has for a row of `places` is the row of the request in `input` at the j-th of its places, counted from 0; zeros where there is no such
    row. The result is over nest<q, rows<k>> for places over q with k numbers.

    (gather_rows_c1) The input is not over a nest. (gather_rows_c2) Places have at most one dimension.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    #c = #recsys.space<"candidates", max = 10>
    func.func private @gather_rows(%a: !recsys.jagged<#s x 8xf32>, %p: !recsys.jagged<#c x 4xi64>) {
      %0 = recsys.gather_rows %a, %p : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#c x 4xi64>) -> !recsys.jagged<#recsys.nest<#c, #recsys.rows<4>> x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$input, Recsys_Ids:$places);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input `,` $places attr-dict `:` functional-type(operands, results)";
}

// Not pure: types name the rows that it binds, so that a use of its result is not the only use of it.
def Recsys_FilterRowsOp : Recsys_Op<"filter_rows", [DeclareOpInterfaceMethods<Recsys_BindsRowsInterface>]> {
  let summary = "The places of the rows whose flag is set";
  let description = [{
    Binds an opaque space: a request has one row of it for each of its rows in `keep` whose number is not 0, in order. The result holds the places of these rows (row in
    the request, from 0); `gather_rows` by them gives what other values have there.

    (filter_rows_c1) Flags are scalars, not over a nest. (filter_rows_c2) The result is a scalar over `#recsys.opaque` of as many rows at most as the flags have.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    #o = #recsys.opaque<"valid", max = 50>
    func.func private @filter_rows(%k: !recsys.jagged<#s x i64>, %a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.filter_rows %k : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#o x i64>
      %1 = recsys.gather_rows %a, %0 : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#o x i64>) -> !recsys.jagged<#o x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$keep);
  let results = (outs Recsys_Ids:$places);
  let assemblyFormat = "$keep attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_MaskRowsOp : Recsys_InferredOp<"mask_rows", [Recsys_RowWiseInterface]> {
  let summary = "Zero the rows whose id is a given one";
  let description = [{
    (mask_rows_c1) Ids are scalars over the operand's space.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @mask_rows(%a: !recsys.jagged<#s x 8xf32>, %i: !recsys.jagged<#s x i64>) {
      %0 = recsys.mask_rows %a, %i value 0 : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Recsys_Ids:$ids, I64Attr:$value);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `,` $ids `value` $value attr-dict `:` functional-type(operands, results)";
}

def Recsys_MaskShortOp : Recsys_InferredOp<"mask_short", [Recsys_RowWiseInterface]> {
  let summary = "Zero all rows of a short request";
  let description = [{
    Rows stay where the request has at least `min_rows` rows in `spaces` together; elsewhere they are zero.

    (mask_short_c1) `spaces` holds row spaces, at least one; min_rows >= 0.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @mask_short(%a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.mask_short %a spaces [#s] min_rows 10 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, ArrayAttr:$spaces, I64Attr:$min_rows);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `spaces` $spaces `min_rows` $min_rows attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_PoolOp : Recsys_InferredOp<"pool"> {
  let summary = "One row from the rows of a request";
  let description = [{
    From those of each outer row where the operand is over a nest; the result is over its frame.
    `last`, `first`, `sum`, `mean` or `max`; zeros when the request has no rows. A NaN among the rows makes NaN.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @pool(%a: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.pool last %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Recsys_PoolKindAttr:$kind);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "custom<Keyword>($kind) $input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSSEQUENCEOPS_TD
