// SPDX-License-Identifier: Apache-2.0
// Which op goes into which kernel, while reccc-form-kernels decides.
#ifndef RECCC_LIB_CODEGEN_PLAN_GROUPING_H
#define RECCC_LIB_CODEGEN_PLAN_GROUPING_H

#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Support/LLVM.h"

namespace reccc {

/// The ops of one future kernel, in the order of the block.
struct Group {
  mlir::rectile::KernelKind kind;
  Attribute space;
  llvm::SetVector<Operation *> ops;
  int64_t first = std::numeric_limits<int64_t>::max(), last = -1; // places in the block
};

/// Decides which op goes where. `order` numbers the ops of the block; a group may only grow when every path out of it
/// stays out.
class Grouping {
public:
  explicit Grouping(Block &block) {
    for (auto [index, op] : llvm::enumerate(block))
      order[&op] = index;
  }

  Group *groupOf(Operation *op) const { return owner.lookup(op); }

  Group *create(mlir::rectile::KernelKind kind, Attribute space) {
    groups.push_back(std::make_unique<Group>());
    groups.back()->kind = kind;
    groups.back()->space = space;
    return groups.back().get();
  }

  void add(Group *group, Operation *op) {
    group->ops.insert(op);
    group->first = std::min(group->first, order.lookup(op));
    group->last = std::max(group->last, order.lookup(op));
    owner[op] = group;
  }

  void merge(Group *into, Group *from) {
    for (Operation *op : from->ops)
      add(into, op);
    llvm::erase_if(groups, [&](const std::unique_ptr<Group> &group) { return group.get() == from; });
  }

  /// Whether a path leaves `ops` and comes back to them: then they cannot be one kernel.
  bool hasCycle(const llvm::SetVector<Operation *> &ops) const;

  ArrayRef<std::unique_ptr<Group>> getGroups() const { return groups; }

private:
  SmallVector<std::unique_ptr<Group>> groups;
  llvm::DenseMap<Operation *, Group *> owner;
  llvm::DenseMap<Operation *, int64_t> order;
};

} // namespace reccc

#endif // RECCC_LIB_CODEGEN_PLAN_GROUPING_H
