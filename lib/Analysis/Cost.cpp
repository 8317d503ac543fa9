// SPDX-License-Identifier: Apache-2.0
// Counts rows, operations and bytes.
#include "reccc/Analysis/Cost.h"
#include "reccc/Dialect/RecTile/IR/RecTile.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

//===-- Rows ---------------------------------------------------------------------------------===//

/// Brackets around a sum.
static std::string asFactor(const std::string &text) {
  return text.find(" + ") == std::string::npos ? text : "(" + text + ")";
}

static std::string describeTake(Attribute of, int64_t count) {
  return "min(" + describeRows(of) + ", " + std::to_string(count) + ")";
}

std::string reccc::describeRows(Attribute space) {
  if (std::optional<int64_t> rows = cast<RowSpace>(space).getConstantRows())
    return std::to_string(*rows);
  if (StringRef name = getRowsName(space); !name.empty())
    return name.str();
  if (auto interleave = dyn_cast<InterleaveAttr>(space))
    return std::to_string(interleave.getTimes()) + " " + asFactor(describeRows(interleave.getOf()));
  if (auto group = dyn_cast<GroupAttr>(space))
    return (isPadded(group.getRemainder()) ? "ceil(" : "floor(") + asFactor(describeRows(group.getOf())) + " / " +
           std::to_string(group.getSize()) + ")";
  if (auto take = dyn_cast<TakeFirstAttr>(space))
    return describeTake(take.getOf(), take.getCount());
  if (auto take = dyn_cast<TakeLastAttr>(space))
    return describeTake(take.getOf(), take.getCount());
  if (auto nest = dyn_cast<NestAttr>(space))
    return asFactor(describeRows(nest.getOuter())) + " " + asFactor(describeRows(nest.getInner()));
  std::string sum;
  for (Attribute part : cast<ConcatAttr>(space).getSpaces())
    sum += (sum.empty() ? "" : " + ") + describeRows(part);
  return sum;
}

int64_t reccc::countRows(Attribute space, BaseLengths lengths) { return cast<RowSpace>(space).getRows(lengths); }

//===-- Arithmetic ---------------------------------------------------------------------------===//

/// What one row of the op's frame has of a segment.
static Attribute getWithin(AttentionOp op, Attribute segment) {
  Attribute within = getSpaceWithin(op.getFrame(), segment);
  return within ? within : segment;
}

/// Visible pairs of one head. Masks are asked row by row: exact whatever their form.
static double countPairs(AttentionOp op, BaseLengths lengths) {
  auto rowsOf = [&](Attribute space) { return countRows(space, lengths); };
  double pairs = 0;
  SmallVector<std::pair<int64_t, int64_t>> intervals;
  for (auto [segment, query] : llvm::enumerate(op.getQuerySegments())) {
    for (auto [source, key] : llvm::enumerate(op.getSourceSegments())) {
      int64_t columns = rowsOf(getWithin(op, key));
      for (int64_t row = 0, rows = rowsOf(getWithin(op, query)); row < rows; ++row) {
        intervals.clear();
        op.getMask(segment, source).getIntervals(row, columns, rowsOf, intervals);
        for (auto [low, high] : intervals)
          pairs += high - low;
      }
    }
  }
  // All rows of a frame have equally many.
  return pairs * rowsOf(op.getFrame());
}

/// Width of a query and of a value together: a pair costs two operations for each.
static int64_t getPairWidth(AttentionOp op) {
  return op.getQuery().getType().getDims()[1] + op.getResult().getType().getDims()[1];
}

/// Products of all dots of a row.
static int64_t getDotWidth(FeatureDotsOp op) {
  return op.getResult().getType().getRowElements() * op.getLhs().getType().getDims()[1];
}

static Cost computeArithmetic(Operation *op, BaseLengths lengths) {
  Cost cost;
  if (auto linear = dyn_cast<LinearOp>(op)) {
    cost.flops =
        2.0 * linear.getInFeatures() * linear.getOutFeatures() * countRows(spaceOf(linear.getResult()), lengths);
  } else if (auto linear = dyn_cast<RequestLinearOp>(op)) {
    cost.flops = 2.0 * linear.getWeight().getType().getRowElements() * countRows(spaceOf(linear.getResult()), lengths);
  } else if (auto dots = dyn_cast<FeatureDotsOp>(op)) {
    cost.flops = 2.0 * getDotWidth(dots) * countRows(spaceOf(dots.getResult()), lengths);
  } else if (auto attention = dyn_cast<AttentionOp>(op)) {
    cost.pairs = countPairs(attention, lengths) * attention.getHeads();
    cost.flops = 2.0 * getPairWidth(attention) * cost.pairs;
  }
  return cost;
}

/// Pairs of one query segment and one source segment; empty for none.
static std::string describePairs(Attribute mask, Attribute query, Attribute key) {
  std::string rows = describeRows(query), columns = describeRows(key);
  if (isa<NoMaskAttr>(mask))
    return "";
  if (isa<SelfMaskAttr>(mask))
    return rows;
  if (isa<FullMaskAttr>(mask))
    return asFactor(rows) + " " + asFactor(columns);
  auto interval = dyn_cast<IntervalAttr>(mask);
  bool isCausal = interval && query == key && interval.getLower().getNumResults() == 0 &&
                  interval.getUpper().getNumResults() == 1 &&
                  interval.getUpper().getResult(0) == getAffineDimExpr(0, mask.getContext()) + 1;
  if (isCausal)
    return asFactor(rows) + " (" + rows + " + 1) / 2";
  return "visible(" + rows + ", " + columns + ")";
}

static std::string describeAllPairs(AttentionOp op) {
  std::string pairs;
  for (auto [segment, query] : llvm::enumerate(op.getQuerySegments()))
    for (auto [source, key] : llvm::enumerate(op.getSourceSegments()))
      if (std::string part = describePairs(op.getMask(segment, source), getWithin(op, query), getWithin(op, key));
          !part.empty())
        pairs += (pairs.empty() ? "" : " + ") + part;
  if (pairs.empty())
    return "0";
  return isa<RequestAttr>(op.getFrame()) ? pairs : asFactor(describeRows(op.getFrame())) + " (" + pairs + ")";
}

std::string reccc::describeFlops(Operation *op) {
  std::string text;
  op->walk([&](Operation *inner) {
    std::string formula;
    if (auto linear = dyn_cast<LinearOp>(inner))
      formula = "2 " + std::to_string(linear.getInFeatures()) + " " + std::to_string(linear.getOutFeatures()) + " " +
                asFactor(describeRows(spaceOf(linear.getResult())));
    else if (auto dots = dyn_cast<FeatureDotsOp>(inner))
      formula = "2 " + std::to_string(getDotWidth(dots)) + " " + asFactor(describeRows(spaceOf(dots.getResult())));
    else if (auto attention = dyn_cast<AttentionOp>(inner))
      formula = "2 " + std::to_string(attention.getHeads() * getPairWidth(attention)) + " " +
                asFactor(describeAllPairs(attention));
    if (!formula.empty())
      text += (text.empty() ? "" : " + ") + formula;
  });
  return text;
}

//===-- Traffic ------------------------------------------------------------------------------===//

static double bytesOf(Type element) { return element.getIntOrFloatBitWidth() / 8.0; }

static double countBytes(JaggedType type, BaseLengths lengths) {
  return type.getRowElements() * bytesOf(type.getElementType()) * countRows(type.getSpace(), lengths);
}

/// Bytes of a parameter that the user of `use` reads: the rows looked up of a table, all of another one.
static double countParameterBytes(OpOperand &use, BaseLengths lengths) {
  auto type = cast<RankedTensorType>(use.get().getType());
  double all = type.getNumElements() * bytesOf(type.getElementType());
  if (auto kernel = dyn_cast<rectile::KernelOp>(use.getOwner())) {
    double most = 0;
    for (OpOperand &inner : kernel.getBody().getArgument(use.getOperandNumber()).getUses())
      most = std::max(most, countParameterBytes(inner, lengths));
    return most;
  }
  if (auto embedding = dyn_cast<EmbeddingOp>(use.getOwner()))
    return std::min(all, type.getDimSize(1) * bytesOf(type.getElementType()) *
                             countRows(spaceOf(embedding.getResult()), lengths));
  if (auto bag = dyn_cast<EmbeddingBagOp>(use.getOwner()))
    return std::min(all, type.getDimSize(1) * bytesOf(type.getElementType()) * bag.getIds().getType().getRowElements() *
                             countRows(spaceOf(bag.getResult()), lengths));
  if (auto bags = dyn_cast<EmbeddingBagsOp>(use.getOwner()))
    return std::min(all, type.getDimSize(1) * bytesOf(type.getElementType()) *
                             countRows(bags.getIds().getType().getSpace(), lengths));
  return all;
}

static Cost computeTraffic(Operation *op, BaseLengths lengths) {
  Cost cost;
  llvm::SmallDenseSet<Value> read;
  for (OpOperand &use : op->getOpOperands()) {
    if (!read.insert(use.get()).second)
      continue;
    if (auto jagged = dyn_cast<JaggedType>(use.get().getType()))
      cost.activationBytes += countBytes(jagged, lengths);
    else
      cost.weightBytes += countParameterBytes(use, lengths);
  }
  for (Type type : op->getResultTypes())
    if (auto jagged = dyn_cast<JaggedType>(type))
      cost.activationBytes += countBytes(jagged, lengths);
  return cost;
}

Cost &Cost::operator+=(const Cost &other) {
  flops += other.flops;
  pairs += other.pairs;
  activationBytes += other.activationBytes;
  weightBytes += other.weightBytes;
  return *this;
}

Cost reccc::computeCost(Operation *op, BaseLengths lengths) {
  if (isa<View, ParameterExpression, OutputOp>(op))
    return {};
  Cost cost = computeTraffic(op, lengths);
  op->walk([&](Operation *inner) { cost += computeArithmetic(inner, lengths); });
  return cost;
}
