// SPDX-License-Identifier: Apache-2.0
// Attention and what its macros share: masks, scores, biases.
#include "Blocks.h"
#include "reccc/Dialect/Recsys/IR/MaskConstructors.h"
#include <cmath>

using namespace reccc;

/// The segments of a sequence, as one row of its frame has them.
static SmallVector<Attribute> segmentsOf(Attribute space) {
  Attribute frame = ir::getFrame(space);
  return llvm::map_to_vector(ir::getSegments(space), [&](Attribute part) { return ir::getSpaceWithin(frame, part); });
}

//===-- Masks
//---------------------------------------------------------------------------------------------------------===//

/// The part of the sequence that `rows` names must stand at `place`.
static LogicalResult checkPart(ModelBuilder &b, const Message &message, StringRef name, Attribute space, Attribute at,
                               StringRef place) {
  if (at && b.rows(name) == at)
    return success();
  return b.error(message, "rows", Code::BadMask)
         << "node " << quoted(b.nodeName()) << ": rows " << quoted(name) << " are " << rowsText(b.rows(name))
         << ", expected what stands " << place << " in the sequence " << rowsText(space);
}

/// The number of named rows, which must stand first in the sequence, before its candidates.
static FailureOr<size_t> countFirst(ModelBuilder &b, const pb::Mask &mask, const Message &message, StringRef field,
                                    const google::protobuf::RepeatedPtrField<std::string> &names, Attribute space) {
  SmallVector<Attribute> segments = segmentsOf(space);
  segments.resize(segments.size() - mask.has_candidates());
  for (int i = 0; i < names.size(); ++i) {
    if (size_t(i) < segments.size() && b.rows(names[i]) == segments[i])
      continue;
    b.error(message, field, Code::BadMask, i)
        << "node " << quoted(b.nodeName()) << ": rows " << quoted(names[i]) << " are " << rowsText(b.rows(names[i]))
        << ", expected what stands " << (i ? "behind the rows before them" : "first") << " in the sequence "
        << rowsText(space);
    return failure();
  }
  return names.size();
}

/// The roles of the segments of `space`.
static FailureOr<SmallVector<ir::SegmentRole>> segmentRoles(ModelBuilder &b, const pb::Mask &mask, Attribute space) {
  SmallVector<Attribute> segments = segmentsOf(space);
  SmallVector<ir::SegmentRole> roles(segments.size(), ir::SegmentRole::History);
  if (mask.has_candidates()) {
    if (failed(checkPart(b, mask.candidates(), mask.candidates().rows(), space, segments.back(), "last")))
      return failure();
    roles.back() = ir::SegmentRole::Candidates;
  }
  if (mask.has_context()) {
    auto count = countFirst(b, mask, mask.context(), "rows", mask.context().rows(), space);
    if (failed(count))
      return failure();
    for (size_t i = 0; i < *count; ++i) {
      roles[i] = ir::SegmentRole::Context;
      if (mask.has_window() && !cast<ir::RowSpace>(segments[i]).getMaxRows()) {
        b.error(mask.context(), "rows", Code::BadMask, i)
            << "node " << quoted(b.nodeName()) << ": contextual rows " << rowsText(segments[i])
            << " under a window, expected rows of which there is a greatest number";
        return failure();
      }
    }
  }
  return roles;
}

/// From where the windows or local rows of candidates reach back, which must be said when there are candidates.
template <typename Message>
static LogicalResult readCandidateWindow(ModelBuilder &b, const pb::Mask &mask, const Message &window, StringRef what,
                                         ir::CausalRule &rule) {
  if (mask.has_candidates() && !window.has_candidates())
    return b.error(window, "", Code::MissingField) << "node " << quoted(b.nodeName()) << ": the " << what
                                                   << " has no `candidates`, expected from where candidates look back: "
                                                   << expectedText(fieldNamed(window, "candidates"));
  static const ir::CandidateWindow windows[] = {ir::CandidateWindow::FromHistoryEnd, ir::CandidateWindow::AllHistory,
                                                ir::CandidateWindow::FromOwnRow};
  rule.candidateWindow = windows[window.candidates()];
  return success();
}

static LogicalResult readSemiLocal(ModelBuilder &b, const pb::Mask &mask, Attribute space, ir::CausalRule &rule) {
  const pb::Mask::SemiLocal &semiLocal = mask.semi_local();
  if (mask.has_window() || mask.has_context())
    return b.error(semiLocal, "", Code::Contradiction)
           << "node " << quoted(b.nodeName()) << ": semi_local with a window or context, expected semi_local alone";
  auto kept = countFirst(b, mask, semiLocal, "prefix_rows", semiLocal.prefix_rows(), space);
  if (failed(kept))
    return failure();
  rule.semiLocal = ir::SemiLocalRule{semiLocal.local(), semiLocal.prefix(), *kept};
  return readCandidateWindow(b, mask, semiLocal, "semi_local mask", rule);
}

static LogicalResult readCandidates(ModelBuilder &b, const pb::Mask::Candidates &candidates, ir::CausalRule &rule) {
  rule.seesWholeGroup = candidates.see() == pb::Mask::Candidates::WHOLE_GROUP;
  bool inGroups = rule.seesWholeGroup || candidates.see() == pb::Mask::Candidates::GROUP;
  if (inGroups != candidates.has_group())
    return b.error(candidates, inGroups ? "see" : "group", Code::Contradiction)
           << "node " << quoted(b.nodeName())
           << " has one of `see: GROUP`, or WHOLE_GROUP, and group, expected both or neither";
  rule.candidatesSeeThemselves = candidates.see() != pb::Mask::Candidates::NONE;
  rule.candidateGroup = inGroups ? candidates.group() : 1;
  rule.candidatesAreSeen = candidates.seen();
  return success();
}

/// Parts of the query are the parts of the keys, or their first rows, so that row i of a part is column i of it.
static FailureOr<ArrayAttr> buildReverseCausalMask(ModelBuilder &b, const pb::Mask &mask, Value query, Value key) {
  MLIRContext *context = b.builder.getContext();
  SmallVector<Attribute> rows = segmentsOf(b.spaceOf(query)), columns = segmentsOf(b.spaceOf(key));
  bool match = rows.size() == columns.size() && llvm::all_of(llvm::zip(rows, columns), [](auto pair) {
                 auto [row, column] = pair;
                 std::optional<ir::Take> take = row == column ? ir::Take{false, 0} : ir::findTake(column, row);
                 return take && !take->isLast;
               });
  if (!match) {
    b.error(mask, "reverse_causal", Code::RowsDiffer)
        << "node " << quoted(b.nodeName()) << ": query rows are " << rowsText(b.spaceOf(query)) << ", key rows "
        << rowsText(b.spaceOf(key)) << ", expected the same parts, or the first rows of them";
    return failure();
  }
  auto roles = segmentRoles(b, mask, b.spaceOf(query));
  ir::CausalRule rule;
  if (failed(roles) || (mask.has_candidates() && failed(readCandidates(b, mask.candidates(), rule))))
    return failure();
  return ir::toArrayAttr(context, ir::buildReverseCausalMasks(context, *roles, rule));
}

FailureOr<ArrayAttr> reccc::buildMask(ModelBuilder &b, const pb::Mask &mask, Value query, Value key) {
  MLIRContext *context = b.builder.getContext();
  Attribute space = b.spaceOf(query);
  SmallVector<Attribute> segments = segmentsOf(space);
  if (mask.kind_case() == pb::Mask::KIND_NOT_SET) {
    b.error(mask, "", Code::MissingField)
        << "node " << quoted(b.nodeName()) << ": the mask has no kind, expected causal, full or reverse_causal";
    return failure();
  }
  if (mask.has_bounds()) {
    b.error(mask, "bounds", Code::BadMask)
        << "node " << quoted(b.nodeName()) << ": the mask has bounds, expected them in the block attention alone";
    return failure();
  }
  if (!mask.has_full() && mask.candidates().seen()) {
    b.error(mask.candidates(), "seen", Code::Contradiction)
        << "node " << quoted(b.nodeName()) << ": candidates are seen, expected that with a full mask alone";
    return failure();
  }
  if (!mask.has_causal() && (mask.has_window() || mask.has_context() || mask.has_semi_local())) {
    StringRef kind = mask.has_full() ? "full" : "reverse_causal";
    b.error(mask, kind, Code::Contradiction)
        << "node " << quoted(b.nodeName()) << ": a " << kind << " mask has no window, semi_local or context";
    return failure();
  }
  if (mask.has_reverse_causal())
    return buildReverseCausalMask(b, mask, query, key);
  if (mask.has_full() && !mask.has_candidates())
    return ir::toArrayAttr(context, ir::buildFullMasks(context, segments.size(), segmentsOf(b.spaceOf(key)).size()));
  if (space != b.spaceOf(key)) {
    b.error(mask, mask.has_full() ? "full" : "causal", Code::RowsDiffer)
        << "node " << quoted(b.nodeName()) << ": query rows are " << rowsText(space) << ", key rows "
        << rowsText(b.spaceOf(key)) << ", expected the same under a "
        << (mask.has_full() ? "mask with candidates" : "causal mask");
    return failure();
  }
  auto roles = segmentRoles(b, mask, space);
  if (failed(roles))
    return failure();
  ir::CausalRule rule;
  rule.bidirectional = mask.has_full();
  if (mask.has_window()) {
    if (failed(readCandidateWindow(b, mask, mask.window(), "window", rule)))
      return failure();
    rule.past = mask.window().past();
    rule.minFull = mask.window().min_full();
  }
  if ((mask.has_semi_local() && failed(readSemiLocal(b, mask, space, rule))) ||
      (mask.has_candidates() && failed(readCandidates(b, mask.candidates(), rule))))
    return failure();
  return ir::toArrayAttr(context, ir::buildCausalMasks(segments, *roles, rule));
}

//===-- Scores and biases
//---------------------------------------------------------------------------------------------===//

FailureOr<ScoreSettings> reccc::scoreSettings(ModelBuilder &b, const pb::Score &score, int64_t queryWidth) {
  auto missing = [&](const Message &message, StringRef what) {
    b.error(message, "", Code::MissingField) << "node " << quoted(b.nodeName()) << ": " << what;
    return failure();
  };
  ScoreSettings settings;
  switch (score.kind_case()) {
  case pb::Score::kSoftmax:
    settings.kind = ir::ScoreKind::softmax;
    if (score.softmax().has_padded_rows())
      settings.paddedRows = score.softmax().padded_rows();
    break;
  case pb::Score::kSilu:
    settings.kind = ir::ScoreKind::silu;
    if (score.silu().by_case() == pb::Score::Silu::BY_NOT_SET)
      return missing(score.silu(), "the silu score has no divisor, expected divisor (Meta's "
                                   "max_seq_len, the research code's N) or row_length");
    settings.rowLengthDivisor = score.silu().has_row_length();
    if (!settings.rowLengthDivisor)
      settings.divisor = score.silu().divisor();
    break;
  case pb::Score::KIND_NOT_SET:
    return missing(score, "the score has no kind, expected silu or softmax");
  }
  switch (score.scale_case()) {
  case pb::Score::kInverseSqrtWidth:
    settings.scale = 1.0 / std::sqrt(static_cast<double>(queryWidth));
    break;
  case pb::Score::kFactor:
    settings.scale = score.factor();
    break;
  case pb::Score::SCALE_NOT_SET:
    return missing(score, "the score has no scale, expected inverse_sqrt_width or factor");
  }
  return settings;
}

LogicalResult reccc::checkPaddedRows(ModelBuilder &b, const pb::Score &score, const pb::Mask *mask, Value query) {
  const pb::Score::Softmax &softmax = score.softmax();
  if (!softmax.has_padded_rows())
    return success();
  auto refuse = [&] {
    return b.error(softmax, "padded_rows", Code::Contradiction)
           << "node " << quoted(b.nodeName()) << " has a softmax over padded rows, expected ";
  };
  if (!mask)
    return refuse() << "it in the macro hstu alone";
  Attribute space = b.spaceOf(query);
  if (!mask->has_causal() || mask->has_window() || mask->has_semi_local() || mask->has_context() ||
      mask->has_candidates() || segmentsOf(space).size() != 1 || !isa<ir::RequestAttr>(ir::getFrame(space)))
    return refuse() << "that under a causal mask of a history of one part, without window, semi_local, context or "
                       "candidates";
  std::optional<int64_t> most = cast<ir::RowSpace>(space).getMaxRows();
  if (!most || *most > softmax.padded_rows())
    return b.error(softmax, "padded_rows", Code::TooManyRows)
           << "node " << quoted(b.nodeName()) << ": the rows " << rowsText(space) << " are more than the "
           << softmax.padded_rows() << " padded rows, expected at most as many";
  return success();
}

/// A rank-1 weight of a bias.
static Built biasWeight(ModelBuilder &b, const pb::ScoreBias &bias, StringRef field, const std::string &tensor,
                        bool hasEntries, int64_t entries, StringRef entriesField) {
  return b.weight(bias, field, tensor, {{hasEntries ? entries : -1, entriesField.str()}});
}

FailureOr<BiasOperands> reccc::bindBias(ModelBuilder &b, const pb::ScoreBias &bias, const std::string &prefix,
                                        const pb::Mask &mask, Value query, double scale) {
  BiasOperands operands;
  if (mask.has_context()) {
    b.error(mask.context(), "", Code::BadMask)
        << "node " << quoted(b.nodeName()) << ": a bias under a mask with context, expected history and candidates";
    return failure();
  }
  Attribute space = b.spaceOf(query), frame = ir::getFrame(space);
  if (bias.has_position() && (!bias.has_use_position() || bias.use_position())) {
    auto weight = biasWeight(b, bias, "position", prefix + bias.position(), bias.has_position_entries(),
                             bias.position_entries(), "position_entries");
    if (failed(weight))
      return failure();
    operands.lastAtOnePlace = mask.has_candidates();
    int64_t entries = b.shapeOf(*weight)[0], rows = mask.has_candidates() ? 1 : 0;
    SmallVector<Attribute> segments = segmentsOf(space);
    for (Attribute segment : ArrayRef(segments).drop_back(rows))
      rows += *cast<ir::RowSpace>(segment).getMaxRows();
    if (entries % 2 == 0 || rows > (entries + 1) / 2) {
      b.error(bias, "position", Code::TooManyRows) << "node " << quoted(b.nodeName()) << ": the position bias has "
                                                   << entries << " entries, expected an odd number of at least "
                                                   << 2 * rows - 1 << " (2N - 1) for up to " << rows << " rows";
      return failure();
    }
    operands.toeplitz = *weight;
    operands.center = (entries - 1) / 2;
  }
  if (bias.has_time() && (!bias.has_use_time() || bias.use_time())) {
    if (bias.timestamps().empty() || bias.request_time().empty() || !bias.has_rule()) {
      b.error(bias, "", Code::MissingField)
          << "node " << quoted(b.nodeName())
          << ": a time bias needs timestamps, request_time and rule, expected all three";
      return failure();
    }
    auto weight =
        biasWeight(b, bias, "time", prefix + bias.time(), bias.has_time_entries(), bias.time_entries(), "time_entries");
    auto times = b.ids(bias, "timestamps");
    auto request = b.ids(bias, "request_time");
    if (failed(weight) || failed(times) || failed(request) ||
        failed(b.sameRows(bias, "timestamps", -1, *times, query)) ||
        failed(b.overRequest(bias, "request_time", *request)))
      return failure();
    auto rule = bucketRule(b, bias.rule(), b.shapeOf(*weight)[0] - 1);
    if (failed(rule))
      return failure();
    operands.bucketWeights = *weight;
    operands.keyTimes = *times;
    operands.requestTime = *request;
    operands.queryTimes =
        ir::ShiftOp::create(b.builder, b.where, times->getType(), *times, b.broadcast(*request, frame), /*by=*/-1);
    operands.rule = *rule;
  }
  if (!bias.has_order() && scale != 1.0 && (bias.has_position() || bias.has_time())) {
    b.error(bias, "", Code::MissingField)
        << "node " << quoted(b.nodeName()) << ": the bias has no order, expected "
        << expectedText(fieldNamed(bias, "order")) << ", since scores are scaled by " << scale;
    return failure();
  }
  if (bias.order() == pb::ScoreBias::ADD_THEN_SCALE)
    operands.order = ir::ScoreOrder::add_then_scale;
  return operands;
}

//===-- Attention ------------------------------------------------------------------------------===//

/// 1 where a number is 0, else 0.
static Value isZero(ModelBuilder &b, Value numbers) {
  auto atLeast = [&](int64_t edge) {
    Attribute rule = ir::EdgesAttr::get(b.builder.getContext(), {edge});
    return Value(ir::BucketizeOp::create(b.builder, b.where, numbers.getType(), numbers, rule));
  };
  return b.binary<ir::SubOp>(atLeast(0), atLeast(1));
}

FailureOr<KeyMask> reccc::bindKeyMask(ModelBuilder &b, const Message &message, Value key) {
  const auto *reflection = message.GetReflection();
  bool seesOwn = reflection->GetBool(message, fieldNamed(message, "masked_see_themselves"));
  if (reflection->GetString(message, fieldNamed(message, "key_mask")).empty()) {
    if (!seesOwn)
      return KeyMask();
    b.error(message, "masked_see_themselves", Code::Contradiction)
        << "node " << quoted(b.nodeName()) << " has masked_see_themselves, expected key_mask beside it";
    return failure();
  }
  auto mask = b.ids(message, "key_mask");
  if (failed(mask) || failed(b.sameRows(message, "key_mask", -1, *mask, key)))
    return failure();
  return KeyMask{*mask, seesOwn ? isZero(b, *mask) : Value()};
}

/// Masks on the same keys once more, of which each row sees its own.
static ArrayAttr addOwnColumns(ArrayAttr masks) {
  MLIRContext *context = masks.getContext();
  SmallVector<Attribute> lists;
  for (unsigned row = 0; row < masks.size(); ++row) {
    SmallVector<Attribute> list(cast<ArrayAttr>(masks[row]).getValue());
    for (unsigned column = 0; column < masks.size(); ++column)
      list.push_back(row == column ? Attribute(ir::SelfMaskAttr::get(context)) : ir::NoMaskAttr::get(context));
    lists.push_back(ArrayAttr::get(context, list));
  }
  return ArrayAttr::get(context, lists);
}

namespace {
/// Operands of an attention beside the query, its mask and score.
struct Sources {
  SmallVector<Value> keys, values, keyMasks;
  ValueRange bounds = {};
  Value initial = {}, initialState = {};
  bool withState = false;
};
} // namespace

static ir::AttentionOp createAttention(ModelBuilder &b, Value query, const Sources &sources, ArrayAttr masks,
                                       const ScoreSettings &score, const BiasOperands &bias) {
  OpBuilder &builder = b.builder;
  MLIRContext *context = builder.getContext();
  ir::JaggedType queryType = b.typeOf(query);
  int64_t heads = queryType.getDims()[0];
  auto type = queryType.withDims({heads, b.typeOf(sources.values.front()).getDims()[1]});
  Attribute frame = ir::findFrame({queryType.getSpace(), b.spaceOf(sources.keys.front())});
  static const int64_t masked[] = {0, 1};
  return ir::AttentionOp::create(
      builder, b.where, type, sources.withState ? Type(queryType.withDims({heads, 2})) : Type(), query, sources.keys,
      sources.values, sources.keyMasks, bias.toeplitz, bias.bucketWeights, bias.queryTimes, bias.keyTimes,
      sources.initial, sources.initialState, sources.bounds,
      builder.getDenseI64ArrayAttr(ArrayRef(masked).take_front(sources.keyMasks.size())), masks,
      ir::ScoreKindAttr::get(context, score.kind), builder.getF64FloatAttr(score.scale),
      score.divisor ? builder.getF64FloatAttr(*score.divisor) : FloatAttr(),
      score.rowLengthDivisor ? ir::getSpaceWithin(frame, queryType.getSpace()) : Attribute(),
      bias.toeplitz ? builder.getI64IntegerAttr(bias.center) : IntegerAttr(),
      bias.lastAtOnePlace ? builder.getUnitAttr() : UnitAttr(), /*places=*/AffineMapAttr(),
      /*place_lengths=*/ArrayAttr(), bias.rule, ir::ScoreOrderAttr::get(context, bias.order),
      sources.withState ? builder.getUnitAttr() : UnitAttr());
}

Value reccc::buildAttention(ModelBuilder &b, Value query, Value key, Value value, ArrayAttr masks,
                            const ScoreSettings &score, const BiasOperands &bias, const KeyMask &keyMask,
                            ValueRange bounds) {
  Sources sources{{key}, {value}, {}, bounds};
  if (keyMask.valid)
    sources.keyMasks.push_back(keyMask.valid);
  if (keyMask.own) {
    sources.keys.push_back(key);
    sources.values.push_back(value);
    sources.keyMasks.push_back(keyMask.own);
    masks = addOwnColumns(masks);
  }
  return createAttention(b, query, sources, masks, score, bias).getResult();
}

Value reccc::buildPaddedAttention(ModelBuilder &b, Value query, Value key, Value value, const ScoreSettings &score,
                                  BiasOperands bias) {
  MLIRContext *context = b.builder.getContext();
  Attribute space = b.spaceOf(query), padded = ir::getRowsSpace(context, *score.paddedRows);
  auto pad = [&](Value rows) -> Value {
    return ir::PadRowsOp::create(b.builder, b.where, b.typeOf(rows).withSpace(padded), rows);
  };
  auto columns = [&](bool behind) {
    AffineMap all = AffineMap::get(1, 0, context);
    AffineMap next = AffineMap::get(1, 0, getAffineDimExpr(0, context) + 1);
    Attribute mask = ir::IntervalAttr::get(context, behind ? next : all, behind ? all : next, {});
    return ArrayAttr::get(context, {ArrayAttr::get(context, {mask})});
  };
  if (bias.keyTimes) {
    Attribute withRequest = ir::getConcatSpace({space, b.spaceOf(bias.requestTime)});
    bias.keyTimes = pad(ir::ConcatRowsOp::create(b.builder, b.where, b.typeOf(bias.keyTimes).withSpace(withRequest),
                                                 ValueRange{bias.keyTimes, bias.requestTime}));
    bias.queryTimes = pad(bias.queryTimes);
  }
  query = pad(query);
  // 1. The columns that the mask hides: their sum stays, their values do not.
  Sources sources{{pad(key)}, {pad(value)}, {}};
  sources.withState = true;
  ir::AttentionOp hidden = createAttention(b, query, sources, columns(/*behind=*/true), score, bias);
  // 2. The others go on from there.
  sources.withState = false;
  sources.initial = b.scale(hidden.getResult(), /*factor=*/0);
  sources.initialState = hidden.getState();
  Value result = createAttention(b, query, sources, columns(/*behind=*/false), score, bias).getResult();
  // 3. The rows of the sequence.
  auto numbers = ir::JaggedType::get(context, space, {}, b.builder.getI64Type());
  Value places = ir::RowIndexOp::create(b.builder, b.where, numbers,
                                        AffineMapAttr::get(AffineMap::getMultiDimIdentityMap(1, context)), ArrayAttr());
  return ir::GatherRowsOp::create(b.builder, b.where, b.typeOf(result).withSpace(space), result, places);
}

/// A table of bounds for each query segment on keys of one segment.
static FailureOr<ArrayAttr> buildTableMask(ModelBuilder &b, const pb::Mask &mask, Value query, Value key,
                                           SmallVectorImpl<Value> &bounds) {
  MLIRContext *context = b.builder.getContext();
  if (mask.has_window() || mask.has_semi_local() || mask.has_context() || mask.has_candidates() ||
      segmentsOf(b.spaceOf(key)).size() != 1) {
    b.error(mask, "bounds", Code::BadMask)
        << "node " << quoted(b.nodeName()) << ": bounds on keys of the rows " << rowsText(b.spaceOf(key))
        << ", expected keys of one part and no window, semi_local, context or candidates";
    return failure();
  }
  int64_t numbers[] = {-1, -1};
  const StringRef fields[] = {"lower", "upper"};
  for (auto [number, field] : llvm::zip_equal(numbers, fields)) {
    if (mask.bounds().GetReflection()->GetString(mask.bounds(), fieldNamed(mask.bounds(), field)).empty())
      continue;
    auto bound = b.ids(mask.bounds(), field);
    if (failed(bound) || failed(b.sameRows(mask.bounds(), field, -1, *bound, query)))
      return failure();
    number = bounds.size();
    bounds.push_back(*bound);
  }
  if (bounds.empty()) {
    b.error(mask, "bounds", Code::MissingField)
        << "node " << quoted(b.nodeName()) << ": the bounds are empty, expected lower, upper or both";
    return failure();
  }
  Attribute list = ArrayAttr::get(context, {ir::TableMaskAttr::get(context, numbers[0], numbers[1])});
  return ArrayAttr::get(context, SmallVector<Attribute>(segmentsOf(b.spaceOf(query)).size(), list));
}

Built reccc::build(ModelBuilder &b, const pb::Attention &block) {
  auto query = b.vectors(block, "query");
  auto key = b.vectors(block, "key");
  auto value = b.vectors(block, "value");
  if (failed(query) || failed(key) || failed(value) || failed(b.sameRows(block, "value", -1, *value, *key)))
    return failure();
  int64_t heads = block.heads();
  for (auto [field, operand] : {std::pair<StringRef, Value>("query", *query), {"key", *key}, {"value", *value}})
    if (b.widthOf(operand) % heads) {
      b.error(block, field, Code::RecordsDiffer)
          << "node " << quoted(b.nodeName()) << ": " << field << " has " << b.widthOf(operand)
          << " numbers a row, expected a multiple of the " << heads << " heads";
      return failure();
    }
  if (b.widthOf(*query) != b.widthOf(*key)) {
    b.error(block, "key", Code::RecordsDiffer)
        << "node " << quoted(b.nodeName()) << ": key has " << b.widthOf(*key) << " numbers a row, expected the "
        << b.widthOf(*query) << " of the query";
    return failure();
  }
  int64_t width = b.widthOf(*query) / heads;
  SmallVector<Value> bounds;
  auto masks = block.mask().has_bounds() ? buildTableMask(b, block.mask(), *query, *key, bounds)
                                         : buildMask(b, block.mask(), *query, *key);
  auto score = scoreSettings(b, block.score(), width);
  if (failed(masks) || failed(score) || failed(checkPaddedRows(b, block.score(), /*mask=*/nullptr, *query)))
    return failure();
  FailureOr<BiasOperands> bias = BiasOperands();
  if (block.has_bias())
    bias = bindBias(b, block.bias(), "", block.mask(), *query, score->scale);
  if (failed(bias))
    return failure();
  if (block.has_bias() && b.spaceOf(*key) != b.spaceOf(*query)) {
    b.error(block, "bias", Code::RowsDiffer)
        << "node " << quoted(b.nodeName()) << ": a bias between different rows, expected key rows "
        << rowsText(b.spaceOf(*query));
    return failure();
  }
  auto keyMask = bindKeyMask(b, block, *key);
  if (failed(keyMask))
    return failure();
  if (keyMask->own && (block.has_bias() || b.spaceOf(*key) != b.spaceOf(*query))) {
    b.error(block, "masked_see_themselves", Code::Contradiction)
        << "node " << quoted(b.nodeName()) << " has masked_see_themselves, expected no bias and keys of the rows "
        << rowsText(b.spaceOf(*query));
    return failure();
  }
  auto split = [&](Value operand) { return b.reshape(operand, {heads, b.widthOf(operand) / heads}); };
  Value result = buildAttention(b, split(*query), split(*key), split(*value), *masks, *score, *bias, *keyMask, bounds);
  return b.reshape(result, {b.widthOf(*value)});
}
