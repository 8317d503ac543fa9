// SPDX-License-Identifier: Apache-2.0
// Loads models and answers what they consist of.
#include "Model.h"

#include "Cpu.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <memory>
#include <string>

using namespace recrt;

recrt_model::~recrt_model() {
  if (library)
    ::dlclose(library);
}

void recrt::log(const recrt_log_sink *sink, recrt_severity severity, const char *format, ...) {
  if (!sink || !sink->write)
    return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  sink->write(sink->user, severity, text);
}

Status recrt::findEntry(const recrt_model *model, int32_t entry, const EntryPlan *&plan) {
  if (!model)
    return failure(RECRT_INVALID_ARGUMENT, Place("model"), "it is null");
  const size_t count = model->plan.entries.size();
  if (entry < 0 || static_cast<size_t>(entry) >= count)
    return failure(RECRT_INVALID_ARGUMENT, Place("model '%s'", model->plan.module->model_name),
                   "entry %d does not exist, expected 0 to %zu", entry, count - 1);
  plan = &model->plan.entries[static_cast<size_t>(entry)];
  return success();
}

static Status resolveOptions(const recrt_model_options *given, recrt_model_options &options) {
  recrt_model_options_init(&options);
  if (!given)
    return success();
  if (Status status = checkStruct(given, "recrt_model_options"); failed(status))
    return status;
  options = *given;
  return success();
}

/// Binds the weights that do not stand in the object itself.
static Status openWeights(recrt_model &model, const recrt_module *module, const std::string &defaultPath,
                          const recrt_model_options &options) {
  if (module->weights || module->weights_bytes == 0) {
    model.weights = static_cast<const std::byte *>(module->weights);
    return success();
  }
  const std::string path = options.weights_path ? options.weights_path : defaultPath;
  if (path.empty())
    return failure(RECRT_INVALID_ARGUMENT, Place("model '%s'", module->model_name),
                   "its weights lie in a file of their own; set weights_path");
  reccc::FileError error;
  model.weightsFile = reccc::ArtifactFile::open(path, reccc::ArtifactKind::Weights, error,
                                                /*verifyPayload=*/!options.trust_weights);
  if (!model.weightsFile)
    return failure(path.c_str(), error);
  const reccc::ArtifactFile &file = *model.weightsFile;
  if (file.info().weightsHash != module->weights_hash ||
      file.payloadBytes() != static_cast<size_t>(module->weights_bytes))
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", path.c_str()),
                   "these are the weights of another model: expected hash %016llx and %lld bytes, "
                   "got %016llx and %zu",
                   static_cast<unsigned long long>(module->weights_hash), static_cast<long long>(module->weights_bytes),
                   static_cast<unsigned long long>(file.info().weightsHash), file.payloadBytes());
  model.weights = file.payload();
  return success();
}

static Status finishModel(std::unique_ptr<recrt_model> model, const recrt_module *module,
                          const std::string &weightsPath, const recrt_model_options &options, recrt_model **out) {
  if (Status status = checkModuleHeader(module); failed(status))
    return status;
  int32_t isa = 0;
  if (Status status = chooseLevel(detectCpuFeatures(), module->isa_levels, options.isa, module->model_name, isa);
      failed(status))
    return status;
  if (Status status = makePlan(module, isa, model->plan); failed(status))
    return status;
  if (Status status = openWeights(*model, module, weightsPath, options); failed(status))
    return status;
  if (reinterpret_cast<uintptr_t>(model->weights) % 64 != 0)
    return failure(RECRT_INVALID_ARGUMENT, Place("model '%s'", module->model_name),
                   "its weights are not aligned to 64 bytes");
  log(options.log, RECRT_LOG_INFO, "model '%s' (reccc %s): %s, %lld bytes of weights", module->model_name,
      module->tool_version, recrt_isa_name(isa), static_cast<long long>(module->weights_bytes));
  *out = model.release();
  return success();
}

/// dlopen reads the machine last and reports it badly.
static Status checkElf(const char *path, const reccc::ArtifactFile &file) {
  Elf64_Ehdr header;
  if (file.payloadBytes() < sizeof(header))
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", path), "its payload is no shared object");
  std::memcpy(&header, file.payload(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_type != ET_DYN)
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", path), "its payload is no shared object");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
    return failure(RECRT_INCOMPATIBLE, Place("%s", path), "compiled for ELF machine %d, this runtime runs x86-64 (%d)",
                   header.e_machine, EM_X86_64);
  return success();
}

static Status loadArtifact(const char *path, const recrt_model_options &options, recrt_model **out) {
  auto model = std::make_unique<recrt_model>();
  reccc::FileError error;
  model->artifact = reccc::ArtifactFile::open(path, reccc::ArtifactKind::SharedObject, error);
  if (!model->artifact)
    return failure(path, error);
  if (Status status = checkElf(path, *model->artifact); failed(status))
    return status;
  const reccc::ArtifactInfo &info = model->artifact->info();
  if (info.moduleAbi != RECRT_MODULE_ABI)
    return failure(RECRT_INCOMPATIBLE, Place("%s", path),
                   "written by reccc %s for module ABI %u, this runtime reads %u; compile the "
                   "model with the reccc of this runtime",
                   info.toolVersion.c_str(), info.moduleAbi, RECRT_MODULE_ABI);
  // The descriptor stays open as long as the library: the loader tells libraries apart by name, and
  // the number must not come to mean another file.
  const std::string opened = "/proc/self/fd/" + std::to_string(model->artifact->descriptor());
  model->library = ::dlopen(opened.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!model->library) {
    const char *reason = ::dlerror();
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", path), "cannot load it: %s",
                   reason ? reason : "no reason given");
  }
  const auto *module = static_cast<const recrt_module *>(::dlsym(model->library, "recrt_module"));
  if (!module)
    return failure(RECRT_INVALID_ARGUMENT, Place("%s", path), "it does not export the symbol recrt_module");
  return finishModel(std::move(model), module, std::string(path) + ".weights", options, out);
}

// --- C API ------------------------------------------------------------------------------------

extern "C" {

recrt_status recrt_query_capabilities(recrt_capabilities *capabilities) {
  return guarded([&]() -> Status {
    if (Status status = checkStruct(capabilities, "recrt_capabilities"); failed(status))
      return status;
    *capabilities = {capabilities->size, RECRT_VERSION_MAJOR,    RECRT_VERSION_MINOR,           RECRT_VERSION_PATCH,
                     RECRT_MODULE_ABI,   reccc::artifactVersion, levelsOf(detectCpuFeatures()), availableCpus()};
    return success();
  });
}

void recrt_model_options_init(recrt_model_options *options) {
  *options = {};
  options->size = sizeof(*options);
  options->isa = RECRT_ISA_BEST;
}

recrt_status recrt_model_load(const char *path, const recrt_model_options *given, recrt_model **out) {
  return guarded([&]() -> Status {
    if (!out)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_model_load"), "out is null");
    *out = nullptr;
    if (!path)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_model_load"), "path is null");
    recrt_model_options options;
    if (Status status = resolveOptions(given, options); failed(status))
      return status;
    return loadArtifact(path, options, out);
  });
}

recrt_status recrt_model_create(const recrt_module *module, const recrt_model_options *given, recrt_model **out) {
  return guarded([&]() -> Status {
    if (!out)
      return failure(RECRT_INVALID_ARGUMENT, Place("recrt_model_create"), "out is null");
    *out = nullptr;
    recrt_model_options options;
    if (Status status = resolveOptions(given, options); failed(status))
      return status;
    return finishModel(std::make_unique<recrt_model>(), module, "", options, out);
  });
}

void recrt_model_destroy(recrt_model *model) {
  if (model)
    model->release();
}

recrt_status recrt_model_get_info(const recrt_model *model, recrt_model_info *info) {
  if (!model)
    return failure(RECRT_INVALID_ARGUMENT, Place("model"), "it is null");
  if (Status status = checkStruct(info, "recrt_model_info"); failed(status))
    return status;
  const recrt_module *module = model->plan.module;
  *info = {info->size,      module->model_name,  module->tool_version, module->isa_levels,
           model->plan.isa, module->num_entries, module->weights_bytes};
  return success();
}

recrt_status recrt_model_get_entry(const recrt_model *model, int32_t entry, recrt_entry_info *info) {
  const EntryPlan *plan = nullptr;
  if (Status status = findEntry(model, entry, plan); failed(status))
    return status;
  if (Status status = checkStruct(info, "recrt_entry_info"); failed(status))
    return status;
  *info = {info->size,
           plan->desc->name,
           plan->desc->num_inputs,
           plan->desc->num_outputs,
           static_cast<int32_t>(plan->bases.size()),
           plan->desc->num_steps};
  return success();
}

recrt_status recrt_model_find_entry(const recrt_model *model, const char *name, int32_t *entry) {
  if (!model || !name || !entry)
    return failure(RECRT_INVALID_ARGUMENT, Place("recrt_model_find_entry"), "an argument is null");
  const recrt_module *module = model->plan.module;
  for (int32_t i = 0; i < module->num_entries; ++i) {
    if (std::strcmp(module->entries[i].name, name) == 0) {
      *entry = i;
      return success();
    }
  }
  return failure(RECRT_INVALID_ARGUMENT, Place("model '%s'", module->model_name),
                 "it has no entry '%s'; its first one is '%s'", name, module->entries[0].name);
}

recrt_status recrt_model_get_row_space(const recrt_model *model, int32_t entry, int32_t index,
                                       recrt_row_space_info *info) {
  const EntryPlan *plan = nullptr;
  if (Status status = findEntry(model, entry, plan); failed(status))
    return status;
  if (Status status = checkStruct(info, "recrt_row_space_info"); failed(status))
    return status;
  if (index < 0 || static_cast<size_t>(index) >= plan->bases.size())
    return failure(RECRT_INVALID_ARGUMENT, Place("entry '%s'", plan->desc->name),
                   "row space %d does not exist, it has %zu", index, plan->bases.size());
  const recrt_space_desc &space = model->plan.module->spaces[plan->bases[static_cast<size_t>(index)]];
  int32_t owner = -1;
  for (size_t i = 0; i < plan->bases.size() && space.kind == RECRT_SPACE_BAGS; ++i)
    if (plan->bases[i] == space.parts[0])
      owner = static_cast<int32_t>(i);
  *info = {info->size, space.name, space.count, owner};
  return success();
}

static Status describeTensor(const recrt_model *model, int32_t entry, bool input, int32_t index,
                             recrt_tensor_info *info) {
  const EntryPlan *plan = nullptr;
  if (Status status = findEntry(model, entry, plan); failed(status))
    return status;
  if (Status status = checkStruct(info, "recrt_tensor_info"); failed(status))
    return status;
  const std::vector<TensorPlan> &tensors = input ? plan->inputs : plan->outputs;
  if (index < 0 || static_cast<size_t>(index) >= tensors.size())
    return failure(RECRT_INVALID_ARGUMENT, Place("entry '%s'", plan->desc->name), "%s %d does not exist, it has %zu",
                   input ? "input" : "output", index, tensors.size());
  const TensorPlan &tensor = tensors[static_cast<size_t>(index)];
  const recrt_tensor_desc &desc = *tensor.desc;
  const SpaceBounds &bounds = model->plan.spaces[static_cast<size_t>(desc.space)];
  *info = {};
  info->size = sizeof(*info);
  info->name = desc.name;
  info->dims = desc.dims;
  info->num_dims = desc.num_dims;
  info->element = desc.element;
  info->row_elements = tensor.rowElements;
  info->row_bytes = tensor.rowBytes;
  info->row_space = -1;
  for (size_t i = 0; i < plan->bases.size(); ++i)
    if (plan->bases[i] == desc.space)
      info->row_space = static_cast<int32_t>(i);
  info->fixed_rows = bounds.constant ? bounds.maxRows : -1;
  info->max_rows = bounds.maxRows;
  info->id_limit = input && desc.id_mode == RECRT_IDS_REJECT_REQUEST ? desc.id_limit : -1;
  return success();
}

recrt_status recrt_model_get_input(const recrt_model *model, int32_t entry, int32_t index, recrt_tensor_info *info) {
  return describeTensor(model, entry, true, index, info);
}

recrt_status recrt_model_get_output(const recrt_model *model, int32_t entry, int32_t index, recrt_tensor_info *info) {
  return describeTensor(model, entry, false, index, info);
}

} // extern "C"
