// SPDX-License-Identifier: Apache-2.0
// reccc-run: loads a compiled model and runs, compares and times it on a file of requests.
#include "Options.h"
#include "States.h"

#include "reccc/Requests/Outputs.h"
#include "reccc/Requests/RequestBatch.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <new>

using namespace reccc;

namespace {
struct Destroy {
  void operator()(recrt_model *model) const { recrt_model_destroy(model); }
  void operator()(recrt_context *context) const { recrt_context_destroy(context); }
};
using Model = std::unique_ptr<recrt_model, Destroy>;
using Context = std::unique_ptr<recrt_context, Destroy>;
} // namespace

static int report(const FileError &error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return error.exitCode();
}

/// `source` is the file that a failure without a file of its own is about.
static int report(const std::string &source, const recrt_status &status) {
  const std::string place = status.place;
  const std::string where = place.compare(0, source.size(), source) == 0 ? place
                            : place.empty()                              ? source
                                                                         : source + ": " + place;
  std::fprintf(stderr, "%s: error: %s\n", where.c_str(), status.message);
  return status.code == RECRT_FAILED_PRECONDITION ? RECRT_INTERNAL : status.code;
}

static void describeTensor(const EntrySignature &signature, const char *kind, const recrt_tensor_info &tensor) {
  static const char *const elements[] = {"f32", "bf16", "i64"};
  std::string rows = "derived rows";
  if (tensor.row_space >= 0)
    rows = signature.rowSpaces[static_cast<size_t>(tensor.row_space)].name;
  else if (tensor.fixed_rows >= 0)
    rows = std::to_string(tensor.fixed_rows) + (tensor.fixed_rows == 1 ? " row" : " rows");
  std::printf("  %s %s: %s x ", kind, tensor.name, rows.c_str());
  for (int32_t i = 0; i < tensor.num_dims; ++i)
    std::printf("%lldx", static_cast<long long>(tensor.dims[i]));
  std::printf("%s", elements[tensor.element]);
  if (tensor.id_limit >= 0)
    std::printf(", ids below %lld", static_cast<long long>(tensor.id_limit));
  std::printf("\n");
}

static int describe(const recrt_model *model, const recrt_model_info &info) {
  std::string levels;
  for (int32_t isa = 0; recrt_isa_name(isa); ++isa)
    if (info.isa_levels & (1u << isa))
      levels += std::string(levels.empty() ? "" : ", ") + recrt_isa_name(isa);
  std::printf("model %s, compiled by reccc %s for %s; %lld bytes of weights\n", info.name, info.tool_version,
              levels.c_str(), static_cast<long long>(info.weights_bytes));
  for (int32_t entry = 0; entry < info.num_entries; ++entry) {
    FileError error;
    const auto signature = EntrySignature::of(model, entry, error);
    if (!signature)
      return report(error);
    std::printf("entry %s\n", signature->name.c_str());
    for (const recrt_row_space_info &space : signature->rowSpaces) {
      const char *owner = space.bags_of < 0 ? "" : signature->rowSpaces[static_cast<size_t>(space.bags_of)].name;
      std::printf("  rows %s: at most %lld%s%s\n", space.name, static_cast<long long>(space.max_rows),
                  space.bags_of < 0 ? "" : " for each row of ", owner);
    }
    for (const recrt_tensor_info &input : signature->inputs)
      describeTensor(*signature, "input", input);
    for (const recrt_tensor_info &output : signature->outputs)
      describeTensor(*signature, "output", output);
  }
  return 0;
}

static double quantile(const std::vector<double> &sorted, double q) {
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}

static void printTimes(std::vector<double> milliseconds, int64_t requests, const recrt_context_info &info,
                       const char *isa) {
  std::sort(milliseconds.begin(), milliseconds.end());
  const double median = quantile(milliseconds, 0.5);
  std::printf("time: median %.4f ms (p10 %.4f, p90 %.4f) for %lld requests", median, quantile(milliseconds, 0.1),
              quantile(milliseconds, 0.9), static_cast<long long>(requests));
  if (requests > 0)
    std::printf(", %.4f ms per request", median / static_cast<double>(requests));
  std::printf("; %zu runs, %d thread%s, %s, %lld bytes in use (%lld for activations)\n", milliseconds.size(),
              info.num_threads, info.num_threads == 1 ? "" : "s", isa, static_cast<long long>(info.used_bytes),
              static_cast<long long>(info.activation_bytes));
}

static void printProfile(const recrt_context *context) {
  static const char *const kinds[] = {"rows", "gemm", "attention", "top_k", "filter"};
  recrt_step_info step;
  step.size = sizeof(step);
  std::printf("%12s %8s  %-9s %s\n", "microseconds", "items", "kind", "step");
  for (int32_t i = 0; recrt_context_get_step(context, i, &step).code == RECRT_OK; ++i)
    std::printf("%12.1f %8lld  %-9s %s\n", static_cast<double>(step.nanoseconds) / 1000,
                static_cast<long long>(step.num_items), kinds[step.kind], step.name);
}

static int compare(const Options &options, const recrt_context *context, const EntrySignature &signature) {
  FileError error;
  const auto expected = SafetensorsFile::open(options.compare, error);
  std::vector<OutputDifference> differences;
  if (!expected || !compareOutputs(*expected, context, signature, options.tolerance, differences, error))
    return report(error);
  int exitCode = 0;
  for (const OutputDifference &difference : differences) {
    std::printf("%s: %lld elements, max difference %.3g", difference.name.c_str(),
                static_cast<long long>(difference.elements), difference.maxAbsolute);
    if (difference.wrong > 0) {
      std::printf(", %lld outside of the tolerance %g, the worst in %s", static_cast<long long>(difference.wrong),
                  options.tolerance, difference.place.c_str());
      exitCode = 1;
    }
    std::printf("\n");
  }
  std::printf("%s\n", exitCode == 0 ? "outputs agree" : "outputs differ");
  return exitCode;
}

/// Runs the batch as often as asked for and measures each run.
static int runBatch(const Options &options, const Context &context, int32_t entry, const RequestBatch &batch,
                    std::vector<double> &milliseconds) {
  const std::string source = options.requests.empty() ? "random requests" : options.requests;
  const recrt_request request = batch.request();
  const int64_t warmUps = options.repeat > 1 ? 1 : 0;
  for (int64_t i = 0; i < options.repeat + warmUps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const recrt_status status = recrt_context_run(context.get(), entry, &request);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    if (status.code != RECRT_OK)
      return report(source, status);
    if (i >= warmUps)
      milliseconds.push_back(time.count());
  }
  return 0;
}

static int runStates(const Options &options, const Model &model, const Context &context, const RequestBatch &batch) {
  std::vector<SlicedOutput> outputs;
  StateTimes times;
  const recrt_request request = batch.request();
  const recrt_status status = runByStates(options, model.get(), context.get(), request, outputs, times);
  if (status.code != RECRT_OK)
    return report(options.requests.empty() ? "random requests" : options.requests, status);
  std::sort(times.prefill.begin(), times.prefill.end());
  std::sort(times.score.begin(), times.score.end());
  std::printf("time: median %.4f ms to make %lld states, %.4f ms to score; %zu runs\n", quantile(times.prefill, 0.5),
              static_cast<long long>(batch.numRequests()), quantile(times.score, 0.5), times.score.size());
  if (options.output.empty())
    return 0;
  std::vector<TensorToWrite> tensors;
  for (const SlicedOutput &output : outputs)
    addOutput(tensors, output.tensor, output.data.data(), output.offsets.data(),
              static_cast<int64_t>(output.offsets.size()) - 1);
  FileError error;
  return writeSafetensors(options.output, tensors, error) ? 0 : report(error);
}

static int runModel(const Options &options) {
  recrt_model_options modelOptions;
  recrt_model_options_init(&modelOptions);
  modelOptions.isa = options.isa;
  modelOptions.weights_path = options.weights.empty() ? nullptr : options.weights.c_str();
  recrt_model *loaded = nullptr;
  recrt_status status = recrt_model_load(options.model.c_str(), &modelOptions, &loaded);
  const Model model(loaded);
  recrt_model_info info;
  info.size = sizeof(info);
  if (status.code == RECRT_OK)
    status = recrt_model_get_info(model.get(), &info);
  if (status.code != RECRT_OK)
    return report(options.model, status);
  if (options.describe)
    return describe(model.get(), info);

  int32_t entry = 0;
  if (!options.entry.empty()) {
    status = recrt_model_find_entry(model.get(), options.entry.c_str(), &entry);
    if (status.code != RECRT_OK)
      return report(options.model, status);
  }
  FileError error;
  const auto signature = EntrySignature::of(model.get(), entry, error);
  if (!signature)
    return report(error);
  std::optional<RequestBatch> batch;
  if (options.requests.empty()) {
    batch = RequestBatch::random(*signature, options.randomRequests, options.seed, error);
    if (!batch)
      return report(error);
  } else {
    const auto file = SafetensorsFile::open(options.requests, error);
    std::vector<std::string> warnings;
    if (file)
      batch = RequestBatch::fromFile(*file, *signature, warnings, error);
    if (!batch)
      return report(error);
    for (const std::string &warning : warnings)
      std::fprintf(stderr, "%s\n", warning.c_str());
  }

  recrt_context_options contextOptions;
  recrt_context_options_init(&contextOptions);
  contextOptions.num_threads = options.threads;
  contextOptions.profile = options.profile;
  recrt_context *made = nullptr;
  status = recrt_context_create(model.get(), &contextOptions, &made);
  const Context context(made);
  if (status.code != RECRT_OK)
    return report(options.model, status);
  if (options.states)
    return runStates(options, model, context, *batch);
  std::vector<double> milliseconds;
  if (int code = runBatch(options, context, entry, *batch, milliseconds))
    return code;
  recrt_context_info contextInfo;
  contextInfo.size = sizeof(contextInfo);
  recrt_context_get_info(context.get(), &contextInfo);
  printTimes(milliseconds, batch->numRequests(), contextInfo, recrt_isa_name(info.isa));
  if (options.profile)
    printProfile(context.get());
  if (!options.output.empty() && !writeOutputs(options.output, context.get(), *signature, error))
    return report(error);
  return options.compare.empty() ? 0 : compare(options, context.get(), *signature);
}

int main(int argc, char **argv) {
  Options options;
  int exitCode = 0;
  try {
    return parseOptions(argc, argv, options, exitCode) ? runModel(options) : exitCode;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "reccc-run: error: out of memory\n");
    return RECRT_RESOURCE_EXHAUSTED;
  }
}
