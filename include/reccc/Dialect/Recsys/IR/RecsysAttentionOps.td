// SPDX-License-Identifier: Apache-2.0
// Family attention.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSATTENTIONOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSATTENTIONOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysFeatureOps.td"

def Recsys_AttentionOp : Recsys_InferredOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "Rows read from rows of the same request";
  let description = [{
    For each row i of `query` and head h: sum over the visible columns j of all sources of P(i, j) value[j, h'], with h' = h / (heads / source heads).
    A *segment* of a row space is a part of its concat, or the space itself. `masks[a][b]` says which columns of source segment b (counted over all
    sources in order) the rows of query segment a see. Row and column numbers begin at each segment.
    - Values over nests are read within each row of the deepest frame of the query and the sources: a query row sees sources over that frame, or grouped by it, in its
      own row of the frame alone, and sources of the request all the same.
    - `valid %m`: columns whose number in `key_masks` is 0 are seen by nobody.
    - `score` (required): `silu`: P = silu(s) / divisor. `softmax`: P = exp(s) / sum of exp(s) over the visible columns.
      s = scale * q·k + bias, or scale * (q·k + bias) with `order = add_then_scale`.
    - `divisor` (silu): a constant, or with `divisor_rows` the number of rows that the request has of that space.
    - `toeplitz(w, center)`: adds w[center + j - i], i and j counted through all segments. With `last_at_one_place` all rows of the last segment count as its first:
      candidates stand behind the history. Row d0 of a query that has but some rows of the source's is row `places` of those, s_k = number of rows of `place_lengths[k]`.
      `time_buckets(w, tq, tk, rule)`: adds w[bucket(|tq[i] - tk[j]|)], the bucket clamped to the table.
    - `bounds(…)`: what masks that are tables read, for each row of the query.
    A row that sees no column is 0. Scores, P and the sum are fp32.
    - `with_state` (softmax): `state` is, for each head, the greatest score of the row and the sum of exp(s - greatest): -inf and 0 where it sees no column.
    - `initial(a)`: the row goes on from another attention's result over other columns, as if it saw those too. With softmax `initial_state(t)` is that one's state; with
      silu both have the same divisor.

    (attention_c1) query is [heads, a], keys [source heads, a], values [source heads, v]; source heads divide heads; a key and its value share a space.
    (attention_c2) One list of masks for each query segment, one mask for each source segment. (attention_c3) Lengths that masks name follow
    from the request; those of opaque spaces are parts of the spaces at hand. (attention_c4) `silu` has one divisor, a number > 0 or the rows of a space that is no nest; softmax none. (attention_c5) A bias needs one source, and
    a toeplitz one `places` or a query over the source's space; its parameter has rank 1 and 0 <= center; `last_at_one_place` and `places`, d0 + a, stand with it; times are scalars over
    the query's and the source's space. (attention_c6) `self` needs equal segments.
    (attention_c7) The query is over the deepest frame or grouped by it, each source too or not grouped at all. (attention_c8) A key mask is a scalar over its source's space,
    and masked sources are listed in order. (attention_c9) An initial result has the rows and records of the result; `initial_state`, [heads, 2] over the same rows, stands beside
    it with softmax and never with silu; `with_state` needs softmax; a state is f32. (attention_c10) Bounds are scalars over the query's space, and tables name some of them.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @attention(%q: !recsys.jagged<#s x 2x16xf32>, %v: !recsys.jagged<#s x 2x8xf32>) {
      %0 = recsys.attention %q sources [%q, %v] masks [[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]] score silu scale 2.5e-1 divisor 2.0e+02
        : (!recsys.jagged<#s x 2x16xf32>, !recsys.jagged<#s x 2x16xf32>, !recsys.jagged<#s x 2x8xf32>) -> !recsys.jagged<#s x 2x8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$query, Variadic<Recsys_Floats>:$keys, Variadic<Recsys_Floats>:$values, Variadic<Recsys_Ids>:$key_masks,
                   Optional<Recsys_Weight>:$toeplitz, Optional<Recsys_Weight>:$bucket_weights,
                   Optional<Recsys_Ids>:$query_times, Optional<Recsys_Ids>:$key_times,
                   Optional<Recsys_Floats>:$initial, Optional<Recsys_Floats>:$initial_state, Variadic<Recsys_Ids>:$bounds,
                   DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$masked_sources, ArrayAttr:$masks, Recsys_ScoreKindAttr:$score, F64Attr:$scale, OptionalAttr<F64Attr>:$divisor, OptionalAttr<AnyAttr>:$divisor_rows,
                   OptionalAttr<I64Attr>:$toeplitz_center, UnitAttr:$last_at_one_place, OptionalAttr<AffineMapAttr>:$places,
                   OptionalAttr<ArrayAttr>:$place_lengths, OptionalAttr<AnyAttr>:$bucket_rule,
                   DefaultValuedAttr<Recsys_ScoreOrderAttr, "ScoreOrder::scale_then_add">:$order, UnitAttr:$with_state);
  let results = (outs Recsys_Floats:$result, Optional<Recsys_Floats>:$state);
  let assemblyFormat = [{
    $query `sources` `[` custom<Sources>($keys, $values, $key_masks, $masked_sources) `]` `masks` $masks `score` custom<Keyword>($score) `scale` $scale (`divisor` $divisor^)?
    (`divisor_rows` `(` $divisor_rows^ `)`)? (`toeplitz` `(` $toeplitz^ `,` $toeplitz_center `)`)? (`last_at_one_place` $last_at_one_place^)?
    (`places` $places^)? (`place_lengths` $place_lengths^)?
    (`time_buckets` `(` $bucket_weights^ `,` $query_times `,` $key_times `,` $bucket_rule `)`)? (`order` custom<Keyword>($order)^)?
    (`bounds` `(` $bounds^ `)`)? (`initial` `(` $initial^ `)`)? (`initial_state` `(` $initial_state^ `)`)? (`with_state` $with_state^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getHeads() { return getQuery().getType().getDims()[0]; }
    /// Segments of the query's space, and of all sources in order.
    ::llvm::SmallVector<::mlir::Attribute> getQuerySegments();
    ::llvm::SmallVector<::mlir::Attribute> getSourceSegments();
    /// What the op works within: the deepest frame of the query and the sources.
    ::mlir::Attribute getFrame();
    /// The first source that is grouped by the frame: there is one when the query is over the frame itself, and not over `request`.
    unsigned findGroupedSource();
    /// The operands that are read at the query's own row: it, its times and bounds, and what it goes on from.
    ::llvm::SmallVector<::mlir::OpOperand *> getQueryRowOperands();
    /// The key mask of a source; null when it has none.
    ::mlir::Value getKeyMask(unsigned source);
    /// The lengths that `places` names.
    ::llvm::ArrayRef<::mlir::Attribute> getPlaceSpaces();
    ::mlir::recsys::Mask getMask(unsigned querySegment, unsigned sourceSegment);
  }];
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSATTENTIONOPS_TD
