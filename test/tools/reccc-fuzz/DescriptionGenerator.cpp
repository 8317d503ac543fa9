// SPDX-License-Identifier: Apache-2.0
// Rows, values and outputs of a description; rules that several blocks hold.
#include "DescriptionGenerator.h"

#include "mlir/IR/BuiltinAttributes.h"
#include <cmath>
#include <set>

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

static constexpr int64_t kMostRows = 300, kMostNumbers = 1 << 14;

int64_t DescriptionGenerator::maxRows(Attribute space) { return *cast<RowSpace>(space).getMaxRows(); }
bool DescriptionGenerator::isNest(Attribute space) { return isa<NestAttr>(space); }
bool DescriptionGenerator::isSmall(Attribute space, int64_t numbers) {
  return maxRows(space) <= kMostRows && maxRows(space) * numbers <= kMostNumbers;
}

//===-- Rows ---------------------------------------------------------------------------------===//

Attribute DescriptionGenerator::declare(pb::Rows declared, Attribute space) {
  declared.set_name("rows" + std::to_string(rows.size()));
  rows.push_back({declared.name(), space});
  *model.add_rows() = std::move(declared);
  return space;
}

/// Two histories, candidates, constants, and what the algebra makes of them.
void DescriptionGenerator::declareRows() {
  rows.push_back({"request", getRequestSpace(context)});
  for (int64_t base = 0; base < 3; ++base) {
    pb::Rows declared;
    declared.set_max(random.pick({2, 5, 9, 16, 33}));
    std::string name = "rows" + std::to_string(rows.size());
    declare(declared, getBaseSpace(context, name, declared.max()));
  }
  for (int64_t derived = 0, count = random.between(2, 5); derived < count; ++derived) {
    pb::Rows declared;
    auto [name, of] = random.pick<std::pair<std::string, Attribute>>(ArrayRef(rows).drop_front());
    int64_t number = random.between(2, 4);
    Attribute space;
    switch (random.below(6)) {
    case 0:
      declared.set_count(number);
      space = getRowsSpace(context, number);
      break;
    case 1:
      declared.mutable_newest()->set_of(name);
      declared.mutable_newest()->set_count(number);
      space = getTakeLastSpace(of, number);
      break;
    case 2:
      declared.mutable_oldest()->set_of(name);
      declared.mutable_oldest()->set_count(number);
      space = getTakeFirstSpace(of, number);
      break;
    case 3:
      declared.mutable_interleaved()->set_of(name);
      declared.mutable_interleaved()->set_times(number);
      space = getInterleaveSpace(of, number);
      break;
    case 4: {
      declared.mutable_grouped()->set_of(name);
      declared.mutable_grouped()->set_size(number);
      int remainder = random.below(4);
      declared.mutable_grouped()->set_remainder(static_cast<pb::GroupRows::Remainder>(remainder));
      space = getGroupSpace(of, number, *symbolizeRemainder(remainder));
      break;
    }
    default: {
      auto [innerName, inner] = random.pick<std::pair<std::string, Attribute>>(ArrayRef(rows).drop_front());
      declared.mutable_nested()->set_outer(name);
      declared.mutable_nested()->set_inner(innerName);
      space = getNestSpace(of, inner);
    }
    }
    if (maxRows(space) > 0 && maxRows(space) <= kMostRows)
      declare(declared, space);
  }
  if (random.chance(0.5)) {
    pb::Rows declared;
    auto [name, of] = rows[random.between(1, 3)];
    declared.mutable_bags()->set_of(name);
    declared.mutable_bags()->set_max(random.between(1, 4));
    std::string bags = "rows" + std::to_string(rows.size());
    declare(declared, getBagsSpace(bags, of, declared.bags().max()));
  }
  auto [name, of] = random.pick<std::pair<std::string, Attribute>>(rows);
  if (isa<RequestAttr>(getFrame(of)) && random.chance(0.5)) {
    pb::Rows declared;
    declared.mutable_filtered()->set_of(name);
    declared.mutable_filtered()->set_where(idsOver(of).name);
    StringAttr id = StringAttr::get(context, "rows" + std::to_string(rows.size()));
    filtered[declare(declared, OpaqueSpaceAttr::get(context, id, maxRows(of)))] = of;
  }
}

std::string DescriptionGenerator::rowsNamed(Attribute space) const {
  for (const auto &[name, named] : rows)
    if (named == space)
      return name;
  return "";
}

Attribute DescriptionGenerator::anyRows() { return random.pick<std::pair<std::string, Attribute>>(rows).second; }

const Sequence *DescriptionGenerator::sequenceOf(Attribute space) const {
  const auto *found = sequences.find(space);
  return found == sequences.end() ? nullptr : &found->second;
}

//===-- Values -------------------------------------------------------------------------------===//

pb::Node &DescriptionGenerator::node() {
  pb::Node &made = *model.add_node();
  made.set_name("node" + std::to_string(numNodes++));
  return made;
}

const Described &DescriptionGenerator::finish(Described value) {
  constexpr double kLargest = 8;
  if (value.name.empty())
    value.name = model.node(model.node_size() - 1).name();
  bool large = value.isFloat && !value.last && value.size > kLargest;
  Described kept = value;
  kept.last |= large;
  values.push_back(kept);
  if (!large)
    return values.back();
  double factor = std::exp2(-std::ceil(std::log2(value.size)));
  pb::Node &scaled = node();
  scaled.mutable_scale()->set_input(value.name);
  scaled.mutable_scale()->set_factor(factor);
  value.name = scaled.name();
  value.size *= factor;
  value.low *= factor;
  values.push_back(value);
  return values.back();
}

const Described *DescriptionGenerator::find(llvm::function_ref<bool(const Described &)> fits) {
  SmallVector<const Described *> fitting;
  for (const Described &value : values)
    if (!value.last && fits(value))
      fitting.push_back(&value);
  if (fitting.empty())
    return nullptr;
  return random.chance(0.4) ? fitting.back() : random.pick<const Described *>(fitting);
}

const Described &DescriptionGenerator::newInput(Attribute space, ArrayRef<int64_t> dims, bool isFloat) {
  // Inputs lie over base rows or the request; the others get theirs by broadcasts or takes.
  if (!isa<BaseSpaceAttr, BagsAttr, RequestAttr>(space)) {
    std::string record = newInput(getRequestSpace(context), dims, isFloat).name, name = rowsNamed(space);
    const Described *like = find([&](const Described &value) { return value.space == space; });
    assert((like || !name.empty()) && "canMake");
    pb::BroadcastRows &broadcast = *node().mutable_broadcast_rows();
    broadcast.set_input(record);
    if (!name.empty())
      broadcast.set_rows(name);
    else
      broadcast.set_like(like->name);
    Described value{"", space, llvm::to_vector(dims), isFloat};
    return finish(value);
  }
  pb::Input &input = *model.add_input();
  input.set_name("in" + std::to_string(model.input_size()));
  input.set_rows(rowsNamed(space));
  input.set_type(isFloat ? pb::Input::FLOAT32 : pb::Input::INT64);
  for (int64_t size : dims)
    input.add_dims(size);
  Described value{input.name(), space, llvm::to_vector(dims), isFloat};
  value.isInput = true;
  return finish(value);
}

const Described &DescriptionGenerator::vectors(int64_t most, Attribute space) {
  const Described *known = find([&](const Described &value) {
    return value.isFloat && value.dims.size() == 1 && value.width() <= most && (!space || value.space == space);
  });
  if (known && random.chance(0.9))
    return *known;
  return floatsOver(space ? space : anyRows(), {std::min(width(), most)});
}

const Described &DescriptionGenerator::tokens(int64_t most) {
  const Described *known = random.chance(0.85) ? find([&](const Described &value) {
    return value.isFloat && value.dims.size() == 1 && value.width() <= most && sequenceOf(value.space);
  })
                                               : nullptr;
  return known ? *known : vectors(most);
}

const Described &DescriptionGenerator::floatsOver(Attribute space, ArrayRef<int64_t> dims) {
  const Described *known = find(
      [&](const Described &value) { return value.isFloat && value.space == space && ArrayRef(value.dims) == dims; });
  if (known && random.chance(0.8))
    return *known;
  const Described *other = dims.size() != 1 ? nullptr : find([&](const Described &value) {
    return value.isFloat && value.space == space && value.dims.size() == 1;
  });
  if (!other)
    return newInput(space, dims, /*isFloat=*/true);
  double size = other->size;
  pb::Linear &linear = *node().mutable_linear();
  linear.set_input(other->name);
  linear.set_weight(tensor());
  linear.set_outputs(dims.front());
  return finish({"", space, llvm::to_vector(dims), true, size});
}

const Described &DescriptionGenerator::idsOver(Attribute space) {
  const Described *known =
      find([&](const Described &value) { return !value.isFloat && value.dims.empty() && value.space == space; });
  return known && random.chance(0.8) ? *known : newInput(space, {}, /*isFloat=*/false);
}

const Described &DescriptionGenerator::ids() {
  const Described *known = find([&](const Described &value) { return !value.isFloat && value.dims.empty(); });
  return known && random.chance(0.8) ? *known : newInput(anyRows(), {}, /*isFloat=*/false);
}

const Described &DescriptionGenerator::positive(const Described &like) {
  Described from = like;
  pb::Node &sigmoid = node();
  sigmoid.mutable_sigmoid()->set_input(from.name);
  std::string name = sigmoid.name();
  pb::Scale &scale = *node().mutable_scale();
  scale.set_input(name);
  scale.set_plus(0.25);
  Described value{"", from.space, from.dims, true, 1.25};
  value.low = 0.25;
  return finish(value);
}

const Described &DescriptionGenerator::reshaped(const Described &value, ArrayRef<int64_t> dims) {
  if (ArrayRef(value.dims) == dims)
    return value;
  Described from = value;
  pb::ReshapeFeatures &reshape = *node().mutable_reshape_features();
  reshape.set_input(from.name);
  for (int64_t size : dims)
    reshape.add_dims(size);
  from.name.clear();
  from.dims = llvm::to_vector(dims);
  return finish(from);
}

std::string DescriptionGenerator::table(int64_t width, bool rejects, int64_t *rows) {
  pb::Table &table = *model.add_table();
  table.set_name("table" + std::to_string(model.table_size()));
  table.set_weight(tensor());
  table.set_out_of_range(rejects ? pb::Table::REJECT_REQUEST : pb::Table::CLAMP);
  // Ids of inputs are below 40.
  table.set_rows(rejects ? 40 : random.between(1, 40));
  table.set_width(width);
  if (rows)
    *rows = table.rows();
  return table.name();
}

//===-- Shared rules -------------------------------------------------------------------------===//

void DescriptionGenerator::fillRule(pb::BucketRule &rule, bool needsLast) {
  auto last = [&](auto &kind) {
    if (needsLast || random.chance(0.5))
      kind.set_last(random.between(1, 20));
  };
  switch (random.below(4)) {
  case 0:
    for (int64_t edge = random.between(-3, 9), count = random.between(1, 5); count > 0; --count)
      rule.mutable_edges()->add_edge(edge += random.below(9));
    break;
  case 1:
    rule.mutable_sqrt()->set_unit(random.pick({1.0, 60.0}));
    last(*rule.mutable_sqrt());
    break;
  case 2:
    rule.mutable_meta_research_log();
    last(*rule.mutable_meta_research_log());
    break;
  default:
    rule.mutable_torch_easyrec()->set_unit(random.pick({1.0, 60.0}));
    rule.mutable_torch_easyrec()->set_function(
        random.pick({pb::BucketRule::EasyRec::SQRT, pb::BucketRule::EasyRec::LOG}));
    rule.mutable_torch_easyrec()->set_last(random.between(1, 20));
  }
}

void DescriptionGenerator::fillMask(pb::Mask &mask, Attribute space, bool reverse) {
  const Sequence *sequence = sequenceOf(space);
  int64_t kind = random.below(reverse ? 4 : 3);
  if (kind == 3)
    mask.mutable_reverse_causal();
  else if (kind == 2)
    mask.mutable_full();
  else
    mask.mutable_causal();
  bool candidates = sequence && !sequence->candidates.empty() && random.chance(0.85);
  if (candidates) {
    mask.mutable_candidates()->set_rows(sequence->candidates);
    int64_t see = random.below(4);
    mask.mutable_candidates()->set_see(static_cast<pb::Mask::Candidates::See>(see));
    if (see >= pb::Mask::Candidates::GROUP)
      mask.mutable_candidates()->set_group(random.between(1, 4));
    if (kind == 2 && random.chance(0.3))
      mask.mutable_candidates()->set_seen(true);
  }
  if (kind >= 2)
    return;
  auto window = [&] { return static_cast<pb::Mask::Window::Candidates>(random.below(3)); };
  bool context = sequence && !sequence->context.empty();
  if (random.chance(0.4)) {
    pb::Mask::SemiLocal &local = *mask.mutable_semi_local();
    local.set_local(random.below(5));
    local.set_prefix(random.below(4));
    if (context && random.chance(0.8))
      local.add_prefix_rows(sequence->context);
    if (candidates || random.chance(0.3))
      local.set_candidates(window());
    return;
  }
  if (random.chance(0.7)) {
    mask.mutable_window()->set_past(random.between(1, 6));
    if (candidates || random.chance(0.3))
      mask.mutable_window()->set_candidates(window());
    if (random.chance(0.5))
      mask.mutable_window()->set_min_full(random.below(5));
  }
  if (context && random.chance(0.6) &&
      (!mask.has_window() || cast<RowSpace>(getSegments(space).front()).getConstantRows()))
    mask.mutable_context()->add_rows(sequence->context);
}

void DescriptionGenerator::fillScore(pb::Score &score) {
  switch (random.below(3)) {
  case 0:
    score.mutable_softmax();
    break;
  case 1:
    score.mutable_silu()->set_divisor(random.pick({10.0, 64.0}));
    break;
  default:
    score.mutable_silu()->mutable_row_length();
  }
  if (random.chance(0.5))
    score.mutable_inverse_sqrt_width();
  else
    score.set_factor(random.pick({0.5, 1.0}));
}

bool DescriptionGenerator::fillBias(pb::ScoreBias &bias, Attribute space, bool isStacked, bool both) {
  if (isNest(space) || maxRows(space) < 1)
    return false;
  // In a stack these are suffixes of the layer's prefix.
  bool position = both || random.chance(0.7);
  if (position) {
    bias.set_position(isStacked ? "pos_w" : tensor());
    bias.set_position_entries(2 * (maxRows(space) + random.below(3)) - 1);
  }
  if (!position || both || random.chance(0.5)) {
    bias.set_time(isStacked ? "ts_w" : tensor());
    bias.set_time_entries(random.between(2, 20));
    bias.set_timestamps(idsOver(space).name);
    bias.set_request_time(idsOver(getRequestSpace(context)).name);
    fillRule(*bias.mutable_rule(), /*needsLast=*/false);
  }
  if (bias.has_position() && bias.has_time() && random.chance(0.4)) {
    bias.set_use_position(random.chance(0.5));
    bias.set_use_time(random.chance(0.5));
  }
  bias.set_order(random.pick({pb::ScoreBias::SCALE_THEN_ADD, pb::ScoreBias::ADD_THEN_SCALE}));
  return true;
}

//===-- The whole ----------------------------------------------------------------------------===//

/// All texts of a message, which names of values are among.
static void collectTexts(const google::protobuf::Message &message, std::set<std::string> &texts) {
  const auto *reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor *> fields;
  reflection->ListFields(message, &fields);
  for (const auto *field : fields)
    for (int i = 0, count = field->is_repeated() ? reflection->FieldSize(message, field) : 1; i < count; ++i) {
      bool repeated = field->is_repeated();
      if (field->name() == "like") // for its rows alone
        continue;
      if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING)
        texts.insert(repeated ? reflection->GetRepeatedString(message, field, i)
                              : reflection->GetString(message, field));
      if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE)
        collectTexts(repeated ? reflection->GetRepeatedMessage(message, field, i)
                              : reflection->GetMessage(message, field),
                     texts);
    }
}

/// All that nobody reads: without weights, the import forgets the shapes of what is dead.
void DescriptionGenerator::chooseOutputs() {
  std::set<std::string> read;
  for (pb::Node &node : *model.mutable_node()) {
    std::string name = node.name();
    node.clear_name();
    collectTexts(node, read);
    node.set_name(name);
  }
  for (const Described &value : llvm::reverse(values)) {
    if (read.count(value.name))
      continue;
    model.add_output()->set_node(value.name);
    if (StringRef(value.name).ends_with(".ids"))
      model.add_output()->set_node(value.name.substr(0, value.name.size() - 4) + ".scores");
    else if (random.chance(0.2))
      model.mutable_output(model.output_size() - 1)->set_name("named." + std::to_string(model.output_size()));
  }
}

pb::Model DescriptionGenerator::generate() {
  model.set_name("random");
  declareRows();
  newInput(getRequestSpace(context), {4}, /*isFloat=*/true);
  newInput(rows[1].second, {8}, /*isFloat=*/true);
  newInput(rows[1].second, {}, /*isFloat=*/false);
  std::vector<Block> blocks;
  for (const auto &family : {embeddingBlocks(), rowBlocks(), denseBlocks(), attentionBlocks(), macroBlocks()})
    blocks.insert(blocks.end(), family.begin(), family.end());
  int64_t wanted = random.between(3, 14);
  for (int64_t made = 0, attempts = 0; made < wanted && attempts < 10 * wanted; ++attempts)
    made += random.pick<Block>(blocks)(*this);
  chooseOutputs();
  return std::move(model);
}

} // namespace reccc::fuzz
