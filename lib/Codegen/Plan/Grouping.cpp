// SPDX-License-Identifier: Apache-2.0
// Finds paths that leave a group of ops and come back.
#include "Grouping.h"

using namespace mlir;
using namespace reccc;

bool Grouping::hasCycle(const llvm::SetVector<Operation *> &ops) const {
  // Values are defined before they are used, so a path back to `ops` stays in front of their last op, but for groups: a
  // group is one node, and an op late in it may come before one early in it. The horizon is the end of all groups that
  // reach over it.
  int64_t horizon = 0;
  for (Operation *op : ops)
    horizon = std::max(horizon, order.lookup(op));
  for (bool grew = true; grew;) {
    grew = false;
    for (const std::unique_ptr<Group> &group : groups)
      if (group->first < horizon && group->last > horizon) {
        horizon = group->last;
        grew = true;
      }
  }
  llvm::SetVector<Operation *> outside;
  auto visitUsers = [&](Operation *op) {
    for (Operation *user : op->getUsers()) {
      if (order.lookup(user) > horizon || ops.contains(user))
        continue;
      Group *group = groupOf(user);
      if (!group)
        outside.insert(user);
      else // The whole kernel runs after what feeds it.
        outside.insert(group->ops.begin(), group->ops.end());
    }
  };
  for (Operation *op : ops)
    visitUsers(op);
  for (size_t i = 0; i < outside.size(); ++i) {
    if (llvm::any_of(outside[i]->getUsers(), [&](Operation *user) { return ops.contains(user); }))
      return true;
    visitUsers(outside[i]);
  }
  return false;
}
