// SPDX-License-Identifier: Apache-2.0
// Flags, their defaults, and what they must not say together.
#include "Options.h"
#include "ExitCode.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "mlir/Transforms/Passes.h"
#include "reccc/Codegen/Plan/Passes.h"
#include "reccc/Pipelines/Passes.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"

using namespace reccc;
namespace cl = llvm::cl;

static cl::OptionCategory category("reccc");

/// LLVM's code generator brings a flag of this name, for its own passes; it makes room for ours.
static void makeRoomFor(StringRef name) {
  auto &all = cl::getRegisteredOptions();
  auto it = all.find(name);
  if (it != all.end())
    it->second->removeArgument();
}

namespace {
struct Flags {
  cl::opt<std::string> input{cl::Positional, cl::desc("<model>"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Write to this file; `-` is standard output"), cl::value_desc("file"),
                              cl::cat(category)};
  cl::opt<std::string> emit{
      "emit", cl::desc("What to write: mlir, llvm, asm, obj or so; follows from the name after -o when not given"),
      cl::value_desc("kind"), cl::cat(category)};
  cl::opt<std::string> weights{"weights", cl::desc("The model's weights"), cl::value_desc("file.safetensors"),
                               cl::cat(category)};
  cl::opt<bool> randomWeights{"random-weights", cl::desc("Take a description without weights, to look at IR and cost"),
                              cl::cat(category)};
  cl::opt<Precision> precision{"precision", cl::desc("What floats are stored in"),
                               cl::values(clEnumValN(Precision::fp32, "fp32", "32-bit floats (default)"),
                                          clEnumValN(Precision::bf16, "bf16", "the upper half of 32-bit floats")),
                               cl::init(Precision::fp32), cl::cat(category)};
  cl::opt<bool> strictFp{"strict-fp", cl::desc("Keep only rewrites that leave every bit of a result as it is"),
                         cl::cat(category)};
  cl::list<std::string> skipPass{
      "skip-pass", cl::desc("Leave out these optional passes, to see what one is worth or to find one that is wrong"),
      cl::value_desc("pass,…"), cl::CommaSeparated, cl::cat(category)};
  cl::list<std::string> cpus{
      "cpu",
      cl::desc(
          "ISA levels to compile for, chosen between at load: native, x86-64-v3, x86-64-v4 (default: the last two)"),
      cl::value_desc("level,…"), cl::CommaSeparated, cl::cat(category)};
  cl::opt<std::string> weightsFile{"weights-file",
                                   cl::desc("Write the packed weights to this file instead of into the object"),
                                   cl::value_desc("file"), cl::cat(category)};
  cl::list<std::string> also{
      "also", cl::desc("Return these values of a description too, inner ones like states.layers.0.out included"),
      cl::value_desc("node,…"), cl::CommaSeparated, cl::cat(category)};
  cl::opt<bool> strict{"strict", cl::desc("Unknown fields of a description are errors"), cl::cat(category)};
  cl::opt<std::string> stopAfter{"stop-after",
                                 cl::desc("Stop after this stage and write its IR; --print-stages lists the stages"),
                                 cl::value_desc("stage"), cl::cat(category)};
  cl::opt<std::string> dumpStages{"dump-stages",
                                  cl::desc("Write the IR after each stage to <n>-<stage>.mlir in this directory"),
                                  cl::value_desc("dir"), cl::cat(category)};
  cl::opt<std::string> run{
      "run", cl::desc("Run the model on these requests at once; -o names a safetensors file for the outputs"),
      cl::value_desc("requests.safetensors"), cl::cat(category)};
  cl::opt<std::string> device{
      "device",
      cl::desc("What --run runs on: cpu (default), or interpreter (after stage model, or the one of --stop-after)"),
      cl::value_desc("device"), cl::cat(category)};
  cl::opt<std::string> mode{
      "mode", cl::desc("How the interpreter rounds: double (default), f32, bf16, or typed, as the IR's types say"),
      cl::value_desc("mode"), cl::cat(category)};
  cl::opt<std::string> entry{"entry", cl::desc("The entry point to run; default: the first one"),
                             cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> explain{
      "explain",
      cl::desc("Say what presets chose, what was rewritten, what was not and why, and what the kernels cost"),
      cl::value_desc("file"), cl::ValueOptional, cl::cat(category)};
  cl::list<std::string> explainLengths{
      "explain-lengths", cl::desc("Rows of base spaces that --explain counts with (default: their maxima)"),
      cl::value_desc("rows=n,…"), cl::CommaSeparated, cl::cat(category)};
  cl::opt<bool> printStages{"print-stages", cl::desc("Print the stages and the passes of each"), cl::cat(category)};
};
} // namespace

/// A switch of MLIR or LLVM was given.
static bool isGiven(StringRef name) {
  auto &all = cl::getRegisteredOptions();
  auto it = all.find(name);
  return it != all.end() && it->second->getNumOccurrences() > 0;
}

static std::string stageNames() {
  std::string names;
  for (const StageInfo &stage : getStages())
    names += (names.empty() ? "" : ", ") + stage.name.str();
  return names;
}

static int usage(const llvm::Twine &message) {
  error() << message << "\n";
  return kUsage;
}

/// By the name of the kind, or by how file names of the kind end.
static std::optional<EmitKind> parseEmit(StringRef kind) {
  return llvm::StringSwitch<std::optional<EmitKind>>(kind)
      .Case("mlir", EmitKind::Mlir)
      .Cases({"llvm", "ll"}, EmitKind::Llvm)
      .Cases({"asm", "s"}, EmitKind::Assembly)
      .Cases({"obj", "o"}, EmitKind::Object)
      .Case("so", EmitKind::SharedObject)
      .Default(std::nullopt);
}

/// The best level of this machine.
static std::optional<IsaLevel> getNativeLevel() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  if (features.lookup("avx512f") && features.lookup("avx512bw") && features.lookup("avx512cd") &&
      features.lookup("avx512dq") && features.lookup("avx512vl"))
    return IsaLevel::X86_64_V4;
  if (features.lookup("avx2") && features.lookup("fma") && features.lookup("bmi2") && features.lookup("f16c"))
    return IsaLevel::X86_64_V3;
  return std::nullopt;
}

/// The flags of `--cpu`: levels, weakest first, each once.
static std::optional<int> parseCpus(const Flags &flags, Options &options) {
  if (flags.cpus.empty())
    return std::nullopt;
  options.pipeline.levels.clear();
  for (const std::string &cpu : flags.cpus) {
    std::optional<IsaLevel> level = cpu == "native" ? getNativeLevel() : parseIsaLevel(cpu);
    if (!level && cpu == "native") {
      error() << "this machine has less than x86-64-v3, expected AVX2 and FMA\n";
      return kIncompatible;
    }
    if (!level)
      return usage("unknown level '" + cpu + "' after --cpu, expected some of: native, x86-64-v3, x86-64-v4");
    options.pipeline.levels.push_back(*level);
  }
  llvm::sort(options.pipeline.levels);
  options.pipeline.levels.erase(llvm::unique(options.pipeline.levels), options.pipeline.levels.end());
  return std::nullopt;
}

/// The flags of `--explain`.
static std::optional<int> parseExplain(const Flags &flags, Options &options) {
  options.explain = flags.explain.getNumOccurrences() > 0;
  options.explainFile = flags.explain.empty() ? "-" : flags.explain.getValue();
  options.onlyExplain =
      options.explain && flags.output.empty() && flags.emit.empty() && flags.run.empty() && flags.stopAfter.empty();
  // A report needs the shapes of weights, which a description that says them has itself.
  options.randomWeights |= options.onlyExplain && options.weights.empty();
  // The one collector of remarks takes them from one thread.
  options.oneThread |= options.explain;
  if (!flags.explainLengths.empty() && !options.explain)
    return usage("--explain-lengths goes with --explain");
  for (const std::string &text : flags.explainLengths) {
    auto [name, number] = StringRef(text).split('=');
    int64_t length;
    if (number.getAsInteger(10, length) || length < 0)
      return usage("expected --explain-lengths=rows=n with n of at least 0, got '" + text + "'");
    options.explainLengths[name] = length;
  }
  return std::nullopt;
}

/// What to write, after the stage to stop at is known.
static std::optional<int> parseOutput(const Flags &flags, Options &options) {
  StringRef extension = llvm::sys::path::extension(options.output);
  std::string kind = flags.emit;
  if (kind.empty())
    kind = options.output == "-" || options.stopAfter ? "mlir" : extension.drop_front(!extension.empty()).str();
  std::optional<EmitKind> emit = parseEmit(kind);
  if (!emit && flags.emit.empty())
    return usage("cannot tell from the name '" + options.output +
                 "' what to write, expected a name that ends in .so, .o, .s, .ll or .mlir, or --emit");
  if (!emit)
    return usage("unknown kind '" + flags.emit + "' after --emit, expected one of: mlir, llvm, asm, obj, so");
  options.emit = *emit;
  const StageInfo *last = &getStages().back();
  if (options.emit == EmitKind::Mlir && !options.weightsFile.empty())
    return usage("--weights-file goes with machine code, and this writes MLIR");
  if (options.emit != EmitKind::Mlir && options.stopAfter && options.stopAfter != last)
    return usage("--emit=" + kind + " needs stage " + last->name + ", and --stop-after stops before it");
  if (options.emit == EmitKind::SharedObject && options.output == "-")
    return usage("expected -o with the name of the shared object");
  return std::nullopt;
}

/// The flags of `--run`.
static std::optional<int> parseRun(const Flags &flags, Options &options) {
  options.run = flags.run;
  if (options.randomWeights)
    return usage("--run does not go with --random-weights, expected --weights");
  options.entry = flags.entry;
  if (!flags.emit.empty())
    return usage("--emit does not go with --run, which writes outputs");
  if (flags.device.empty() || flags.device == "cpu") {
    for (const auto *flag : {&flags.mode, &flags.stopAfter})
      if (!flag->empty())
        return usage("--" + flag->ArgStr + " goes with --run only on --device=interpreter");
    options.runsMachineCode = true;
    options.emit = EmitKind::SharedObject;
    return parseCpus(flags, options);
  }
  if (flags.device != "interpreter")
    return usage("unknown device '" + flags.device + "' after --device, expected one of: cpu, interpreter");
  std::optional<InterpreterMode> mode = parseInterpreterMode(flags.mode.empty() ? "double" : flags.mode.getValue());
  if (!mode)
    return usage("unknown mode '" + flags.mode + "' after --mode, expected one of: double, f32, bf16, typed");
  options.mode = *mode;
  if (!options.stopAfter)
    options.stopAfter = findStage("model");
  return std::nullopt;
}

std::optional<int> reccc::parseOptions(int argc, char **argv, Options &options) {
  makeRoomFor("stop-after");
  Flags flags;
  // `--mlir-print-ir-before=PASS` knows passes by their registration.
  registerReccTransformsPasses();
  registerReccPipelinesPasses();
  registerReccPlanPasses();
  mlir::registerTransformsPasses();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) { os << "reccc " RECCC_VERSION "\n"; });
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "reccc: compiles recommender models\n\n  <model> is a description (.textproto, .pb) or IR of the recsys "
          "dialect (.mlir)\n  --help-hidden lists the switches of MLIR and LLVM, which work too\n",
          &stream)) {
    llvm::errs() << message;
    return kUsage;
  }

  options.printStages = flags.printStages;
  options.input = flags.input;
  options.output = flags.output.empty() ? "-" : flags.output.getValue();
  options.weights = flags.weights;
  options.randomWeights = flags.randomWeights;
  options.weightsFile = flags.weightsFile;
  options.pipeline.embedWeights = options.weightsFile.empty();
  options.pipeline.toolVersion = RECCC_VERSION;
  options.pipeline.precision = flags.precision;
  options.pipeline.strictFp = flags.strictFp;
  options.pipeline.skippedPasses.assign(flags.skipPass.begin(), flags.skipPass.end());
  options.import.strict = flags.strict;
  options.import.also.assign(flags.also.begin(), flags.also.end());
  options.dumpStages = flags.dumpStages;
  options.oneThread = isGiven("mlir-print-ir-module-scope") || isGiven("mlir-pass-pipeline-local-reproducer");
  options.ownReproducer = isGiven("mlir-pass-pipeline-crash-reproducer");
  if (options.printStages)
    return std::nullopt;
  if (options.input.empty())
    return usage("no model given; try `reccc --help`");

  for (const std::string &pass : options.pipeline.skippedPasses)
    if (!llvm::is_contained(getOptionalPasses(), pass))
      return usage("cannot skip '" + pass + "', expected one of: " + llvm::join(getOptionalPasses(), ", "));
  if (options.randomWeights && !options.weights.empty())
    return usage("--random-weights does not go with --weights");
  if (!flags.stopAfter.empty()) {
    options.stopAfter = findStage(flags.stopAfter);
    if (!options.stopAfter)
      return usage("unknown stage '" + flags.stopAfter + "' after --stop-after, expected one of: " + stageNames());
  }
  if (std::optional<int> code = parseExplain(flags, options))
    return code;
  if (!flags.run.empty())
    return parseRun(flags, options);
  for (const auto *flag : {&flags.device, &flags.mode, &flags.entry})
    if (!flag->empty())
      return usage("--" + flag->ArgStr + " goes with --run");
  if (std::optional<int> code = parseOutput(flags, options))
    return code;
  return parseCpus(flags, options);
}
