// SPDX-License-Identifier: Apache-2.0
// Registration of the rectile dialect; its types and attributes.
#include "reccc/Dialect/RecTile/IR/RecTile.h"

using namespace mlir;
using namespace mlir::rectile;

#include "reccc/Dialect/RecTile/IR/RecTileDialect.cpp.inc"
#include "reccc/Dialect/RecTile/IR/RecTileEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "reccc/Dialect/RecTile/IR/RecTileAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "reccc/Dialect/RecTile/IR/RecTileTypes.cpp.inc"

void RecTileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "reccc/Dialect/RecTile/IR/RecTileAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "reccc/Dialect/RecTile/IR/RecTileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "reccc/Dialect/RecTile/IR/RecTileOps.cpp.inc"
      >();
}

//===-- !rectile.fragment --------------------------------------------------------------------===//

Type FragmentType::parse(AsmParser &parser) {
  SmallVector<int64_t> dims;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(dims, /*allowDynamic=*/false, /*withTrailingX=*/false) ||
      parser.parseGreater())
    return {};
  if (dims.size() != 2) {
    parser.emitError(loc, "a fragment has rows and columns, as in <12x32>; got ") << dims.size() << " dimensions";
    return {};
  }
  return parser.getChecked<FragmentType>(parser.getContext(), dims[0], dims[1]);
}

void FragmentType::print(AsmPrinter &printer) const { printer << '<' << getRows() << 'x' << getColumns() << '>'; }

LogicalResult FragmentType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns) {
  if (rows < 1 || columns < 1)
    return emitError() << "a fragment has at least one row and one column, got " << rows << 'x' << columns;
  return success();
}

//===-- #rectile.layout ----------------------------------------------------------------------===//

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  int64_t stride = 0, step = 1;
  bool mapped = false, padded = false;
  if (parser.parseLess() || parser.parseKeyword("stride") || parser.parseEqual() || parser.parseInteger(stride))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("mapped"))) {
      mapped = true;
    } else if (succeeded(parser.parseOptionalKeyword("padded"))) {
      padded = true;
    } else if (parser.parseKeyword("step", " expected 'mapped', 'step' or 'padded'") || parser.parseEqual() ||
               parser.parseInteger(step)) {
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<LayoutAttr>(parser.getContext(), stride, mapped, step, padded);
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << "<stride = " << getStride();
  if (getMapped())
    printer << ", mapped";
  if (getStep() != 1)
    printer << ", step = " << getStep();
  if (getPadded())
    printer << ", padded";
  printer << '>';
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t stride, bool mapped,
                                 int64_t step, bool padded) {
  if (stride < 0) // layout_c1
    return emitError() << "stride must not be negative, got " << stride;
  if (step < 1)
    return emitError() << "step must be at least 1, got " << step;
  if (step != 1 && !mapped)
    return emitError() << "only a mapped value has a step, got step " << step;
  return success();
}
