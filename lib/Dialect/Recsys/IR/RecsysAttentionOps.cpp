// SPDX-License-Identifier: Apache-2.0
// Family attention: result type and checks.
#include "OpChecks.h"
#include "reccc/Dialect/Recsys/IR/RowMaps.h"

using namespace mlir;
using namespace mlir::recsys;

SmallVector<Attribute> AttentionOp::getQuerySegments() {
  return getSegmentsWithin(getFrame(), getQuery().getType().getSpace());
}

SmallVector<Attribute> AttentionOp::getSourceSegments() {
  SmallVector<Attribute> segments;
  Attribute frame = getFrame();
  for (Value key : getKeys())
    llvm::append_range(segments, getSegmentsWithin(frame, jagged(key).getSpace()));
  return segments;
}

Attribute AttentionOp::getFrame() {
  SmallVector<Attribute> spaces = {getQuery().getType().getSpace()};
  for (Value key : getKeys())
    spaces.push_back(jagged(key).getSpace());
  return findFrame(spaces);
}

unsigned AttentionOp::findGroupedSource() {
  Attribute frame = getFrame();
  return llvm::find_if(getKeys(), [&](Value key) { return recsys::getFrame(spaceOf(key)) == frame; }) -
         getKeys().begin();
}

SmallVector<OpOperand *> AttentionOp::getQueryRowOperands() {
  SmallVector<OpOperand *> operands = {&getQueryMutable()};
  for (MutableOperandRange range :
       {MutableOperandRange(getQueryTimesMutable()), MutableOperandRange(getInitialMutable()),
        MutableOperandRange(getInitialStateMutable()), getBoundsMutable()})
    for (OpOperand &operand : range)
      operands.push_back(&operand);
  return operands;
}

ArrayRef<Attribute> AttentionOp::getPlaceSpaces() {
  return getPlaceLengths() ? getPlaceLengthsAttr().getValue() : ArrayRef<Attribute>();
}

Value AttentionOp::getKeyMask(unsigned source) {
  const auto *place = llvm::find(getMaskedSources(), source);
  unsigned number = place - getMaskedSources().begin();
  return number < getKeyMasks().size() ? getKeyMasks()[number] : Value();
}

Mask AttentionOp::getMask(unsigned querySegment, unsigned sourceSegment) {
  return cast<Mask>(cast<ArrayAttr>(getMasks()[querySegment])[sourceSegment]);
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getQuery())))
    return failure();
  JaggedType query = jagged(adaptor.getQuery());
  for (Value value : adaptor.getValues())
    if (failed(checkJagged(location, value)))
      return failure();
  if (adaptor.getValues().empty() || jagged(adaptor.getValues().front()).getDims().size() != 2 ||
      query.getDims().size() != 2)
    return failAt(location, context) << "expected a query and at least one source with records of [heads, width]";
  int64_t heads = query.getDims()[0], width = jagged(adaptor.getValues().front()).getDims()[1];
  if (failed(inferJagged(location, query.getSpace(), {heads, width}, query.getElementType(), types)))
    return failure();
  return adaptor.getWithState() ? inferJagged(location, query.getSpace(), {heads, 2}, Float32Type::get(context), types)
                                : success();
}

/// attention_c1
static LogicalResult verifySources(AttentionOp op) {
  JaggedType query = op.getQuery().getType();
  if (op.getKeys().empty() || op.getKeys().size() != op.getValues().size())
    return op.emitOpError() << "expected at least one key and a value for each, got " << op.getKeys().size()
                            << " keys and " << op.getValues().size() << " values";
  if (query.getDims().size() != 2 || jagged(op.getValues().front()).getDims().size() != 2)
    return op.emitOpError() << "expected records of [heads, width], got " << query << " and "
                            << op.getValues().front().getType();
  int64_t width = jagged(op.getValues().front()).getDims()[1];
  for (auto [keyValue, valueValue] : llvm::zip(op.getKeys(), op.getValues())) {
    JaggedType key = jagged(keyValue), value = jagged(valueValue);
    if (failed(checkSameSpace(op.getLoc(), key, value)))
      return failure();
    if (key.getDims().size() != 2 || value.getDims().size() != 2 || key.getDims()[0] != value.getDims()[0] ||
        key.getDims()[1] != query.getDims()[1] || value.getDims()[1] != width ||
        query.getDims()[0] % key.getDims()[0] != 0)
      return op.emitOpError() << "expected keys [heads, " << query.getDims()[1] << "] and values [heads, " << width
                              << "] with heads that divide " << query.getDims()[0] << ", got " << key << " and "
                              << value;
  }
  return success();
}

/// attention_c7
static LogicalResult verifyFrame(AttentionOp op) {
  Attribute frame = op.getFrame();
  auto check = [&](Value value, bool mayBeOfRequest) -> LogicalResult {
    Attribute space = jagged(value).getSpace();
    if (getSpaceWithin(frame, space) || (mayBeOfRequest && isa<RequestAttr>(getFrame(space))))
      return success();
    return op.emitOpError() << "expected a value grouped by " << frame << (mayBeOfRequest ? ", or not grouped" : "")
                            << ", got one over " << space;
  };
  if (failed(check(op.getQuery(), /*mayBeOfRequest=*/false)))
    return failure();
  for (Value key : op.getKeys())
    if (failed(check(key, /*mayBeOfRequest=*/true)))
      return failure();
  return success();
}

/// attention_c8
static LogicalResult verifyKeyMasks(AttentionOp op) {
  ArrayRef<int64_t> sources = op.getMaskedSources();
  if (sources.size() != op.getKeyMasks().size())
    return op.emitOpError() << "expected a source for each of " << op.getKeyMasks().size() << " key masks, got "
                            << sources.size();
  for (auto [number, source] : llvm::enumerate(sources)) {
    if (source < 0 || source >= static_cast<int64_t>(op.getKeys().size()) || (number && sources[number - 1] >= source))
      return op.emitOpError() << "expected masked sources in order, of " << op.getKeys().size() << ", got " << source;
    JaggedType mask = jagged(op.getKeyMasks()[number]);
    if (mask.getSpace() != jagged(op.getKeys()[source]).getSpace() || !mask.getDims().empty())
      return op.emitOpError() << "expected a key mask of one number a row over "
                              << jagged(op.getKeys()[source]).getSpace() << ", got " << mask;
  }
  return success();
}

/// A request tells the length of every space but an opaque one: that must be at hand.
static bool isKnownLength(Attribute length, ArrayRef<Attribute> queries, ArrayRef<Attribute> sources) {
  if (isa<OpaqueSpaceAttr>(length))
    return llvm::any_of(llvm::concat<const Attribute>(queries, sources),
                        [&](Attribute space) { return mentionsSpace(space, length); });
  return llvm::all_of(cast<RowSpace>(length).getParts(),
                      [&](Attribute part) { return isKnownLength(part, queries, sources); });
}

/// attention_c2, attention_c3, attention_c6
static LogicalResult verifyMasks(AttentionOp op) {
  SmallVector<Attribute> queries = op.getQuerySegments(), sources = op.getSourceSegments();
  if (op.getMasks().size() != queries.size())
    return op.emitOpError() << "expected one list of masks for each of the " << queries.size()
                            << " query segments, got " << op.getMasks().size();
  for (auto [segment, list] : llvm::enumerate(op.getMasks())) {
    auto masks = dyn_cast<ArrayAttr>(list);
    if (!masks || masks.size() != sources.size())
      return op.emitOpError() << "expected one mask for each of the " << sources.size() << " source segments, got "
                              << list;
    for (auto [source, mask] : llvm::enumerate(masks)) {
      if (!isa<Mask>(mask))
        return op.emitOpError() << "expected a mask, got " << mask;
      if (isa<SelfMaskAttr>(mask) && queries[segment] != sources[source])
        return op.emitOpError() << "expected #recsys.self between equal segments, got " << queries[segment] << " and "
                                << sources[source];
      SmallVector<IntervalAttr> intervals;
      if (auto one = dyn_cast<IntervalAttr>(mask))
        intervals.push_back(one);
      else if (auto several = dyn_cast<IntervalsAttr>(mask))
        llvm::append_range(intervals, several.getIntervals());
      for (IntervalAttr interval : intervals)
        for (Attribute length : interval.getLengths())
          if (!isKnownLength(length, queries, sources))
            return op.emitOpError()
                   << "expected a length that the request gives, or one of spaces at hand, got that of " << length;
    }
  }
  return success();
}

/// attention_c5
static LogicalResult verifyPlaces(AttentionOp op) {
  if (!op.getPlaces() && !op.getPlaceLengths())
    return success();
  std::optional<AffineMap> map = op.getPlaces();
  AffineExpr row = getAffineDimExpr(0, op.getContext());
  size_t lengths = op.getPlaceSpaces().size();
  if (!op.getToeplitz() || !map || map->getNumDims() != 1 || map->getNumSymbols() != lengths ||
      map->getNumResults() != 1 || simplifyAffineExpr(map->getResult(0) - row, 1, lengths).isFunctionOfDim(0))
    return op.emitOpError() << "expected places with a toeplitz parameter, a map of one row to row + a that has "
                            << lengths << " symbols, one for each length, got " << op.getPlacesAttr();
  if (failed(checkRowMap([&] { return op.emitOpError(); }, *map)))
    return failure();
  for (Attribute length : op.getPlaceSpaces())
    if (!isa<RowSpace>(length) || isa<NestAttr>(length) ||
        !isKnownLength(length, op.getQuerySegments(), op.getSourceSegments()))
      return op.emitOpError() << "expected a length that the request gives, or one of spaces at hand, got that of "
                              << length;
  return success();
}

/// attention_c5
static LogicalResult verifyBias(AttentionOp op) {
  if (op.getToeplitz() && (!op.getToeplitzCenter() || static_cast<int64_t>(*op.getToeplitzCenter()) < 0 ||
                           op.getToeplitz().getType().getRank() != 1))
    return op.emitOpError() << "expected a toeplitz parameter of rank 1 and a center of at least 0";
  if (op.getLastAtOnePlace() && !op.getToeplitz())
    return op.emitOpError() << "expected a toeplitz parameter with `last_at_one_place`";
  bool buckets = static_cast<bool>(op.getBucketWeights());
  if (buckets != static_cast<bool>(op.getQueryTimes()) || buckets != static_cast<bool>(op.getKeyTimes()) ||
      buckets != op.getBucketRule().has_value())
    return op.emitOpError() << "expected all of weights, query times, key times and rule of time_buckets, or none";
  if (failed(verifyPlaces(op)))
    return failure();
  if (!buckets && !op.getToeplitz())
    return success();
  Attribute space = op.getQuery().getType().getSpace(), sourceSpace = jagged(op.getKeys().front()).getSpace();
  if (op.getKeys().size() != 1)
    return op.emitOpError() << "expected, for a bias, one source, got " << op.getKeys().size();
  if (op.getToeplitz() && !op.getPlaces() && space != sourceSpace)
    return op.emitOpError() << "expected the source of a toeplitz bias over the query's space, " << space
                            << ", or the places of its rows there, got a source over " << sourceSpace;
  if (!buckets)
    return success();
  if (op.getBucketWeights().getType().getRank() != 1 || !isa<EdgesAttr, SqrtBucketAttr>(*op.getBucketRule()))
    return op.emitOpError() << "expected bucket weights of rank 1 and a bucket rule, got "
                            << op.getBucketWeights().getType() << " and " << *op.getBucketRule();
  for (auto [times, over] : {std::pair(op.getQueryTimes(), space), {op.getKeyTimes(), sourceSpace}})
    if (jagged(times).getSpace() != over || !jagged(times).getDims().empty())
      return op.emitOpError() << "expected times of one number a row over " << over << ", got " << times.getType();
  return success();
}

/// attention_c10
static LogicalResult verifyBounds(AttentionOp op) {
  Attribute space = op.getQuery().getType().getSpace();
  for (Value bound : op.getBounds())
    if (jagged(bound).getSpace() != space || !jagged(bound).getDims().empty())
      return op.emitOpError() << "expected bounds of one number a row over " << space << ", got " << bound.getType();
  int64_t count = op.getBounds().size();
  for (Attribute list : op.getMasks())
    for (Attribute mask : cast<ArrayAttr>(list))
      if (auto table = dyn_cast<TableMaskAttr>(mask); table && std::max(table.getLower(), table.getUpper()) >= count)
        return op.emitOpError() << "expected tables of the " << count << " bounds, got " << table;
  return success();
}

/// attention_c9
static LogicalResult verifyInitial(AttentionOp op) {
  bool isSoftmax = op.getScore() == ScoreKind::softmax;
  if (op.getWithState() && !isSoftmax)
    return op.emitOpError() << "expected softmax with `with_state`: a sum of silu has no state";
  if (static_cast<bool>(op.getInitialState()) != (isSoftmax && op.getInitial()))
    return op.emitOpError() << "expected an initial state beside the initial result of a softmax, and only there";
  if (op.getState() && !op.getState().getType().getElementType().isF32())
    return op.emitOpError() << "expected a state of f32, got " << op.getState().getType();
  auto check = [&](StringRef what, Value value, int64_t width) -> LogicalResult {
    JaggedType wanted = op.getQuery().getType().withDims({op.getHeads(), width});
    if (!value || jagged(value).withElementType(wanted.getElementType()) == wanted)
      return success();
    return op.emitOpError() << "expected " << what << " over " << wanted.getSpace() << " with records of ["
                            << op.getHeads() << ", " << width << "], got " << value.getType();
  };
  if (failed(check("an initial result", op.getInitial(), op.getResult().getType().getDims()[1])))
    return failure();
  return check("an initial state", op.getInitialState(), 2);
}

LogicalResult AttentionOp::verify() {
  if (failed(verifySources(*this)) || failed(verifyFrame(*this)) || failed(verifyKeyMasks(*this)) ||
      failed(verifyMasks(*this)) || failed(verifyBias(*this)) || failed(verifyInitial(*this)) ||
      failed(verifyBounds(*this)))
    return failure();
  bool silu = getScore() == ScoreKind::silu; // attention_c4
  int divisors = (getDivisor() ? 1 : 0) + (getDivisorRows() ? 1 : 0);
  if (divisors != (silu ? 1 : 0) || (getDivisor() && !(getDivisor()->convertToDouble() > 0)))
    return emitOpError() << "expected one divisor > 0 with silu and none with softmax";
  if (getDivisorRows() && (!isa<RowSpace>(*getDivisorRows()) || isa<NestAttr>(*getDivisorRows())))
    return emitOpError() << "expected the rows of a space that is no nest as the divisor, got " << *getDivisorRows();
  if (!std::isfinite(getScale().convertToDouble()))
    return emitOpError() << "expected a finite scale";
  return success();
}
