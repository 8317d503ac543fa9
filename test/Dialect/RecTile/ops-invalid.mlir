// RUN: reccc-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{a fragment has rows and columns, as in <12x32>; got 1 dimensions}}
func.func private @fragment_rank(!rectile.fragment<12>)

// -----

// expected-error @below {{stride must not be negative, got -1}}
func.func private @layout_c1_stride() attributes {a = #rectile.layout<stride = -1>}

// -----

// expected-error @below {{only a mapped value has a step, got step 2}}
func.func private @layout_c1_step() attributes {a = #rectile.layout<stride = 8, step = 2>}

// -----

func.func @load_stride(%a: !llvm.ptr) {
  // expected-error @below {{expects a stride of at least 32}}
  %0 = rectile.load %a stride 16 : !rectile.fragment<12x32>
  return
}

// -----

func.func @dot_type(%a: !llvm.ptr, %k: i64) {
  %0 = rectile.zero : !rectile.fragment<12x32>
  // expected-error @below {{expects operands stored as f32 or bf16, got 'i64'}}
  %1 = rectile.dot %0, %a[512, 1] i64, %a[32] f32, %k : !rectile.fragment<12x32>
  return
}

// -----

func.func @dot_columns(%a: !llvm.ptr, %k: i64) {
  %0 = rectile.zero : !rectile.fragment<12x32>
  // expected-error @below {{expects 1 to 32 columns of b, got 40}}
  %1 = rectile.dot %0, %a[512, 1] f32, %a[32] f32 columns 40, %k : !rectile.fragment<12x32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func @kernel_c1(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error @below {{expects block arguments of the operands' types}}
  %0 = "rectile.kernel"(%x) <{kind = #rectile<kind rows>}> ({
  ^bb0(%a: !recsys.jagged<#s x 9xf32>):
    "rectile.yield"(%a) : (!recsys.jagged<#s x 9xf32>) -> ()
  }) : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 9xf32>
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func @kernel_c2(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error @below {{expects to yield the result types}}
  %0 = rectile.kernel rows (%a = %x : !recsys.jagged<#s x 8xf32>) -> (!recsys.jagged<#s x 9xf32>) {
    rectile.yield %a : !recsys.jagged<#s x 8xf32>
  }
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func @kernel_c3(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error @below {{expects a #rectile.layout for an operand of type}}
  %0 = rectile.kernel rows (%a = %x : !recsys.jagged<#s x 8xf32>) -> (!recsys.jagged<#s x 8xf32>) attributes {operand_layouts = [unit]} {
    rectile.yield %a : !recsys.jagged<#s x 8xf32>
  }
  return
}

// -----

#s = #recsys.space<"history", max = 50>
func.func @kernel_c4_gemm(%x: !recsys.jagged<#s x 8xf32>) {
  // expected-error @below {{of kind gemm expects at least one recsys.linear}}
  %0 = rectile.kernel gemm (%a = %x : !recsys.jagged<#s x 8xf32>) -> (!recsys.jagged<#s x 8xf32>) {
    rectile.yield %a : !recsys.jagged<#s x 8xf32>
  }
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!x = !recsys.jagged<#s x 8xf32>
func.func @kernel_c4_linears_apart(%x: !x, %z: !x, %w: tensor<8x8xf32>) {
  %0:2 = rectile.kernel gemm (%a = %x : !x, %c = %z : !x, %b = %w : tensor<8x8xf32>) -> (!x, !x) {
    // expected-note @below {{the linear before is here}}
    %1 = recsys.linear %a, %b : (!x, tensor<8x8xf32>) -> !x
    // expected-error @below {{expects the input of the linear before it in this kernel, or what follows that}}
    %2 = recsys.linear %c, %b : (!x, tensor<8x8xf32>) -> !x
    rectile.yield %1, %2 : !x, !x
  }
  return
}
