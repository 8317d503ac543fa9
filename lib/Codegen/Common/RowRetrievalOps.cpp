// SPDX-License-Identifier: Apache-2.0
// Row-wise operators of family retrieval.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "reccc/Codegen/Common/RowProgram.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"

using namespace mlir;
using namespace mlir::recsys;
using namespace reccc;

namespace {
/// The `size` best places so far, in memory: greater scores first, of equal ones lower places, then empty ones, -1.
struct BestPlaces {
  BestPlaces(TileBuilder &b, Value scores, Value places, int64_t size)
      : b(b), i64(b.getI64Type()), scores(scores), places(places), size(size) {
    b.forTiles(b.i64(0), b.i64(size), 1, [&](Value rank) { store(rank, b.i64(0), b.i64(-1)); });
  }

  Value scoreOf(Value rank) { return b.loadScalar(b.at(scores, rank, i64), i64); }
  Value placeOf(Value rank) { return b.loadScalar(b.at(places, rank, i64), i64); }

  void insert(Value score, Value place) {
    b.ifThen(precedes(score, place, b.i64(size - 1)), [&] {
      // What is displaced moves one rank down.
      b.forCarry(b.i64(0), b.i64(size), 1, {score, place}, [&](Value rank, ValueRange carried) {
        Value oldScore = scoreOf(rank), oldPlace = placeOf(rank);
        Value here = precedes(carried[0], carried[1], rank);
        store(rank, b.select(here, carried[0], oldScore), b.select(here, carried[1], oldPlace));
        return SmallVector<Value>{b.select(here, oldScore, carried[0]), b.select(here, oldPlace, carried[1])};
      });
    });
  }

private:
  using Predicate = arith::CmpIPredicate;

  void store(Value rank, Value score, Value place) {
    b.storeScalar(score, b.at(scores, rank, i64));
    b.storeScalar(place, b.at(places, rank, i64));
  }

  Value precedes(Value score, Value place, Value rank) {
    Value other = scoreOf(rank), otherPlace = placeOf(rank);
    Value tie = b.make<arith::AndIOp>(b.cmp(Predicate::eq, score, other), b.cmp(Predicate::slt, place, otherPlace));
    Value better = b.make<arith::OrIOp>(b.cmp(Predicate::sgt, score, other), tie);
    return b.make<arith::OrIOp>(better, b.cmp(Predicate::slt, otherPlace, b.i64(0)));
  }

  TileBuilder &b;
  Type i64;
  Value scores, places;
  int64_t size;
};
} // namespace

/// The fp16 number that `number` stands for, in steps of 2^-24.
static Value buildHalfSteps(TileBuilder &b, Value number, float scale) {
  using Predicate = arith::CmpFPredicate;
  Value least = b.f32(-65504.0), most = b.f32(65504.0);
  Value value = b.mulf(b.make<arith::SIToFPOp>(b.getF32Type(), number), b.f32(scale));
  value = b.select(b.cmpf(Predicate::OLT, value, least), least, value);
  value = b.select(b.cmpf(Predicate::OGT, value, most), most, value);
  Value half = b.make<arith::TruncFOp>(b.getF16Type(), value);
  value = b.make<arith::ExtFOp>(b.getF32Type(), half);
  return b.make<arith::FPToSIOp>(b.getI64Type(), b.mulf(value, b.f32(0x1p24)));
}

LogicalResult RowProgram::emitNearestRows(NearestRowsOp op) {
  if (!isa<BlockArgument>(op.getKeys()))
    return op.emitOpError("in a kernel expects keys that are an operand of the kernel");
  Type i64 = b.getI64Type();
  auto keys = cast<JaggedType>(op.getKeys().getType());
  int64_t size = keys.getRowElements(), k = op.getK();
  auto list = [&] { return frame.scratch(k * sizeof(int64_t)); };
  Value query;
  if (size == 1)
    b.storeScalar(getScalar(op.getQuery()), query = frame.scratch(sizeof(int64_t)));
  else
    query = getIntegers(op.getQuery());
  if (std::optional<APFloat> scale = op.getHalfScale()) {
    Value steps = frame.scratch(size * sizeof(int64_t));
    b.forTiles(b.i64(0), b.i64(size), 1, [&](Value column) {
      Value number = b.loadScalar(b.at(query, column, i64), i64);
      b.storeScalar(buildHalfSteps(b, number, scale->convertToFloat()), b.at(steps, column, i64));
    });
    query = steps;
  }

  KernelOperand &operand = frame.operand(op.getKeys());
  Instance instance = instanceIn(getFrame(keys.getSpace()));
  Value first = frame.offsetOf(keys.getSpace(), instance), rows = frame.rowsOf(keys.getSpace(), instance);
  Value places = list();
  BestPlaces best(b, list(), places, k);
  b.forTiles(b.i64(op.getFrom()), rows, 1, [&](Value place) {
    Value key = frame.rowPointer(operand, b.add(first, place));
    Value score = b.forCarry(b.i64(0), b.i64(size), 1, b.i64(0), [&](Value column, ValueRange sum) {
      Value product = b.mul(b.loadScalar(b.at(query, column, i64), i64), b.loadScalar(b.at(key, column, i64), i64));
      return SmallVector<Value>{b.add(sum[0], product)};
    })[0];
    best.insert(score, place);
  });
  if (op.getOrder() == NearestOrder::by_place) {
    Value sorted = list();
    BestPlaces lowest(b, list(), sorted, k);
    b.forTiles(b.i64(0), b.i64(k), 1, [&](Value rank) {
      Value place = best.placeOf(rank);
      b.ifThen(b.cmp(arith::CmpIPredicate::sge, place, b.i64(0)),
               [&] { lowest.insert(b.sub(b.i64(0), place), place); });
    });
    places = sorted;
  }
  if (k == 1)
    scalars[op] = b.loadScalar(places, i64);
  else
    integers[op] = places;
  return success();
}

LogicalResult RowProgram::emitRetrieval(Operation *op) {
  auto nearest = dyn_cast<NearestRowsOp>(op);
  return nearest ? emitNearestRows(nearest) : failure();
}
