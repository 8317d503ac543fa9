// SPDX-License-Identifier: Apache-2.0
// Handles of the C API that the tests need everywhere.
#ifndef RECCC_TEST_UNIT_RUNTIME_HANDLES_H
#define RECCC_TEST_UNIT_RUNTIME_HANDLES_H

#include "TinyReference.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>

struct DestroyHandle {
  void operator()(recrt_model *model) const { recrt_model_destroy(model); }
  void operator()(recrt_context *context) const { recrt_context_destroy(context); }
};
using Model = std::unique_ptr<recrt_model, DestroyHandle>;
using Context = std::unique_ptr<recrt_context, DestroyHandle>;

inline std::string text(const recrt_status &status) { return std::string(status.place) + ": " + status.message; }

inline Model makeTinyModel(const recrt_model_options *options = nullptr) {
  recrt_model *model = nullptr;
  const recrt_status status = recrt_model_create(&tiny_module, options, &model);
  EXPECT_EQ(status.code, RECRT_OK) << text(status);
  return Model(model);
}

inline recrt_context_options contextOptions(int32_t numThreads) {
  recrt_context_options options;
  recrt_context_options_init(&options);
  options.num_threads = numThreads;
  return options;
}

inline Context makeContext(const Model &model, const recrt_context_options &options) {
  recrt_context *context = nullptr;
  const recrt_status status = recrt_context_create(model.get(), &options, &context);
  EXPECT_EQ(status.code, RECRT_OK) << text(status);
  return Context(context);
}

inline std::vector<TinyAnswer> references(const std::vector<TinyUser> &users) {
  std::vector<TinyAnswer> answers;
  for (const TinyUser &user : users)
    answers.push_back(referenceAnswer(user));
  return answers;
}

inline void expectRuns(const Context &context, TinyRequest &request, const std::vector<TinyAnswer> &expected) {
  const recrt_status status = recrt_context_run(context.get(), 0, &request.request);
  ASSERT_EQ(status.code, RECRT_OK) << text(status);
  EXPECT_TRUE(request.answers(context.get()) == expected);
}

#endif // RECCC_TEST_UNIT_RUNTIME_HANDLES_H
