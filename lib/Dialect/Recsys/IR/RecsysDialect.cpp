// SPDX-License-Identifier: Apache-2.0
// Registers the types, attributes and ops of the recsys dialect.
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

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

namespace {
/// Row spaces print as aliases (`#history`, `#concat`), defined once at the top of the module.
struct RowSpaceAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attr, raw_ostream &os) const final {
    if (isa<BaseSpaceAttr, BagsAttr>(attr)) {
      os << getRowsName(attr);
      return AliasResult::OverridableAlias;
    }
    if (!isa<ConcatAttr, InterleaveAttr, GroupAttr, TakeFirstAttr, TakeLastAttr, NestAttr>(attr))
      return AliasResult::NoAlias;
    StringRef name = attr.getAbstractAttribute().getName();
    os << name.substr(name.find('.') + 1);
    return AliasResult::OverridableAlias;
  }
};
} // namespace

void RecsysDialect::initialize() {
  addInterfaces<RowSpaceAliases>();
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
