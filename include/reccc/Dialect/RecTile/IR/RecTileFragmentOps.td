// SPDX-License-Identifier: Apache-2.0
// Operations on fragments: what the inner loops of generated kernels are made of.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILEFRAGMENTOPS_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILEFRAGMENTOPS_TD

include "mlir/Dialect/LLVMIR/LLVMOpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "reccc/Dialect/RecTile/IR/RecTileTypes.td"

/// Kernels address one address space.
def RecTile_Pointer : Type<LLVM_AnyPointer.predicate, "pointer", "::mlir::LLVM::LLVMPointerType">,
    BuildableType<"$_builder.getType<::mlir::LLVM::LLVMPointerType>()">;

def RecTile_ZeroOp : RecTile_Op<"zero", [Pure]> {
  let summary = "A fragment of zeros";
  let description = [{
    Example:
    ```mlir
    %acc = rectile.zero : !rectile.fragment<12x32>
    ```
  }];
  let results = (outs RecTile_FragmentType:$result);
  let assemblyFormat = "attr-dict `:` qualified(type($result))";
}

def RecTile_LoadOp : RecTile_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "Load a fragment from fp32 rows";
  let description = [{
    Row `i` of the fragment begins `i * stride` elements behind `source`. All columns are read.

    Example:
    ```mlir
    func.func private @load(%p: !llvm.ptr) {
      %acc = rectile.load %p stride 128 : !rectile.fragment<12x32>
      return
    }
    ```
  }];
  let arguments = (ins RecTile_Pointer:$source, I64Attr:$stride);
  let results = (outs RecTile_FragmentType:$result);
  let assemblyFormat = "$source `stride` $stride attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def RecTile_StoreOp : RecTile_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "Store a fragment to fp32 rows";
  let description = [{
    The mirror of `rectile.load`. All columns are written: the destination is scratch, not the row of a user's buffer.

    Example:
    ```mlir
    func.func private @store(%acc: !rectile.fragment<12x32>, %p: !llvm.ptr) {
      rectile.store %acc, %p stride 32 : !rectile.fragment<12x32>
      return
    }
    ```
  }];
  let arguments = (ins RecTile_FragmentType:$value, RecTile_Pointer:$destination, I64Attr:$stride);
  let assemblyFormat = "$value `,` $destination `stride` $stride attr-dict `:` qualified(type($value))";
  let hasVerifier = 1;
}

def RecTile_DotOp : RecTile_Op<"dot", [MemoryEffects<[MemRead]>,
    AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "acc[i][j] += sum over k of a[i][k] * b[k][j], in the order of k";
  let description = [{
    Multiplies `rows` x `depth` elements of `a` with `depth` x `columns` elements of `b`. Element (i, k) of `a` lies
    `i * a_row + k * a_k` elements behind `a`, element (k, j) of `b` lies `k * b_k + j` elements behind `b`.
    Both may be stored as f32 or bf16; products and sums are fp32, one fused multiply-add for each k, k ascending: an element of
    the result depends on nothing but its own row and column, whatever the shape of the fragment.

    `b_columns` is the number of columns of `b` that may be read (default: all); the rest of the result is unspecified.

    Example:
    ```mlir
    func.func private @dot(%acc: !rectile.fragment<12x32>, %a: !llvm.ptr, %b: !llvm.ptr, %k: i64) {
      %r = rectile.dot %acc, %a[512, 1] f32, %b[32] bf16, %k : !rectile.fragment<12x32>
      return
    }
    ```
  }];
  let arguments = (ins RecTile_FragmentType:$accumulator, RecTile_Pointer:$a, I64Attr:$a_row, I64Attr:$a_k,
    TypeAttr:$a_type, RecTile_Pointer:$b, I64Attr:$b_k, TypeAttr:$b_type, I64:$depth,
    OptionalAttr<I64Attr>:$b_columns);
  let results = (outs RecTile_FragmentType:$result);
  let assemblyFormat = [{
    $accumulator `,` $a `[` $a_row `,` $a_k `]` $a_type `,` $b `[` $b_k `]` $b_type (`columns` $b_columns^)? `,` $depth
    attr-dict `:` qualified(type($result))
  }];
  let hasVerifier = 1;
}

#endif // RECCC_DIALECT_RECTILE_IR_RECTILEFRAGMENTOPS_TD
