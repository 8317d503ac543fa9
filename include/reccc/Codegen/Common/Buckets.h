// SPDX-License-Identifier: Apache-2.0
// Bucket rules in generated code: exactly `recsys::getBucket`.
#ifndef RECCC_CODEGEN_COMMON_BUCKETS_H
#define RECCC_CODEGEN_COMMON_BUCKETS_H

#include "reccc/Codegen/Common/TileBuilder.h"

namespace reccc {

/// The bucket of an i64 or of each element of a vector of i64. May add a table to the module.
Value buildBucket(TileBuilder &b, Attribute rule, Value x);

/// table[index] for each lane of a vector of i64; bf16 becomes fp32.
Value gather(TileBuilder &b, Value table, Type element, Value index);

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_BUCKETS_H
