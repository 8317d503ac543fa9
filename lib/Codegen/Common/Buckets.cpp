// SPDX-License-Identifier: Apache-2.0
// Edges and vocabularies: a branchless binary search in a constant table. Square roots: the fp32 operations of the
// rule, which are exact.
#include "reccc/Codegen/Common/Buckets.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace reccc;

/// `value` for every element of `type`, a scalar or a vector.
static Value constant(TileBuilder &b, Type type, TypedAttr value) {
  if (auto vector = dyn_cast<VectorType>(type))
    return b.make<arith::ConstantOp>(DenseElementsAttr::get(vector, Attribute(value)));
  return b.make<arith::ConstantOp>(value);
}

/// The type with the shape of `like` and another element.
static Type withElement(Type like, Type element) {
  auto vector = dyn_cast<VectorType>(like);
  return vector ? Type(vector.clone(element)) : element;
}

/// A constant table of the module: one for each list of values.
static Value addressOfTable(TileBuilder &b, ArrayRef<int64_t> values) {
  auto module = b.getBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto type = LLVM::LLVMArrayType::get(b.getI64Type(), values.size());
  auto data = DenseElementsAttr::get(RankedTensorType::get({int64_t(values.size())}, b.getI64Type()), values);
  LLVM::GlobalOp table;
  int64_t count = 0;
  for (auto global : module.getOps<LLVM::GlobalOp>()) {
    if (global.getValueOrNull() == data)
      table = global;
    ++count;
  }
  if (!table) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    table = b.make<LLVM::GlobalOp>(type, /*isConstant=*/true, LLVM::Linkage::Private,
                                   "bucket_edges_" + std::to_string(count), data,
                                   /*alignment=*/64);
  }
  return b.make<LLVM::AddressOfOp>(table);
}

Value reccc::gather(TileBuilder &b, Value table, Type element, Value index) {
  auto shape = cast<VectorType>(index.getType());
  Type storage = element.isBF16() ? Type(b.getI16Type()) : element;
  Value pointers = b.make<LLVM::GEPOp>(shape.clone(b.ptr()), storage, table, ArrayRef<LLVM::GEPArg>{index});
  Value all = constant(b, shape.clone(b.getI1Type()), b.getBoolAttr(true));
  unsigned bytes = storage.getIntOrFloatBitWidth() / 8;
  Value values = b.make<LLVM::masked_gather>(shape.clone(storage), pointers, all, ValueRange(), bytes);
  if (!element.isBF16())
    return values;
  values = b.make<arith::ExtUIOp>(b.i32Vector(), values);
  values = b.make<arith::ShLIOp>(values, b.splatI32(16));
  return b.make<arith::BitcastOp>(b.f32Vector(), values);
}

/// table[index], for each lane.
static Value lookUp(TileBuilder &b, Value table, Value index) {
  if (isa<VectorType>(index.getType()))
    return gather(b, table, b.getI64Type(), index);
  return b.loadScalar(b.at(table, index, b.getI64Type()), b.getI64Type());
}

/// The table of the edges, padded, and the number of those that are at most x.
static std::pair<Value, Value> searchEdges(TileBuilder &b, ArrayRef<int64_t> edges, Value x) {
  // Padded to one less than a power of two, so that no step leaves the table.
  SmallVector<int64_t> table(edges);
  table.resize(llvm::PowerOf2Ceil(edges.size() + 1), std::numeric_limits<int64_t>::max());
  Type type = x.getType();
  auto number = [&](int64_t value) { return constant(b, type, b.getI64IntegerAttr(value)); };
  Value address = addressOfTable(b, table);
  Value below = number(0);
  for (int64_t step = table.size() / 2; step > 0; step /= 2) {
    Value edge = lookUp(b, address, b.add(below, number(step - 1)));
    Value reached = b.cmp(arith::CmpIPredicate::sle, edge, x);
    below = b.add(below, b.select(reached, number(step), number(0)));
  }
  return {address, b.min(below, number(edges.size()))};
}

static Value buildVocabulary(TileBuilder &b, recsys::VocabularyAttr rule, Value x) {
  auto number = [&](int64_t value) { return constant(b, x.getType(), b.getI64IntegerAttr(value)); };
  auto [table, count] = searchEdges(b, rule.getIds(), x);
  // In front of the first id its place is 0, which holds another number than x.
  Value place = b.max(b.sub(count, number(1)), number(0));
  Value isThere = b.cmp(arith::CmpIPredicate::eq, lookUp(b, table, place), x);
  return b.select(isThere, place, number(rule.getAbsent()));
}

static Value buildSqrt(TileBuilder &b, recsys::SqrtBucketAttr rule, Value x) {
  Type f32 = withElement(x.getType(), b.getF32Type());
  auto number = [&](float value) { return constant(b, f32, b.getF32FloatAttr(value)); };
  Value value = b.make<arith::SIToFPOp>(f32, x);
  Value least = number(1e-6f);
  value = b.select(b.cmpf(arith::CmpFPredicate::OLT, value, least), least, value);
  value = b.divf(value, number(rule.getUnit().convertToFloat()));
  value = b.make<math::SqrtOp>(value);
  Value bucket = b.make<arith::FPToSIOp>(x.getType(), value);
  return b.min(bucket, constant(b, x.getType(), b.getI64IntegerAttr(rule.getLast())));
}

Value reccc::buildBucket(TileBuilder &b, Attribute rule, Value x) {
  if (auto edges = dyn_cast<recsys::EdgesAttr>(rule))
    return searchEdges(b, edges.getEdges(), x).second;
  if (auto vocabulary = dyn_cast<recsys::VocabularyAttr>(rule))
    return buildVocabulary(b, vocabulary, x);
  return buildSqrt(b, cast<recsys::SqrtBucketAttr>(rule), x);
}
