// SPDX-License-Identifier: Apache-2.0
// All operations of the rectile dialect, by family.
#ifndef RECCC_DIALECT_RECTILE_IR_RECTILEOPS_TD
#define RECCC_DIALECT_RECTILE_IR_RECTILEOPS_TD

include "reccc/Dialect/RecTile/IR/RecTileFragmentOps.td"
include "reccc/Dialect/RecTile/IR/RecTileKernelOps.td"
include "reccc/Dialect/RecTile/IR/RecTilePlanAttrs.td"

#endif // RECCC_DIALECT_RECTILE_IR_RECTILEOPS_TD
