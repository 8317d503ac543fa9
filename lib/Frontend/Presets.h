// SPDX-License-Identifier: Apache-2.0
// What the public implementations that presets name do.
#ifndef RECCC_LIB_FRONTEND_PRESETS_H
#define RECCC_LIB_FRONTEND_PRESETS_H

#include "Places.h"
#include "reccc/Frontend/Import.h"

namespace reccc {

/// Sets what the node's preset sets and the description does not. Choices are added to `choices`.
void applyPreset(pb::Node &node, Places &places, std::vector<PresetChoice> &choices);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_PRESETS_H
