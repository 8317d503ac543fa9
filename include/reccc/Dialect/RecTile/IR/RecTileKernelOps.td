// SPDX-License-Identifier: Apache-2.0
// Kernels as they stand in a model: what they compute (kernel) and how they are called (dispatch).
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILEKERNELOPS_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILEKERNELOPS_TD

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "reccc/Dialect/RecTile/IR/RecTileAttrs.td"
include "reccc/Dialect/Recsys/IR/RecsysInterfaces.td"

def RecTile_KernelOp : RecTile_Op<"kernel", [IsolatedFromAbove, RecursiveMemoryEffects,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Operators that run as one kernel";
  let description = [{
    The body computes the results from the operands, row by row of one row space (that of the results); operands are jagged values
    or parameters (tensors). What a body may hold depends on the kind:
    - `rows`: row-wise operators. Values of other row spaces are operands and enter by `broadcast_rows`, `shift`, `pad_rows`,
      `pool` or `request_linear`.
    - `gemm`: one or more `linear` with the same input, what computes that input (as in `rows`), and elementwise operators behind
      the linears. A result is a value before the linears or an epilogue's. An epilogue belongs to one linear; its other
      operands are block arguments, values computed before the linears are not visible to it. What follows a linear may be the
      input of a next one.
    - `attention`: one `attention` of block arguments.
    - `top_k`: one `top_k` of block arguments. `filter`: one `filter_rows` of a block argument. The runtime runs both.

    - `operand_layouts`, `result_layouts` (optional): a `#rectile.layout` for each jagged operand and result, `unit` for a
      parameter. Set by the memory planner.

    (kernel_c1) Block arguments have the operands' types. (kernel_c2) The yielded types are the results' types.
    (kernel_c3) As many layouts as operands and results. (kernel_c4) The body has the form of the kind.

    Example:
    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @kernel(%x: !recsys.jagged<#s x 8xf32>, %w: tensor<8x16xf32>) {
      %0 = rectile.kernel gemm (%a = %x : !recsys.jagged<#s x 8xf32>, %b = %w : tensor<8x16xf32>) -> (!recsys.jagged<#s x 16xf32>) {
        %1 = recsys.layer_norm %a eps 1.0e-5 : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
        %2 = recsys.linear %1, %b : (!recsys.jagged<#s x 8xf32>, tensor<8x16xf32>) -> !recsys.jagged<#s x 16xf32>
        %3 = recsys.silu %2 : (!recsys.jagged<#s x 16xf32>) -> !recsys.jagged<#s x 16xf32>
        rectile.yield %3 : !recsys.jagged<#s x 16xf32>
      }
      return
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, RecTile_KernelKindAttr:$kind,
    OptionalAttr<ArrayAttr>:$operand_layouts, OptionalAttr<ArrayAttr>:$result_layouts);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def RecTile_YieldOp : RecTile_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"KernelOp">]> {
  let summary = "The results of a kernel";
  let description = [{
    Ends the body of a `rectile.kernel`.

    Example:
    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @yield(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = rectile.kernel rows (%a = %x : !recsys.jagged<#s x 8xf32>) -> (!recsys.jagged<#s x 8xf32>) {
        %1 = recsys.silu %a : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
        rectile.yield %1 : !recsys.jagged<#s x 8xf32>
      }
      return
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), "">];
}

def RecTile_DispatchOp : RecTile_Op<"dispatch", [MemoryEffects<[MemRead, MemWrite]>, DeclareOpInterfaceMethods<Recsys_BindsRowsInterface>]> {
  let summary = "A call of a generated kernel";
  let description = [{
    Stands where the `rectile.kernel` stood; other attributes of it (the memory plan) are kept. One step of the plan is made from
    each. `recrt_kernel_args` get their fields so:
    - `operands`: first the operands of this op, then its results, each as the planner placed it.
    - `spaces`: the row spaces in the attribute `spaces`, in order.
    - `num_splits` and items: `recrt/module.h`.

    Attributes, lists over ISA levels are indexed by `recrt_isa` with `unit` where a level is not compiled:
    - `entries`: the kernel functions. `areas` (attention): the area functions. Both empty for `top_k` and `filter`.
    - `packings`: for each operand the `#rectile.packing` of a parameter, `unit` for a jagged value.
    - `space`: iteration space. `scratch`: bytes for each level. `block`: rows in a block. `columns`: panels in all (gemm) or
      columns (top_k). `heads` (attention). `frame` (attention): the row space it works within, where that is not the request. `k`, `first_id` (top_k).
    - `operand_layouts`, `result_layouts`: as in `rectile.kernel`, always there.

    Example:
    ```mlir
    #s = #recsys.space<"history", max = 50>
    func.func private @dispatch(%x: !recsys.jagged<#s x 8xf32>) {
      %0 = rectile.dispatch rows(%x) entries [@silu_v3, @silu_v4] {areas = [], packings = [unit], spaces = [#s], space = #s,
          scratch = array<i64: 0, 0>, block = 16 : i64, columns = 0 : i64, heads = 0 : i64, k = 0 : i64, first_id = 0 : i64,
          operand_layouts = [#rectile.layout<stride = 8>], result_layouts = [#rectile.layout<stride = 8>]}
        : (!recsys.jagged<#s x 8xf32>) -> !recsys.jagged<#s x 8xf32>
      return
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, RecTile_KernelKindAttr:$kind, ArrayAttr:$entries, ArrayAttr:$areas,
    ArrayAttr:$packings, ArrayAttr:$spaces, AnyAttr:$space, DenseI64ArrayAttr:$scratch, I64Attr:$block, I64Attr:$columns,
    I64Attr:$heads, I64Attr:$k, I64Attr:$first_id, ArrayAttr:$operand_layouts, ArrayAttr:$result_layouts, OptionalAttr<AnyAttr>:$frame);
  let results = (outs Variadic<AnyType>:$outputs);
  let assemblyFormat = "$kind `(` $inputs `)` `entries` $entries attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // RECCC_DIALECT_RECTILE_IR_RECTILEKERNELOPS_TD
