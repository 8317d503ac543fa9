// SPDX-License-Identifier: Apache-2.0
// From tile programs to machine code, in this process: MLIR's llvm dialect, LLVM IR, an object file.
#ifndef RECCC_CODEGEN_CPU_EMITOBJECT_H
#define RECCC_CODEGEN_CPU_EMITOBJECT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "reccc/Codegen/CPU/TargetDescription.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include <memory>
#include <string>

namespace mlir {
class DialectRegistry;
}

namespace reccc {

/// Attribute of a `func.func` that holds generated code: the name of its level, "x86-64-v4".
constexpr StringRef kLevelAttr = "reccc.level";

/// What `lowerToLLVM` and `translateToLLVM` need of the context.
void registerCodegenDialects(DialectRegistry &registry);

/// scf, vector, arith, func and rectile fragments become the llvm dialect. Functions keep `kLevelAttr`; their
/// `target-cpu` and vector width follow from it, so all levels live in one module.
LogicalResult lowerToLLVM(ModuleOp module);

/// The module in the llvm dialect as LLVM IR, optimized.
FailureOr<std::unique_ptr<llvm::Module>> translateToLLVM(ModuleOp module, llvm::LLVMContext &context);

enum class MachineOutput { Object, Assembly };

/// Machine code of a module. Position independent, x86-64 Linux.
FailureOr<std::string> emitMachineCode(llvm::Module &module, MachineOutput output, Location loc);

} // namespace reccc

#endif // RECCC_CODEGEN_CPU_EMITOBJECT_H
