// SPDX-License-Identifier: Apache-2.0
// Locations as reports name them.
#ifndef RECCC_ANALYSIS_LOCATIONS_H
#define RECCC_ANALYSIS_LOCATIONS_H

#include "reccc/Support/LLVM.h"
#include <string>

namespace reccc {

/// "model.textproto:24:3" or "model.textproto:24:3 (states.layers.0)".
std::string describeLocation(Location location);

} // namespace reccc

#endif // RECCC_ANALYSIS_LOCATIONS_H
