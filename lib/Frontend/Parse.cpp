// SPDX-License-Identifier: Apache-2.0
// Bytes to a schema message whose parts all have a place.
#include "Parse.h"
#include "FileKind.h"
#include "Report.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "llvm/ADT/StringExtras.h"

using namespace reccc;
namespace gp = google::protobuf;

constexpr int64_t kNestingLimit = 100;
constexpr int64_t kRevision = 1;
constexpr unsigned kMostErrors = 20;

/// 16 MiB are 300,000 nodes. Positions take many times the memory of the text, and a file that is
/// refused should not take much.
constexpr size_t kLargestDescription = size_t(1) << 24;

/// The place where messages nest too deep, as (line, column) from 1; protobuf skips unknown fields
/// recursively, so this is looked at first.
static std::optional<std::pair<int, int>> findTooDeep(StringRef text) {
  int64_t depth = 0;
  int line = 1, column = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    ++column;
    if (c == '\n') {
      ++line;
      column = 0;
    } else if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n')
        ++i, ++column;
    } else if (c == '"' || c == '\'') {
      while (i + 1 < text.size() && text[i + 1] != c && text[i + 1] != '\n') {
        if (text[i + 1] == '\\' && i + 2 < text.size() && text[i + 2] != '\n')
          ++i, ++column;
        ++i, ++column;
      }
      if (i + 1 < text.size() && text[i + 1] == c)
        ++i, ++column;
    } else if (c == '{' || c == '<' || c == '[') {
      if (++depth > kNestingLimit)
        return std::make_pair(line, column);
    } else if (c == '}' || c == '>' || c == ']') {
      --depth;
    }
  }
  return std::nullopt;
}

static std::vector<StringRef> fieldNames(const gp::Descriptor *message) {
  std::vector<StringRef> names;
  for (int i = 0; i < message->field_count(); ++i)
    names.push_back(message->field(i)->name());
  return names;
}

namespace {

/// Turns what the text parser says into diagnostics.
class TextErrors : public gp::io::ErrorCollector {
public:
  TextErrors(StringRef source, const Places &places, bool strict) : source(source), places(places), strict(strict) {}

  void AddError(int line, int column, const std::string &message) override {
    if (++errors > kMostErrors)
      return;
    // unknown enumeration value of "MIDDLE" for field "kind".
    StringRef value = StringRef(message).split("numeration value of \"").second.split('"').first;
    if (!value.empty())
      return unknownEnumerator(tokenBefore(line, column, value), value,
                               StringRef(message).split("for field \"").second.split('"').first);
    Location where = placeOf(line, column);
    if (StringRef(message).contains("recursion limit"))
      Report::error(where, Code::TooDeep) << "messages nest deeper than " << kNestingLimit;
    else
      Report::error(where, Code::Syntax) << text(message);
  }

  void AddWarning(int line, int column, const std::string &message) override {
    Location where = placeOf(line, column);
    // Message type "recsys.v1.Node" has no field named "x".
    StringRef type = StringRef(message).split("Message type \"").second.split('"').first;
    StringRef name = StringRef(message).split("has no field named \"").second.split('"').first;
    if (type.empty() || name.empty()) {
      if (++warnings <= kMostErrors)
        Report::warning(where, Code::Syntax) << text(message);
      return;
    }
    bool block = type == "recsys.v1.Node";
    bool isError = strict || block;
    if (++(isError ? errors : warnings) > kMostErrors)
      return;
    where = tokenBefore(line, column, name);
    const gp::Descriptor *descriptor = gp::DescriptorPool::generated_pool()->FindMessageTypeByName(type.str());
    Report report = isError ? Report::error(where, block ? Code::UnknownBlock : Code::UnknownField)
                            : Report::warning(where, Code::UnknownField);
    report << (block ? "unknown block " : "unknown field ") << quoted(name);
    if (!block)
      report << " in message " << type.substr(StringRef("recsys.v1.").size()) << (strict ? "" : "; it is ignored");
    std::string near = descriptor ? didYouMean(name, fieldNames(descriptor)) : "";
    if (!near.empty())
      report.hint(near);
    else if (block)
      report.hint("blocks are the fields of `message Node` in recsys/v1/model.proto");
  }

  unsigned errors = 0;

private:
  Location placeOf(int line, int column) const {
    return line < 0 ? places.wholeFile() : places.at(line + 1, column + 1);
  }

  /// The parser has read on when it reports a word: the place of the word itself, on its line or
  /// one of those before.
  Location tokenBefore(int line, int column, StringRef token) const {
    size_t start = 0;
    for (int i = 0; i < line; ++i) {
      size_t end = source.find('\n', start);
      if (end == StringRef::npos)
        return placeOf(line, column);
      start = end + 1;
    }
    StringRef head = source.take_front(start + column);
    size_t at = head.rfind(token);
    if (at == StringRef::npos)
      return placeOf(line, column);
    size_t before = head.take_front(at).rfind('\n');
    return placeOf(line - head.drop_front(at).count('\n'), before == StringRef::npos ? at : at - before - 1);
  }

  static void unknownEnumerator(Location where, StringRef value, StringRef fieldName) {
    // The parser does not say in which message; fields of one name have few enumerations.
    std::vector<StringRef> names;
    const gp::FileDescriptor *file = pb::Model::descriptor()->file();
    auto visit = [&](auto &self, const gp::Descriptor *message) -> void {
      const Field *field = message->FindFieldByName(fieldName.str());
      if (const gp::EnumDescriptor *type = field ? field->enum_type() : nullptr)
        for (int i = 0; i < type->value_count(); ++i)
          if (!llvm::is_contained(names, type->value(i)->name()))
            names.push_back(type->value(i)->name());
      for (int i = 0; i < message->nested_type_count(); ++i)
        self(self, message->nested_type(i));
    };
    auto visitFile = [&](const gp::FileDescriptor *of) {
      for (int i = 0; i < of->message_type_count(); ++i)
        visit(visit, of->message_type(i));
    };
    visitFile(file);
    for (int i = 0; i < file->dependency_count(); ++i)
      visitFile(file->dependency(i));
    Report report = Report::error(where, Code::BadEnum);
    report << fieldName << " is " << quoted(value) << ", expected a value of its enumeration";
    std::string near = didYouMean(value, names);
    std::vector<std::string> all(names.begin(), names.end());
    report.hint(near.empty() ? "there are " + enumerate(all) : near);
  }

  static std::string text(StringRef message) {
    // Tokens of a broken file may hold anything.
    std::string safe;
    for (unsigned char c : message.take_front(300))
      safe += llvm::isPrint(c) ? std::string(1, c) : "\\x" + llvm::utohexstr(c, true, 2);
    if (!safe.empty() && safe.back() == '.')
      safe.pop_back();
    if (!safe.empty() && safe.size() > 1 && !llvm::isUpper(safe[1]))
      safe[0] = llvm::toLower(safe[0]);
    return safe;
  }

  StringRef source;
  const Places &places;
  bool strict;
  unsigned warnings = 0;
};

} // namespace

static LogicalResult parseText(StringRef text, ParsedModel &parsed, bool strict) {
  if (auto deep = findTooDeep(text))
    return Report::error(parsed.places.at(deep->first, deep->second), Code::TooDeep)
           << "messages nest deeper than " << kNestingLimit;
  gp::TextFormat::Parser parser;
  TextErrors errors(text, parsed.places, strict);
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&parsed.tree);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kNestingLimit);
  gp::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  bool ok = parser.Parse(&stream, &parsed.model);
  if (!ok && !errors.errors)
    return Report::error(parsed.places.wholeFile(), Code::Syntax) << "is not protobuf text format";
  if (!ok || errors.errors)
    return failure();
  parsed.places.addText(parsed.model, parsed.tree);
  return success();
}

static LogicalResult checkUnknown(const Message &message, const Places &places, bool strict) {
  LogicalResult result = success();
  const gp::UnknownFieldSet &unknown = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < std::min(unknown.field_count(), 3); ++i) {
    Report report = strict ? Report::error(places.of(message), Code::UnknownField)
                           : Report::warning(places.of(message), Code::UnknownField);
    report << "unknown field " << unknown.field(i).number() << " in message " << message.GetDescriptor()->name()
           << (strict ? "" : "; it is ignored");
    if (strict)
      result = failure();
  }
  forEachChild(message, [&](const Message &child, const Field *, int) {
    if (failed(checkUnknown(child, places, strict)))
      result = failure();
  });
  return result;
}

static LogicalResult parseBinary(StringRef bytes, ParsedModel &parsed, bool strict) {
  gp::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kNestingLimit);
  gp::LogSilencer silencer; // the library prints what we report
  if (!parsed.model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return Report::error(parsed.places.wholeFile(), Code::BrokenBinary)
           << "is neither protobuf text nor a whole binary message recsys.v1.Model; expected " << bytes.size()
           << " bytes of it, reading stopped near byte " << stream.CurrentPosition();
  parsed.places.addBinary(parsed.model);
  return checkUnknown(parsed.model, parsed.places, strict);
}

std::unique_ptr<ParsedModel> reccc::parseModel(const llvm::MemoryBuffer &buffer, bool strict, MLIRContext *context) {
  StringRef name = buffer.getBufferIdentifier(), bytes = buffer.getBuffer();
  auto parsed = std::make_unique<ParsedModel>(Places(context, name));
  Location file = parsed->places.wholeFile();
  FileKind kind = recognizeFile(name, bytes);
  if (bytes.size() > kLargestDescription && kind.kind != FileKind::Other) {
    Report::error(file, Code::TooLarge) << "has " << bytes.size() << " bytes, expected a description of at most "
                                        << kLargestDescription << "; numbers belong into the weights file";
    return nullptr;
  }
  LogicalResult result = failure();
  switch (kind.kind) {
  case FileKind::Empty:
    result = Report::error(file, Code::EmptyFile) << "empty file, expected a model description (recsys.v1.Model)";
    break;
  case FileKind::Other:
    result = Report::error(file, Code::NotADescription)
             << "expected a model description (recsys.v1.Model), got what looks like " << kind.looksLike;
    break;
  case FileKind::Text:
    bytes.consume_front("\xef\xbb\xbf");
    result = parseText(bytes, *parsed, strict);
    break;
  case FileKind::Binary:
    result = parseBinary(bytes, *parsed, strict);
    break;
  }
  if (failed(result))
    return nullptr;
  const pb::Model &model = parsed->model;
  if (model.has_revision() && model.revision() > kRevision) {
    Report::error(parsed->places.of(model, "revision"), Code::NewerRevision)
        << "the description needs revision " << model.revision() << " of recsys.v1, this tool reads up to " << kRevision
        << "; use a newer reccc";
    return nullptr;
  }
  return parsed;
}
