// SPDX-License-Identifier: Apache-2.0
// Objects, shared objects and headers.
#include "reccc/Pipelines/EmitArtifact.h"

#include "reccc/Codegen/Plan/EmitPlan.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/Constants.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace reccc;

/// Gives the symbol of the weights its bytes; it stays inside of the object.
static void defineWeights(llvm::Module &module, ArrayRef<char> weights) {
  llvm::GlobalVariable *global = module.getGlobalVariable(kWeightsSymbol, /*AllowInternal=*/true);
  if (!global)
    return;
  global->setInitializer(llvm::ConstantDataArray::getString(
      module.getContext(), StringRef(weights.data(), weights.size()), /*AddNull=*/false));
  global->setLinkage(llvm::GlobalValue::InternalLinkage);
}

FailureOr<std::string> reccc::emitWithWeights(ModuleOp module, ArrayRef<char> weights, MachineOutput output) {
  llvm::LLVMContext context;
  FailureOr<std::unique_ptr<llvm::Module>> llvmModule = translateToLLVM(module, context);
  if (failed(llvmModule))
    return failure();
  defineWeights(**llvmModule, weights);
  return emitMachineCode(**llvmModule, output, module.getLoc());
}

FailureOr<std::string> reccc::emitLLVMText(ModuleOp module) {
  llvm::LLVMContext context;
  FailureOr<std::unique_ptr<llvm::Module>> llvmModule = translateToLLVM(module, context);
  if (failed(llvmModule))
    return failure();
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*llvmModule)->print(stream, nullptr);
  return text;
}

FailureOr<std::string> reccc::linkSharedObject(StringRef object, std::string &message) {
  llvm::ErrorOr<std::string> linker = llvm::sys::findProgramByName("ld");
  if (!linker) {
    message = "no linker: expected `ld` (Debian: binutils) in PATH to make a shared object; an object (-o model.o) "
              "needs none";
    return failure();
  }
  SmallString<128> objectPath, sharedPath, errorPath;
  llvm::scope_exit cleanup([&] {
    for (const SmallString<128> &path : {objectPath, sharedPath, errorPath})
      if (!path.empty())
        llvm::sys::fs::remove(path);
  });
  int fd;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("reccc", "o", fd, objectPath)) {
    message = "cannot make a temporary file: " + code.message();
    return failure();
  }
  {
    llvm::raw_fd_ostream stream(fd, /*shouldClose=*/true);
    stream << object;
    stream.close();
    if (stream.has_error()) {
      message = "cannot write " + objectPath.str().str() + ": " + stream.error().message();
      stream.clear_error();
      return failure();
    }
  }
  std::error_code code = llvm::sys::fs::createTemporaryFile("reccc", "so", sharedPath);
  if (!code)
    code = llvm::sys::fs::createTemporaryFile("reccc", "txt", errorPath);
  if (code) {
    message = "cannot make a temporary file: " + code.message();
    return failure();
  }
  // Nothing of the host goes into the file: the same object gives the same bytes.
  SmallVector<StringRef> arguments = {*linker, "-shared", "--build-id=none", "-z",      "noexecstack", "-z",
                                      "now",   "-o",      sharedPath,        objectPath};
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(errorPath), StringRef(errorPath)};
  if (llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects) != 0) {
    message = "the linker " + *linker + " failed";
    if (auto text = llvm::MemoryBuffer::getFile(errorPath))
      message += ": " + (*text)->getBuffer().trim().str();
    return failure();
  }
  auto shared = llvm::MemoryBuffer::getFile(sharedPath);
  if (!shared) {
    message = "cannot read " + sharedPath.str().str() + ": " + shared.getError().message();
    return failure();
  }
  return (*shared)->getBuffer().str();
}

std::string reccc::makeHeader(StringRef symbol, StringRef modelName) {
  std::string guard = symbol.upper() + "_H";
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "/* The compiled model \"" << modelName
         << "\". Made by reccc; link it with the object of the same name and librecrt. */\n"
         << "#ifndef " << guard << "\n#define " << guard
         << "\n\n#include <recrt/module.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
         << "/* Give its address to recrt_model_create(). */\nextern const recrt_module " << symbol
         << ";\n\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}
