// SPDX-License-Identifier: Apache-2.0
// One generator for each kind of kernel, and the stage that calls them.
#ifndef RECCC_CODEGEN_COMMON_KERNELS_H
#define RECCC_CODEGEN_COMMON_KERNELS_H

#include "reccc/Codegen/Common/KernelFrame.h"

namespace reccc {

/// What the plan must know about a kernel beyond its functions.
struct KernelFacts {
  int64_t scratchBytes = 0;
  int64_t block = 0;   // rows of a block
  int64_t columns = 0; // panels in all
};

/// Rows of a block. It must not differ between levels, since one plan serves all: it follows from the kernel alone.
int64_t getRowBlock(rectile::KernelOp kernel);

/// Each fills the body of a function. They fail with an error at the operator that cannot be compiled.
FailureOr<KernelFacts> buildRowsKernel(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces,
                                       const TargetDescription &target);
FailureOr<KernelFacts> buildGemmKernel(rectile::KernelOp kernel, func::FuncOp function, SpaceList &spaces,
                                       const TargetDescription &target);
FailureOr<KernelFacts> buildAttentionKernel(rectile::KernelOp kernel, func::FuncOp function, func::FuncOp area,
                                            SpaceList &spaces, const TargetDescription &target);

/// Stage "tiles": every `rectile.kernel` in the module becomes a `rectile.dispatch`, its functions are added to the
/// module's end, one for each level, and shared by kernels that differ in nothing but their operands.
LogicalResult lowerKernels(ModuleOp module, ArrayRef<IsaLevel> levels);

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_KERNELS_H
