// SPDX-License-Identifier: Apache-2.0
// The line of the description and the name of the value, out of what MLIR wraps around them.
#include "reccc/Analysis/Locations.h"

#include "mlir/IR/Location.h"

using namespace mlir;

std::string reccc::describeLocation(Location location) {
  std::string text = "unknown place";
  if (auto place = location->findInstanceOf<FileLineColLoc>())
    text = (place.getFilename().getValue() + ":" + Twine(place.getLine()) + ":" + Twine(place.getColumn())).str();
  if (auto name = location->findInstanceOf<NameLoc>())
    text += " (" + name.getName().str() + ")";
  return text;
}
