// SPDX-License-Identifier: Apache-2.0
// Makes a random valid module of the `recsys` dialect. A recipe makes one op (and what it needs); the generator draws
// recipes until there are enough ops and returns what nobody used.
//
// The numbers stay tame, so that any two right ways to compute a model agree: every value has facts beside it. Floats
// that grow are scaled back; quotients and logarithms get operands that are bounded away from 0, or exactly 0; norms
// have an eps far above rounding errors; all integers come from integers. Only top_k orders floats: its ids go to an
// output, unless the scores are small integers, which every precision holds exactly.
#ifndef RECCC_TEST_TOOLS_RECCC_FUZZ_MODELGENERATOR_H
#define RECCC_TEST_TOOLS_RECCC_FUZZ_MODELGENERATOR_H

#include "Random.h"
#include "Requests.h"
#include "TensorSet.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

namespace reccc::fuzz {

struct GeneratedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  TensorSet weights;
  llvm::StringMap<InputRange> inputs;
};

/// What is known of the numbers of a value.
struct Facts {
  /// Floats: about how large they get.
  double size = 1;
  /// Floats: with `low` > 0 all are at least `low`, or exactly 0 with `orZero`.
  double low = 0;
  bool orZero = false;
  /// Floats: integers of at most 8 bits, the same in every precision.
  bool exact = false;
  /// May hold infinities, NaN, or an order of floats: nothing but an output.
  bool last = false;
  /// Integers: their range, and whether they are an arrangement of inputs.
  int64_t least = 0, most = 0;
  bool arranged = false;
};

class ModelGenerator {
public:
  ModelGenerator(mlir::MLIRContext *context, uint64_t seed);
  GeneratedModel generate();

  //===-- For recipes ------------------------------------------------------------------------------------------===//

  using Recipe = bool (*)(ModelGenerator &);

  static mlir::recsys::JaggedType typeOf(mlir::Value value) {
    return mlir::cast<mlir::recsys::JaggedType>(value.getType());
  }
  static mlir::Attribute spaceOf(mlir::Value value) { return typeOf(value).getSpace(); }
  const Facts &factsOf(mlir::Value value) const { return facts.find(value)->second; }

  /// Makes a value known; floats that may be too large are scaled first.
  mlir::Value add(mlir::Value value, Facts known);

  /// A value for which `fits` holds, later ones and unused ones rather; null when there is none.
  mlir::Value find(llvm::function_ref<bool(mlir::Value)> fits);
  mlir::Value findFloats(llvm::function_ref<bool(mlir::recsys::JaggedType)> fits = nullptr);
  /// Floats of this record over this space: known ones or new ones.
  mlir::Value floatsOver(mlir::Attribute space, llvm::ArrayRef<int64_t> dims);
  mlir::Value integersOver(mlir::Attribute space, llvm::ArrayRef<int64_t> dims);
  /// A value like another one in all but its numbers.
  mlir::Value another(mlir::Value like);
  /// Floats with `low` > 0 over this space.
  mlir::Value positiveOver(mlir::Attribute space, llvm::ArrayRef<int64_t> dims);
  mlir::Value newInput(mlir::Attribute space, llvm::ArrayRef<int64_t> dims, bool isFloat);
  /// Integers, each an input's: in [0, limit) with a limit, for tables that refuse others.
  mlir::Value newIds(mlir::Attribute space, llvm::ArrayRef<int64_t> dims, int64_t most);

  /// A parameter, or an expression over parameters, with numbers up to about `size`.
  mlir::Value weight(llvm::ArrayRef<int64_t> shape, double size);
  /// For sums over `terms` numbers that stay as large as each.
  mlir::Value matrix(int64_t in, int64_t out, bool transposed = false);

  /// A row space at hand or a new one, of at most `most` rows.
  mlir::Attribute anySpace(int64_t most = kMostRows);
  /// Bags that requests bring; null when there are none.
  mlir::Attribute anyBags();
  /// A new row space, from others by one more operation.
  mlir::Attribute newSpace(int depth = 0);
  static int64_t maxRows(mlir::Attribute space);
  /// A space whose length maps may use: no nest.
  static mlir::Attribute lengthOf(mlir::Attribute space);
  /// Whether no request says how many rows it has.
  static bool hasOpaque(mlir::Attribute space);
  /// Whether interpreting and compiling it stays cheap.
  static bool isSmall(mlir::Attribute space, int64_t rowElements);

  int64_t width();                   // of a record
  llvm::SmallVector<int64_t> dims(); // of a record
  int64_t divisorOf(int64_t number);
  llvm::APFloat number(double value) { return llvm::APFloat(value); }
  mlir::FloatAttr numberAttr(double value) { return builder.getF64FloatAttr(value); }
  double eps() { return random.pick({1e-3, 1e-2, 0.1, 1.0}); }
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> dims);

  static constexpr int64_t kMostRows = 400;

  Random random;
  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::Value parameter(llvm::ArrayRef<int64_t> shape, double size);
  mlir::Value newFloats(mlir::Attribute space, llvm::ArrayRef<int64_t> dims);
  void chooseBases();
  void chooseOutputs(mlir::recsys::ModelOp model);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::Block *body = nullptr;
  TensorSet weights;
  llvm::StringMap<InputRange> inputs;
  std::vector<std::string> inputNames;
  llvm::DenseMap<mlir::Value, Facts> facts;
  std::vector<mlir::Value> values;
  std::vector<mlir::Attribute> bases;
  int64_t numParameters = 0;
};

llvm::ArrayRef<ModelGenerator::Recipe> embeddingRecipes();
llvm::ArrayRef<ModelGenerator::Recipe> sequenceRecipes();
llvm::ArrayRef<ModelGenerator::Recipe> denseRecipes();
llvm::ArrayRef<ModelGenerator::Recipe> featureRecipes();
llvm::ArrayRef<ModelGenerator::Recipe> attentionRecipes(); // and retrieval

} // namespace reccc::fuzz

#endif // RECCC_TEST_TOOLS_RECCC_FUZZ_MODELGENERATOR_H
