// SPDX-License-Identifier: Apache-2.0
// Wrong descriptions and what is said about them.
#ifndef RECCC_TEST_UNIT_FRONTEND_WRONGDESCRIPTION_H
#define RECCC_TEST_UNIT_FRONTEND_WRONGDESCRIPTION_H

#include "gtest/gtest.h"
#include <vector>

namespace reccc {

struct Wrong {
  const char *name, *text;
  std::vector<const char *> says; // parts of the diagnostics, in order
};

// A model that is right, so that each case shows one mistake.
#define HEAD                                                                                                           \
  "name: \"m\"\n"                                                                                                      \
  "rows { name: \"h\" max: 8 }\n"                                                                                      \
  "rows { name: \"c\" max: 4 }\n"                                                                                      \
  "input { name: \"x\" rows: \"h\" type: FLOAT32 dims: 4 }\n"                                                          \
  "input { name: \"y\" rows: \"c\" type: FLOAT32 dims: 4 }\n"                                                          \
  "input { name: \"id\" rows: \"h\" type: INT64 }\n"
#define MASKED(mask)                                                                                                   \
  "node { name: \"n\" attention { query: \"x\" key: \"x\" value: \"x\" heads: 2 mask { " mask                          \
  " } score { softmax {} factor: 1 } } }\n"
#define TAIL "output { node: \"n\" }\n"

class WrongDescription : public testing::TestWithParam<Wrong> {};

inline std::string nameOf(const testing::TestParamInfo<Wrong> &info) { return info.param.name; }

} // namespace reccc

#endif // RECCC_TEST_UNIT_FRONTEND_WRONGDESCRIPTION_H
