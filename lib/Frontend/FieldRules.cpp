// SPDX-License-Identifier: Apache-2.0
// The rules that recsys/v1/model.proto writes behind its fields.
#include "FieldRules.h"
#include "Report.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace reccc;
namespace gp = google::protobuf;

static const pb::Rule &ruleOf(const Field *field) { return field->options().GetExtension(pb::is); }

std::string reccc::expectedText(const Field *field) {
  const pb::Rule &rule = ruleOf(field);
  switch (field->cpp_type()) {
  case Field::CPPTYPE_ENUM: {
    std::vector<std::string> names;
    for (int i = 0; i < field->enum_type()->value_count(); ++i)
      names.push_back(field->enum_type()->value(i)->name());
    return names.size() == 1 ? names[0] : "one of " + enumerate(names, "or");
  }
  case Field::CPPTYPE_INT64:
  case Field::CPPTYPE_INT32:
    if (rule.has_least() && rule.has_most())
      return "an integer from " + std::to_string(rule.least()) + " to " + std::to_string(rule.most());
    return rule.has_least() ? "an integer of at least " + std::to_string(rule.least()) : "an integer";
  case Field::CPPTYPE_DOUBLE:
    if (rule.has_above())
      return "a number above " + numberText(rule.above());
    return rule.has_from() ? "a number of at least " + numberText(rule.from()) : "a number";
  case Field::CPPTYPE_BOOL:
    return "true or false";
  case Field::CPPTYPE_MESSAGE:
    return "a message { … }";
  default:
    break;
  }
  switch (rule.names()) {
  case pb::Rule::VALUE:
    return "the name of an input or a node";
  case pb::Rule::TABLE:
    return "the name of a table";
  case pb::Rule::ROWS:
    return "the name of rows";
  case pb::Rule::TENSOR:
    return "the name of a tensor";
  case pb::Rule::NEW:
  case pb::Rule::DOTTED:
    return "a name";
  default:
    return "a string";
  }
}

static bool isName(StringRef name, bool dots) {
  if (name.empty() || name.size() > 200 || !(llvm::isAlpha(name[0]) || name[0] == '_'))
    return false;
  return llvm::all_of(
      name, [&](char c) { return llvm::isAlnum(c) || c == '_' || c == '-' || c == '/' || (dots && c == '.'); });
}

namespace {
class Checker {
public:
  Checker(const std::string &label, const Places &places, std::vector<Reference> &references)
      : label(label), places(places), references(references) {}

  void check(const Message &message, const std::string &path) {
    const gp::Descriptor *descriptor = message.GetDescriptor();
    const auto *reflection = message.GetReflection();
    for (int i = 0; i < descriptor->field_count() && errors < kErrorLimit; ++i) {
      const Field *field = descriptor->field(i);
      std::string name = path.empty() ? field->name() : path + "." + field->name();
      int count = field->is_repeated() ? reflection->FieldSize(message, field) : reflection->HasField(message, field);
      if (!count) {
        if (ruleOf(field).needed())
          missing(message, field, name);
        continue;
      }
      for (int k = 0; k < count && errors < kErrorLimit; ++k)
        checkValue(message, field, field->is_repeated() ? k : -1, name);
    }
  }

  unsigned errors = 0;

private:
  Report error(const Message &message, const Field *field, int index, Code code) {
    ++errors;
    Report report = Report::error(places.of(message, field, index), code);
    report << label;
    return report;
  }

  void missing(const Message &message, const Field *field, const std::string &name) {
    Report report = error(message, nullptr, -1, Code::MissingField);
    report << name << " is not set, expected " << expectedText(field);
    if (const Field *preset = fieldNamed(message, "preset"))
      report.hint("set it, or name a public implementation with preset: " + expectedText(preset));
  }

  void checkValue(const Message &message, const Field *field, int index, const std::string &name) {
    const auto *reflection = message.GetReflection();
    const pb::Rule &rule = ruleOf(field);
    bool repeated = index >= 0;
    switch (field->cpp_type()) {
    case Field::CPPTYPE_MESSAGE:
      // Parts of the model are checked one by one by the caller.
      if (message.GetDescriptor() == pb::Model::descriptor())
        return;
      return check(repeated ? reflection->GetRepeatedMessage(message, field, index)
                            : reflection->GetMessage(message, field),
                   repeated ? name + "[" + std::to_string(index) + "]" : name);
    case Field::CPPTYPE_ENUM: {
      int value =
          repeated ? reflection->GetRepeatedEnumValue(message, field, index) : reflection->GetEnumValue(message, field);
      if (!field->enum_type()->FindValueByNumber(value))
        error(message, field, index, Code::BadEnum) << name << " is " << value << ", expected " << expectedText(field);
      return;
    }
    case Field::CPPTYPE_INT64:
    case Field::CPPTYPE_INT32: {
      bool narrow = field->cpp_type() == Field::CPPTYPE_INT32;
      int64_t value = repeated ? reflection->GetRepeatedInt64(message, field, index)
                      : narrow ? reflection->GetInt32(message, field)
                               : reflection->GetInt64(message, field);
      if ((rule.has_least() && value < rule.least()) || (rule.has_most() && value > rule.most()))
        error(message, field, index, Code::OutOfRange)
            << name << " is " << value << ", expected " << expectedText(field);
      return;
    }
    case Field::CPPTYPE_DOUBLE: {
      double value = reflection->GetDouble(message, field);
      if (!std::isfinite(value) || (rule.has_above() && !(value > rule.above())) ||
          (rule.has_from() && !(value >= rule.from())))
        error(message, field, index, Code::OutOfRange)
            << name << " is " << numberText(value) << ", expected " << expectedText(field);
      return;
    }
    case Field::CPPTYPE_STRING: {
      std::string scratch;
      const std::string &value = repeated ? reflection->GetRepeatedStringReference(message, field, index, &scratch)
                                          : reflection->GetStringReference(message, field, &scratch);
      if (value.empty())
        error(message, field, index, Code::MissingField) << name << " is empty, expected " << expectedText(field);
      else if ((rule.names() == pb::Rule::NEW || rule.names() == pb::Rule::DOTTED) &&
               !isName(value, rule.names() == pb::Rule::DOTTED))
        error(message, field, index, Code::BadName)
            << name << " is " << quoted(value)
            << ", expected a name: a letter or '_', then letters, digits, '_', '-', '/', at most "
               "200";
      else if (rule.names() == pb::Rule::VALUE || rule.names() == pb::Rule::TABLE || rule.names() == pb::Rule::ROWS)
        references.push_back({&message, field, index, rule.names(), value});
      return;
    }
    default:
      return;
    }
  }

  const std::string &label;
  const Places &places;
  std::vector<Reference> &references;
};
} // namespace

unsigned reccc::checkFieldRules(const Message &part, const std::string &label, const Places &places,
                                std::vector<Reference> &references) {
  std::string prefix = label.empty() ? "" : label + ": ";
  Checker checker(prefix, places, references);
  checker.check(part, "");
  return checker.errors;
}
