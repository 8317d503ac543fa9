// SPDX-License-Identifier: Apache-2.0
// Family retrieval.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSRETRIEVALOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSRETRIEVALOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysAttentionOps.td"

def Recsys_TopKOp : Recsys_InferredOp<"top_k"> {
  let summary = "The best columns of each row";
  let description = [{
    Ids and scores of the `k` greatest elements of each row, greatest first; of equal scores the lower id first. Column j has id `first_id + j`. Ids that occur in
    `exclude` rows of the request are left out. Fewer than k columns: id -1 and score -inf fill up. NaN ranks last.

    (top_k_c1) Scores have one dimension. (top_k_c2) k >= 1. (top_k_c3) Exclude is scalar.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @top_k(%x: !recsys.jagged<#recsys.request x 100xf32>, %seen: !recsys.jagged<#s x i64>) {
      %0, %1 = recsys.top_k %x exclude %seen k 10 first_id 1 : (!recsys.jagged<#recsys.request x 100xf32>, !recsys.jagged<#s x i64>) -> (!recsys.jagged<#recsys.request x 10xi64>, !recsys.jagged<#recsys.request x 10xf32>)
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$scores, Optional<Recsys_Ids>:$exclude, I64Attr:$k, I64Attr:$first_id);
  let results = (outs Recsys_Ids:$ids, Recsys_Floats:$best);
  let assemblyFormat = "$scores (`exclude` $exclude^)? `k` $k `first_id` $first_id attr-dict `:` functional-type(operands, results)";
}

def Recsys_NearestRowsOp : Recsys_InferredOp<"nearest_rows"> {
  let summary = "Where the rows with the greatest dot products are";
  let description = [{
    For each row of `query` the places (row in its request, from 0) of the `k` rows of its request in `keys` whose dot product with it is greatest; of equal ones
    those at lower places. Rows before place `from` do not count. Fewer than k rows: -1 at the end. Exact: integers, which wrap in 64 bits.
    - order (required): `by_place`: lower places first; `best_first`: greater dot products first.
    - `half_scale` (optional): the query's numbers stand for fp16 numbers, float(number) * half_scale rounded to fp32, cut off at -65504 and 65504 and rounded to
      fp16; what is multiplied is their number of steps of 2^-24. As with numbers, the products are exact.

    (nearest_rows_c1) Equal dimensions. (nearest_rows_c2) Keys are not over a nest. (nearest_rows_c3) 1 <= k <= 65536. (nearest_rows_c4) from >= 0. (nearest_rows_c5) half_scale is finite and > 0.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    #c = #recsys.space<"candidates", max = 10>
    func.func private @nearest_rows(%q: !recsys.jagged<#c x 32xi64>, %k: !recsys.jagged<#s x 32xi64>) {
      %0 = recsys.nearest_rows by_place %q, %k k 4 from 0 : (!recsys.jagged<#c x 32xi64>, !recsys.jagged<#s x 32xi64>) -> !recsys.jagged<#c x 4xi64>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$query, Recsys_Ids:$keys, Recsys_NearestOrderAttr:$order, I64Attr:$k, I64Attr:$from, OptionalAttr<F32Attr>:$half_scale);
  let results = (outs Recsys_Ids:$places);
  let assemblyFormat = "custom<Keyword>($order) $query `,` $keys `k` $k `from` $from (`half_scale` $half_scale^)? attr-dict `:` functional-type(operands, results)";
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSRETRIEVALOPS_TD
