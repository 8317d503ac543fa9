// SPDX-License-Identifier: Apache-2.0
// Family sequence: result types, checks, folds.
#include "OpChecks.h"

using namespace mlir;
using namespace mlir::recsys;

/// The record of `like` over `space`, which is null when the failure is reported already.
static LogicalResult inferOver(std::optional<Location> location, JaggedType like, Attribute space,
                               SmallVectorImpl<Type> &types) {
  if (!space)
    return failure();
  return inferJagged(location, space, like.getDims(), like.getElementType(), types);
}

LogicalResult ConcatRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty()) // concat_rows_c1
    return failAt(location, context) << "expected at least one value";
  if (failed(checkJagged(location, adaptor.getInputs().front())))
    return failure();
  SmallVector<Attribute> spaces;
  JaggedType first = jagged(adaptor.getInputs().front());
  for (Value input : adaptor.getInputs()) { // concat_rows_c2
    if (failed(checkJagged(location, input)) || failed(checkSameRecord(location, first, jagged(input))))
      return failure();
    spaces.push_back(jagged(input).getSpace());
  }
  Attribute frame = findFrame(spaces);
  for (Attribute space : spaces) // concat_rows_c3
    if (!getSpaceWithin(frame, space))
      return failAt(location, context) << "expected values over " << frame << " or grouped by it, got one over "
                                       << space;
  return inferOver(location, first, getFramedConcatSpace(frame, spaces, [&] { return failAt(location, context); }),
                   types);
}

OpFoldResult ConcatRowsOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 && getInputs().front().getType() == getType() ? OpFoldResult(getInputs().front())
                                                                               : OpFoldResult();
}

LogicalResult InterleaveOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty()) // interleave_c1
    return failAt(location, context) << "expected at least one value";
  if (failed(checkJagged(location, adaptor.getInputs().front())))
    return failure();
  JaggedType first = jagged(adaptor.getInputs().front());
  for (Value input : adaptor.getInputs()) // interleave_c2
    if (failed(checkJagged(location, input)) || failed(checkSameSpace(location, first, jagged(input))) ||
        failed(checkSameRecord(location, first, jagged(input))))
      return failure();
  int64_t count = adaptor.getInputs().size();
  return inferOver(location, first,
                   getInterleaveSpace(first.getSpace(), count, [&] { return failAt(location, context); }), types);
}

LogicalResult SliceRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  SmallVector<Attribute> parts = getSegments(input.getSpace());
  int64_t first = adaptor.getFirst(), count = adaptor.getCount(), size = parts.size();
  if (size < 2 || first < 0 || count < 1 || first > size - count) // slice_rows_c1
    return failAt(location, context) << "expected parts of a concat, got parts [" << first << ", " << first << " + "
                                     << count << ") of " << input.getSpace();
  types.push_back(
      input.withSpace(getFramedConcatSpace(getFrame(input.getSpace()), ArrayRef(parts).slice(first, count))));
  return success();
}

namespace {
/// Segments of a concat_rows whose operands are those very segments are the operands.
struct SliceOfConcat : OpRewritePattern<SliceRowsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceRowsOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getInput().getDefiningOp<ConcatRowsOp>();
    if (!concat)
      return rewriter.notifyMatchFailure(op, "not of a concat_rows");
    if (jagged(concat.getResult()).getElementType() != jagged(op.getResult()).getElementType())
      return rewriter.notifyMatchFailure(op, "the concat rounds");
    int64_t begin = op.getFirst(), end = begin + op.getCount(), part = 0;
    SmallVector<Value> values;
    for (Value input : concat.getInputs()) {
      int64_t parts = getSegments(jagged(input).getSpace()).size();
      if (part >= begin && part + parts <= end)
        values.push_back(input);
      part += parts;
    }
    SmallVector<Attribute> spaces;
    for (Value value : values)
      spaces.push_back(jagged(value).getSpace());
    if (part != static_cast<int64_t>(getSegments(jagged(op.getInput()).getSpace()).size()) || values.empty() ||
        getFramedConcatSpace(getFrame(jagged(op.getInput()).getSpace()), spaces) != jagged(op.getResult()).getSpace())
      return rewriter.notifyMatchFailure(op, "the segments are not whole operands");
    Value result = values.size() == 1 ? values.front()
                                      : ConcatRowsOp::create(rewriter, op.getLoc(), op.getType(), values).getResult();
    if (result.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "the storage type differs");
    rewriter.replaceOp(op, result);
    return success();
  }
};
} // namespace

void SliceRowsOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SliceOfConcat>(context);
}

LogicalResult TakeRowsOp::verify() {
  if (failed(checkJagged(getLoc(), getInput())) || failed(checkJagged(getLoc(), getResult())))
    return failure();
  JaggedType input = jagged(getInput()), result = jagged(getResult());
  if (!findTake(input.getSpace(), result.getSpace())) // take_rows_c1
    return emitOpError() << "expected a result over a take of " << input.getSpace()
                         << " that says which end is taken, got " << result.getSpace();
  return checkSameRecord(getLoc(), input, result);
}

OpFoldResult TakeRowsOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}

LogicalResult DeinterleaveOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  Attribute frame = getFrame(input.getSpace());
  auto space = dyn_cast<InterleaveAttr>(getSpaceWithin(frame, input.getSpace()));
  int64_t phase = adaptor.getPhase();
  if (!space || phase < 0 || phase >= space.getTimes()) // deinterleave_c1
    return failAt(location, context) << "expected a phase of an interleave, got phase " << phase << " of "
                                     << input.getSpace();
  types.push_back(input.withSpace(getNestSpace(frame, space.getOf())));
  return success();
}

OpFoldResult DeinterleaveOp::fold(FoldAdaptor) {
  auto interleave = getInput().getDefiningOp<InterleaveOp>();
  if (!interleave || jagged(interleave.getInputs().front()).getSpace() != jagged(getResult()).getSpace() ||
      jagged(getInput()).getElementType() != jagged(getResult()).getElementType())
    return {};
  Value value = interleave.getInputs()[getPhase()];
  return value.getType() == getType() ? OpFoldResult(value) : OpFoldResult();
}

LogicalResult ShiftOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())) || failed(checkJagged(location, adaptor.getFill())))
    return failure();
  if (int64_t by = adaptor.getBy(); by != 1 && by != -1) // shift_c1
    return failAt(location, context) << "expected a shift by 1 or -1, got " << by;
  JaggedType input = jagged(adaptor.getInput()), fill = jagged(adaptor.getFill());
  Attribute frame = getFrame(input.getSpace());
  if (fill.getSpace() != frame) // shift_c2
    return failAt(location, context) << "expected a value over " << frame << ", got " << fill;
  if (failed(checkSameRecord(location, input, fill)))
    return failure();
  types.push_back(input);
  return success();
}

LogicalResult BroadcastRowsOp::verify() {
  if (failed(checkJagged(getLoc(), getInput())) || failed(checkJagged(getLoc(), getResult())))
    return failure();
  Attribute space = getFrame(jagged(getResult()).getSpace()), from = jagged(getInput()).getSpace();
  while (space != from && !isa<RequestAttr>(space))
    space = getFrame(space);
  if (space != from) // broadcast_rows_c1
    return emitOpError() << "expected a value over #recsys.request, or over a space that the result is nested in, got "
                         << jagged(getInput());
  return checkSameRecord(getLoc(), jagged(getInput()), jagged(getResult()));
}

OpFoldResult BroadcastRowsOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}

LogicalResult RepeatRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  if (!isa_and_nonnull<RowSpace>(adaptor.getOuter())) // repeat_rows_c1
    return failAt(location, context) << "expected a row space to repeat for, got " << adaptor.getOuter();
  return inferOver(location, input,
                   getNestSpace(adaptor.getOuter(), input.getSpace(), [&] { return failAt(location, context); }),
                   types);
}

LogicalResult GroupRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())) || failed(checkWeights(location, {adaptor.getFill()})))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  int64_t size = adaptor.getSize();
  if (size < 2 || size >= kRowLimit) // group_rows_c1
    return failAt(location, context) << "expected groups of at least 2 rows and below 2^31, got " << size;
  if (Value fill = adaptor.getFill()) { // group_rows_c2
    int64_t elements = cast<RankedTensorType>(fill.getType()).getNumElements();
    if (!isPadded(adaptor.getRemainder()) || !input.isFloat() || elements != input.getRowElements())
      return failAt(location, context) << "expected a fill of " << input.getRowElements()
                                       << " elements, with a padded remainder of floats only, got " << fill.getType()
                                       << " with " << stringifyRemainder(adaptor.getRemainder()) << " of " << input;
  }
  auto emit = [&] { return failAt(location, context); };
  Attribute groups = getGroupSpace(input.getSpace(), size, adaptor.getRemainder(), emit);
  if (!groups)
    return failure();
  return inferOver(location, input, getNestSpace(groups, getRowsSpace(context, size), emit), types);
}

LogicalResult FoldRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  JaggedType input = jagged(adaptor.getInput());
  Attribute frame = getFrame(input.getSpace());
  std::optional<int64_t> rows = cast<RowSpace>(getSpaceWithin(frame, input.getSpace())).getConstantRows();
  if (!rows || *rows < 1) // fold_rows_c1
    return failAt(location, context) << "expected a value over a nest of a constant number of rows, got " << input;
  SmallVector<int64_t> dims = {*rows};
  llvm::append_range(dims, input.getDims());
  return inferJagged(location, frame, dims, input.getElementType(), types);
}

LogicalResult SplatRowsOp::verify() {
  int64_t elements = getInput().getType().getNumElements();
  if (elements != getType().getRowElements()) // splat_rows_c1
    return emitOpError() << "expected a parameter of " << getType().getRowElements() << " elements, got "
                         << getInput().getType();
  return success();
}

LogicalResult PadRowsOp::verify() {
  if (failed(checkJagged(getLoc(), getInput())) || failed(checkJagged(getLoc(), getResult())))
    return failure();
  Attribute inner = getSpaceWithin(getFrame(jagged(getInput()).getSpace()), jagged(getResult()).getSpace());
  if (!inner || !cast<RowSpace>(inner).getConstantRows()) // pad_rows_c1
    return emitOpError() << "expected a result over a space of constant size within the frame of "
                         << jagged(getInput()).getSpace() << ", got " << getType();
  return checkSameRecord(getLoc(), jagged(getInput()), jagged(getResult()));
}

LogicalResult GatherRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getInput(), adaptor.getPlaces()})))
    return failure();
  JaggedType input = jagged(adaptor.getInput()), places = jagged(adaptor.getPlaces());
  if (!isa<RequestAttr>(getFrame(input.getSpace()))) // gather_rows_c1
    return failAt(location, context) << "expected rows of the request to gather, got " << input;
  if (places.getDims().size() > 1) // gather_rows_c2
    return failAt(location, context) << "expected places of at most one dimension, got " << places;
  auto emit = [&] { return failAt(location, context); };
  Attribute rows = getRowsSpace(context, places.getRowElements());
  return inferOver(location, input, getNestSpace(places.getSpace(), rows, emit), types);
}

LogicalResult FilterRowsOp::verify() {
  JaggedType keep = getKeep().getType(), places = getPlaces().getType();
  if (!isa<RequestAttr>(getFrame(keep.getSpace())) || !keep.getDims().empty()) // filter_rows_c1
    return emitOpError() << "expected flags, one for each row of the request, got " << keep;
  auto bound = dyn_cast<OpaqueSpaceAttr>(places.getSpace());
  std::optional<int64_t> most = keep.getRowSpace().getMaxRows();
  if (!bound || !places.getDims().empty() || bound.getMax() != most) // filter_rows_c2
    return emitOpError() << "expected a number for each row of #recsys.opaque of at most " << most.value_or(0)
                         << " rows, got " << places;
  return success();
}

Attribute FilterRowsOp::getBoundRows() { return getPlaces().getType().getSpace(); }

LogicalResult MaskRowsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, {adaptor.getInput(), adaptor.getIds()})))
    return failure();
  JaggedType input = jagged(adaptor.getInput()), ids = jagged(adaptor.getIds());
  if (failed(checkScalar(location, "ids", ids)) || failed(checkSameSpace(location, input, ids))) // mask_rows_c1
    return failure();
  types.push_back(input);
  return success();
}

LogicalResult MaskShortOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult MaskShortOp::verify() {
  for (Attribute space : getSpaces())
    if (!isa<RowSpace>(space))
      return emitOpError() << "expected row spaces, got " << space;
  if (getSpaces().empty() || static_cast<int64_t>(getMinRows()) < 0) // mask_short_c1
    return emitOpError() << "expected at least one row space and min_rows of at least 0";
  return success();
}

LogicalResult PoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())))
    return failure();
  types.push_back(jagged(adaptor.getInput()).withSpace(getFrame(jagged(adaptor.getInput()).getSpace())));
  return success();
}

OpFoldResult PoolOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
