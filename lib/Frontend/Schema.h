// SPDX-License-Identifier: Apache-2.0
// The generated schema classes under short names, and what their reflection is asked.
#ifndef RECCC_LIB_FRONTEND_SCHEMA_H
#define RECCC_LIB_FRONTEND_SCHEMA_H

#include "reccc/Support/LLVM.h"
#include "recsys/v1/model.pb.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::recsys {}

namespace reccc {
namespace pb = ::recsys::v1;
namespace ir = ::mlir::recsys;
using Message = google::protobuf::Message;
using Field = google::protobuf::FieldDescriptor;

/// "hstu.input_norm" parts: the C++ reflection wants a descriptor, blocks know field names.
inline const Field *fieldNamed(const Message &message, StringRef name) {
  return message.GetDescriptor()->FindFieldByName(name.str());
}

/// Calls `visit(child, field, index)` for each message that is set in `message`; index is -1 for a
/// single one.
void forEachChild(const Message &message, llvm::function_ref<void(const Message &, const Field *, int)> visit);

/// How a field's value prints: "1e-06", "META_STU", "'head.weight'".
std::string valueText(const Message &message, const Field *field);

} // namespace reccc

#endif // RECCC_LIB_FRONTEND_SCHEMA_H
