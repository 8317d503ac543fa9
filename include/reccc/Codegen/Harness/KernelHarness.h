// SPDX-License-Identifier: Apache-2.0
// Compiles one kernel and calls it in this process, without a plan and without the runtime: for tests and benchmarks.
#ifndef RECCC_CODEGEN_HARNESS_KERNELHARNESS_H
#define RECCC_CODEGEN_HARNESS_KERNELHARNESS_H

#include "mlir/IR/OwningOpRef.h"
#include "reccc/Codegen/CPU/TargetDescription.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "recrt/module.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reccc {

/// Rows of each base space, by name, for one request.
using RequestLengths = std::map<std::string, int64_t>;

class KernelHarness {
public:
  /// `source`: a module with one `rectile.kernel`. Diagnostics go to the context's handler.
  static FailureOr<std::unique_ptr<KernelHarness>> compile(MLIRContext &context, StringRef source);
  ~KernelHarness();

  rectile::DispatchOp getDispatch() const { return dispatch; }
  /// The code of all levels as text; empty when it cannot be made.
  std::string makeAssembly();

  void setBatch(const std::vector<RequestLengths> &requests);
  int64_t getTotalRows(Attribute space) const;
  std::vector<int64_t> getOffsets(Attribute space) const;

  /// Operands first, then results. The memory stays the caller's.
  void bind(unsigned number, void *data, const int64_t *rows = nullptr);
  /// A parameter, its elements row by row; packed as the kernel wants it.
  void bindParameter(unsigned number, ArrayRef<double> values);

  /// Does all work items, `splits` column groups (gemm), in order or, with `reversed`, backwards one by one.
  void run(IsaLevel level, int64_t splits = 1, bool reversed = false);
  /// Visible pairs of all items (attention).
  int64_t getArea(IsaLevel level);

private:
  struct View {
    std::vector<int64_t> offsets;
    std::vector<int32_t> requestOfRow;
  };
  KernelHarness() = default;
  void addAttentionItems();

  OwningOpRef<ModuleOp> holder;  // keeps the dispatch
  OwningOpRef<ModuleOp> lowered; // the kernels in the llvm dialect
  rectile::DispatchOp dispatch;
  void *library = nullptr;
  recrt_kernel_fn entries[kNumIsaLevels] = {};
  recrt_area_fn areas[kNumIsaLevels] = {};
  std::vector<RequestLengths> batch;
  std::vector<recrt_operand> operands;
  std::vector<std::unique_ptr<char, void (*)(void *)>> packed;
  std::vector<View> views;
  std::vector<recrt_space_view> spaceViews;
  std::vector<recrt_attention_item> items;
  std::unique_ptr<char, void (*)(void *)> scratch{nullptr, nullptr};
};

} // namespace reccc

#endif // RECCC_CODEGEN_HARNESS_KERNELHARNESS_H
