// SPDX-License-Identifier: Apache-2.0
// The macro `positions`: a learned record for each place in the sequence, and one for each age of
// an event.
#include "Blocks.h"
#include <cmath>

using namespace reccc;

namespace {

/// The parts of the sequence: context, history (possibly several segments), candidates.
struct Sequence {
  SmallVector<Attribute> segments;
  size_t context = 0; // segments
  bool candidates = false;
  size_t firstHistory() const { return context; }
  size_t endHistory() const { return segments.size() - candidates; }
};

class PositionBuilder {
public:
  PositionBuilder(ModelBuilder &b, const pb::Positions &block) : b(b), block(block), context(b.builder.getContext()) {}

  Built build() {
    auto input = b.vectors(block, "input");
    if (failed(input) || failed(readSequence(b.spaceOf(*input))))
      return failure();
    width = b.widthOf(*input);
    if (block.scale_case() == pb::Positions::SCALE_NOT_SET) {
      b.error(block, "", Code::MissingField)
          << "node " << quoted(b.nodeName()) << ": no scale is set, expected sqrt_width or factor";
      return failure();
    }
    if (block.group() > 1 && (!block.has_candidates() || block.count() != pb::Positions::FROM_OLDEST)) {
      b.error(block, "group", Code::Contradiction)
          << "node " << quoted(b.nodeName()) << " has group, expected it with candidates and FROM_OLDEST";
      return failure();
    }
    double factor = block.has_sqrt_width() ? std::sqrt(static_cast<double>(width)) : block.factor();
    Value scaled = factor == 1.0 ? *input : b.scale(*input, factor);
    auto positions = positionRecords();
    if (failed(positions))
      return failure();
    Value sum = b.binary<ir::AddOp>(scaled, *positions);
    if (!block.has_time())
      return sum;
    auto times = timeRecords();
    return failed(times) ? times : Built(b.binary<ir::AddOp>(sum, *times));
  }

private:
  LogicalResult readSequence(Attribute space) {
    // The candidate's own row of a nest is a row of the candidates, so its place in the sequence could not be told from
    // its number.
    if (!isa<ir::RequestAttr>(ir::getFrame(space)))
      return b.error(block, "input", Code::NoSuchRows)
             << "node " << quoted(b.nodeName()) << ": input has the rows " << rowsText(space)
             << ", expected rows that are not nested; add positions before repeat_rows";
    sequence.segments = ir::getSegments(space);
    auto part = [&](StringRef field, const std::string &name, Attribute at, StringRef place) -> LogicalResult {
      if (sequence.segments.size() > 1 && b.rows(name) == at)
        return success();
      return b.error(block, field, Code::BadMask)
             << "node " << quoted(b.nodeName()) << ": rows " << quoted(name) << " are " << rowsText(b.rows(name))
             << ", expected what stands " << place << " in the sequence " << rowsText(space);
    };
    for (const std::string &name : block.context()) {
      size_t at = sequence.context++;
      if (failed(part("context", name, at < sequence.segments.size() ? sequence.segments[at] : Attribute(),
                      at ? "behind the rows before them" : "first")))
        return failure();
    }
    if (block.has_candidates()) {
      if (failed(part("candidates", block.candidates(), sequence.segments.back(), "last")))
        return failure();
      sequence.candidates = true;
    }
    return success();
  }

  /// Positions of one segment; every result of the map is at most the last row of the table.
  FailureOr<Value> segmentPositions(size_t segment, int64_t entries) {
    SmallVector<Attribute> lengths;
    auto rowsOf = [&](Attribute space) -> AffineExpr {
      if (auto constant = cast<ir::RowSpace>(space).getConstantRows())
        return getAffineConstantExpr(*constant, context);
      auto it = llvm::find(lengths, space);
      unsigned symbol = it - lengths.begin();
      if (it == lengths.end())
        lengths.push_back(space);
      return getAffineSymbolExpr(symbol, context);
    };
    auto total = [&](size_t first, size_t end) {
      AffineExpr sum = getAffineConstantExpr(0, context);
      for (size_t i = first; i < end; ++i)
        sum = sum + rowsOf(sequence.segments[i]);
      return sum;
    };
    AffineExpr row = getAffineDimExpr(0, context), position;
    bool newest = block.count() == pb::Positions::FROM_NEWEST;
    bool candidate = sequence.candidates && segment + 1 == sequence.segments.size();
    if (segment < sequence.context)
      position = total(0, segment) + row;
    else if (candidate)
      position = total(0, newest ? sequence.firstHistory() : sequence.endHistory());
    else if (newest) // rows from this one to the newest, itself included, behind the context
      position = total(segment, sequence.endHistory()) - row + total(0, sequence.firstHistory());
    else
      position = total(0, segment) + row;
    Attribute space = sequence.segments[segment];
    SmallVector<AffineExpr> least = {position};
    if (block.has_last())
      least.push_back(getAffineConstantExpr(block.last(), context));
    if (candidate && block.group() > 1)
      for (AffineExpr &one : least)
        one = one + row % block.group();
    least.push_back(getAffineConstantExpr(entries - 1, context));
    auto map = simplifyAffineMap(AffineMap::get(1, lengths.size(), least, context));
    auto type = ir::JaggedType::get(context, space, {}, b.builder.getI64Type());
    return Value(ir::RowIndexOp::create(b.builder, b.where, type, map,
                                        lengths.empty() ? ArrayAttr() : b.builder.getArrayAttr(lengths)));
  }

  Value lookUp(Value ids, Value table) {
    auto type = ir::JaggedType::get(context, b.spaceOf(ids), {width}, b.builder.getF32Type());
    // Positions and buckets are clamped already.
    return ir::EmbeddingOp::create(b.builder, b.where, type, ids, table, ir::OutOfRange::clamp);
  }

  Built positionRecords() {
    auto table = b.weight(block, "weight", block.weight(),
                          {{block.has_entries() ? block.entries() : -1, "entries"}, {width, "width of the input"}});
    if (failed(table))
      return failure();
    int64_t rows = b.shapeOf(*table)[0];
    if (block.last() >= rows) {
      b.error(block, "last", Code::OutOfRange)
          << "last is " << block.last() << ", expected a row of weight '" << block.weight() << "', which has " << rows;
      return failure();
    }
    SmallVector<Value> parts;
    for (size_t i = 0; i < sequence.segments.size(); ++i)
      parts.push_back(*segmentPositions(i, rows));
    auto positions = b.concatRows(block, parts);
    if (failed(positions))
      return failure();
    b.define("positions", *positions);
    return lookUp(*positions, *table);
  }

  Built timeRecords() {
    const pb::Positions::Time &time = block.time();
    b.at(time);
    auto table = b.weight(time, "weight", time.weight(),
                          {{time.has_entries() ? time.entries() : -1, "entries"}, {width, "width of the input"}});
    auto history = b.ids(time, "history");
    auto request = b.ids(time, "request");
    if (failed(table) || failed(history) || failed(request) || failed(b.overRequest(time, "request", *request)))
      return failure();
    int64_t last = time.last() == pb::Positions::Time::LAST_ROW ? b.shapeOf(*table)[0] - 1 : width - 1;
    auto rule = bucketRule(b, time.rule(), last);
    if (failed(rule))
      return failure();
    SmallVector<Value> parts;
    for (size_t i = 0; i < sequence.segments.size(); ++i) {
      auto age = segmentAge(i, time, *history, *request);
      if (failed(age))
        return failure();
      parts.push_back(*age);
    }
    auto ages = b.concatRows(block, parts);
    if (failed(ages))
      return failure();
    Value buckets = ir::BucketizeOp::create(b.builder, b.where, ages->getType(), *ages, *rule);
    b.define("buckets", buckets);
    return lookUp(buckets, *table);
  }

  /// The request's time less that of each row of a segment.
  Built segmentAge(size_t segment, const pb::Positions::Time &time, Value history, Value request) {
    Attribute space = sequence.segments[segment];
    Value now = b.broadcast(request, space);
    if (segment < sequence.firstHistory())
      return now; // context has time 0
    if (segment >= sequence.endHistory()) {
      if (time.candidates().empty())
        return b.binary<ir::SubOp>(now, now);
      auto candidates = b.ids(time, "candidates");
      if (failed(candidates))
        return failure();
      if (b.spaceOf(*candidates) == space)
        return b.binary<ir::SubOp>(now, *candidates);
      b.error(time, "candidates", Code::RowsDiffer)
          << "node " << quoted(b.nodeName()) << ": candidates '" << time.candidates() << "' has the rows "
          << rowsText(b.spaceOf(*candidates)) << ", expected " << rowsText(space);
      return failure();
    }
    Value times = history;
    auto interleaved = dyn_cast<ir::InterleaveAttr>(space);
    if (b.spaceOf(times) != space && interleaved && interleaved.getOf() == b.spaceOf(times))
      times = *b.interleave(block, SmallVector<Value>(interleaved.getTimes(), times));
    if (b.spaceOf(times) == space)
      return b.binary<ir::SubOp>(now, times);
    b.error(time, "history", Code::RowsDiffer) << "node " << quoted(b.nodeName()) << ": history '" << time.history()
                                               << "' has the rows " << rowsText(b.spaceOf(history)) << ", expected "
                                               << rowsText(space) << " or the rows that are interleaved there";
    return failure();
  }

  ModelBuilder &b;
  const pb::Positions &block;
  MLIRContext *context;
  Sequence sequence;
  int64_t width = 0;
};

} // namespace

Built reccc::build(ModelBuilder &b, const pb::Positions &block) { return PositionBuilder(b, block).build(); }
