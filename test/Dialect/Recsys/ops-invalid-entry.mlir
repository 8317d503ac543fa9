// RUN: reccc-opt %s --split-input-file --verify-diagnostics
/// Families entry and parameter: one case for each constraint, called as its label.

// -----

// expected-error@+1 {{expected a static tensor of f32, bf16 or i64 with dimensions of at least 1, got 'tensor<?x4xf32>'}}
recsys.parameter @parameter_c1 : tensor<?x4xf32> from "w"

// -----

// expected-error@+1 {{'recsys.model' op expected one block}}
"recsys.model"() <{sym_name = "model_c1", function_type = () -> ()}> ({
}) : () -> ()

// -----

// expected-error@+1 {{'recsys.model' op expected a name (recsys.name) for argument 0}}
recsys.model @model_c2(%x: !recsys.jagged<#recsys.request x 8xf32>) {
  recsys.output
}

// -----

// expected-error@+1 {{'recsys.model' op expected different names, got two arguments 'x'}}
recsys.model @model_c2_twice(%x: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"}, %y: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"}) {
  recsys.output
}

// -----

// expected-error@+1 {{'recsys.model' op expected one row space 'a', got #recsys.space<"a", max = 4> and #recsys.space<"a", max = 5>}}
recsys.model @model_c3(%x: !recsys.jagged<#recsys.space<"a", max = 4> x i64> {recsys.name = "x"}, %y: !recsys.jagged<#recsys.space<"a", max = 5> x i64> {recsys.name = "y"}) {
  recsys.output
}

// -----

// expected-error@+1 {{'recsys.model' op expected one row space 'a', got #recsys.space<"a", max = 4> and #recsys.space<"a", max = 5>}}
recsys.model @model_c3_inside(%x: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"}) {
  %0 = recsys.broadcast_rows %x : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.space<"a", max = 4> x 8xf32>
  %1 = recsys.broadcast_rows %x : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.space<"a", max = 5> x 8xf32>
  recsys.output
}

// -----

#s = #recsys.space<"history", max = 50>
recsys.model @output_c1(%x: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 8xf32> {recsys.name = "y"}) {
  // expected-error@+1 {{expected the result types of the model ('!recsys.jagged<#recsys.space<"history", max = 50> x 8xf32>'), got ('!recsys.jagged<#recsys.request x 8xf32>')}}
  recsys.output %x : !recsys.jagged<#recsys.request x 8xf32>
}

// -----

func.func private @get_parameter_c1() {
  // expected-error@+1 {{'recsys.get_parameter' op expected a recsys.parameter named 'nobody'}}
  %0 = recsys.get_parameter @nobody : tensor<4xf32>
  return
}

// -----

func.func private @param_slice_c1(%w: tensor<4x6xf32>) {
  // expected-error@+2 {{expected a part inside 'tensor<4x6xf32>', got [4, 4 + 3) of dimension 1}}
  // expected-error@+1 {{'recsys.param_slice' op failed to infer returned types}}
  %0 = recsys.param_slice %w dim 1 offset 4 size 3 : (tensor<4x6xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func private @param_transpose_c1(%w: tensor<4xf32>) {
  // expected-error@+2 {{expected a parameter of rank 2, got 'tensor<4xf32>'}}
  // expected-error@+1 {{'recsys.param_transpose' op failed to infer returned types}}
  %0 = recsys.param_transpose %w : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @param_reshape_c1(%w: tensor<4x6xf32>) {
  // expected-error@+1 {{'recsys.param_reshape' op expected 24 elements, got 'tensor<5x5xf32>'}}
  %0 = recsys.param_reshape %w : (tensor<4x6xf32>) -> tensor<5x5xf32>
  return
}

// -----

func.func private @param_concat_c1(%a: tensor<4x6xf32>, %b: tensor<3x6xf32>) {
  // expected-error@+2 {{expected shapes equal to 'tensor<4x6xf32>' but for dimension 1, got 'tensor<3x6xf32>'}}
  // expected-error@+1 {{'recsys.param_concat' op failed to infer returned types}}
  %0 = recsys.param_concat %a, %b dim 1 : (tensor<4x6xf32>, tensor<3x6xf32>) -> tensor<4x12xf32>
  return
}

// -----

func.func private @param_add_c1(%a: tensor<4x6xf32>, %b: tensor<3x6xf32>) {
  // expected-error@+2 {{expected equal shapes, got 'tensor<4x6xf32>' and 'tensor<3x6xf32>'}}
  // expected-error@+1 {{'recsys.param_add' op failed to infer returned types}}
  %0 = recsys.param_add %a, %b : (tensor<4x6xf32>, tensor<3x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func private @param_scale_rows_c1(%a: tensor<4x6xf32>, %b: tensor<6xf32>) {
  // expected-error@+2 {{expected a matrix and a factor for each of its rows, got 'tensor<4x6xf32>' and 'tensor<6xf32>'}}
  // expected-error@+1 {{'recsys.param_scale_rows' op failed to infer returned types}}
  %0 = recsys.param_scale_rows %a, %b : (tensor<4x6xf32>, tensor<6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func private @param_vecmat_c1(%a: tensor<6xf32>, %b: tensor<4x6xf32>) {
  // expected-error@+2 {{expected a vector as long as the matrix has rows, got 'tensor<6xf32>' and 'tensor<4x6xf32>'}}
  // expected-error@+1 {{'recsys.param_vecmat' op failed to infer returned types}}
  %0 = recsys.param_vecmat %a, %b : (tensor<6xf32>, tensor<4x6xf32>) -> tensor<6xf32>
  return
}

// -----

func.func private @param_matmul_c1(%a: tensor<4x6xf32>, %b: tensor<4x6xf32>) {
  // expected-error@+2 {{expected a matrix with as many columns as the other has rows, got 'tensor<4x6xf32>' and 'tensor<4x6xf32>'}}
  // expected-error@+1 {{'recsys.param_matmul' op failed to infer returned types}}
  %0 = recsys.param_matmul %a, %b : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func private @param_l2_norm_c1(%a: tensor<4x6xf32>) {
  // expected-error@+2 {{expected eps > 0, got 0.000000e+00}}
  // expected-error@+1 {{'recsys.param_l2_norm' op failed to infer returned types}}
  %0 = recsys.param_l2_norm %a eps 0.0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func private @param_sub_c1(%a: tensor<4xf32>, %b: tensor<5xf32>) {
  // expected-error@+2 {{expected equal shapes, got 'tensor<4xf32>' and 'tensor<5xf32>'}}
  // expected-error@+1 {{'recsys.param_sub' op failed to infer returned types}}
  %0 = recsys.param_sub %a, %b : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @param_mul_c1(%a: tensor<4xf32>, %b: tensor<5xf32>) {
  // expected-error@+2 {{expected equal shapes, got 'tensor<4xf32>' and 'tensor<5xf32>'}}
  // expected-error@+1 {{'recsys.param_mul' op failed to infer returned types}}
  %0 = recsys.param_mul %a, %b : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @param_rsqrt_c1(%a: tensor<4xf32>) {
  // expected-error@+2 {{expected eps >= 0, got -1.000000e+00}}
  // expected-error@+1 {{'recsys.param_rsqrt' op failed to infer returned types}}
  %0 = recsys.param_rsqrt %a eps -1.0 : (tensor<4xf32>) -> tensor<4xf32>
  return
}
