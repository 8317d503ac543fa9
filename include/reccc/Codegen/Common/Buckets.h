// SPDX-License-Identifier: Apache-2.0
// Bucket rules in generated code: exactly `recsys::getBucket`.
#ifndef RECCC_CODEGEN_COMMON_BUCKETS_H
#define RECCC_CODEGEN_COMMON_BUCKETS_H

#include "reccc/Codegen/Common/TileBuilder.h"

namespace reccc {

/// The bucket of an i64 or of each element of a vector of i64. May add a table to the module.
Value buildBucket(TileBuilder &b, Attribute rule, Value x);

} // namespace reccc

#endif // RECCC_CODEGEN_COMMON_BUCKETS_H
