// SPDX-License-Identifier: Apache-2.0
// Family dense: arithmetic on the records of each row.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSDENSEOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSDENSEOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysSequenceOps.td"

def Recsys_LinearOp : Recsys_InferredOp<"linear", [Recsys_RowWiseInterface]> {
  let summary = "Each row times a matrix";
  let description = [{
    result = input · weight (+ bias). fp32 accumulation.
    - `weight`: [in, out], or [out, in] with `transposed` (torch.nn.Linear). `bias` (optional): [out].

    (linear_c1) Input has one dimension, the weight's `in`. (linear_c2) Weight has rank 2. (linear_c3) Bias has rank 1 and size `out`.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @linear(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<16x8xf32>, %b: tensor<16xf32>) {
      %0 = recsys.linear %x, %w, %b transposed : (!recsys.jagged<#s x 8xf32>, tensor<16x8xf32>, tensor<16xf32>) -> !recsys.jagged<#s x 16xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Recsys_Weight:$weight, Optional<Recsys_Weight>:$bias, UnitAttr:$transposed);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `,` $weight (`,` $bias^)? (`transposed` $transposed^)? attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    int64_t getInFeatures() { return getWeight().getType().getDimSize(getTransposed() ? 1 : 0); }
    int64_t getOutFeatures() { return getWeight().getType().getDimSize(getTransposed() ? 0 : 1); }
  }];
}

def Recsys_RequestLinearOp : Recsys_InferredOp<"request_linear"> {
  let summary = "Each row times its request's matrix";
  let description = [{
    result[r] = input[r] · weight[request of r] (+ bias[request of r]): weights that are activations.

    (request_linear_c1) Weight is over `request` with dimensions [in, out]; bias over `request` with [out].

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @request_linear(%x: !recsys.jagged<#s x 8xf32>, %w: !recsys.jagged<#recsys.request x 8x4xf32>, %b: !recsys.jagged<#recsys.request x 4xf32>) {
      %0 = recsys.request_linear %x, %w, %b : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#recsys.request x 8x4xf32>, !recsys.jagged<#recsys.request x 4xf32>) -> !recsys.jagged<#s x 4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Recsys_Floats:$weight, Optional<Recsys_Floats>:$bias);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, results)";
}

def Recsys_LayerNormOp : Recsys_InferredOp<"layer_norm", [Recsys_RowWiseInterface, AttrSizedOperandSegments]> {
  let summary = "Subtract the mean, divide by the deviation";
  let description = [{
    (x - mean) / sqrt(var + eps) over all elements of a row, or over each of `groups` equal parts of it; biased variance.
    - `weight`, `bias` (both or neither): one value for each element, or one for each group.

    (layer_norm_c1) eps >= 0. (layer_norm_c2) groups >= 1 divides the row. (layer_norm_c3) Weight and bias come together, with as many elements
    as the row, or as there are groups when groups > 1.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @layer_norm(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<8xf32>, %b: tensor<8xf32>) {
      %0 = recsys.layer_norm %x affine %w, %b eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Optional<Recsys_Weight>:$weight, Optional<Recsys_Weight>:$bias, F64Attr:$eps, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input (`affine` $weight^ `,` $bias)? `eps` $eps (`groups` $groups^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_L2NormOp : Recsys_InferredOp<"l2_norm", [Recsys_RowWiseInterface]> {
  let summary = "Divide a row by its length";
  let description = [{
    x / max(|x|, eps) over all elements of a row, or over each of `groups` equal parts of it.

    (l2_norm_c1) eps > 0. (l2_norm_c2) groups >= 1 divides the row.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @l2_norm(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.l2_norm %x eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, F64Attr:$eps, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `eps` $eps (`groups` $groups^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_RmsNormOp : Recsys_InferredOp<"rms_norm", [Recsys_RowWiseInterface]> {
  let summary = "Divide a row by its root mean square";
  let description = [{
    x / sqrt(mean of x^2 + eps) over all elements of a row, times `weight` (optional, one value for each element).

    (rms_norm_c1) eps >= 0. (rms_norm_c2) The weight has as many elements as the row.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @rms_norm(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<8xf32>) {
      %0 = recsys.rms_norm %x, %w eps 1.0e-6 : (!recsys.jagged<#s x 8xf32>, tensor<8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, Optional<Recsys_Weight>:$weight, F64Attr:$eps);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input (`,` $weight^)? `eps` $eps attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_AddOp : Recsys_InferredOp<"add", [Recsys_ElementwiseInterface, Commutative]> {
  let summary = "The sum";
  let description = [{
    (add_c1) Types agree up to the storage type.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @add(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.add %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$lhs, AnyType:$rhs);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Recsys_SubOp : Recsys_InferredOp<"sub", [Recsys_ElementwiseInterface]> {
  let summary = "The difference";
  let description = [{
    (sub_c1) Types agree up to the storage type. Integers wrap.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @sub(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.sub %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins AnyType:$lhs, AnyType:$rhs);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Recsys_MulOp : Recsys_InferredOp<"mul", [Recsys_ElementwiseInterface, Commutative]> {
  let summary = "The product, element by element";
  let description = [{
    (mul_c1) Types agree up to the storage type.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @mul(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.mul %x, %y : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$lhs, Recsys_Floats:$rhs);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Recsys_DivOp : Recsys_InferredOp<"div", [Recsys_ElementwiseInterface]> {
  let summary = "The quotient, element by element";
  let description = [{
    - `by_zero` (required): what a divisor of 0 gives: `ieee`: infinity or NaN; `zero`: 0, whatever the dividend.

    (div_c1) Types agree up to the storage type.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @div(%x: !recsys.jagged<#s x 8xf32>, %y: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.div %x, %y by_zero zero : (!recsys.jagged<#s x 8xf32>, !recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$lhs, Recsys_Floats:$rhs, Recsys_ByZeroAttr:$by_zero);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$lhs `,` $rhs `by_zero` custom<Keyword>($by_zero) attr-dict `:` functional-type(operands, results)";
}

def Recsys_ScaleOp : Recsys_InferredOp<"scale", [Recsys_ElementwiseInterface]> {
  let summary = "Plus a constant, times a constant";
  let description = [{
    (input + plus) * factor. `plus` is 0 when it is not there.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @scale(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.scale %x by 8.0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, F64Attr:$factor, DefaultValuedAttr<F64Attr, "0.0">:$plus);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input (`plus` $plus^)? `by` $factor attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Recsys_SiluOp : Recsys_InferredOp<"silu", [Recsys_ElementwiseInterface]> {
  let summary = "x times the sigmoid of x";
  let description = [{
    x / (1 + exp(-x)).

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @silu(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.silu %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_SigmoidOp : Recsys_InferredOp<"sigmoid", [Recsys_ElementwiseInterface]> {
  let summary = "The logistic function";
  let description = [{
    1 / (1 + exp(-x)).

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @sigmoid(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.sigmoid %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_GeluOp : Recsys_InferredOp<"gelu", [Recsys_ElementwiseInterface]> {
  let summary = "Gaussian error linear unit";
  let description = [{
    x/2 (1 + erf(x / sqrt 2)); with `tanh` the approximation x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) of GPT-2.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @gelu(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.gelu %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, UnitAttr:$tanh);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input (`tanh` $tanh^)? attr-dict `:` functional-type(operands, results)";
}

def Recsys_ReluOp : Recsys_InferredOp<"relu", [Recsys_ElementwiseInterface]> {
  let summary = "The positive part";
  let description = [{
    max(x, 0); NaN stays NaN.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @relu(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.relu %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_TanhOp : Recsys_InferredOp<"tanh", [Recsys_ElementwiseInterface]> {
  let summary = "Hyperbolic tangent";
  let description = [{
    tanh(x).

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @tanh(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.tanh %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_LeakyReluOp : Recsys_InferredOp<"leaky_relu", [Recsys_ElementwiseInterface]> {
  let summary = "The positive part, and a slope on the other side";
  let description = [{
    x where x > 0, slope * x elsewhere.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @leaky_relu(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.leaky_relu %x slope 0.2 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, F64Attr:$slope);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `slope` $slope attr-dict `:` functional-type(operands, results)";
}

def Recsys_ClampOp : Recsys_InferredOp<"clamp", [Recsys_ElementwiseInterface]> {
  let summary = "The nearest number of an interval";
  let description = [{
    min(max(x, low), high); NaN stays NaN. (clamp_c1) low <= high.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @clamp(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.clamp %x low 0.0 high 50.0 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input, F64Attr:$low, F64Attr:$high);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input `low` $low `high` $high attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Recsys_LogOp : Recsys_InferredOp<"log", [Recsys_ElementwiseInterface]> {
  let summary = "Natural logarithm";
  let description = [{
    -infinity at 0, NaN below.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @log(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.log %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Recsys_ExpOp : Recsys_InferredOp<"exp", [Recsys_ElementwiseInterface]> {
  let summary = "Exponential";
  let description = [{
    e^x: infinity where it is above the greatest float.

    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @exp(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = recsys.exp %x : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Recsys_Floats:$input);
  let results = (outs Recsys_Floats:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSDENSEOPS_TD
