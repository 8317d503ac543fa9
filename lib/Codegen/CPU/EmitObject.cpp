// SPDX-License-Identifier: Apache-2.0
// Lowering to the llvm dialect, translation, optimization and the object file.
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Codegen/CPU/LowerFragments.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace mlir;
using namespace reccc;

void reccc::registerCodegenDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect, math::MathDialect, scf::SCFDialect,
                  vector::VectorDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

/// Gives each function the instruction set of its level. 512-bit vectors must be asked for: LLVM prefers 256 bits on
/// some CPUs.
static LogicalResult setTargetAttributes(ModuleOp module) {
  OpBuilder builder(module.getContext());
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto name = function->getAttrOfType<StringAttr>(kLevelAttr);
    if (!name)
      continue;
    std::optional<IsaLevel> level = parseIsaLevel(name);
    if (!level)
      return function.emitError("expected an ISA level in '") << kLevelAttr << "', got " << name;
    const TargetDescription &target = getTarget(*level);
    std::string width = std::to_string(target.lanes * 32);
    auto pair = [&](StringRef key, StringRef value) -> Attribute { return builder.getStrArrayAttr({key, value}); };
    function.setPassthroughAttr(builder.getArrayAttr(
        {pair("target-cpu", target.name), pair("prefer-vector-width", width), pair("min-legal-vector-width", width),
         builder.getStringAttr("nounwind"), builder.getStringAttr("no-builtins")}));
  }
  return success();
}

LogicalResult reccc::lowerToLLVM(ModuleOp module) {
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    auto name = function->getAttrOfType<StringAttr>(kLevelAttr);
    std::optional<IsaLevel> level = name ? parseIsaLevel(name) : std::nullopt;
    if (!level)
      return function.emitError("expected an ISA level in '") << kLevelAttr << '\'';
    if (failed(lowerFragments(function, getTarget(*level))))
      return failure();
  }
  PassManager passes(module.getContext());
  passes.addPass(createCSEPass());
  passes.addPass(arith::createArithExpandOpsPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (failed(passes.run(module)))
    return failure();
  return setTargetAttributes(module);
}

/// The machine of the weakest level; functions name their own.
static std::unique_ptr<llvm::TargetMachine> makeTargetMachine(std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, "x86-64", "", options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

/// What generated kernels need, a fifth of the time of LLVM's -O2: they are vectorized, unrolled and inlined by
/// construction, so that only address arithmetic, invariants and repeated loads are left to find. Kernels that differ
/// in their row spaces alone are one function in the end.
static constexpr const char *kPipeline =
    "mergefunc,function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(loop-rotate,licm),"
    "gvn,loop(indvars),instcombine<no-verify-fixpoint>,simplifycfg)";

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, kPipeline));
  passes.run(module, modules);
}

FailureOr<std::unique_ptr<llvm::Module>> reccc::translateToLLVM(ModuleOp module, llvm::LLVMContext &context) {
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context);
  if (!result)
    return module.emitError("cannot be translated to LLVM IR");
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(error);
  if (!machine)
    return module.emitError("this LLVM has no x86-64 target: ") << error;
  result->setTargetTriple(machine->getTargetTriple());
  result->setDataLayout(machine->createDataLayout());
  result->setPICLevel(llvm::PICLevel::BigPIC);
  optimize(*result, *machine);
  return result;
}

FailureOr<std::string> reccc::emitMachineCode(llvm::Module &module, MachineOutput output, Location loc) {
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(error);
  if (!machine)
    return emitError(loc) << "this LLVM has no x86-64 target: " << error;
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  auto type = output == MachineOutput::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, type))
    return emitError(loc) << "the x86-64 target cannot write this kind of file";
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}
