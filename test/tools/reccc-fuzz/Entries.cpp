// SPDX-License-Identifier: Apache-2.0
// @append and @score after @prefill against @rank, all by the interpreter.
#include "Entries.h"
#include "Compare.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Pass/PassManager.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "reccc/Pipelines/Stages.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

static ModelOp modelOf(ModuleOp module) { return *module.getOps<ModelOp>().begin(); }

static Attribute spaceOf(BlockArgument argument) { return cast<JaggedType>(argument.getType()).getSpace(); }

static bool isMadeOf(Attribute space, StringRef base) {
  return getRowsName(space) == base ||
         llvm::any_of(cast<RowSpace>(space).getParts(), [&](Attribute part) { return isMadeOf(part, base); });
}

namespace {
/// The tensors of one call, in double.
class Call {
public:
  void add(const std::string &name, std::vector<int64_t> shape, std::vector<double> values) {
    floats[name] = {std::move(shape), std::move(values)};
  }
  void add(const std::string &name, std::vector<int64_t> shape, std::vector<int64_t> values) {
    integers[name] = {std::move(shape), std::move(values)};
  }
  void add(const NamedValue &named) {
    std::vector<int64_t> shape = {named.value.numRows()};
    llvm::append_range(shape, named.value.type.getDims());
    if (named.value.type.isFloat())
      add(named.name, shape, named.value.floats);
    else
      add(named.name, shape, named.value.integers);
  }

  FailureOr<Outputs> run(ModelOp entry, const NamedTensors &weights) const {
    NamedTensors tensors("requests");
    auto addAll = [&](const auto &all, TensorType type) {
      for (const auto &[name, tensor] : all)
        tensors.add({name, type, tensor.first, reinterpret_cast<const std::byte *>(tensor.second.data()),
                     tensor.second.size() * 8, 0});
    };
    addAll(floats, TensorType::F64);
    addAll(integers, TensorType::I64);
    return interpret(entry, weights, tensors, InterpreterMode::Double);
  }

private:
  std::map<std::string, std::pair<std::vector<int64_t>, std::vector<double>>> floats;
  std::map<std::string, std::pair<std::vector<int64_t>, std::vector<int64_t>>> integers;
};

class Entries {
public:
  Entries(ModuleOp module, const NamedTensors &weights, const TensorSet &requests, Random &random);

  std::optional<std::string> check();

private:
  using Lengths = std::map<std::string, int64_t>;

  /// The module with the entries; null, and no message, where they are refused.
  OwningOpRef<ModuleOp> derive(StringRef candidates, StringRef append, std::string &message);
  std::optional<std::string> compare(ModuleOp module, StringRef append);
  /// What is left of all requests of the rows `cutRows`, and of what is made of them, in front of the cuts or behind.
  Call cut(StringRef cutRows, ArrayRef<int64_t> cuts, bool behind);
  /// Appends what is behind a random cut to the state of what is in front.
  std::optional<std::string> append(ModuleOp module, StringRef rows, Outputs &state);

  int64_t lengthOf(StringRef space, int64_t request) const {
    const std::vector<int64_t> &all = offsets.at(space.str());
    return all[request + 1] - all[request];
  }

  ModelOp whole;
  const NamedTensors &weights;
  const TensorSet &requests;
  Random &random;
  int64_t numRequests = 0;
  std::map<std::string, std::vector<int64_t>> offsets; // of base spaces, and of bags by row
  std::map<std::string, BagsAttr> bags;
};
} // namespace

Entries::Entries(ModuleOp module, const NamedTensors &weights, const TensorSet &requests, Random &random)
    : whole(modelOf(module)), weights(weights), requests(requests), random(random) {
  AttrTypeWalker walker;
  auto add = [&](StringRef name) {
    offsets[name.str()] = std::get<std::vector<int64_t>>(requests.find((name + ".offsets").str())->data);
  };
  walker.addWalk([&](BaseSpaceAttr space) {
    add(space.getName());
    numRequests = offsets[space.getName().str()].size() - 1;
  });
  walker.addWalk([&](BagsAttr space) {
    add(space.getName());
    bags[space.getName().str()] = space;
  });
  for (BlockArgument argument : whole.getArguments())
    walker.walk(argument.getType());
  whole.walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
  });
}

OwningOpRef<ModuleOp> Entries::derive(StringRef candidates, StringRef append, std::string &message) {
  OwningOpRef<ModuleOp> module = whole->getParentOfType<ModuleOp>().clone();
  Builder builder(module->getContext());
  NamedAttrList wish;
  wish.append("candidates", builder.getStringAttr(candidates));
  if (!append.empty())
    wish.append("append", builder.getStringAttr(append));
  SmallVector<Attribute> ofUser;
  for (BlockArgument argument : whole.getArguments())
    if (isa<RequestAttr>(spaceOf(argument)) && random.chance(0.5))
      ofUser.push_back(builder.getStringAttr(whole.getInputName(argument.getArgNumber())));
  wish.append("user_inputs", builder.getArrayAttr(ofUser));
  modelOf(*module)->setAttr(ModelOp::kEntryPointsAttr, wish.getDictionary(module->getContext()));

  std::string said;
  ScopedDiagnosticHandler handler(module->getContext(), [&](Diagnostic &diagnostic) {
    said += diagnostic.str() + "; ";
    return success();
  });
  PassManager manager((*module)->getName(), PassManager::Nesting::Explicit);
  buildModelStage(manager, {});
  buildOptimizedStage(manager, {});
  if (succeeded(manager.run(*module)))
    return module;
  if (!StringRef(said).starts_with("entry points: "))
    message = "the pipeline fails: " + said;
  return {};
}

Call Entries::cut(StringRef cutRows, ArrayRef<int64_t> cuts, bool behind) {
  Call call;
  // 1. Lengths in front of the cuts, and of the part.
  std::vector<Lengths> front(numRequests), all(numRequests);
  for (const auto &[name, unused] : offsets) {
    if (bags.count(name))
      continue;
    bool isCut = name == cutRows;
    std::vector<int64_t> before = {0}, after = {0};
    for (int64_t i = 0; i < numRequests; ++i) {
      all[i][name] = lengthOf(name, i);
      front[i][name] = isCut ? cuts[i] : all[i][name];
      before.push_back(before.back() + front[i][name]);
      after.push_back(after.back() + all[i][name] - front[i][name]);
    }
    call.add(name + ".offsets", {numRequests + 1}, std::move(before));
    if (isCut && behind)
      call.add(name + ".new.offsets", {numRequests + 1}, std::move(after));
  }
  for (const auto &[name, space] : bags) {
    std::string of = getRowsName(space.getOf()).str();
    const std::vector<int64_t> &ofBags = offsets.at(name), &ofRows = offsets.at(of);
    bool isBehind = of == cutRows && behind;
    std::vector<int64_t> part = {0};
    for (int64_t i = 0; i < numRequests; ++i) {
      int64_t middle = ofRows[i] + front[i][of];
      front[i][name] = ofBags[middle] - ofBags[ofRows[i]];
      all[i][name] = ofBags[ofRows[i + 1]] - ofBags[ofRows[i]];
      for (int64_t bag = isBehind ? middle : ofRows[i]; bag < (isBehind ? ofRows[i + 1] : middle); ++bag)
        part.push_back(part.back() + ofBags[bag + 1] - ofBags[bag]);
    }
    int64_t size = part.size();
    call.add(name + (isBehind ? ".new.offsets" : ".offsets"), {size}, std::move(part));
  }
  // 2. Inputs.
  for (BlockArgument argument : whole.getArguments()) {
    auto type = cast<JaggedType>(argument.getType());
    std::string name = whole.getInputName(argument.getArgNumber()).str();
    const Tensor *tensor = requests.find(name);
    bool isBehind = behind && isMadeOf(type.getSpace(), cutRows);
    int64_t width = type.getRowElements(), first = 0, rows = 0;
    std::visit(
        [&](const auto &values) {
          std::vector<std::conditional_t<std::is_same_v<decltype(values[0]), const float &>, double, int64_t>> part;
          for (int64_t i = 0; i < numRequests; ++i) {
            auto count = [&](const Lengths &lengths) {
              return type.getRowSpace().getRows([&](Attribute base) { return lengths.at(getRowsName(base).str()); });
            };
            int64_t middle = first + count(front[i]), last = first + count(all[i]);
            int64_t begin = isBehind ? middle : first, end = isBehind ? last : middle;
            part.insert(part.end(), values.begin() + begin * width, values.begin() + end * width);
            rows += end - begin;
            first = last;
          }
          std::vector<int64_t> shape = {rows};
          llvm::append_range(shape, type.getDims());
          call.add(name, std::move(shape), std::move(part));
        },
        tensor->data);
  }
  return call;
}

/// The rows of two values of one type, request by request.
static JaggedValue join(const JaggedValue &before, const JaggedValue &after) {
  JaggedValue result;
  result.type = before.type;
  result.offsets = {0};
  int64_t width = before.type.getRowElements();
  for (int64_t i = 0; i < before.numRequests(); ++i) {
    for (const JaggedValue *part : {&before, &after}) {
      auto copy = [&](const auto &from, auto &to) {
        if (!from.empty())
          to.insert(to.end(), from.begin() + part->offsets[i] * width, from.begin() + part->offsets[i + 1] * width);
      };
      copy(part->floats, result.floats);
      copy(part->integers, result.integers);
    }
    result.offsets.push_back(result.offsets.back() + before.offsets[i + 1] - before.offsets[i] + after.offsets[i + 1] -
                             after.offsets[i]);
  }
  return result;
}

static const NamedValue *find(const Outputs &values, StringRef name) {
  auto found = llvm::find_if(values, [&](const NamedValue &value) { return value.name == name; });
  return found == values.end() ? nullptr : &*found;
}

std::optional<std::string> Entries::append(ModuleOp module, StringRef rows, Outputs &state) {
  std::vector<int64_t> cuts;
  for (int64_t i = 0; i < numRequests; ++i)
    cuts.push_back(random.between(0, lengthOf(rows, i)));
  FailureOr<Outputs> begun = cut(rows, cuts, /*behind=*/false).run(module.lookupSymbol<ModelOp>("prefill"), weights);
  if (failed(begun))
    return "@prefill does not run on the front of the requests";
  Call call = cut(rows, cuts, /*behind=*/true);
  for (const NamedValue &value : *begun)
    call.add(value);
  FailureOr<Outputs> added = call.run(module.lookupSymbol<ModelOp>("append"), weights);
  if (failed(added))
    return "@append does not run";
  Outputs grown = *begun;
  for (NamedValue &value : grown)
    if (const NamedValue *more = find(*added, value.name))
      value.value = join(value.value, more->value);
  if (auto message = compareTransformed(grown, state))
    return "a state with appended rows: " + *message;
  state = std::move(grown);
  return std::nullopt;
}

/// Without rows only the host, not the interpreter, knows how many requests there are.
static bool hasRows(ModelOp entry) {
  bool found = llvm::any_of(entry.getArguments(), [](BlockArgument argument) {
    return cast<RowSpace>(spaceOf(argument)).getConstantRows().value_or(0) > 0;
  });
  AttrTypeWalker walker;
  walker.addWalk([&](BaseSpaceAttr) { found = true; });
  entry->walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
  });
  return found;
}

std::optional<std::string> Entries::compare(ModuleOp module, StringRef appended) {
  if (!llvm::all_of(module.getOps<ModelOp>(), hasRows))
    return std::nullopt;
  std::vector<int64_t> none(numRequests, 0);
  Call requested = cut("", none, /*behind=*/false);
  // The model stands first, whatever its name.
  FailureOr<Outputs> ranked = requested.run(*module.getOps<ModelOp>().begin(), weights);
  FailureOr<Outputs> state = requested.run(module.lookupSymbol<ModelOp>("prefill"), weights);
  if (failed(ranked) || failed(state))
    return "the model or @prefill does not run";
  if (!appended.empty())
    if (auto message = append(module, appended, *state))
      return message;
  for (const NamedValue &value : *state)
    requested.add(value);
  FailureOr<Outputs> scored = requested.run(module.lookupSymbol<ModelOp>("score"), weights);
  if (failed(scored))
    return "@score does not run";
  if (auto message = compareTransformed(*scored, *ranked))
    return "@score: " + *message;
  return std::nullopt;
}

std::optional<std::string> Entries::check() {
  SmallVector<std::string> bases;
  for (const auto &[name, unused] : offsets)
    if (!bags.count(name))
      bases.push_back(name);
  if (bases.empty())
    return std::nullopt;
  // 1. Few models have rows that can be appended: whichever there are.
  std::string message;
  for (const std::string &candidates : bases)
    for (const std::string &appended : bases) {
      if (appended == candidates)
        continue;
      OwningOpRef<ModuleOp> module = derive(candidates, appended, message);
      if (!message.empty())
        return message;
      if (module)
        return compare(*module, appended);
    }
  // 2. More of them have a part of the user.
  OwningOpRef<ModuleOp> module = derive(random.pick(ArrayRef(bases)), "", message);
  if (module)
    return compare(*module, "");
  return message.empty() ? std::nullopt : std::optional(message);
}

std::optional<std::string> checkEntries(ModuleOp module, const NamedTensors &weights, const TensorSet &requests,
                                        Random &random) {
  return Entries(module, weights, requests, random).check();
}

} // namespace reccc::fuzz
