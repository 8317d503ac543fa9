// SPDX-License-Identifier: Apache-2.0
// Runs passes and pipelines on IR of any stage.
#include "reccc/Codegen/Plan/Passes.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Pipelines/Passes.h"
#include "reccc/Pipelines/Stages.h"
#include "reccc/Support/NestingDepth.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace reccc;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  registry.insert<mlir::recsys::RecsysDialect, mlir::rectile::RecTileDialect, mlir::arith::ArithDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect>();
  mlir::registerTransformsPasses();
  registerReccPlanPasses();
  registerReccPipelinesPasses();
  registerReccTransformsPasses();
  registerPipelines();
  auto [input, output] =
      mlir::registerAndParseCLIOptions(argc, argv, "reccc-opt: runs passes on recsys modules\n", registry);

  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = mlir::openInputFile(input, &message);
  std::unique_ptr<llvm::ToolOutputFile> file = buffer ? mlir::openOutputFile(output, &message) : nullptr;
  if (!file) {
    llvm::errs() << message << "\n";
    return 3;
  }
  if (std::optional<TextPlace> place = findDeeperNesting(buffer->getBuffer())) {
    llvm::errs() << input << ":" << place->line << ":" << place->column << ": error: nesting deeper than the limit of "
                 << kNestingLimit << "\n";
    return 1;
  }
  if (failed(
          mlir::MlirOptMain(file->os(), std::move(buffer), registry, mlir::MlirOptMainConfig::createFromCLOptions())))
    return 1;
  file->keep();
  return 0;
}
