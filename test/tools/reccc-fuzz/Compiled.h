// SPDX-License-Identifier: Apache-2.0
// A model as machine code: compiled, linked, loaded and run as a host would.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_COMPILED_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_COMPILED_H

#include "Compare.h"
#include "TensorSet.h"

#include "reccc/Pipelines/Stages.h"
#include "recrt/recrt.h"

namespace reccc::fuzz {

/// The levels that this CPU runs, weakest first.
SmallVector<IsaLevel> getUsableLevels();

class Compiled {
public:
  /// `module` is at stage `target`. Null with a message in `error`.
  static std::unique_ptr<Compiled> load(ModuleOp module, ArrayRef<char> packedWeights, ArrayRef<IsaLevel> levels,
                                        std::string &error);
  ~Compiled();

  /// The outputs, in the order and with the types of `like`. Memory of the context holds `fill` in every byte at first.
  std::optional<Outputs> run(IsaLevel level, int threads, unsigned char fill, const TensorSet &requests,
                             const Outputs &like, std::string &error);

private:
  std::string path;
};

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_COMPILED_H
