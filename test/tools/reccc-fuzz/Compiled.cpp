// SPDX-License-Identifier: Apache-2.0
// Artifacts in temporary files, and the C API.
#include "Compiled.h"

#include "reccc/Pipelines/EmitArtifact.h"
#include "reccc/Requests/RequestBatch.h"
#include "reccc/Support/Artifact.h"
#include "reccc/Support/Checksum.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>

namespace reccc::fuzz {

SmallVector<IsaLevel> getUsableLevels() {
  recrt_capabilities capabilities;
  capabilities.size = sizeof(capabilities);
  SmallVector<IsaLevel> levels;
  if (recrt_query_capabilities(&capabilities).code == RECRT_OK)
    for (IsaLevel level : {IsaLevel::X86_64_V3, IsaLevel::X86_64_V4})
      if (capabilities.isa_levels & (1u << static_cast<unsigned>(level)))
        levels.push_back(level);
  return levels;
}

std::unique_ptr<Compiled> Compiled::load(ModuleOp module, ArrayRef<char> packedWeights, ArrayRef<IsaLevel> levels,
                                         std::string &error) {
  FailureOr<std::string> object = emitWithWeights(module, packedWeights, MachineOutput::Object);
  if (failed(object)) {
    error = "no object";
    return nullptr;
  }
  FailureOr<std::string> shared = linkSharedObject(*object, error);
  if (failed(shared))
    return nullptr;
  ArtifactInfo info;
  info.kind = ArtifactKind::SharedObject;
  info.weightsHash = checksum64(packedWeights.data(), packedWeights.size());
  info.moduleAbi = RECRT_MODULE_ABI;
  for (IsaLevel level : levels)
    info.isaLevels |= 1u << static_cast<unsigned>(level);
  info.toolVersion = "fuzz";
  SmallString<128> file;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("reccc-fuzz", "so", file)) {
    error = code.message();
    return nullptr;
  }
  std::unique_ptr<Compiled> compiled(new Compiled);
  compiled->path = file.str().str();
  FileError fileError;
  if (!writeArtifact(compiled->path, shared->data(), shared->size(), info, fileError)) {
    error = fileError.message;
    return nullptr;
  }
  return compiled;
}

Compiled::~Compiled() { llvm::sys::fs::remove(path); }

namespace {
struct Destroy {
  void operator()(recrt_model *model) const { recrt_model_destroy(model); }
  void operator()(recrt_context *context) const { recrt_context_destroy(context); }
};
} // namespace

/// Memory that holds `*user` in every byte: what a kernel reads before it is written shows.
static void *allocateFilled(void *user, size_t size, size_t alignment) {
  void *memory = std::aligned_alloc(alignment, llvm::alignTo(size, alignment));
  if (memory)
    std::memset(memory, *static_cast<const unsigned char *>(user), size);
  return memory;
}

static void releaseFilled(void *, void *memory, size_t) { std::free(memory); }

static JaggedValue readOutput(const recrt_output_view &view, const recrt_tensor_info &tensor, recsys::JaggedType type) {
  JaggedValue value;
  value.type = type;
  value.offsets.assign(view.offsets, view.offsets + view.num_requests + 1);
  int64_t count = view.num_rows * tensor.row_elements;
  if (tensor.element == RECRT_ELEMENT_I64) {
    const auto *numbers = static_cast<const int64_t *>(view.data);
    value.integers.assign(numbers, numbers + count);
  } else {
    const auto *numbers = static_cast<const float *>(view.data);
    value.floats.assign(numbers, numbers + count);
  }
  return value;
}

std::optional<Outputs> Compiled::run(IsaLevel level, int threads, unsigned char fill, const TensorSet &requests,
                                     const Outputs &like, std::string &error) {
  auto refuse = [&](const recrt_status &status) {
    error = std::string(status.place) + ": " + status.message;
    return std::nullopt;
  };
  recrt_model_options modelOptions;
  recrt_model_options_init(&modelOptions);
  modelOptions.isa = static_cast<int32_t>(level);
  recrt_model *loaded = nullptr;
  if (recrt_status status = recrt_model_load(path.c_str(), &modelOptions, &loaded); status.code != RECRT_OK)
    return refuse(status);
  std::unique_ptr<recrt_model, Destroy> model(loaded);
  FileError fileError;
  std::optional<EntrySignature> signature = EntrySignature::of(loaded, 0, fileError);
  recrt_context_options contextOptions;
  recrt_context_options_init(&contextOptions);
  contextOptions.num_threads = threads;
  recrt_allocator allocator = {&fill, allocateFilled, releaseFilled};
  contextOptions.allocator = &allocator;
  recrt_context *created = nullptr;
  if (recrt_status status = recrt_context_create(loaded, &contextOptions, &created); status.code != RECRT_OK)
    return refuse(status);
  std::unique_ptr<recrt_context, Destroy> context(created);
  if (!signature || signature->outputs.size() != like.size()) {
    error = "the compiled model has other outputs";
    return std::nullopt;
  }

  std::vector<recrt_row_offsets> offsets;
  std::vector<recrt_input> inputs;
  recrt_request request = {};
  request.size = sizeof(request);
  for (const recrt_row_space_info &space : signature->rowSpaces) {
    const Tensor *tensor = requests.find(std::string(space.name) + ".offsets");
    offsets.push_back({space.name, static_cast<const int64_t *>(tensor->bytes()), tensor->shape[0]});
    if (space.bags_of < 0)
      request.num_requests = tensor->shape[0] - 1;
  }
  for (const recrt_tensor_info &input : signature->inputs) {
    const Tensor *tensor = requests.find(input.name);
    inputs.push_back({input.name, tensor->bytes(), tensor->shape[0], input.row_elements, input.element});
    if (input.fixed_rows > 0)
      request.num_requests = tensor->shape[0] / input.fixed_rows;
  }
  request.row_offsets = offsets.data();
  request.inputs = inputs.data();
  request.num_row_offsets = offsets.size();
  request.num_inputs = inputs.size();
  if (recrt_status status = recrt_context_run(created, 0, &request); status.code != RECRT_OK)
    return refuse(status);

  Outputs outputs;
  for (auto [index, expected] : llvm::enumerate(like)) {
    recrt_output_view view;
    view.size = sizeof(view);
    if (recrt_status status = recrt_context_get_output(created, index, &view); status.code != RECRT_OK)
      return refuse(status);
    outputs.push_back(
        {signature->outputs[index].name, readOutput(view, signature->outputs[index], expected.value.type)});
  }
  return outputs;
}

} // namespace reccc::fuzz
