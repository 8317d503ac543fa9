// SPDX-License-Identifier: Apache-2.0
// What a module itself says about its parameters and inputs.
#include "AnyModule.h"

#include "mlir/Pass/PassManager.h"
#include "reccc/Codegen/Plan/Passes.h"
#include "reccc/Support/Checksum.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

TensorSet makeWeights(ModuleOp module, uint64_t seed) {
  TensorSet weights;
  for (auto parameter : module.getOps<ParameterOp>()) {
    StringRef name = parameter.getSource();
    auto type = cast<RankedTensorType>(parameter.getType());
    if (type.getElementType().isInteger(64)) {
      weights.add(name.str(), type.getShape().vec(), std::vector<int64_t>(type.getNumElements(), 1));
      continue;
    }
    // Whichever dimension is summed over.
    int64_t terms = 1;
    for (int64_t size : type.getShape())
      terms = std::max(terms, size);
    double size = type.getRank() < 2 ? 1 : std::sqrt(3.0 / terms);
    Random random(seed, checksum64(name.data(), name.size()));
    std::vector<float> values(type.getNumElements());
    for (float &value : values)
      value = static_cast<float>(name.ends_with("running_var") ? 0.5 + random.uniform() : size * random.around0());
    weights.add(name.str(), type.getShape().vec(), std::move(values));
  }
  return weights;
}

FailureOr<GeneratedModel> adoptModule(OwningOpRef<ModuleOp> module, uint64_t seed) {
  // The pass that tells the runtime tells us.
  OwningOpRef<ModuleOp> limited = module->clone();
  PassManager manager(limited.get()->getName(), PassManager::Nesting::Explicit);
  manager.addNestedPass<ModelOp>(createRecordIdLimitsPass());
  if (failed(manager.run(*limited)))
    return failure();
  GeneratedModel model;
  auto entry = *limited->getOps<ModelOp>().begin();
  for (unsigned index = 0; index < entry.getNumArguments(); ++index) {
    InputRange range;
    auto limit = entry.getArgAttrOfType<IntegerAttr>(index, "recsys.id_limit");
    range.most = limit ? limit.getInt() - 1 : 39;
    model.inputs[entry.getInputName(index)] = range;
  }
  model.weights = makeWeights(*module, seed);
  model.module = std::move(module);
  return model;
}

} // namespace reccc::fuzz
