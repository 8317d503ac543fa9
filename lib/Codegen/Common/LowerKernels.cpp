// SPDX-License-Identifier: Apache-2.0
// Stage "tiles": generates the functions of kernels, one for each level, and replaces the kernels by their calls.
// Kernels with the same body, layouts and types share functions.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "reccc/Codegen/CPU/EmitObject.h"
#include "reccc/Codegen/Common/Kernels.h"
#include "reccc/Codegen/Common/PackParameter.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace reccc;
using rectile::KernelKind;
using rectile::Packing;

/// Bytes of fp32 rows that a block of A may take of the second-level cache.
static constexpr int64_t kGemmBlockBytes = 256 * 1024;

int64_t reccc::getRowBlock(rectile::KernelOp kernel) {
  // Multiples of 12: whole fragments of all levels.
  constexpr int64_t kMaxRows = 96, kStep = 12;
  switch (kernel.getKind()) {
  case KernelKind::rows:
    return 64;
  case KernelKind::gemm: {
    int64_t widest = 1;
    for (auto linear : kernel.getBody().getOps<recsys::LinearOp>())
      widest = std::max(widest, linear.getInFeatures());
    int64_t rows = kGemmBlockBytes / (widest * int64_t(sizeof(float)));
    return std::clamp(rows / kStep * kStep, kStep, kMaxRows);
  }
  default:
    return 0;
  }
}

/// How the body uses each parameter. A parameter with two uses of different packing is refused.
static FailureOr<ArrayAttr> findPackings(rectile::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  SmallVector<Attribute> packings;
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    if (isa<recsys::JaggedType>(argument.getType())) {
      packings.push_back(UnitAttr::get(context));
      continue;
    }
    std::optional<Packing> found;
    for (OpOperand &use : argument.getUses()) {
      Packing packing = getPacking(use);
      if (found && *found != packing)
        return use.getOwner()->emitOpError("expects parameter ")
               << argument.getArgNumber() << " of the kernel packed as " << stringifyPacking(packing)
               << ", another operator as " << stringifyPacking(*found) << "; pass it twice";
      found = packing;
    }
    packings.push_back(rectile::PackingAttr::get(context, found.value_or(Packing::plain)));
  }
  return ArrayAttr::get(context, packings);
}

namespace {
/// The functions of one signature.
struct Functions {
  SmallVector<Attribute> entries, areas;
  SmallVector<int64_t> scratch;
  SmallVector<Attribute> spaces;
  KernelFacts facts;
};

class KernelLowering {
public:
  KernelLowering(ModuleOp module, ArrayRef<IsaLevel> levels) : module(module), levels(levels) {}
  LogicalResult lower(rectile::KernelOp kernel);

private:
  FailureOr<Functions> generate(rectile::KernelOp kernel);
  func::FuncOp addFunction(rectile::KernelOp kernel, const Twine &name, FunctionType type,
                           const TargetDescription &target);

  ModuleOp module;
  ArrayRef<IsaLevel> levels;
  llvm::StringMap<Functions> known;
  unsigned numKernels = 0;
};
} // namespace

/// Everything that the generated code depends on, as text: the kernel without its operands and locations.
static std::string getSignature(rectile::KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << stringifyKernelKind(kernel.getKind()) << kernel.getOperandLayoutsAttr() << kernel.getResultLayoutsAttr()
         << kernel.getInputs().getTypes();
  OpPrintingFlags flags;
  flags.useLocalScope();
  llvm::DenseMap<Value, unsigned> numbers;
  for (BlockArgument argument : kernel.getBody().getArguments())
    numbers[argument] = numbers.size();
  for (Operation &op : kernel.getBody().front()) {
    stream << '\n' << op.getName() << op.getAttrDictionary() << op.getResultTypes();
    for (Value operand : op.getOperands())
      stream << ' ' << numbers.lookup(operand);
    for (Value result : op.getResults())
      numbers[result] = numbers.size();
  }
  return text;
}

func::FuncOp KernelLowering::addFunction(rectile::KernelOp kernel, const Twine &name, FunctionType type,
                                         const TargetDescription &target) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(builder, kernel.getLoc(), (name + "_" + target.suffix).str(), type);
  function->setAttr(kLevelAttr, builder.getStringAttr(target.name));
  return function;
}

FailureOr<Functions> KernelLowering::generate(rectile::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  Functions functions;
  SpaceList spaces;
  std::string name = (stringifyKernelKind(kernel.getKind()) + "_" + Twine(numKernels++)).str();
  for (unsigned i = 0; i < kNumIsaLevels; ++i) {
    auto level = static_cast<IsaLevel>(i);
    if (!llvm::is_contained(levels, level)) {
      functions.entries.push_back(UnitAttr::get(context));
      functions.areas.push_back(UnitAttr::get(context));
      functions.scratch.push_back(0);
      continue;
    }
    const TargetDescription &target = getTarget(level);
    func::FuncOp entry = addFunction(kernel, name, KernelFrame::getKernelType(context), target);
    functions.entries.push_back(FlatSymbolRefAttr::get(entry));
    FailureOr<KernelFacts> facts;
    switch (kernel.getKind()) {
    case KernelKind::rows:
      facts = buildRowsKernel(kernel, entry, spaces, target);
      break;
    case KernelKind::gemm:
      facts = buildGemmKernel(kernel, entry, spaces, target);
      break;
    case KernelKind::attention: {
      func::FuncOp area = addFunction(kernel, name + "_area", KernelFrame::getAreaType(context), target);
      functions.areas.push_back(FlatSymbolRefAttr::get(area));
      facts = buildAttentionKernel(kernel, entry, area, spaces, target);
      break;
    }
    case KernelKind::top_k:
    case KernelKind::filter:
      llvm_unreachable("the runtime's own");
    }
    if (failed(facts))
      return failure();
    if (kernel.getKind() != KernelKind::attention)
      functions.areas.push_back(UnitAttr::get(context));
    functions.facts = *facts;
    functions.scratch.push_back(facts->scratchBytes);
  }
  functions.spaces = spaces.spaces();
  return functions;
}

/// Layouts of values that the planner gave none: packed rows.
static ArrayAttr completeLayouts(std::optional<ArrayAttr> layouts, TypeRange types, MLIRContext *context) {
  if (layouts)
    return *layouts;
  return ArrayAttr::get(context, llvm::map_to_vector(types, [&](Type type) -> Attribute {
                          auto jagged = dyn_cast<recsys::JaggedType>(type);
                          if (!jagged)
                            return UnitAttr::get(context);
                          return rectile::LayoutAttr::get(context, jagged.getRowElements(), /*mapped=*/false,
                                                          /*step=*/1, /*padded=*/false);
                        }));
}

LogicalResult KernelLowering::lower(rectile::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  FailureOr<ArrayAttr> packings = findPackings(kernel);
  if (failed(packings))
    return failure();
  Functions functions;
  int64_t heads = 0, k = 0, firstId = 0;
  Attribute frame;
  Attribute space = cast<recsys::JaggedType>(kernel.getResultTypes().front()).getSpace();
  Operation &first = kernel.getBody().front().front();
  if (auto topK = dyn_cast<recsys::TopKOp>(first)) {
    functions.scratch.assign(kNumIsaLevels, 0);
    functions.facts.columns = topK.getScores().getType().getRowElements();
    k = topK.getK();
    firstId = topK.getFirstId();
    functions.spaces.push_back(space);
  } else if (auto filter = dyn_cast<recsys::FilterRowsOp>(first)) {
    functions.scratch.assign(kNumIsaLevels, 0);
    space = filter.getKeep().getType().getSpace();
  } else {
    std::string signature = getSignature(kernel);
    auto it = known.find(signature);
    if (it == known.end()) {
      FailureOr<Functions> generated = generate(kernel);
      if (failed(generated))
        return failure();
      it = known.insert({signature, *generated}).first;
    }
    functions = it->second;
  }
  if (auto attention = dyn_cast<recsys::AttentionOp>(first)) {
    heads = attention.getHeads();
    space = attention.getQuery().getType().getSpace();
    if (!isa<recsys::RequestAttr>(attention.getFrame()))
      frame = attention.getFrame();
  }

  OpBuilder builder(kernel);
  auto dispatch = rectile::DispatchOp::create(
      builder, kernel.getLoc(), kernel.getResultTypes(), kernel.getInputs(), kernel.getKind(),
      builder.getArrayAttr(functions.entries), builder.getArrayAttr(functions.areas), *packings,
      builder.getArrayAttr(functions.spaces), space, functions.scratch, functions.facts.block, functions.facts.columns,
      heads, k, firstId, completeLayouts(kernel.getOperandLayouts(), kernel.getInputs().getTypes(), context),
      completeLayouts(kernel.getResultLayouts(), kernel.getResultTypes(), context), frame);
  for (NamedAttribute attribute : kernel->getDiscardableAttrs())
    dispatch->setDiscardableAttr(attribute.getName(), attribute.getValue());
  kernel.replaceAllUsesWith(dispatch.getResults());
  kernel.erase();
  return success();
}

LogicalResult reccc::lowerKernels(ModuleOp module, ArrayRef<IsaLevel> levels) {
  module.getContext()
      ->loadDialect<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect, math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  SmallVector<rectile::KernelOp> kernels;
  module.walk([&](rectile::KernelOp kernel) { kernels.push_back(kernel); });
  KernelLowering lowering(module, levels);
  for (rectile::KernelOp kernel : kernels)
    if (failed(lowering.lower(kernel)))
      return failure();
  return success();
}
