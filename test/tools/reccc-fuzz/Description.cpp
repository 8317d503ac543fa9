// SPDX-License-Identifier: Apache-2.0
// Text form, import, and the schema by reflection.
#include "Description.h"
#include "AnyModule.h"

#include "reccc/Frontend/Import.h"
#include "reccc/Support/Safetensors.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <google/protobuf/text_format.h>

using namespace mlir;

namespace reccc::fuzz {

std::string printDescription(const ::recsys::v1::Model &description) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(description, &text);
  return text;
}

static OwningOpRef<ModuleOp> import(MLIRContext *context, const std::string &text, const SafetensorsFile *weights,
                                    std::string &error) {
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    // Tables that no block uses, and the like.
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      llvm::raw_string_ostream(error) << diagnostic.getLocation() << ": " << diagnostic.str() << "; ";
    return success();
  });
  auto buffer = llvm::MemoryBuffer::getMemBuffer(text, "model.textproto", /*RequiresNullTerminator=*/false);
  return importModel(*buffer, weights, {}, context);
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

std::optional<GeneratedModel> importDescription(MLIRContext *context, const std::string &text, uint64_t seed,
                                                std::string &error) {
  OwningOpRef<ModuleOp> shapes = import(context, text, nullptr, error);
  if (!shapes) {
    error = "without weights: " + error;
    return std::nullopt;
  }
  SmallString<128> path;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("reccc-fuzz", "safetensors", path)) {
    error = code.message();
    return std::nullopt;
  }
  FileError fileError;
  std::optional<SafetensorsFile> file;
  if (makeWeights(*shapes, seed).write(path.str().str(), fileError))
    file = SafetensorsFile::open(path.str().str(), fileError);
  llvm::sys::fs::remove(path);
  if (!file) {
    error = fileError.message;
    return std::nullopt;
  }
  OwningOpRef<ModuleOp> module = import(context, text, &*file, error);
  if (!module) {
    error = "with weights: " + error;
    return std::nullopt;
  }
  if (print(*module) != print(*shapes)) {
    error = "the module with weights is another than the one without";
    return std::nullopt;
  }
  FailureOr<GeneratedModel> model = adoptModule(std::move(module), seed);
  if (failed(model)) {
    error = "ids that are refused are computed";
    return std::nullopt;
  }
  return std::move(*model);
}

//===-- Coverage -----------------------------------------------------------------------------===//

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

static void expect(const Descriptor *type, std::set<std::string> &names, std::set<const Descriptor *> &seen) {
  if (!seen.insert(type).second)
    return;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor *field = type->field(i);
    names.insert(std::string(field->full_name()));
    if (field->message_type())
      expect(field->message_type(), names, seen);
    for (int j = 0; field->enum_type() && j < field->enum_type()->value_count(); ++j)
      names.insert(std::string(field->full_name()) + " " + std::string(field->enum_type()->value(j)->name()));
  }
}

SchemaCoverage::SchemaCoverage() {
  std::set<const Descriptor *> seen;
  expect(::recsys::v1::Node::descriptor(), missing, seen);
  expect(::recsys::v1::Rows::descriptor(), missing, seen);
  expect(::recsys::v1::Input::descriptor(), missing, seen);
  // Keywords that these blocks refuse.
  for (const char *refused : {"EmbeddingBag.kind FIRST", "EmbeddingBag.kind LAST", "ReduceFeatures.kind FIRST",
                              "ReduceFeatures.kind LAST", "MultitaskHead.stage LEAKY_RELU"})
    missing.erase(std::string("recsys.v1.") + refused);
}

static void see(const Message &message, std::set<std::string> &missing) {
  std::vector<const FieldDescriptor *> fields;
  const auto *reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor *field : fields) {
    std::string name(field->full_name());
    missing.erase(name);
    int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
        see(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                 : reflection->GetMessage(message, field),
            missing);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM)
        missing.erase(name + " " +
                      std::string((field->is_repeated() ? reflection->GetRepeatedEnum(message, field, i)
                                                        : reflection->GetEnum(message, field))
                                      ->name()));
    }
  }
}

void SchemaCoverage::count(const ::recsys::v1::Model &description) { see(description, missing); }

bool SchemaCoverage::reportMissing(llvm::raw_ostream &os) const {
  for (const std::string &name : missing)
    os << "in no description: " << name << "\n";
  return !missing.empty();
}

} // namespace reccc::fuzz
