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
  return inferOver(location, first, getConcatSpace(spaces, [&] { return failAt(location, context); }), types);
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
  if (!isa<ConcatAttr>(input.getSpace()) || first < 0 || count < 1 || first > size - count) // slice_rows_c1
    return failAt(location, context) << "expected parts of a concat, got parts [" << first << ", " << first << " + "
                                     << count << ") of " << input.getSpace();
  types.push_back(input.withSpace(getConcatSpace(ArrayRef(parts).slice(first, count))));
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
        getConcatSpace(spaces) != jagged(op.getResult()).getSpace())
      return rewriter.notifyMatchFailure(op, "the segments are not whole operands");
    Value result = values.size() == 1 ? values.front()
                                      : rewriter.create<ConcatRowsOp>(op.getLoc(), op.getType(), values).getResult();
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

/// Whether `to` is a take of `from`, in normal form.
static bool isTake(Attribute from, Attribute to) {
  std::optional<int64_t> max = cast<RowSpace>(to).getMaxRows();
  return max && *max >= 1 && (getTakeFirstSpace(from, *max) == to || getTakeLastSpace(from, *max) == to);
}

LogicalResult TakeRowsOp::verify() {
  if (failed(checkJagged(getLoc(), getInput())) || failed(checkJagged(getLoc(), getResult())))
    return failure();
  JaggedType input = jagged(getInput()), result = jagged(getResult());
  if (!isTake(input.getSpace(), result.getSpace())) // take_rows_c1
    return emitOpError() << "expected a result over a take of " << input.getSpace() << ", got " << result.getSpace();
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
  auto space = dyn_cast<InterleaveAttr>(input.getSpace());
  int64_t phase = adaptor.getPhase();
  if (!space || phase < 0 || phase >= space.getTimes()) // deinterleave_c1
    return failAt(location, context) << "expected a phase of an interleave, got phase " << phase << " of "
                                     << input.getSpace();
  types.push_back(input.withSpace(space.getOf()));
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

/// The operand is over `request`.
static LogicalResult checkRequest(std::optional<Location> location, JaggedType type) {
  if (isa<RequestAttr>(type.getSpace()))
    return success();
  return failAt(location, type.getContext()) << "expected a value over #recsys.request, got " << type;
}

LogicalResult ShiftOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  if (failed(checkJagged(location, adaptor.getInput())) || failed(checkJagged(location, adaptor.getFill())))
    return failure();
  if (int64_t by = adaptor.getBy(); by != 1 && by != -1) // shift_c1
    return failAt(location, context) << "expected a shift by 1 or -1, got " << by;
  JaggedType input = jagged(adaptor.getInput()), fill = jagged(adaptor.getFill());
  if (failed(checkRequest(location, fill)) || failed(checkSameRecord(location, input, fill))) // shift_c2
    return failure();
  types.push_back(input);
  return success();
}

LogicalResult BroadcastRowsOp::verify() {
  if (failed(checkJagged(getLoc(), getInput())) || failed(checkJagged(getLoc(), getResult())) ||
      failed(checkRequest(getLoc(), jagged(getInput())))) // broadcast_rows_c1
    return failure();
  return checkSameRecord(getLoc(), jagged(getInput()), jagged(getResult()));
}

OpFoldResult BroadcastRowsOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
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
  if (!jagged(getResult()).getRowSpace().getConstantRows()) // pad_rows_c1
    return emitOpError() << "expected a result over a space of constant size, got " << getType();
  return checkSameRecord(getLoc(), jagged(getInput()), jagged(getResult()));
}

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
  types.push_back(jagged(adaptor.getInput()).withSpace(getRequestSpace(context)));
  return success();
}

OpFoldResult PoolOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
