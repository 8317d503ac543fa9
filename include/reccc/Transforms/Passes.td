// SPDX-License-Identifier: Apache-2.0
// Passes on models. Flags `recsys-…`; the pipelines of lib/Pipelines say when they run.
#ifndef RECCC_TRANSFORMS_PASSES_TD
#define RECCC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def AmortizeNestsPass : Pass<"recsys-amortize-nests", "::mlir::recsys::ModelOp"> {
  let summary = "Compute once for the request what every row of a frame would compute alike";
  let description = [{
    A ranker may be written naively: a sequence for each candidate, over nest<candidates, concat<history, request>>. This pass finds, for each value and each segment of
    its row space, whether it differs from candidate to candidate, and computes the segments that do not over the request's rows. Where the history never reads the
    candidate that gives candidate-appended attention: n + m rows instead of m (n + 1). A segment that reads the candidate stays a nest from there on; what came before
    it stays shared, and the rows it reads of the history are not repeated. The same for values that are broadcast from the request. Every row is computed from the same
    numbers in the same order as before.

    Remarks name what is shared and, for what is not, the first operand that differs.

    Needs: attention sources of one segment for full effect. Guarantees: no op over a nest whose operands are all the same for each row of the frame. Idempotent: yes.
    (* example: test/Transforms/amortize-nests-example.mlir *)
  }];
  let statistics = [Statistic<"numShared", "ops-shared", "Number of linears, attentions and look-ups, per segment, that moved to the request">,
                    Statistic<"numRefused", "segments-refused", "Number of times that an operand kept a segment from being shared">];
}

def AssignPrecisionPass : Pass<"recsys-assign-precision", "::mlir::ModuleOp"> {
  let summary = "Give floats the type they are stored in";
  let description = [{
    Arithmetic is fp32 in every kernel; what is stored between kernels need not be. Under `bf16` every float value and parameter becomes bf16, but for values
    that are an input or an output, seen through views: those keep the f32 of the signature, which their first reader or last writer converts
    on the way. Scores of top-k and what it returns stay f32 too, because the runtime compares them. Only types change.

    Needs: the form of stage `optimized`. Guarantees: the form of stage `quantized`. Idempotent: yes.
    (* example: test/Transforms/assign-precision-example.mlir *)
  }];
  let options = [Option<"precision", "precision", "::reccc::Precision", "::reccc::Precision::fp32", "Type that floats are stored in", [{::llvm::cl::values(
    clEnumValN(::reccc::Precision::fp32, "fp32", "32-bit IEEE floats"),
    clEnumValN(::reccc::Precision::bf16, "bf16", "The upper half of 32-bit floats"))}]>];
  let statistics = [Statistic<"numValues", "values-narrowed", "Number of values stored in bf16">,
                    Statistic<"numKept", "values-kept", "Number of float values kept in f32 under bf16">];
}

def DeriveEntryPointsPass : Pass<"recsys-derive-entry-points", "::mlir::ModuleOp"> {
  let summary = "Make entry points that compute the user once and score candidates against it";
  let description = [{
    A model with the attribute `recsys.entry_points = {candidates = "c"}` is cloned twice. What does not vary with the rows "c" and is read by what does is the *state*
    of a user: `@prefill` returns it, `@score` takes it in place of the user's inputs. Where rows of the user see candidates there is no such state, and the pass says which op lets them.
    With `append = "h"` inputs over `request` come with each scoring, but for those in `user_inputs = […]`, and `@append` gives the state's rows for new rows of "h" that follow
    those of the state; the pass refuses when an old row of the state would change, and names the op.

    Needs: the form of stage `optimized`. Guarantees: no such attribute is left; the new models are narrowed to the rows that they read. Idempotent: yes.
    (* example: test/Transforms/derive-entry-points-example.mlir *)
  }];
  let statistics = [Statistic<"numStates", "state-values", "Number of values that states hold">];
}

def FoldLinearAffinePass : Pass<"recsys-fold-linear-affine", "::mlir::recsys::ModelOp"> {
  let summary = "Move parameters that multiply or follow a linear's result into the linear";
  let description = [{
    A batch norm that serves multiplies and adds parameters. Behind a linear that nobody else reads these are part of the linear: `mul` by a `splat_rows` scales
    the columns of its weight and its bias, `add` of one joins its bias. Weights stay expressions over parameters, evaluated at compile time in double.

    Needs: the form of stage `model`. Guarantees: no linear is read by such an op alone. Idempotent: yes.
    (* example: test/Transforms/fold-linear-affine-example.mlir *)
  }];
  let statistics = [Statistic<"numFolded", "ops-folded", "Number of products and sums that went into a linear">];
}

def FoldLinearsPass : Pass<"recsys-fold-linears", "::mlir::recsys::ModelOp"> {
  let summary = "Move a linear into the linear, or the rows of the table, that it reads";
  let description = [{
    Nothing stands between the two, so their weights are one matrix: a projection behind a projection, a matrix that stabilizes embeddings behind the last layer. Where
    every reader of a `linear` is a `linear`, the readers take its input if that is less work than before (through few features it is not). Where every reader of an
    `embedding` is a `linear` and the table has no more rows than a request may look up, the table is multiplied once and for all; its bias is added to the rows.
    Weights stay expressions over parameters, evaluated at compile time in double.

    Needs: the form of stage `model`. Guarantees: no linear, and no such table, is left that all its readers could take. Idempotent: yes.
    (* example: test/Transforms/fold-linears-example.mlir *)
  }];
  let statistics = [Statistic<"numLinears", "linears-folded", "Number of linears that went into those that read them">,
                    Statistic<"numTables", "tables-folded", "Number of linears that went into the table that they read">];
}

def FoldNormAffinePass : Pass<"recsys-fold-norm-affine", "::mlir::recsys::ModelOp"> {
  let summary = "Move the gain and bias of a norm into the linears that read it";
  let description = [{
    A norm without gain and bias is two passes over a row instead of three, and its linear costs the same with other weights. When every use of a
    one-group `layer_norm` is the input of a `linear`, the linear's weight takes the gain row by row, its bias takes the norm's bias times the
    weight, and the norm loses both. Weights stay expressions over parameters, evaluated at compile time in double.

    Needs: the form of stage `model`. Guarantees: no such norm is left. Idempotent: yes.
    (* example: test/Transforms/fold-norm-affine-example.mlir *)
  }];
  let statistics = [Statistic<"numNorms", "norms-folded", "Number of norms that lost their gain and bias">,
                    Statistic<"numLinears", "linears-changed", "Number of linears that took them">];
}

def RemoveDeadRowsPass : Pass<"recsys-remove-dead-rows", "::mlir::recsys::ModelOp"> {
  let summary = "Compute only the rows that are read";
  let description = [{
    A ranker reads the candidates of its last layer, a sequence model the last row: the other rows of that layer need keys and values only. For each value
    this pass finds the rows that its uses read (per segment of its row space: none, all, the first or last k, one phase of an interleave) and
    gives the op that makes it those rows as its row space. Attention keeps its sources; its masks are rewritten for the rows that are left of the query.
    Where the rows left could not be said by the op (a bias between equal spaces, a `row_index` of rows that do not follow one
    another), all rows stay and the selection follows behind.

    Needs: attention sources of one segment for full effect. Guarantees: row-wise ops and attention queries hold the rows that are read, as far as the algebra
    of row spaces can say them. Idempotent: yes.
    (* example: test/Transforms/remove-dead-rows-example.mlir *)
  }];
  let statistics = [Statistic<"numNarrowed", "values-narrowed", "Number of values that lost rows">,
                    Statistic<"numKept", "values-kept", "Number of values with unread rows that their op cannot leave out">];
}

def SplitAttentionSourcesPass : Pass<"recsys-split-attention-sources", "::mlir::recsys::ModelOp"> {
  let summary = "One attention source for each segment";
  let description = [{
    A source over a concat mixes rows that different queries see differently. Each segment of it becomes a source of its own (views of the key and the value), so that a
    kernel walks one range of rows with one mask at a time and dependence can be read off the op. Sources that no query segment sees are dropped.

    Needs: the form of stage `model`. Guarantees: every source has one segment, and a mask other than `none` unless all have `none`. Idempotent: yes.
    (* example: test/Transforms/split-attention-sources-example.mlir *)
  }];
  let statistics = [Statistic<"numSplit", "sources-split", "Number of sources over a concat">,
                    Statistic<"numDropped", "sources-dropped", "Number of sources that no row sees">];
}

def ShareAttentionSumsPass : Pass<"recsys-share-attention-sums", "::mlir::recsys::ModelOp"> {
  let summary = "Sum once over keys that queries of every row of a frame share";
  let description = [{
    Where an attention's queries repeat rows of the request and some of its sources are rows of the request too, the sum over these is the same for every row of the
    frame. An attention of the request makes it once; the one in the frame goes on from it over the sources that the frame has. Sums over sources change their order and
    are kept as f32 between: not under strict floating point.

    Needs: repeated rows in sight, as recsys-amortize-nests leaves them. Guarantees: no attention whose query is a repetition sees a source of the request, but with a
    bias, in a mask that counts opaque rows, or with an initial result. Idempotent: yes.
    (* example: test/Transforms/share-attention-sums-example.mlir *)
  }];
  let statistics = [Statistic<"numShared", "sums-shared", "Number of attentions that go on from a shared sum">];
}

def SplitConcatLinearPass : Pass<"recsys-split-concat-linear", "::mlir::recsys::ModelOp"> {
  let summary = "Multiply once what many rows of a linear's input share";
  let description = [{
    W [a; b] = Wa a + Wb b. Where features of a linear's input are broadcast or repeated rows, their product is made for the rows they come from and added to that of the
    other features. Sums and differences on the way are taken apart: of DIN's [q, k, q - k, q * k] only the product is left for every pair of a query and a key. Partial
    sums stay f32. The order of additions changes: not under strict floating point.

    Needs: repeated rows in sight, as recsys-amortize-nests leaves them. Guarantees: no linear multiplies eight or more features that a broadcast or a
    repetition makes. Idempotent: yes.
    (* example: test/Transforms/split-concat-linear-example.mlir *)
  }];
  let statistics = [Statistic<"numSplit", "linears-split", "Number of linears that were taken apart">];
}

def SplitLinearPass : Pass<"recsys-split-linear", "::mlir::recsys::ModelOp"> {
  let summary = "One linear for each range of columns that is used apart";
  let description = [{
    Checkpoints keep several projections in one matrix. When all uses of a `linear` are slices of its features, equal or disjoint, each slice becomes a
    linear with those columns of the weight, so that each result can be stored where and how its reader wants it; one kernel still computes them all. Slices move up through
    elementwise ops on the way.

    Needs: the form of stage `model`. Guarantees: no linear is used through disjoint slices alone. Idempotent: yes.
    (* example: test/Transforms/split-linear-example.mlir *)
  }];
  let statistics = [Statistic<"numSlices", "linears-made", "Number of linears made from slices">];
}

#endif // RECCC_TRANSFORMS_PASSES_TD
