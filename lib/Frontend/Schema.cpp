// SPDX-License-Identifier: Apache-2.0
// Reflection over descriptions.
#include "Schema.h"
#include "google/protobuf/text_format.h"

using namespace reccc;

void reccc::forEachChild(const Message &message, llvm::function_ref<void(const Message &, const Field *, int)> visit) {
  std::vector<const Field *> fields;
  const auto *reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const Field *field : fields) {
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE)
      continue;
    if (!field->is_repeated()) {
      visit(reflection->GetMessage(message, field), field, -1);
      continue;
    }
    for (int i = 0, n = reflection->FieldSize(message, field); i < n; ++i)
      visit(reflection->GetRepeatedMessage(message, field, i), field, i);
  }
}

std::string reccc::valueText(const Message &message, const Field *field) {
  if (field->cpp_type() == Field::CPPTYPE_MESSAGE)
    return "{}";
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(message, field, -1, &text);
  return text;
}
