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

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSRETRIEVALOPS_TD
