// SPDX-License-Identifier: Apache-2.0
// Family embedding: ids, bits, positions and times to records.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSEMBEDDINGOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSEMBEDDINGOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysParameterOps.td"

class Recsys_ValueOp<string mnemonic, list<Trait> traits = []> : Recsys_Op<mnemonic, [Pure] # traits>;

// The result type follows from operands and attributes; only the storage type of floats is free.
class Recsys_InferredOp<string mnemonic, list<Trait> traits = []>
    : Recsys_ValueOp<mnemonic, [InferTypeOpAdaptorWithIsCompatible] # traits> {
  let extraClassDefinition = [{
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual) {
      return ::mlir::recsys::equalUpToStorage(inferred, actual);
    }
  }];
}

def Recsys_EmbeddingOp : Recsys_InferredOp<"embedding", [Recsys_RowWiseInterface]> {
  let summary = "Look up rows of a table";
  let description = [{
    Row r of the result is row `ids[r]` of the table.
    - `out_of_range` (required): `reject_request`: the runtime refuses a request with such an id, naming it; the ids come from an input through views
      only. `clamp`: ids below 0 read row 0, ids beyond the end read the last row.

    (embedding_c1) Ids are scalars. (embedding_c2) The table has rank 2.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @embedding(%ids: !recsys.jagged<#s x i64>, %t: tensor<100x8xf32>) {
      %0 = recsys.embedding %ids, %t out_of_range reject_request : (!recsys.jagged<#s x i64>, tensor<100x8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$ids, Recsys_Weight:$table, Recsys_OutOfRangeAttr:$out_of_range);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$ids `,` $table `out_of_range` custom<Keyword>($out_of_range) attr-dict `:` functional-type(operands, results)";
}

def Recsys_EmbeddingBagOp : Recsys_InferredOp<"embedding_bag", [Recsys_RowWiseInterface]> {
  let summary = "Look up several rows of a table and join them";
  let description = [{
    `sum`, `mean` or `max` of the table's rows of a row's ids. Ids that equal `padding` are left out, and the mean divides by the number of the others; zeros where none is left.
    - `out_of_range` (required): as of `embedding`.

    (embedding_bag_c1) Ids have one dimension. (embedding_bag_c2) The table has rank 2. (embedding_bag_c3) The kind is sum, mean or max.
    (embedding_bag_c4) `padding` is a row of the table.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @embedding_bag(%ids: !recsys.jagged<#s x 6xi64>, %t: tensor<100x8xf32>) {
      %0 = recsys.embedding_bag mean %ids, %t padding 0 out_of_range reject_request : (!recsys.jagged<#s x 6xi64>, tensor<100x8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$ids, Recsys_Weight:$table, Recsys_PoolKindAttr:$kind, OptionalAttr<I64Attr>:$padding, Recsys_OutOfRangeAttr:$out_of_range);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "custom<Keyword>($kind) $ids `,` $table (`padding` $padding^)? `out_of_range` custom<Keyword>($out_of_range) attr-dict `:` functional-type(operands, results)";
}

def Recsys_EmbeddingBagsOp : Recsys_InferredOp<"embedding_bags"> {
  let summary = "Look up the rows of each bag of ids and join them";
  let description = [{
    As `embedding_bag`, of bags that each have a number of ids of their own: row r of the result joins the table's rows of the ids of bag r.
    - `padding`, `out_of_range`: as of `embedding_bag`.

    (embedding_bags_c1) Ids are scalars over `#recsys.bags`; the result is over what the bags are of. (embedding_bags_c2) The table has rank 2.
    (embedding_bags_c3) The kind is sum, mean or max. (embedding_bags_c4) `padding` is a row of the table.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    #g = #recsys.bags<"genres", of = #s, max = 8>
    func.func private @embedding_bags(%ids: !recsys.jagged<#g x i64>, %t: tensor<100x8xf32>) {
      %0 = recsys.embedding_bags mean %ids, %t out_of_range reject_request : (!recsys.jagged<#g x i64>, tensor<100x8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$ids, Recsys_Weight:$table, Recsys_PoolKindAttr:$kind, OptionalAttr<I64Attr>:$padding, Recsys_OutOfRangeAttr:$out_of_range);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "custom<Keyword>($kind) $ids `,` $table (`padding` $padding^)? `out_of_range` custom<Keyword>($out_of_range) attr-dict `:` functional-type(operands, results)";
}

def Recsys_ToFloatOp : Recsys_InferredOp<"to_float", [Recsys_RowWiseInterface]> {
  let summary = "Integers as floats";
  let description = [{
    The nearest number of the result's element type.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @to_float(%x: !recsys.jagged<#s x i64>) {
      %0 = recsys.to_float %x : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x f32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_ActionBitsOp : Recsys_InferredOp<"action_bits", [Recsys_RowWiseInterface]> {
  let summary = "Table rows of the bits that are set";
  let description = [{
    For each k in order: row k of the table when `actions & weights[k]` is not 0, else zeros; concatenated (spec/hstu.md 2.1).

    (action_bits_c1) As many weights as the table has rows. (action_bits_c2) Actions are scalars.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @action_bits(%a: !recsys.jagged<#s x i64>, %t: tensor<3x8xf32>) {
      %0 = recsys.action_bits %a, %t weights [1, 2, 4] : (!recsys.jagged<#s x i64>, tensor<3x8xf32>) -> !recsys.jagged<#s x 24xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$actions, Recsys_Weight:$table, DenseI64ArrayAttr:$weights);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$actions `,` $table `weights` $weights attr-dict `:` functional-type(operands, results)";
}

def Recsys_ThresholdBitsOp : Recsys_InferredOp<"threshold_bits", [Recsys_RowWiseInterface]> {
  let summary = "Set bits where a value reaches a threshold";
  let description = [{
    actions, or'ed with `weights[k]` wherever `values >= thresholds[k]`.

    (threshold_bits_c1) As many thresholds as weights. (threshold_bits_c2) Operands are scalars over one space.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @threshold_bits(%a: !recsys.jagged<#s x i64>, %v: !recsys.jagged<#s x i64>) {
      %0 = recsys.threshold_bits %a, %v thresholds [30, 120] weights [8, 16] : (!recsys.jagged<#s x i64>, !recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$actions, Recsys_Ids:$values, DenseI64ArrayAttr:$thresholds, DenseI64ArrayAttr:$weights);
  let results = (outs Recsys_Ids:$result);
  let assemblyFormat = "$actions `,` $values `thresholds` $thresholds `weights` $weights attr-dict `:` functional-type(operands, results)";
}

def Recsys_HashIdsOp : Recsys_InferredOp<"hash_ids", [Recsys_RowWiseInterface]> {
  let summary = "Which row of a table an id falls on";
  let description = [{
    ((multiplier * id + addend) mod modulus) mod rows: one of the hash functions that share a table (spec/systems.md 4). The product wraps at 64 bits, remainders
    are not negative: every id has a row.

    (hash_ids_c1) Ids are scalars. (hash_ids_c2) modulus and rows are at least 1.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @hash_ids(%ids: !recsys.jagged<#s x i64>) {
      %0 = recsys.hash_ids %ids multiplier 1469086537 addend 99069248 modulus 2147483647 rows 64 : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$ids, I64Attr:$multiplier, I64Attr:$addend, I64Attr:$modulus, I64Attr:$rows);
  let results = (outs Recsys_Ids:$result);
  let assemblyFormat = "$ids `multiplier` $multiplier `addend` $addend `modulus` $modulus `rows` $rows attr-dict `:` functional-type(operands, results)";
}

def Recsys_BucketizeOp : Recsys_InferredOp<"bucketize", [Recsys_RowWiseInterface]> {
  let summary = "The bucket of an integer";
  let description = [{
    An exact integer step function; a fp32 island in every mode.
    - `rule` (required): `#recsys.edges<[…]>`, `#recsys.sqrt_bucket<unit, last>` or `#recsys.vocabulary<[…], absent>`.

    (bucketize_c1) The rule is one of the three.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @bucketize(%t: !recsys.jagged<#s x i64>) {
      %0 = recsys.bucketize %t rule(#recsys.sqrt_bucket<60.0, 2047>) : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x i64>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$input, AnyAttr:$rule);
  let results = (outs Recsys_Ids:$result);
  let assemblyFormat = "$input `rule` `(` $rule `)` attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_RowIndexOp : Recsys_ValueOp<"row_index"> {
  let summary = "A number made from the row's place";
  let description = [{
    The least result of `map` at d0 = row in its request, s_k = number of rows of `lengths[k]` in the request. How positions are counted, from either end.

    (row_index_c1) The map has one dimension, a symbol for each length and at least one result. (row_index_c2) Lengths are row spaces that are no nests. (row_index_c3) The result is a scalar.
    (row_index_c4) The map divides by positive constants only and stays below 2^62.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @row_index() {
      %0 = recsys.row_index affine_map<(d0)[s0] -> (s0 - d0 + 3, 511)> lengths [#s] : !recsys.jagged<#s x i64>
      return
    }
    ```
  }];
  let arguments = (ins AffineMapAttr:$map, OptionalAttr<ArrayAttr>:$lengths);
  let results = (outs Recsys_Ids:$result);
  let assemblyFormat = "$map (`lengths` $lengths^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Recsys_CalendarFeaturesOp : Recsys_InferredOp<"calendar_features", [Recsys_RowWiseInterface]> {
  let summary = "Cosine and sine of the phase in each period";
  let description = [{
    For each (period, unit count): f = (floor(float(t) / period) mod units) / units; the result is [cos(two_pi f), sin(two_pi f), …]. The floor is that of the exact quotient
    of the fp32 timestamp; the rest of the angle is fp32 in every mode (spec/hstu.md 2.4).

    (calendar_features_c1) As many periods as units, all finite and > 0. (calendar_features_c2) Timestamps are scalars.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @calendar_features(%t: !recsys.jagged<#s x i64>) {
      %0 = recsys.calendar_features %t periods [3600.0, 86400.0] units [24.0, 7.0] two_pi 6.28 : (!recsys.jagged<#s x i64>) -> !recsys.jagged<#s x 4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Ids:$timestamps, DenseF64ArrayAttr:$periods, DenseF64ArrayAttr:$units, F64Attr:$two_pi);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$timestamps `periods` $periods `units` $units `two_pi` $two_pi attr-dict `:` functional-type(operands, results)";
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSEMBEDDINGOPS_TD
