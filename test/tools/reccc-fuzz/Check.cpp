// SPDX-License-Identifier: Apache-2.0
// Interprets a model before and after each pass, compiles it and runs it.
#include "Check.h"
#include "Compiled.h"
#include "Entries.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace reccc::fuzz {

static recsys::ModelOp modelOf(ModuleOp module) { return *module.getOps<recsys::ModelOp>().begin(); }

static std::string print(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream);
  return text;
}

/// Collects what is said in the meantime.
namespace {
struct Messages {
  explicit Messages(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) {
          text += diagnostic.str() + "; ";
          return success();
        }) {}
  std::string text;
  ScopedDiagnosticHandler handler;
};

struct Precise {
  StringRef name;
  Precision precision;
  InterpreterMode naive;
  int mantissaBits;
};
} // namespace

static const Precise kPrecisions[] = {{"fp32", Precision::fp32, InterpreterMode::NaiveF32, 23},
                                      {"bf16", Precision::bf16, InterpreterMode::NaiveBF16, 7}};

/// What memory holds before it is written: NaN, and small numbers.
static constexpr unsigned char kNaNs = 0xff, kSmall = 0x11;

namespace {
class Checker {
public:
  Checker(GeneratedModel &model, const CheckOptions &options)
      : model(model), options(options), weights(model.weights.view("weights")), messages(model.module->getContext()) {}

  std::optional<Failure> run();

private:
  bool fail(const Twine &where, const Twine &what, std::string ir = "") {
    failure = {where.str(), (what + (messages.text.empty() ? "" : ": " + messages.text)).str(), requests,
               std::move(ir)};
    return false;
  }
  std::optional<Outputs> interpretIn(recsys::ModelOp op, InterpreterMode mode, const TensorSet &batch) {
    FailureOr<Outputs> outputs = interpret(op, weights, batch.view("requests"), mode);
    return succeeded(outputs) ? std::optional<Outputs>(std::move(*outputs)) : std::nullopt;
  }

  bool checkText(ModuleOp module, StringRef where);
  bool checkPass(ModuleOp module, StringRef where);
  bool checkStages(ModuleOp module, const PipelineOptions &pipeline, StringRef label, bool checked);
  bool checkPrecision(const Precise &precise);
  bool checkCode(Compiled &code, const Precise &precise, IsaLevel level);
  bool isWithin(Compiled &code, const Precise &precise, IsaLevel level, const Outputs &given);
  std::optional<std::string> addSample(Contract &contract, Compiled &code, const Precise &precise, IsaLevel level,
                                       const TensorSet &weightsOfSample, int64_t sample);
  std::unique_ptr<Compiled> compile(const Precise &precise, ArrayRef<IsaLevel> levels, const TensorSet &values,
                                    bool checked, std::string &error);

  struct AfterPasses;

  GeneratedModel &model;
  const CheckOptions &options;
  NamedTensors weights;
  Messages messages;
  TensorSet requests;
  int64_t numRequests = 0;
  Outputs reference;
  std::optional<Failure> failure;
};

/// Looks at the module whenever a pass has changed it.
struct Checker::AfterPasses : PassInstrumentation {
  AfterPasses(Checker &checker, ModuleOp module, StringRef label)
      : checker(checker), module(module), label(label), last(module) {}

  void runAfterPass(Pass *pass, Operation *) override {
    OperationFingerPrint now(module);
    if (checker.failure || now == last)
      return;
    last = now;
    StringRef name = pass->getArgument().empty() ? pass->getName() : pass->getArgument();
    checker.checkPass(module, (label + " after " + name).str());
  }

  Checker &checker;
  ModuleOp module;
  StringRef label;
  OperationFingerPrint last;
};
} // namespace

bool Checker::checkText(ModuleOp module, StringRef where) {
  std::string text = print(module);
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(text, module.getContext());
  if (!parsed)
    return fail(where, "what is printed does not parse", text);
  std::string again = print(*parsed);
  if (again == text)
    return true;
  // Parsing brings affine expressions into an order of its own, step by step: then the text must stay, and what it
  // means.
  constexpr int kSteps = 4;
  bool stays = false;
  for (int step = 0; step < kSteps && parsed && !stays; ++step) {
    parsed = parseSourceString<ModuleOp>(again, module.getContext());
    std::string before = std::exchange(again, parsed ? print(*parsed) : "");
    stays = again == before;
  }
  std::optional<Outputs> before = interpretIn(modelOf(module), InterpreterMode::Double, requests);
  std::optional<Outputs> after =
      stays ? interpretIn(modelOf(*parsed), InterpreterMode::Double, requests) : std::nullopt;
  if (!before || !after || compareBits(*after, *before))
    return fail(where, "what is printed and parsed prints otherwise", text);
  return true;
}

bool Checker::checkPass(ModuleOp module, StringRef where) {
  std::optional<Outputs> given = interpretIn(modelOf(module), InterpreterMode::Double, requests);
  if (!given)
    return fail(where, "the interpreter refuses the module", print(module));
  if (auto message = compareTransformed(*given, reference))
    return fail(where, *message, print(module));
  return true;
}

bool Checker::checkStages(ModuleOp module, const PipelineOptions &pipeline, StringRef label, bool checked) {
  for (const StageInfo &stage : getStages()) {
    bool interpretable = stage.name != "tiles" && stage.name != "target", looked = checked && interpretable;
    if (!interpretable && !options.compile)
      return true;
    PassManager manager(module->getName(), PassManager::Nesting::Explicit);
    if (looked)
      manager.addInstrumentation(std::make_unique<AfterPasses>(*this, module, label));
    stage.build(manager, pipeline);
    if (failed(manager.run(module)))
      return failure ? false : fail(label + " stage " + stage.name, "the pipeline fails", print(module));
    if (failure || (looked && !checkText(module, (label + " stage " + stage.name).str())))
      return false;
  }
  return true;
}

bool Checker::isWithin(Compiled &code, const Precise &precise, IsaLevel level, const Outputs &given) {
  std::string where = (precise.name + " " + getTarget(level).name).str(), error;
  std::optional<Outputs> naive = interpretIn(modelOf(*model.module), precise.naive, requests);
  if (!naive)
    return fail(where, "the interpreter refuses the model");
  Contract contract(precise.mantissaBits);
  if (auto message = contract.add(requests, given, reference, *naive))
    return fail(where, *message);
  std::optional<std::string> first = contract.check();
  if (!first)
    return true;
  // The contract measures what rounding does by the largest error of the naive interpreter, and the few numbers of a
  // small output are a small sample of that. More requests, and the model with other weights, are a larger one, of
  // which these numbers are still a part.
  if (auto message = addSample(contract, code, precise, level, model.weights, 0))
    return fail(where, *message);
  constexpr int kDraws = 32;
  Random random(options.seed, 1);
  for (int draw = 0; draw < kDraws && contract.check(); ++draw) {
    TensorSet other = model.weights.redraw(random);
    std::unique_ptr<Compiled> drawn = compile(precise, level, other, /*checked=*/false, error);
    if (!drawn)
      return fail(where, "with other weights: " + error);
    contract.beginOtherWeights();
    if (auto message = addSample(contract, *drawn, precise, level, other, draw + 1))
      return fail(where, *message);
  }
  if (auto message = contract.check())
    return fail(where, *first + "; of more samples: " + *message);
  return true;
}

std::optional<std::string> Checker::addSample(Contract &contract, Compiled &code, const Precise &precise,
                                              IsaLevel level, const TensorSet &weightsOfSample, int64_t sample) {
  NamedTensors named = weightsOfSample.view("weights");
  constexpr int64_t kBatches = 32;
  for (int64_t number = sample * kBatches; number < (sample + 1) * kBatches; ++number) {
    TensorSet batch =
        makeRequests(modelOf(*model.module), model.inputs, options.seed, number * numRequests, numRequests);
    NamedTensors inputs = batch.view("requests");
    FailureOr<Outputs> exact = interpret(modelOf(*model.module), named, inputs, InterpreterMode::Double);
    FailureOr<Outputs> rough = interpret(modelOf(*model.module), named, inputs, precise.naive);
    if (failed(exact) || failed(rough))
      return "the interpreter refuses more requests";
    std::string error;
    std::optional<Outputs> outputs = code.run(level, 1, kNaNs, batch, *exact, error);
    if (!outputs)
      return error;
    if (auto message = contract.add(batch, *outputs, *exact, *rough))
      return message;
  }
  return std::nullopt;
}

bool Checker::checkCode(Compiled &code, const Precise &precise, IsaLevel level) {
  std::string where = (precise.name + " " + getTarget(level).name).str(), error;
  std::optional<Outputs> given = code.run(level, 1, kNaNs, requests, reference, error);
  if (!given)
    return fail(where, "the runtime refuses the model or the requests: " + error);
  if (!isWithin(code, precise, level, *given))
    return false;
  std::optional<Outputs> again = code.run(level, 2, kSmall, requests, reference, error);
  if (!again)
    return fail(where, "two threads: " + error);
  if (auto message = compareBits(*again, *given))
    return fail(where + " two threads", *message);
  return true;
}

std::unique_ptr<Compiled> Checker::compile(const Precise &precise, ArrayRef<IsaLevel> levels, const TensorSet &values,
                                           bool checked, std::string &error) {
  PipelineOptions pipeline;
  pipeline.precision = precise.precision;
  pipeline.levels = SmallVector<IsaLevel>(levels);
  pipeline.toolVersion = "fuzz";
  std::vector<char> packedWeights;
  pipeline.packedWeights = &packedWeights;
  pipeline.readParameter = [&](recsys::ParameterOp parameter, std::vector<double> &numbers) {
    const Tensor *tensor = values.find(parameter.getSource().str());
    if (!tensor)
      return LogicalResult(parameter.emitError("no weight"));
    std::visit([&](const auto &all) { numbers.assign(all.begin(), all.end()); }, tensor->data);
    return success();
  };
  OwningOpRef<ModuleOp> module = model.module->clone();
  if (!checkStages(*module, pipeline, precise.name, checked)) {
    error = "the pipeline fails";
    return nullptr;
  }
  return options.compile ? Compiled::load(*module, packedWeights, levels, error) : nullptr;
}

bool Checker::checkPrecision(const Precise &precise) {
  SmallVector<IsaLevel> levels = getUsableLevels();
  if (!options.all && !levels.empty())
    levels = {levels[(options.seed / 2) % levels.size()]};
  std::string error;
  std::unique_ptr<Compiled> code = compile(precise, levels, model.weights, /*checked=*/true, error);
  if (failure || !options.compile)
    return !failure;
  if (!code)
    return fail(precise.name, "no machine code: " + error);
  return llvm::all_of(levels, [&](IsaLevel level) { return checkCode(*code, precise, level); });
}

std::optional<Failure> Checker::run() {
  ModuleOp module = *model.module;
  Random random(options.seed, 0);
  numRequests = random.pick({1, 3, 8, 8, 12});
  if (failed(verify(module))) {
    fail("generator", "the module does not verify", print(module));
    return failure;
  }
  requests = makeRequests(modelOf(module), model.inputs, options.seed, 0, numRequests);
  if (!checkText(module, "generator"))
    return failure;
  std::optional<Outputs> outputs = interpretIn(modelOf(module), InterpreterMode::Double, requests);
  if (!outputs) {
    fail("generator", "the interpreter refuses the model");
    return failure;
  }
  reference = std::move(*outputs);
  Random ofEntries(options.seed, 2);
  if (auto message = checkEntries(module, weights, requests, ofEntries)) {
    fail("entry points", *message, print(module));
    return failure;
  }
  for (auto [index, precise] : llvm::enumerate(kPrecisions))
    if ((options.all || options.seed % 2 == index) && !checkPrecision(precise))
      return failure;
  return std::nullopt;
}

std::optional<Failure> checkModel(GeneratedModel &model, const CheckOptions &options) {
  return Checker(model, options).run();
}

} // namespace reccc::fuzz
