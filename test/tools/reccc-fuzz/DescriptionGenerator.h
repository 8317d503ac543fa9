// SPDX-License-Identifier: Apache-2.0
// Makes random valid descriptions: blocks of the schema, each on values that it takes.
//
// What keeps the numbers tame is as in ModelGenerator.h. The generator knows rows as the dialect's row spaces, since
// what append and interleave make has no name in a description.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_DESCRIPTIONGENERATOR_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_DESCRIPTIONGENERATOR_H

#include "Random.h"

#include "mlir/IR/MLIRContext.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "recsys/v1/model.pb.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace reccc::fuzz {

namespace pb = ::recsys::v1;

/// A value of the description.
struct Described {
  std::string name;
  mlir::Attribute space;
  llvm::SmallVector<int64_t> dims;
  bool isFloat = true;
  /// Floats: about how large; with `low` > 0 at least that.
  double size = 1, low = 0;
  /// Nothing but an output: an order of floats, infinities.
  bool last = false;
  /// Integers: inputs or views of them, below 40; others may be anything.
  bool isInput = false;

  int64_t width() const { return dims.empty() ? 1 : dims.front(); }
};

/// The parts of an appended sequence, by the names of their rows; empty where there is none.
struct Sequence {
  std::string context, history, candidates;
};

class DescriptionGenerator {
public:
  DescriptionGenerator(mlir::MLIRContext *context, uint64_t seed) : random(seed), context(context) {}
  pb::Model generate();

  //===-- For blocks -------------------------------------------------------------------------------------------===//

  using Block = std::function<bool(DescriptionGenerator &)>;

  /// A node of a new name, to be filled in; `finish` makes its value known.
  pb::Node &node();
  const Described &finish(Described value);

  /// A known value, later ones rather; null when none fits.
  const Described *find(llvm::function_ref<bool(const Described &)> fits);
  /// Floats of one dimension, at most `most` numbers; over `space` if given.
  const Described &vectors(int64_t most = 64, mlir::Attribute space = {});
  /// Vectors, those of an appended sequence rather.
  const Described &tokens(int64_t most);
  /// Floats of this record, known or made by a linear layer or as an input.
  const Described &floatsOver(mlir::Attribute space, llvm::ArrayRef<int64_t> dims);
  /// Scalar integers over these rows.
  const Described &idsOver(mlir::Attribute space);
  const Described &ids();
  /// Whether new values can lie over these rows: they have a name or a value.
  bool canMake(mlir::Attribute space) {
    return !rowsNamed(space).empty() || find([&](const Described &value) { return value.space == space; });
  }
  const Described &newInput(mlir::Attribute space, llvm::ArrayRef<int64_t> dims, bool isFloat);
  /// Floats that are at least a quarter.
  const Described &positive(const Described &like);
  const Described &reshaped(const Described &value, llvm::ArrayRef<int64_t> dims);

  /// A new table of `width` numbers a row; rows fit the ids when it rejects.
  std::string table(int64_t width, bool rejects, int64_t *rows = nullptr);
  std::string tensor() { return "w" + std::to_string(numTensors++); }
  /// Declared rows of a space; empty when it has no name.
  std::string rowsNamed(mlir::Attribute space) const;
  mlir::Attribute anyRows(); // named
  /// What filtered rows are rows of; null for all others.
  mlir::Attribute filterOf(mlir::Attribute space) const { return filtered.lookup(space); }
  const Sequence *sequenceOf(mlir::Attribute space) const;
  void remember(mlir::Attribute space, Sequence sequence) { sequences.insert({space, std::move(sequence)}); }
  static int64_t maxRows(mlir::Attribute space);
  static bool isNest(mlir::Attribute space);
  static bool isSmall(mlir::Attribute space, int64_t numbers);

  void fillMask(pb::Mask &mask, mlir::Attribute space, bool reverse = true);
  void fillScore(pb::Score &score);
  /// Of places, of times or of both. Returns whether the rows can have one.
  bool fillBias(pb::ScoreBias &bias, mlir::Attribute space, bool isStacked, bool both = false);
  void fillRule(pb::BucketRule &rule, bool needsLast);
  double eps() { return random.pick({1e-3, 1e-2, 0.1}); }
  int64_t width() { return random.pick({1, 2, 3, 4, 6, 8, 8, 12, 16, 17}); }

  Random random;
  mlir::MLIRContext *context;
  pb::Model model;

private:
  mlir::Attribute declare(pb::Rows rows, mlir::Attribute space);
  void declareRows();
  void chooseOutputs();

  std::vector<std::pair<std::string, mlir::Attribute>> rows;
  llvm::MapVector<mlir::Attribute, Sequence> sequences;
  llvm::DenseMap<mlir::Attribute, mlir::Attribute> filtered;
  /// In a list, so that references stay.
  std::deque<Described> values;
  int64_t numTensors = 0, numNodes = 0;
};

std::vector<DescriptionGenerator::Block> embeddingBlocks();
std::vector<DescriptionGenerator::Block> rowBlocks();
std::vector<DescriptionGenerator::Block> denseBlocks();
std::vector<DescriptionGenerator::Block> attentionBlocks();
std::vector<DescriptionGenerator::Block> macroBlocks();

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_DESCRIPTIONGENERATOR_H
