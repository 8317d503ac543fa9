// SPDX-License-Identifier: Apache-2.0
// Family parameter: expressions over weights. Evaluated at compile time, in double, rounded once to the storage type.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSPARAMETEROPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSPARAMETEROPS_TD

include "reccc/Dialect/Recsys/IR/RecsysEntryOps.td"

class Recsys_ParameterOpBase<string mnemonic, list<Trait> traits = []>
    : Recsys_Op<mnemonic, [Pure, DeclareOpInterfaceMethods<Recsys_ParameterExpressionInterface>] # traits>;

class Recsys_InferredParameterOp<string mnemonic, list<Trait> traits = []>
    : Recsys_ParameterOpBase<mnemonic, [InferTypeOpAdaptorWithIsCompatible] # traits> {
  let extraClassDefinition = [{
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual) {
      return ::mlir::recsys::equalUpToStorage(inferred, actual);
    }
  }];
}

def Recsys_GetParameterOp : Recsys_ParameterOpBase<"get_parameter", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The tensor of a parameter";
  let description = [{
    (get_parameter_c1) The symbol is a `recsys.parameter` of the result's type.

    ```mlir
    recsys.parameter private @w : tensor<64x32xf32> from "head.weight"
    recsys.model @rank(%x: !recsys.jagged<#recsys.request x 64xf32> {recsys.name = "x"})
        -> (!recsys.jagged<#recsys.request x 32xf32> {recsys.name = "y"}) {
      %w = recsys.get_parameter @w : tensor<64x32xf32>
      %y = recsys.linear %x, %w : (!recsys.jagged<#recsys.request x 64xf32>, tensor<64x32xf32>) -> !recsys.jagged<#recsys.request x 32xf32>
      recsys.output %y : !recsys.jagged<#recsys.request x 32xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
}

def Recsys_ParamSliceOp : Recsys_InferredParameterOp<"param_slice"> {
  let summary = "Part of a parameter along one dimension";
  let description = [{
    Elements [offset, offset + size) of dimension `dim`. (param_slice_c1) The part lies inside the operand and is not empty.

    ```mlir
    func.func private @param_slice(%w: tensor<4x6xf32>) {
      %0 = recsys.param_slice %w dim 1 offset 2 size 3 : (tensor<4x6xf32>) -> tensor<4x3xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$input, I64Attr:$dim, I64Attr:$offset, I64Attr:$size);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$input `dim` $dim `offset` $offset `size` $size attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamTransposeOp : Recsys_InferredParameterOp<"param_transpose"> {
  let summary = "A matrix with its dimensions exchanged";
  let description = [{
    (param_transpose_c1) The operand has rank 2.

    ```mlir
    func.func private @param_transpose(%w: tensor<4x6xf32>) {
      %0 = recsys.param_transpose %w : (tensor<4x6xf32>) -> tensor<6x4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$input);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Recsys_ParamReshapeOp : Recsys_ParameterOpBase<"param_reshape"> {
  let summary = "The same elements with other dimensions";
  let description = [{
    Row-major order is kept. (param_reshape_c1) The numbers of elements agree.

    ```mlir
    func.func private @param_reshape(%w: tensor<3x1x8xf32>) {
      %0 = recsys.param_reshape %w : (tensor<3x1x8xf32>) -> tensor<3x8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$input);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Recsys_ParamConcatOp : Recsys_InferredParameterOp<"param_concat"> {
  let summary = "Parameters joined along one dimension";
  let description = [{
    (param_concat_c1) At least one operand; ranks agree, and all dimensions but `dim`.

    ```mlir
    func.func private @param_concat(%a: tensor<4x6xf32>, %b: tensor<4x2xf32>) {
      %0 = recsys.param_concat %a, %b dim 1 : (tensor<4x6xf32>, tensor<4x2xf32>) -> tensor<4x8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Variadic<Recsys_Weight>:$inputs, I64Attr:$dim);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$inputs `dim` $dim attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamAddOp : Recsys_InferredParameterOp<"param_add", [Commutative]> {
  let summary = "The sum of two parameters";
  let description = [{
    (param_add_c1) Shapes agree.

    ```mlir
    func.func private @param_add(%a: tensor<4xf32>, %b: tensor<4xf32>) {
      %0 = recsys.param_add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$lhs, Recsys_Weight:$rhs);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamSubOp : Recsys_InferredParameterOp<"param_sub"> {
  let summary = "The difference of two parameters";
  let description = [{
    (param_sub_c1) Shapes agree.

    ```mlir
    func.func private @param_sub(%a: tensor<4xf32>, %b: tensor<4xf32>) {
      %0 = recsys.param_sub %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$lhs, Recsys_Weight:$rhs);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamMulOp : Recsys_InferredParameterOp<"param_mul", [Commutative]> {
  let summary = "The product of two parameters, element by element";
  let description = [{
    (param_mul_c1) Shapes agree.

    ```mlir
    func.func private @param_mul(%a: tensor<4xf32>, %b: tensor<4xf32>) {
      %0 = recsys.param_mul %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$lhs, Recsys_Weight:$rhs);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamRsqrtOp : Recsys_InferredParameterOp<"param_rsqrt"> {
  let summary = "One over the square root";
  let description = [{
    1 / sqrt(x + eps): a batch norm's variance as a factor. (param_rsqrt_c1) eps >= 0.

    ```mlir
    func.func private @param_rsqrt(%v: tensor<4xf32>) {
      %0 = recsys.param_rsqrt %v eps 1.0e-5 : (tensor<4xf32>) -> tensor<4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$input, F64Attr:$eps);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$input `eps` $eps attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamScaleRowsOp : Recsys_InferredParameterOp<"param_scale_rows"> {
  let summary = "Each row of a matrix times a factor";
  let description = [{
    Row i of `matrix` times `factors[i]`: how a norm's gain moves into the linear that follows. (param_scale_rows_c1) The matrix has rank 2
    and as many rows as there are factors.

    ```mlir
    func.func private @param_scale_rows(%w: tensor<4x6xf32>, %g: tensor<4xf32>) {
      %0 = recsys.param_scale_rows %w, %g : (tensor<4x6xf32>, tensor<4xf32>) -> tensor<4x6xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$matrix, Recsys_Weight:$factors);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$matrix `,` $factors attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamVecmatOp : Recsys_InferredParameterOp<"param_vecmat"> {
  let summary = "A vector times a matrix";
  let description = [{
    result[j] = sum over i of vector[i] * matrix[i, j]: how a norm's bias moves into the linear that follows. (param_vecmat_c1) Sizes agree.

    ```mlir
    func.func private @param_vecmat(%b: tensor<4xf32>, %w: tensor<4x6xf32>) {
      %0 = recsys.param_vecmat %b, %w : (tensor<4xf32>, tensor<4x6xf32>) -> tensor<6xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$vector, Recsys_Weight:$matrix);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$vector `,` $matrix attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamMatmulOp : Recsys_InferredParameterOp<"param_matmul"> {
  let summary = "A matrix times a matrix";
  let description = [{
    result[i, j] = sum over k of left[i, k] * right[k, j]: how one linear goes into the next, or into the table whose rows it reads. (param_matmul_c1) Ranks are 2
    and sizes agree.

    ```mlir
    func.func private @param_matmul(%t: tensor<5x4xf32>, %w: tensor<4x6xf32>) {
      %0 = recsys.param_matmul %t, %w : (tensor<5x4xf32>, tensor<4x6xf32>) -> tensor<5x6xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$left, Recsys_Weight:$right);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$left `,` $right attr-dict `:` functional-type(operands, results)";
}

def Recsys_ParamL2NormOp : Recsys_InferredParameterOp<"param_l2_norm"> {
  let summary = "Each row of a matrix divided by its length";
  let description = [{
    row / max(|row|, eps). (param_l2_norm_c1) Rank 2, eps > 0.

    ```mlir
    func.func private @param_l2_norm(%w: tensor<4x6xf32>) {
      %0 = recsys.param_l2_norm %w eps 1.0e-6 : (tensor<4x6xf32>) -> tensor<4x6xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Weight:$input, F64Attr:$eps);
  let results = (outs Recsys_Weight:$result);
  let assemblyFormat = "$input `eps` $eps attr-dict `:` functional-type(operands, results)";
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSPARAMETEROPS_TD
