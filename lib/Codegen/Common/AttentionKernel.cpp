// SPDX-License-Identifier: Apache-2.0
// Attention kernels.
#include "reccc/Codegen/Common/Kernels.h"

using namespace mlir;
using namespace reccc;

FailureOr<KernelFacts> reccc::buildAttentionKernel(rectile::KernelOp kernel, func::FuncOp, func::FuncOp,
                                                   SpaceList &, const TargetDescription &) {
  return kernel.emitError("attention has no code generator yet");
}
