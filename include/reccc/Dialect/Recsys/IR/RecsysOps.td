// SPDX-License-Identifier: Apache-2.0
// All ops of the recsys dialect, by family.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSOPS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSOPS_TD

include "reccc/Dialect/Recsys/IR/RecsysEntryOps.td"
include "reccc/Dialect/Recsys/IR/RecsysParameterOps.td"
include "reccc/Dialect/Recsys/IR/RecsysEmbeddingOps.td"
include "reccc/Dialect/Recsys/IR/RecsysSequenceOps.td"
include "reccc/Dialect/Recsys/IR/RecsysDenseOps.td"
include "reccc/Dialect/Recsys/IR/RecsysFeatureOps.td"
include "reccc/Dialect/Recsys/IR/RecsysAttentionOps.td"
include "reccc/Dialect/Recsys/IR/RecsysRetrievalOps.td"

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSOPS_TD
