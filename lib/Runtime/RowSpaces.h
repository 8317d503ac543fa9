// SPDX-License-Identifier: Apache-2.0
// The rows of a batch: offsets of derived spaces, requests of rows, row maps.
#ifndef RECCC_LIB_RUNTIME_ROWSPACES_H
#define RECCC_LIB_RUNTIME_ROWSPACES_H

#include "Plan.h"

namespace recrt {

/// By space, the offsets of the batch: num_requests + 1 each.
using Offsets = std::vector<int64_t *>;

/// Rows of one request in every space up to `space`, from those of the base spaces and bags, which `rows` (by space)
/// holds.
void computeRows(const Plan &plan, int32_t space, std::vector<int64_t> &rows);

/// Fills in which rows of bags each request has, from where each bag begins.
void computeOffsetsOfBags(const Plan &plan, int32_t space, int64_t numRequests, const int64_t *bags,
                          const Offsets &offsets);

/// Fills in the offsets of a derived or constant space from those of its parts.
Status computeOffsets(const Plan &plan, int32_t space, int64_t numRequests, const Offsets &offsets);

/// Rows of all requests of a space at most, when its parts have at most `totals` (by space).
/// `baseLimit` counts for base spaces and bags, and as the rows that are filtered for opaque ones. The result never
/// exceeds maxRowsOfBatch + 1.
int64_t boundTotalRows(const Plan &plan, int32_t space, int64_t numRequests, int64_t baseLimit,
                       const std::vector<int64_t> &totals);

/// The totals of spaces that are not known before a filter has run, at most, from those that are.
void boundLaterTotals(const Plan &plan, const EntryPlan &entry, int64_t numRequests, std::vector<int64_t> &totals);

void computeRequestOfRow(int64_t numRequests, const int64_t *offsets, int32_t *requestOfRow);

/// Fills in rows[r] for every row r of the map's space. Fails if a row would not exist.
Status computeRowMap(const Plan &plan, const RowMapPlan &map, int64_t numRequests, const Offsets &offsets,
                     int64_t *rows);

} // namespace recrt

#endif // RECCC_LIB_RUNTIME_ROWSPACES_H
