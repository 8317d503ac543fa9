// RUN: reccc-opt %s | reccc-opt | FileCheck %s
// RUN: reccc-opt %s --emit-bytecode | reccc-opt | FileCheck %s

#s = #recsys.space<"history", max = 50>

// CHECK-LABEL: func.func @fragments
func.func @fragments(%a: !llvm.ptr, %b: !llvm.ptr, %k: i64) {
  // CHECK: rectile.zero : !rectile.fragment<12x32>
  %zero = rectile.zero : !rectile.fragment<12x32>
  // CHECK: rectile.load %{{.*}} stride 128 : !rectile.fragment<12x32>
  %acc = rectile.load %a stride 128 : !rectile.fragment<12x32>
  // CHECK: rectile.dot %{{.*}}, %{{.*}}[512, 1] f32, %{{.*}}[32] bf16 columns 20, %{{.*}} : !rectile.fragment<12x32>
  %dot = rectile.dot %zero, %a[512, 1] f32, %b[32] bf16 columns 20, %k : !rectile.fragment<12x32>
  // CHECK: rectile.store %{{.*}}, %{{.*}} stride 32 : !rectile.fragment<12x32>
  rectile.store %dot, %b stride 32 : !rectile.fragment<12x32>
  rectile.store %acc, %b stride 32 : !rectile.fragment<12x32>
  return
}

// CHECK-LABEL: func.func @kernel_gemm
// CHECK: rectile.kernel gemm (%[[A:.*]] = %{{.*}} : !recsys.jagged<{{.*}}>, %[[W:.*]] = %{{.*}} : tensor<8x16xf32>) -> (!recsys.jagged<{{.*}}>)
// CHECK-SAME: operand_layouts = [#rectile.layout<stride = 16, mapped, step = 2, padded>, unit]
// CHECK: recsys.linear %[[A]], %[[W]]
// CHECK: rectile.yield
func.func @kernel_gemm(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<8x16xf32>) -> !recsys.jagged<#s x 16xf32> {
  %0 = rectile.kernel gemm (%a = %x : !recsys.jagged<#s x 8xf32>, %b = %w : tensor<8x16xf32>) -> (!recsys.jagged<#s x 16xf32>)
      attributes {operand_layouts = [#rectile.layout<stride = 16, mapped, step = 2, padded>, unit]} {
    %1 = recsys.linear %a, %b : (!recsys.jagged<#s x 8xf32>, tensor<8x16xf32>) -> !recsys.jagged<#s x 16xf32>
    rectile.yield %1 : !recsys.jagged<#s x 16xf32>
  }
  return %0 : !recsys.jagged<#s x 16xf32>
}
