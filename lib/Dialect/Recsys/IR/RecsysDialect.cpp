// SPDX-License-Identifier: Apache-2.0
// Registers the types, attributes and ops of the recsys dialect.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::recsys;

#include "reccc/Dialect/Recsys/IR/RecsysDialect.cpp.inc"

#include "reccc/Dialect/Recsys/IR/RecsysEnums.cpp.inc"

#include "reccc/Dialect/Recsys/IR/RecsysAttrInterfaces.cpp.inc"
#include "reccc/Dialect/Recsys/IR/RecsysOpInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "reccc/Dialect/Recsys/IR/RecsysTypes.cpp.inc"

void RecsysDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "reccc/Dialect/Recsys/IR/RecsysTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "reccc/Dialect/Recsys/IR/RecsysOps.cpp.inc"
      >();
}
