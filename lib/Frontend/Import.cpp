// SPDX-License-Identifier: Apache-2.0
// From a model description to a module of the recsys dialect: parse, apply presets, resolve names,
// build blocks, return outputs.
#include "reccc/Frontend/Import.h"
#include "Blocks.h"
#include "Parse.h"
#include "Presets.h"
#include "mlir/IR/Verifier.h"

using namespace reccc;

namespace {

class Importer {
public:
  Importer(ParsedModel &parsed, const SafetensorsFile *weights, const ImportOptions &options, MLIRContext *context,
           ImportReport *report)
      : parsed(parsed), options(options), context(context), report(report),
        module(ModuleOp::create(parsed.places.wholeFile())), binder(*module, weights), builder(context) {}

  OwningOpRef<ModuleOp> import() {
    std::vector<PresetChoice> choices;
    for (pb::Node &node : *parsed.model.mutable_node())
      applyPreset(node, parsed.places, choices);
    auto names = resolveNames(parsed.model, parsed.places, context);
    if (failed(names))
      return nullptr;
    ModelBuilder b(builder, *names, parsed.places, binder);
    if (failed(createModel(b)))
      return nullptr;
    for (const pb::Node *node : names->order) {
      if (errors >= kErrorLimit)
        break;
      errors += failed(buildNode(b, *node)) || failed(b.bindFiltered());
    }
    for (StringRef tensor : parsed.model.unused_weight())
      tensor.consume_back("*") ? binder.markPrefixUsed(tensor) : binder.markUsed(tensor);
    if (errors || failed(createOutput(b)))
      return nullptr;
    removeUnused();
    if (failed(verify(*module)))
      return nullptr;
    binder.warnUnused(context);
    if (report) {
      report->choices = std::move(choices);
      report->values = b.definedNames();
    }
    return std::move(module);
  }

private:
  LogicalResult createModel(ModelBuilder &b) {
    const pb::Model &description = parsed.model;
    module->setName(description.name());
    // Inputs.
    SmallVector<Type> types;
    SmallVector<Attribute> names;
    SmallVector<Location> places;
    for (const pb::Input &input : description.input()) {
      Attribute space = b.rows(input.rows());
      if (!isa<ir::BaseSpaceAttr, ir::BagsAttr, ir::RequestAttr>(space)) {
        ++errors;
        b.error(input, "rows", Code::NoSuchRows)
                .hint("declare the input over the rows that the request brings, and select from it "
                      "in a node")
            << "input " << quoted(input.name()) << " is over " << rowsText(space)
            << ", expected base rows, bags or 'request'";
        continue;
      }
      SmallVector<int64_t> dims(input.dims().begin(), input.dims().end());
      b.begin(input.name(), input);
      auto type = b.jagged(input, space, dims,
                           input.type() == pb::Input::INT64 ? Type(builder.getI64Type()) : Type(builder.getF32Type()));
      if (failed(type)) {
        ++errors;
        continue;
      }
      types.push_back(*type);
      names.push_back(nameAttr(input.name()));
      places.push_back(NameLoc::get(builder.getStringAttr(input.name()), parsed.places.of(input)));
    }
    if (errors)
      return failure();
    OperationState state(parsed.places.wholeFile(), ir::ModelOp::getOperationName());
    state.addAttribute("sym_name", builder.getStringAttr(description.has_entry() ? description.entry() : "rank"));
    state.addAttribute("function_type", TypeAttr::get(builder.getFunctionType(types, {})));
    state.addAttribute("arg_attrs", builder.getArrayAttr(names));
    Block *block = new Block;
    state.addRegion()->push_back(block);
    block->addArguments(types, places);
    if (description.has_entry_points())
      state.addAttribute(ir::ModelOp::kEntryPointsAttr, entryPointsAttr(b, description.entry_points()));
    if (errors)
      return failure();
    builder.setInsertionPointToEnd(module->getBody());
    model = cast<ir::ModelOp>(builder.create(state));
    builder.setInsertionPointToEnd(block);
    for (auto [input, argument] : llvm::zip(description.input(), block->getArguments()))
      b.defineGlobal(input.name(), argument);
    return b.bindFiltered();
  }

  /// What the pass that derives entry points reads.
  DictionaryAttr entryPointsAttr(ModelBuilder &b, const pb::EntryPoints &wanted) {
    NamedAttrList attrs;
    for (StringRef field : {"candidates", "append"}) {
      const std::string &name = field == "append" ? wanted.append() : wanted.candidates();
      if (name.empty())
        continue;
      if (!isa<ir::BaseSpaceAttr>(b.rows(name))) {
        ++errors;
        b.error(wanted, field, Code::NoSuchRows).hint("base rows have a `max`")
            << "entry_points: " << field << " " << quoted(name) << " is " << rowsText(b.rows(name))
            << ", expected base rows";
      }
      attrs.append(field, builder.getStringAttr(name));
    }
    if (wanted.has_append() && wanted.append() == wanted.candidates()) {
      ++errors;
      b.error(wanted, "append", Code::Contradiction).hint("append to the rows of the user's history")
          << "entry_points: append " << quoted(wanted.append())
          << " are the candidates, which come anew with each scoring";
    }
    SmallVector<Attribute> inputs;
    for (const std::string &name : wanted.user_input()) {
      if (llvm::none_of(parsed.model.input(), [&](const pb::Input &input) { return input.name() == name; })) {
        ++errors;
        b.error(wanted, "user_input", Code::UnknownName)
            << "entry_points: user_input " << quoted(name) << " is a node, expected an input";
      }
      inputs.push_back(builder.getStringAttr(name));
    }
    attrs.append("user_inputs", builder.getArrayAttr(inputs));
    return attrs.getDictionary(context);
  }

  Attribute nameAttr(StringRef name) {
    return builder.getDictionaryAttr(builder.getNamedAttr(ir::ModelOp::kNameAttr, builder.getStringAttr(name)));
  }

  LogicalResult createOutput(ModelBuilder &b) {
    SmallVector<Value> values;
    SmallVector<Attribute> names;
    llvm::StringSet<> taken;
    for (const pb::Output &output : parsed.model.output()) {
      auto value = b.value(output, "node");
      if (failed(value)) {
        ++errors;
        continue;
      }
      const std::string &name = output.has_name() ? output.name() : output.node();
      taken.insert(name);
      values.push_back(*value);
      names.push_back(nameAttr(name));
    }
    for (const std::string &name : options.also) {
      if (taken.contains(name))
        continue;
      Value value = b.find(name);
      if (!value) {
        ++errors;
        std::string near = b.nearestValue(name);
        Report report = Report::error(parsed.places.wholeFile(), Code::UnknownName);
        report << "the model has no value " << quoted(name) << " to return also";
        if (!near.empty())
          report.hint(near);
        continue;
      }
      taken.insert(name);
      values.push_back(value);
      names.push_back(nameAttr(name));
    }
    if (errors)
      return failure();
    ir::OutputOp::create(builder, parsed.places.of(parsed.model.output(0)), values);
    model.setFunctionType(builder.getFunctionType(model.getArgumentTypes(), ValueRange(values).getTypes()));
    model->setAttr("res_attrs", builder.getArrayAttr(names));
    return success();
  }

  /// Inner values that nobody asked for, and the parameters that only they read.
  void removeUnused() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(model.getBody().front())))
      if (op.use_empty() && !isa<ir::OutputOp, ir::FilterRowsOp>(op))
        op.erase();
    llvm::DenseSet<StringAttr> read;
    for (Operation &op : model.getBody().front())
      if (auto get = dyn_cast<ir::GetParameterOp>(op))
        read.insert(get.getParameterAttr().getAttr());
    for (auto parameter : llvm::make_early_inc_range(module->getOps<ir::ParameterOp>()))
      if (!read.contains(parameter.getSymNameAttr()))
        parameter.erase();
  }

  ParsedModel &parsed;
  const ImportOptions &options;
  MLIRContext *context;
  ImportReport *report;
  OwningOpRef<ModuleOp> module;
  WeightBinder binder;
  OpBuilder builder;
  ir::ModelOp model;
  unsigned errors = 0;
};

} // namespace

OwningOpRef<ModuleOp> reccc::importModel(const llvm::MemoryBuffer &buffer, const SafetensorsFile *weights,
                                         const ImportOptions &options, MLIRContext *context, ImportReport *report) {
  context->loadDialect<ir::RecsysDialect>();
  std::unique_ptr<ParsedModel> parsed = parseModel(buffer, options.strict, context);
  if (!parsed)
    return nullptr;
  return Importer(*parsed, weights, options, context, report).import();
}
