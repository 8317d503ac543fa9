// SPDX-License-Identifier: Apache-2.0
// Plays the parts of the plan and the runtime for one kernel.
#include "reccc/Codegen/Harness/KernelHarness.h"
#include "mlir/Parser/Parser.h"
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Codegen/Common/Kernels.h"
#include "reccc/Codegen/Common/PackParameter.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <dlfcn.h>

using namespace mlir;
using namespace reccc;

static std::unique_ptr<char, void (*)(void *)> allocate(int64_t bytes) {
  // 64 readable bytes behind everything, as the runtime has them.
  void *memory = std::aligned_alloc(64, llvm::alignTo(bytes + 64, 64));
  return {static_cast<char *>(memory), std::free};
}

/// Links an object with the system's linker and opens it.
static FailureOr<void *> loadObject(StringRef object, Location loc) {
  SmallString<128> objectPath, libraryPath;
  int file;
  if (llvm::sys::fs::createTemporaryFile("kernel", "o", file, objectPath) ||
      llvm::sys::fs::createTemporaryFile("kernel", "so", libraryPath))
    return emitError(loc, "cannot create temporary files");
  {
    llvm::raw_fd_ostream stream(file, /*shouldClose=*/true);
    stream << object;
  }
  auto linker = llvm::sys::findProgramByName("ld");
  if (!linker)
    return emitError(loc, "needs the linker 'ld' in PATH");
  std::string message;
  int status = llvm::sys::ExecuteAndWait(*linker, {*linker, "-shared", "-o", libraryPath, objectPath}, std::nullopt, {},
                                         0, 0, &message);
  void *library = status == 0 ? dlopen(libraryPath.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (status == 0 && !library)
    message = dlerror();
  llvm::sys::fs::remove(objectPath);
  llvm::sys::fs::remove(libraryPath);
  if (!library)
    return emitError(loc, "cannot load the generated code: ") << message;
  return library;
}

FailureOr<std::unique_ptr<KernelHarness>> KernelHarness::compile(MLIRContext &context, StringRef source) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &context);
  if (!module || failed(lowerKernels(*module, {IsaLevel::X86_64_V3, IsaLevel::X86_64_V4})))
    return failure();
  std::unique_ptr<KernelHarness> harness(new KernelHarness());
  module->walk([&](rectile::DispatchOp op) { harness->dispatch = op; });
  if (!harness->dispatch)
    return module->emitError("expected a module with one rectile.kernel");
  // What is no kernel moves to a module of its own.
  harness->holder = ModuleOp::create(module->getLoc());
  for (Operation &op : llvm::make_early_inc_range(*module->getBody()))
    if (!op.hasAttr(kLevelAttr) && !isa<LLVM::GlobalOp>(op))
      op.moveBefore(harness->holder->getBody(), harness->holder->getBody()->end());

  llvm::LLVMContext llvmContext;
  if (failed(lowerToLLVM(*module)))
    return failure();
  auto llvmModule = translateToLLVM(*module, llvmContext);
  if (failed(llvmModule))
    return failure();
  auto object = emitMachineCode(**llvmModule, MachineOutput::Object, module->getLoc());
  if (failed(object))
    return failure();
  harness->lowered = std::move(module);
  auto library = loadObject(*object, harness->lowered->getLoc());
  if (failed(library))
    return failure();
  harness->library = *library;
  auto find = [&](ArrayAttr names, unsigned level) -> void * {
    auto symbol = dyn_cast<FlatSymbolRefAttr>(names[level]);
    return symbol ? dlsym(harness->library, symbol.getValue().str().c_str()) : nullptr;
  };
  int64_t bytes = 0;
  for (unsigned level = 0; level < kNumIsaLevels; ++level) {
    harness->entries[level] = reinterpret_cast<recrt_kernel_fn>(find(harness->dispatch.getEntries(), level));
    harness->areas[level] = reinterpret_cast<recrt_area_fn>(find(harness->dispatch.getAreas(), level));
    bytes = std::max(bytes, harness->dispatch.getScratch()[level]);
  }
  harness->scratch = allocate(bytes);
  harness->operands.resize(harness->dispatch->getNumOperands() + harness->dispatch->getNumResults());
  return harness;
}

std::string KernelHarness::makeAssembly() {
  llvm::LLVMContext context;
  auto module = translateToLLVM(*lowered, context);
  auto text = succeeded(module) ? emitMachineCode(**module, MachineOutput::Assembly, lowered->getLoc())
                                : FailureOr<std::string>(failure());
  return succeeded(text) ? *text : "";
}

KernelHarness::~KernelHarness() {
  if (library)
    dlclose(library);
}

std::vector<int64_t> KernelHarness::getOffsets(Attribute space) const {
  std::vector<int64_t> offsets = {0};
  for (const RequestLengths &lengths : batch)
    offsets.push_back(offsets.back() + cast<recsys::RowSpace>(space).getRows([&](Attribute base) {
      return lengths.at(cast<recsys::BaseSpaceAttr>(base).getName().str());
    }));
  return offsets;
}

int64_t KernelHarness::getTotalRows(Attribute space) const { return getOffsets(space).back(); }

void KernelHarness::setBatch(const std::vector<RequestLengths> &requests) {
  batch = requests;
  views.clear();
  spaceViews.clear();
  for (Attribute space : dispatch.getSpaces()) {
    View view;
    view.offsets = getOffsets(space);
    for (size_t request = 0; request < batch.size(); ++request)
      view.requestOfRow.resize(view.offsets[request + 1], static_cast<int32_t>(request));
    views.push_back(std::move(view));
  }
  for (const View &view : views)
    spaceViews.push_back({view.offsets.data(), view.requestOfRow.data(), view.offsets.back(), nullptr});
  items.clear();
  if (dispatch.getKind() == rectile::KernelKind::attention)
    addAttentionItems();
}

void KernelHarness::addAttentionItems() {
  for (auto [segment, space] : llvm::enumerate(recsys::getSegments(dispatch.getSpace()))) {
    std::vector<int64_t> offsets = getOffsets(space);
    for (size_t request = 0; request < batch.size(); ++request)
      for (int64_t first = 0; first < offsets[request + 1] - offsets[request]; first += kQueryTile)
        for (uint64_t head = 0; head < dispatch.getHeads(); ++head)
          items.push_back(
              {static_cast<int32_t>(request), static_cast<int32_t>(segment), first, static_cast<int32_t>(head), 0, 0});
  }
}

void KernelHarness::bind(unsigned number, void *data, const int64_t *rows) { operands[number] = {data, rows}; }

void KernelHarness::bindParameter(unsigned number, ArrayRef<double> values) {
  auto type = cast<RankedTensorType>(dispatch.getInputs()[number].getType());
  auto packing = cast<rectile::PackingAttr>(dispatch.getPackings()[number]).getValue();
  int64_t bytes = getPackedBytes(type, packing);
  packed.push_back(allocate(bytes));
  std::fill_n(packed.back().get(), bytes, 0);
  packParameter(values, type, packing, packed.back().get());
  bind(number, packed.back().get());
}

void KernelHarness::run(IsaLevel level, int64_t splits, bool reversed) {
  recrt_kernel_args args = {};
  args.operands = operands.data();
  args.spaces = spaceViews.data();
  args.items = items.data();
  args.num_requests = batch.size();
  args.num_splits = splits;
  int64_t count = items.size();
  if (dispatch.getKind() != rectile::KernelKind::attention) {
    count = llvm::divideCeil(getTotalRows(dispatch.getSpace()), dispatch.getBlock());
    if (dispatch.getKind() == rectile::KernelKind::gemm)
      count *= splits;
  }
  recrt_kernel_fn entry = entries[static_cast<unsigned>(level)];
  if (!reversed)
    return entry(&args, 0, count, scratch.get());
  while (count-- > 0)
    entry(&args, count, count + 1, scratch.get());
}

int64_t KernelHarness::getArea(IsaLevel level) {
  recrt_kernel_args args = {};
  args.operands = operands.data();
  args.spaces = spaceViews.data();
  args.num_requests = batch.size();
  int64_t area = 0;
  for (const recrt_attention_item &item : items)
    area += areas[static_cast<unsigned>(level)](&args, &item);
  return area;
}
