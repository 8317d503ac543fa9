// SPDX-License-Identifier: Apache-2.0
// Family feature: the parts of each record.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSFEATUREOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSFEATUREOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysDenseOps.td"

def Recsys_ConcatFeaturesOp : Recsys_InferredOp<"concat_features", [Recsys_RowWiseInterface, Recsys_ViewInterface]> {
  let summary = "Records joined end to end";
  let description = [{
    (concat_features_c1) At least one operand. (concat_features_c2) One row space, each operand has one dimension.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @concat_features(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 4xf32>) {
      %0 = recsys.concat_features %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 12xf32>
      return
    }
    ```
  }];
  let arguments = (ins Variadic<Recsys_Floats>:$inputs);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Recsys_SliceFeaturesOp : Recsys_InferredOp<"slice_features", [Recsys_RowWiseInterface, Recsys_ViewInterface]> {
  let summary = "Part of each record";
  let description = [{
    Elements [offset, offset + size). (slice_features_c1) One dimension; the part lies inside it and is not empty.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @slice_features(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.slice_features %x offset 2 size 4 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, I64Attr:$offset, I64Attr:$size);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `offset` $offset `size` $size attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Recsys_ReshapeFeaturesOp : Recsys_ValueOp<"reshape_features", [Recsys_RowWiseInterface, Recsys_ViewInterface]> {
  let summary = "The same record with other dimensions";
  let description = [{
    Row-major order is kept. (reshape_features_c1) Row space, kind of element and number of elements agree.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @reshape_features(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.reshape_features %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 2x4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Recsys_ScalePartsOp : Recsys_InferredOp<"scale_parts", [Recsys_RowWiseInterface]> {
  let summary = "Each part of a record times a number of its own";
  let description = [{
    A record of `input` is as many equal parts as a record of `factors` has numbers; part k times factor k. One number: the whole record.

    (scale_parts_c1) One row space. (scale_parts_c2) The numbers of a factors' record divide those of an input's.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @scale_parts(%x: !recsys.jagged<#s x 3x8xf32>, %f: !recsys.jagged<#s x 3xf32>) {
      %0 = recsys.scale_parts %x, %f : (!recsys.jagged<#s x 3x8xf32>, !recsys.jagged<#s x 3xf32>) -> !recsys.jagged<#s x 3x8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Recsys_Floats:$factors);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `,` $factors attr-dict `:` functional-type(operands, results)";
}

def Recsys_SoftmaxOp : Recsys_InferredOp<"softmax", [Recsys_RowWiseInterface]> {
  let summary = "Softmax over the last dimension of a record";
  let description = [{
    exp(x - max) / sum of exp(x - max). (softmax_c1) At least one dimension.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @softmax(%x: !recsys.jagged<#s x 2x4xf32>) {
      %0 = recsys.softmax %x : (!recsys.jagged<#s x 2x4xf32>) -> !recsys.jagged<#s x 2x4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_ReduceFeaturesOp : Recsys_InferredOp<"reduce_features", [Recsys_RowWiseInterface]> {
  let summary = "One dimension of a record summed up";
  let description = [{
    `sum`, `mean` or `max` over dimension `dim`, which the result does not have. A NaN among the numbers makes NaN.

    (reduce_features_c1) The kind is sum, mean or max. (reduce_features_c2) The operand has the dimension.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @reduce_features(%x: !recsys.jagged<#s x 3x8xf32>) {
      %0 = recsys.reduce_features sum %x dim 0 : (!recsys.jagged<#s x 3x8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Recsys_PoolKindAttr:$kind, I64Attr:$dim);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "custom<Keyword>($kind) $input `dim` $dim attr-dict `:` functional-type(operands, results)";
}

def Recsys_FeatureDotsOp : Recsys_InferredOp<"feature_dots", [Recsys_RowWiseInterface]> {
  let summary = "Dot products between the vectors of two records";
  let description = [{
    A record of `lhs` is F vectors, one of `rhs` G vectors of the same width.
    - `pairs` (required): `all`: F x G dot products, (i, j) of vector i of lhs and vector j of rhs. `lower`: those with j < i, row by row: (1,0), (2,0), (2,1), …;
      `lower_diagonal`: with j <= i; `upper`: with j > i: (0,1), (0,2), …; `upper_diagonal`: with j >= i.

    (feature_dots_c1) One row space, records of two dimensions, the last ones equal. (feature_dots_c2) A triangle needs F = G, without its diagonal at least 2.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @feature_dots(%x: !recsys.jagged<#s x 3x8xf32>) {
      %0 = recsys.feature_dots %x, %x pairs lower : (!recsys.jagged<#s x 3x8xf32>, !recsys.jagged<#s x 3x8xf32>) -> !recsys.jagged<#s x 3xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$lhs, Recsys_Floats:$rhs, Recsys_PairsAttr:$pairs);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$lhs `,` $rhs `pairs` custom<Keyword>($pairs) attr-dict `:` functional-type(operands, results)";
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSFEATUREOPS_TD
