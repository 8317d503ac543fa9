// SPDX-License-Identifier: Apache-2.0
// Chooses row spaces, operands, ops and outputs.
#include "ModelGenerator.h"

using namespace mlir;
using namespace mlir::recsys;

namespace reccc::fuzz {

/// Of a value in one request: the interpreter runs in plain loops.
static constexpr int64_t kMostNumbers = 1 << 15;
/// Floats above are scaled back.
static constexpr double kLargest = 8;

ModelGenerator::ModelGenerator(MLIRContext *context, uint64_t seed)
    : random(seed), builder(context), loc(UnknownLoc::get(context)) {}

//===-- Row spaces ---------------------------------------------------------------------------===//

int64_t ModelGenerator::maxRows(Attribute space) { return *cast<RowSpace>(space).getMaxRows(); }

Attribute ModelGenerator::lengthOf(Attribute space) {
  while (auto nest = dyn_cast<NestAttr>(space))
    space = nest.getInner();
  return space;
}

bool ModelGenerator::isSmall(Attribute space, int64_t rowElements) {
  return maxRows(space) <= kMostRows && maxRows(space) * rowElements <= kMostNumbers;
}

void ModelGenerator::chooseBases() {
  int64_t count = random.pick({1, 2, 2, 3});
  for (int64_t i = 0; i < count; ++i)
    bases.push_back(getBaseSpace(builder.getContext(), "base" + std::to_string(i),
                                 random.pick({1, 2, 3, 5, 8, 13, 16, 33, 40, i == 0 ? 150 : 7})));
  if (random.chance(0.4))
    if (Attribute of = random.pick<Attribute>(bases); maxRows(of) <= kMostRows / 8)
      bases.push_back(getBagsSpace("bags", of, random.pick({1, 2, 5, 8})));
}

Attribute ModelGenerator::anyBags() { return isa<BagsAttr>(bases.back()) ? bases.back() : Attribute(); }

Attribute ModelGenerator::newSpace(int depth) {
  MLIRContext *context = builder.getContext();
  auto inner = [&] { return depth < 2 && random.chance(0.6) ? newSpace(depth + 1) : random.pick<Attribute>(bases); };
  Attribute space;
  switch (random.below(9)) {
  case 0:
    return getRequestSpace(context);
  case 1:
    return getRowsSpace(context, random.pick({0, 2, 3, 5, 9}));
  case 2:
    return random.pick<Attribute>(bases);
  case 3: {
    SmallVector<Attribute> parts = {inner(), inner()};
    if (random.chance(0.4))
      parts.push_back(random.chance(0.5) ? inner() : getRowsSpace(context, random.between(1, 4)));
    // Parts of one concat lie in one frame.
    Attribute frame = getFrame(parts.front());
    for (Attribute &part : parts)
      if (!getSpaceWithin(frame, part))
        part = frame;
    space = getFramedConcatSpace(frame, parts);
    break;
  }
  case 4:
    space = getInterleaveSpace(inner(), random.between(1, 4));
    break;
  case 5:
    space = getGroupSpace(inner(), random.between(2, 5), *symbolizeRemainder(random.below(4)));
    break;
  case 6:
    space = getTakeFirstSpace(inner(), random.between(1, 6));
    break;
  case 7:
    space = getTakeLastSpace(inner(), random.between(1, 6));
    break;
  default: {
    Attribute outer = inner(), held = inner();
    if (maxRows(outer) * maxRows(held) > kMostRows)
      return outer;
    space = getNestSpace(outer, held);
  }
  }
  return maxRows(space) <= kMostRows ? space : random.pick<Attribute>(bases);
}

Attribute ModelGenerator::anySpace(int64_t most) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    Attribute space = values.empty() || random.chance(0.25) ? newSpace() : spaceOf(random.pick<Value>(values));
    if (maxRows(space) <= most)
      return space;
  }
  return getRequestSpace(builder.getContext());
}

//===-- Records ------------------------------------------------------------------------------===//

int64_t ModelGenerator::width() {
  return random.chance(0.1) ? random.pick({32, 33, 40, 65}) : random.pick({1, 2, 3, 4, 5, 6, 8, 12, 16, 17});
}

SmallVector<int64_t> ModelGenerator::dims() {
  switch (random.below(8)) {
  case 0:
    return {};
  case 1:
    return {random.between(1, 4), random.between(1, 9)};
  case 2:
    return {random.between(1, 3), random.between(1, 3), random.between(1, 4)};
  default:
    return {width()};
  }
}

int64_t ModelGenerator::divisorOf(int64_t number) {
  SmallVector<int64_t> divisors;
  for (int64_t i = 1; i <= number; ++i)
    if (number % i == 0)
      divisors.push_back(i);
  return random.pick<int64_t>(divisors);
}

//===-- Values -------------------------------------------------------------------------------===//

Value ModelGenerator::add(Value value, Facts known) {
  bool isFloat = typeOf(value).isFloat();
  facts[value] = known;
  if (isFloat && known.size > kLargest && !known.last && !known.exact) {
    facts[value].last = true; // nobody else reads the large one
    double factor = std::exp2(-std::ceil(std::log2(known.size)));
    Facts scaled = known;
    scaled.size = known.size * factor;
    scaled.low = known.low * factor;
    value = ScaleOp::create(builder, loc, value, number(factor), number(0));
    facts[value] = scaled;
  }
  values.push_back(value);
  return value;
}

Value ModelGenerator::find(llvm::function_ref<bool(Value)> fits) {
  SmallVector<Value> fitting, unused;
  for (Value value : values)
    if (!factsOf(value).last && fits(value)) {
      fitting.push_back(value);
      if (value.use_empty())
        unused.push_back(value);
    }
  if (!unused.empty() && random.chance(0.5))
    return random.chance(0.5) ? unused.back() : random.pick<Value>(unused);
  return fitting.empty() ? Value() : random.pick<Value>(fitting);
}

Value ModelGenerator::findFloats(llvm::function_ref<bool(JaggedType)> fits) {
  return find([&](Value value) { return typeOf(value).isFloat() && (!fits || fits(typeOf(value))); });
}

bool ModelGenerator::hasOpaque(Attribute space) {
  return isa<OpaqueSpaceAttr>(space) || llvm::any_of(cast<RowSpace>(space).getParts(), hasOpaque);
}

Value ModelGenerator::newInput(Attribute space, ArrayRef<int64_t> dims, bool isFloat) {
  MLIRContext *context = builder.getContext();
  if (hasOpaque(space)) { // no request brings such rows
    Value row = newInput(getFrame(space), dims, isFloat);
    return add(BroadcastRowsOp::create(builder, loc, typeOf(row).withSpace(space), row), factsOf(row));
  }
  Type element = isFloat ? Type(builder.getF32Type()) : Type(builder.getI64Type());
  std::string name = "in" + std::to_string(inputNames.size());
  inputNames.push_back(name);
  Value value = body->addArgument(JaggedType::get(context, space, dims, element), loc);
  Facts known;
  InputRange range;
  if (!isFloat) {
    known.arranged = true;
    switch (random.below(6)) {
    case 0: // times
      known.most = int64_t(1) << 31;
      range.sorted = dims.empty();
      break;
    case 1:
      known.least = std::numeric_limits<int64_t>::min() / 4;
      known.most = std::numeric_limits<int64_t>::max() / 4;
      break;
    case 2:
      known.least = -20;
      known.most = 20;
      break;
    default:
      known.most = random.pick({1, 3, 15, 40, 127});
    }
    range.least = known.least;
    range.most = known.most;
  }
  inputs[name] = range;
  return add(value, known);
}

Value ModelGenerator::newIds(Attribute space, ArrayRef<int64_t> dims, int64_t most) {
  Value value = newInput(space, dims, /*isFloat=*/false);
  for (Value known = value;;) {
    facts[known].least = 0;
    facts[known].most = most;
    auto broadcast = known.getDefiningOp<BroadcastRowsOp>();
    if (!broadcast)
      break;
    known = broadcast.getInput();
  }
  InputRange range;
  range.most = most;
  inputs[inputNames.back()] = range;
  return value;
}

Value ModelGenerator::reshape(Value value, ArrayRef<int64_t> dims) {
  if (typeOf(value).getDims() == dims)
    return value;
  Facts known = factsOf(value);
  return add(ReshapeFeaturesOp::create(builder, loc, typeOf(value).withDims(dims), value), known);
}

static int64_t countNumbers(ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t size : dims)
    count *= size;
  return count;
}

Value ModelGenerator::newFloats(Attribute space, ArrayRef<int64_t> dims) {
  int64_t numbers = countNumbers(dims);
  auto inSpace = [&](JaggedType type) { return type.getSpace() == space; };
  switch (random.below(6)) {
  case 0: {
    Facts known;
    JaggedType type = JaggedType::get(builder.getContext(), space, dims, builder.getF32Type());
    return add(SplatRowsOp::create(builder, loc, type, weight({numbers}, 1)), known);
  }
  case 1:
    if (Value value = findFloats([&](JaggedType type) { return inSpace(type) && type.getRowElements() == numbers; }))
      return reshape(value, dims);
    break;
  case 2:
  case 3:
    if (Value value = findFloats([&](JaggedType type) { return inSpace(type) && type.getRowElements() <= 128; })) {
      Facts known = factsOf(value);
      int64_t in = typeOf(value).getRowElements();
      Value result = LinearOp::create(builder, loc, reshape(value, {in}), matrix(in, numbers), Value(), false);
      return reshape(add(result, {known.size}), dims);
    }
    break;
  case 4:
    if (Value value = findFloats([&](JaggedType type) {
          return type.getDims() == dims && type.getSpace() != space && type.getSpace() == getFrame(space);
        })) {
      Facts known = factsOf(value);
      return add(BroadcastRowsOp::create(builder, loc, typeOf(value).withSpace(space), value), known);
    }
    break;
  }
  return newInput(space, dims, /*isFloat=*/true);
}

Value ModelGenerator::floatsOver(Attribute space, ArrayRef<int64_t> dims) {
  auto fits = [&](JaggedType type) { return type.getSpace() == space && type.getDims() == dims; };
  if (Value value = random.chance(0.75) ? findFloats(fits) : Value())
    return value;
  return newFloats(space, dims);
}

Value ModelGenerator::integersOver(Attribute space, ArrayRef<int64_t> dims) {
  auto fits = [&](Value value) {
    JaggedType type = typeOf(value);
    return !type.isFloat() && type.getSpace() == space && type.getDims() == dims;
  };
  if (Value value = random.chance(0.7) ? find(fits) : Value())
    return value;
  return newInput(space, dims, /*isFloat=*/false);
}

Value ModelGenerator::another(Value like) {
  JaggedType type = typeOf(like);
  if (random.chance(0.1))
    return like;
  return type.isFloat() ? floatsOver(type.getSpace(), type.getDims()) : integersOver(type.getSpace(), type.getDims());
}

Value ModelGenerator::positiveOver(Attribute space, ArrayRef<int64_t> dims) {
  auto fits = [&](Value value) {
    JaggedType type = typeOf(value);
    return type.getSpace() == space && type.getDims() == dims && factsOf(value).low > 0;
  };
  if (Value value = random.chance(0.5) ? find(fits) : Value())
    return value;
  Value from = floatsOver(space, dims);
  Facts known;
  known.low = random.pick({0.25, 0.5});
  if (random.chance(0.5)) {
    Value sigmoid = SigmoidOp::create(builder, loc, from);
    double low = known.low;
    known.size = 1 + low;
    return add(ScaleOp::create(builder, loc, sigmoid, number(1), number(low)), known);
  }
  known.size = 4;
  return add(ClampOp::create(builder, loc, from, number(known.low), number(4)), known);
}

//===-- The module ---------------------------------------------------------------------------===//

/// Gives each value that nobody reads a chance to be an output; what is left out is dead.
void ModelGenerator::chooseOutputs(ModelOp model) {
  SmallVector<Value> chosen;
  SmallVector<std::string> names;
  auto choose = [&](Value value) {
    if (llvm::is_contained(chosen, value) && !random.chance(0.2))
      return;
    // Ids of floats are compared by their scores.
    if (auto topK = value.getDefiningOp<TopKOp>()) {
      if (llvm::is_contained(chosen, topK.getIds()) || llvm::is_contained(chosen, topK.getBest()))
        return;
      std::string name = "top" + std::to_string(chosen.size());
      chosen.append({topK.getIds(), topK.getBest()});
      names.append({name + ".ids", name + ".scores"});
      return;
    }
    chosen.push_back(value);
    names.push_back("out" + std::to_string(chosen.size()));
  };
  double share = random.pick({0.3, 0.7, 1.0});
  for (Value value : llvm::reverse(values))
    if (value.use_empty() && !isa<BlockArgument>(value) && (chosen.empty() || random.chance(share)))
      choose(value);
  while (chosen.empty() || random.chance(0.2))
    choose(random.pick<Value>(values));

  builder.setInsertionPointToEnd(body);
  OutputOp::create(builder, loc, chosen);
  model.setFunctionType(builder.getFunctionType(body->getArgumentTypes(), ValueRange(chosen).getTypes()));
  auto nameAttrs = [&](ArrayRef<std::string> all) {
    SmallVector<Attribute> attrs;
    for (const std::string &name : all)
      attrs.push_back(builder.getDictionaryAttr(builder.getNamedAttr(ModelOp::kNameAttr, builder.getStringAttr(name))));
    return builder.getArrayAttr(attrs);
  };
  model.setArgAttrsAttr(nameAttrs(inputNames));
  model.setResAttrsAttr(nameAttrs(names));
}

GeneratedModel ModelGenerator::generate() {
  module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  OperationState state(loc, ModelOp::getOperationName());
  state.addRegion()->push_back(body = new Block());
  state.addAttribute("sym_name", builder.getStringAttr("rank"));
  state.addAttribute("function_type", TypeAttr::get(builder.getFunctionType({}, {})));
  auto model = cast<ModelOp>(builder.create(state));
  builder.setInsertionPointToStart(body);

  chooseBases();
  // One row of one number a request: how many requests there are is known whatever the spaces.
  newInput(getRequestSpace(builder.getContext()), {random.pick({1, 4})}, /*isFloat=*/true);
  newInput(bases.front(), {width()}, /*isFloat=*/true);
  if (random.chance(0.5))
    newInput(anySpace(), dims(), random.chance(0.5));
  SmallVector<Recipe> recipes;
  for (ArrayRef<Recipe> family :
       {embeddingRecipes(), sequenceRecipes(), denseRecipes(), featureRecipes(), attentionRecipes()})
    llvm::append_range(recipes, family);
  // Attention has the most ways to go wrong.
  for (int i = 0; i < 4; ++i)
    recipes.push_back(attentionRecipes().front());
  int64_t wanted = random.chance(0.15) ? random.between(1, 3) : random.between(4, 18);
  for (int64_t made = 0, attempts = 0; made < wanted && attempts < 10 * wanted; ++attempts)
    made += random.pick<Recipe>(recipes)(*this);
  chooseOutputs(model);
  return {std::move(module), std::move(weights), std::move(inputs)};
}

} // namespace reccc::fuzz
