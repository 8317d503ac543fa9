// RUN: reccc-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect
/// What only the generic form can say. test_abuse.py tries many more forms at random.

// expected-error@+1 {{op requires one region}}
"recsys.model"() <{sym_name = "m", function_type = () -> ()}> : () -> ()

// -----

// expected-error@+1 {{requires attribute 'function_type'}}
"recsys.model"() <{sym_name = "m"}> ({
  "recsys.output"() : () -> ()
}) : () -> ()

// -----

// expected-error@+1 {{requires attribute 'sym_name'}}
"recsys.model"() <{function_type = () -> ()}> ({
  "recsys.output"() : () -> ()
}) : () -> ()

// -----

// expected-error@+1 {{entry block must have 1 arguments to match function signature}}
"recsys.model"() <{sym_name = "m", function_type = (!recsys.jagged<#recsys.request x f32>) -> (), arg_attrs = [{recsys.name = "x"}]}> ({
  "recsys.output"() : () -> ()
}) : () -> ()

// -----

// expected-error@+1 {{expected recsys.output at the end}}
"recsys.model"() <{sym_name = "m", function_type = () -> ()}> ({
  "test.end"() : () -> ()
}) : () -> ()

// -----

// expected-error@+1 {{expected one block}}
"recsys.model"() <{sym_name = "m", function_type = () -> ()}> ({
  "recsys.output"() : () -> ()
^bb1:
  "recsys.output"() : () -> ()
}) : () -> ()

// -----

// expected-error@+1 {{expects parent op 'recsys.model'}}
"recsys.output"() : () -> ()

// -----

// expected-error@+1 {{expected 2 or more operands, but found 0}}
%0 = "recsys.linear"() : () -> !recsys.jagged<#recsys.request x 4xf32>

// -----

%x = "test.make"() : () -> f32
// expected-error@+1 {{operand #0 must be jagged value of floats, but got 'f32'}}
%0 = "recsys.linear"(%x, %x) : (f32, f32) -> !recsys.jagged<#recsys.request x 4xf32>

// -----

%x = "test.make"() : () -> !recsys.jagged<#recsys.request x 2x4xf32>
// expected-error@+1 {{expected at least one key and a value for each, got 0 keys and 0 values}}
%0 = "recsys.attention"(%x) <{masks = [], score = #recsys<score_kind silu>, scale = 1.0 : f64, operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> : (!recsys.jagged<#recsys.request x 2x4xf32>) -> !recsys.jagged<#recsys.request x 2x4xf32>

// -----

%x = "test.make"() : () -> !recsys.jagged<#recsys.request x 2x4xf32>
// expected-error@+1 {{expected at least one key and a value for each, got 0 keys and 1 values}}
%0 = "recsys.attention"(%x, %x) <{masks = [], score = #recsys<score_kind silu>, scale = 1.0 : f64, operandSegmentSizes = array<i32: 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0>}> : (!recsys.jagged<#recsys.request x 2x4xf32>, !recsys.jagged<#recsys.request x 2x4xf32>) -> !recsys.jagged<#recsys.request x 2x4xf32>

// -----

%x = "test.make"() : () -> !recsys.jagged<#recsys.request x 4xf32>
// expected-error@+2 {{expected dimensions of at least 1 and fewer than 2^31 elements in a row}}
// expected-error@+1 {{failed to infer returned types}}
%0:2 = "recsys.top_k"(%x) <{k = 9223372036854775807 : i64, first_id = 0 : i64}> : (!recsys.jagged<#recsys.request x 4xf32>) -> (!recsys.jagged<#recsys.request x 4xi64>, !recsys.jagged<#recsys.request x 4xf32>)

// -----

%x = "test.make"() : () -> !recsys.jagged<#recsys.request x 4xf32>
// expected-error@+1 {{expected records of [heads, width]}}
%0 = "recsys.attention"(%x, %x, %x) <{masks = [[#recsys.full]], score = #recsys<score_kind silu>, scale = 1.0 : f64, divisor = 1.0 : f64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0>}> : (!recsys.jagged<#recsys.request x 4xf32>, !recsys.jagged<#recsys.request x 4xf32>, !recsys.jagged<#recsys.request x 4xf32>) -> !recsys.jagged<#recsys.request x 4xf32>
