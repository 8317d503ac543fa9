// SPDX-License-Identifier: Apache-2.0
// Writes the plan of each model as constants. The order of fields is that of recrt/module.h; the sizes below fail to
// compile when a struct there changes and this file does not.
#include "reccc/Codegen/Plan/EmitPlan.h"

#include "ConstantData.h"
#include "reccc/Dialect/Recsys/IR/RowSpaces.h"
#include "recrt/module.h"
#include "llvm/ADT/StringSwitch.h"

using namespace reccc;
using namespace mlir::recsys;
using namespace mlir::rectile;

static_assert(sizeof(recrt_space_desc) == 32 && sizeof(recrt_embed_step) == 24 && sizeof(recrt_rowmap_desc) == 16 &&
              sizeof(recrt_buffer_desc) == 40 && sizeof(recrt_tensor_desc) == 48 && sizeof(recrt_operand_desc) == 16 &&
              sizeof(recrt_step_desc) == 136 && sizeof(recrt_entry_desc) == 88 && sizeof(recrt_module) == 88 &&
              RECRT_ISA_COUNT == 2);

namespace {

/// Numbers the row spaces of a module, parts before what is made of them.
class SpaceTable {
public:
  explicit SpaceTable(ConstantData &data) : data(data) {}
  FailureOr<int64_t> indexOf(Attribute space, Location loc);
  const std::vector<Field> &getFields() const { return fields; }

private:
  ConstantData &data;
  llvm::DenseMap<Attribute, int64_t> indices;
  std::vector<Field> fields;
};

class EntryEmitter {
public:
  EntryEmitter(ModelOp model, ConstantData &data, SpaceTable &spaces, const WeightLayout &weights)
      : model(model), data(data), spaces(spaces), weights(weights) {}
  FailureOr<Field> emit();

private:
  LogicalResult emitSignature(TypeRange types, bool inputs, std::vector<Field> &fields);
  LogicalResult emitBuffers(PlanAttr plan, std::vector<Field> &fields);
  LogicalResult emitRowMaps(PlanAttr plan, std::vector<Field> &fields);
  FailureOr<Field> emitStep(DispatchOp dispatch);
  FailureOr<std::vector<Field>> emitKind();

  ModelOp model;
  ConstantData &data;
  SpaceTable &spaces;
  const WeightLayout &weights;
  int64_t firstWeight = 0; // weights follow the plan's buffers
};

} // namespace

//===-- Row spaces ---------------------------------------------------------------------------===//

FailureOr<int64_t> SpaceTable::indexOf(Attribute space, Location loc) {
  if (auto it = indices.find(space); it != indices.end())
    return it->second;
  std::vector<Field> parts;
  for (Attribute part : cast<RowSpace>(space).getParts()) {
    FailureOr<int64_t> index = indexOf(part, loc);
    if (failed(index))
      return failure();
    parts.push_back(Field::i32(*index));
  }
  int64_t kind = -1, count = 0;
  std::string name;
  llvm::TypeSwitch<Attribute>(space)
      .Case([&](BaseSpaceAttr base) {
        kind = RECRT_SPACE_BASE;
        count = base.getMax();
        name = data.addString("space", base.getName());
      })
      .Case([&](BagsAttr bags) {
        kind = RECRT_SPACE_BAGS;
        count = bags.getMax();
        name = data.addString("space", bags.getName());
      })
      .Case([&](OpaqueSpaceAttr opaque) { kind = RECRT_SPACE_OPAQUE, count = opaque.getMax(); })
      .Case([&](RequestAttr) { kind = RECRT_SPACE_ROWS, count = 1; })
      .Case([&](RowsAttr rows) { kind = RECRT_SPACE_ROWS, count = rows.getCount(); })
      .Case([&](ConcatAttr) { kind = RECRT_SPACE_CONCAT; })
      .Case([&](InterleaveAttr interleave) { kind = RECRT_SPACE_INTERLEAVE, count = interleave.getTimes(); })
      .Case([&](GroupAttr group) {
        kind = isPadded(group.getRemainder()) ? RECRT_SPACE_GROUP_PAD : RECRT_SPACE_GROUP_DROP;
        count = group.getSize();
      })
      .Case([&](TakeFirstAttr take) { kind = RECRT_SPACE_TAKE, count = take.getCount(); })
      .Case([&](TakeLastAttr take) { kind = RECRT_SPACE_TAKE, count = take.getCount(); })
      .Case([&](NestAttr) { kind = RECRT_SPACE_NEST; });
  if (kind < 0)
    return emitError(loc) << "the runtime has no row spaces like " << space;
  int64_t index = fields.size();
  int64_t numParts = parts.size();
  fields.push_back(Field::structure({Field::address(name), Field::address(data.addArray("parts", parts)),
                                     Field::i64(count), Field::i32(kind), Field::i32(numParts)}));
  indices[space] = index;
  return index;
}

//===-- Signature, buffers, row maps ---------------------------------------------------------===//

static int64_t elementOf(Type type) {
  return type.isF32() ? RECRT_ELEMENT_F32 : type.isBF16() ? RECRT_ELEMENT_BF16 : RECRT_ELEMENT_I64;
}

LogicalResult EntryEmitter::emitSignature(TypeRange types, bool inputs, std::vector<Field> &fields) {
  for (auto [number, type] : llvm::enumerate(types)) {
    auto jagged = cast<JaggedType>(type);
    StringRef name = inputs ? model.getInputName(number) : model.getOutputName(number);
    std::vector<Field> dims;
    for (int64_t dim : jagged.getDims())
      dims.push_back(Field::i64(dim));
    FailureOr<int64_t> space = spaces.indexOf(jagged.getSpace(), model.getLoc());
    if (failed(space))
      return failure();
    int64_t idLimit = 0;
    if (inputs)
      if (auto limit = model.getArgAttrOfType<IntegerAttr>(number, "recsys.id_limit"))
        idLimit = limit.getInt();
    std::optional<int64_t> state = inputs ? model.getInputState(number) : model.getOutputState(number);
    fields.push_back(
        Field::structure({Field::address(data.addString("name", name)), Field::address(data.addArray("dims", dims)),
                          Field::i64(idLimit), Field::i32(dims.size()), Field::i32(elementOf(jagged.getElementType())),
                          Field::i32(*space), Field::i32(idLimit ? RECRT_IDS_REJECT_REQUEST : RECRT_IDS_UNCHECKED),
                          Field::i32(state ? *state + 1 : 0), Field::i32(0)}));
  }
  return success();
}

LogicalResult EntryEmitter::emitBuffers(PlanAttr plan, std::vector<Field> &fields) {
  for (Attribute attr : plan.getBuffers()) {
    auto buffer = cast<BufferAttr>(attr);
    FailureOr<int64_t> space = spaces.indexOf(buffer.getSpace(), model.getLoc());
    if (failed(space))
      return failure();
    bool arena = buffer.getKind() == BufferKind::arena;
    int64_t kind = arena                                   ? RECRT_BUFFER_ARENA
                   : buffer.getKind() == BufferKind::input ? RECRT_BUFFER_INPUT
                                                           : RECRT_BUFFER_OUTPUT;
    fields.push_back(Field::structure({Field::i64(buffer.getRowBytes()), Field::i64(0), Field::i64(0), Field::i32(kind),
                                       Field::i32(*space), Field::i32(arena ? buffer.getIndex() : 0),
                                       Field::i32(arena ? 0 : buffer.getIndex())}));
  }
  firstWeight = fields.size();
  for (const PackedWeight &weight : weights.getWeights())
    fields.push_back(Field::structure({Field::i64(0), Field::i64(weight.bytes), Field::i64(weight.offset),
                                       Field::i32(RECRT_BUFFER_WEIGHT), Field::i32(-1), Field::i32(0), Field::i32(0)}));
  return success();
}

LogicalResult EntryEmitter::emitRowMaps(PlanAttr plan, std::vector<Field> &fields) {
  auto kindOf = [](EmbedKind kind) -> int64_t {
    switch (kind) {
    case EmbedKind::segment:
      return RECRT_EMBED_SEGMENT;
    case EmbedKind::take_last:
      return RECRT_EMBED_TAKE_LAST;
    case EmbedKind::take_first:
      return RECRT_EMBED_TAKE_FIRST;
    case EmbedKind::phase:
      return RECRT_EMBED_PHASE;
    case EmbedKind::repeat:
      return RECRT_EMBED_REPEAT;
    }
    llvm_unreachable("a kind of embedding");
  };
  for (Attribute attr : plan.getRowmaps()) {
    auto rowMap = cast<RowMapAttr>(attr);
    FailureOr<int64_t> space = spaces.indexOf(rowMap.getSpace(), model.getLoc());
    if (failed(space))
      return failure();
    std::vector<Field> steps;
    for (Attribute stepAttr : rowMap.getSteps()) {
      auto step = cast<EmbedAttr>(stepAttr);
      FailureOr<int64_t> outer = spaces.indexOf(step.getOuter(), model.getLoc());
      if (failed(outer))
        return failure();
      int64_t frame = -1;
      if (step.getFrame()) {
        FailureOr<int64_t> found = spaces.indexOf(step.getFrame(), model.getLoc());
        if (failed(found))
          return failure();
        frame = *found;
      }
      steps.push_back(
          Field::structure({Field::i32(kindOf(step.getKind())), Field::i32(*outer), Field::i32(step.getIndex()),
                            Field::i32(step.getShift()), Field::i32(frame), Field::i32(0)}));
    }
    int64_t numSteps = steps.size();
    fields.push_back(
        Field::structure({Field::address(data.addArray("steps", steps)), Field::i32(*space), Field::i32(numSteps)}));
  }
  return success();
}

//===-- Steps --------------------------------------------------------------------------------===//

/// The user's name for what a step computes: that of the last named op in it.
static std::string nameOf(Location loc, StringRef otherwise) {
  std::string name = otherwise.str();
  loc->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner))
      name = named.getName().str();
    return WalkResult::advance();
  });
  return name;
}

FailureOr<Field> EntryEmitter::emitStep(DispatchOp dispatch) {
  auto places = dispatch->getAttrOfType<ArrayAttr>("rectile.places");
  if (!places || places.size() != dispatch->getNumOperands() + dispatch->getNumResults())
    return dispatch.emitOpError("expected a memory plan: one place (rectile.places) for each operand and result");
  std::vector<Field> operands;
  for (auto [number, attr] : llvm::enumerate(places)) {
    if (auto place = dyn_cast<PlaceAttr>(attr)) {
      operands.push_back(Field::structure(
          {Field::i64(place.getOffset()), Field::i32(place.getBuffer()), Field::i32(place.getRowmap())}));
      continue;
    }
    auto packing = cast<PackingAttr>(dispatch.getPackings()[number]).getValue();
    int64_t weight = firstWeight + weights.indexOf(dispatch->getOperand(number), packing);
    operands.push_back(Field::structure({Field::i64(0), Field::i32(weight), Field::i32(-1)}));
  }
  std::vector<Field> spaceFields;
  for (Attribute space : dispatch.getSpaces()) {
    FailureOr<int64_t> index = spaces.indexOf(space, dispatch.getLoc());
    if (failed(index))
      return failure();
    spaceFields.push_back(Field::i32(*index));
  }
  FailureOr<int64_t> space = spaces.indexOf(dispatch.getSpace(), dispatch.getLoc());
  if (failed(space))
    return failure();
  int64_t excludeSpace = -1;
  if (dispatch.getKind() == KernelKind::top_k && dispatch->getNumOperands() > 1) {
    FailureOr<int64_t> index =
        spaces.indexOf(cast<JaggedType>(dispatch->getOperand(1).getType()).getSpace(), dispatch.getLoc());
    if (failed(index))
      return failure();
    excludeSpace = *index;
  }
  int64_t frame = -1;
  if (dispatch.getFrame()) {
    FailureOr<int64_t> index = spaces.indexOf(*dispatch.getFrame(), dispatch.getLoc());
    if (failed(index))
      return failure();
    frame = *index;
  }
  auto functions = [](ArrayAttr symbols) {
    std::vector<Field> fields;
    for (unsigned level = 0; level < RECRT_ISA_COUNT; ++level) {
      auto symbol = level < symbols.size() ? dyn_cast<FlatSymbolRefAttr>(symbols[level]) : FlatSymbolRefAttr();
      fields.push_back(Field::address(symbol ? symbol.getValue().str() : std::string()));
    }
    return Field::array(fields);
  };
  std::vector<Field> scratch;
  for (unsigned level = 0; level < RECRT_ISA_COUNT; ++level)
    scratch.push_back(Field::i64(level < dispatch.getScratch().size() ? dispatch.getScratch()[level] : 0));
  int64_t numOperands = operands.size(), numSpaces = spaceFields.size();
  std::string name = nameOf(dispatch.getLoc(), stringifyKernelKind(dispatch.getKind()));
  return Field::structure({Field::address(data.addString("step", name)), functions(dispatch.getEntries()),
                           functions(dispatch.getAreas()), Field::address(data.addArray("operands", operands)),
                           Field::address(data.addArray("spaces", spaceFields)), Field::array(scratch),
                           Field::i64(dispatch.getBlock()), Field::i64(dispatch.getColumns()),
                           Field::i64(dispatch.getK()), Field::i64(dispatch.getFirstId()),
                           Field::i32(static_cast<int64_t>(dispatch.getKind())), Field::i32(*space),
                           Field::i32(numOperands), Field::i32(numSpaces), Field::i32(dispatch.getHeads()),
                           Field::i32(excludeSpace), Field::i32(frame), Field::i32(0)});
}

/// What the entry does with user states, and the row spaces that it appends to and from.
FailureOr<std::vector<Field>> EntryEmitter::emitKind() {
  auto name = model->getAttrOfType<StringAttr>(ModelOp::kEntryKindAttr);
  int64_t kind = llvm::StringSwitch<int64_t>(name ? name.getValue() : "")
                     .Case("prefill", RECRT_ENTRY_PREFILL)
                     .Case("score", RECRT_ENTRY_SCORE)
                     .Case("append", RECRT_ENTRY_APPEND)
                     .Default(RECRT_ENTRY_PLAIN);
  std::vector<Field> fields = {Field::i32(kind)};
  auto rows = model->getAttrOfType<ArrayAttr>(ModelOp::kAppendAttr);
  for (unsigned i = 0; i < 2; ++i) {
    FailureOr<int64_t> space = rows ? spaces.indexOf(rows[i], model.getLoc()) : FailureOr<int64_t>(0);
    if (failed(space))
      return failure();
    fields.push_back(Field::i32(*space));
  }
  return fields;
}

FailureOr<Field> EntryEmitter::emit() {
  auto plan = model->getAttrOfType<PlanAttr>("rectile.plan");
  if (!plan)
    return model.emitOpError("expected a memory plan (rectile.plan)");
  std::vector<Field> inputs, outputs, buffers, rowMaps, steps;
  if (failed(emitSignature(model.getArgumentTypes(), /*inputs=*/true, inputs)) ||
      failed(emitSignature(model.getResultTypes(), /*inputs=*/false, outputs)) || failed(emitBuffers(plan, buffers)) ||
      failed(emitRowMaps(plan, rowMaps)))
    return failure();
  for (auto dispatch : model.getBody().getOps<DispatchOp>()) {
    FailureOr<Field> step = emitStep(dispatch);
    if (failed(step))
      return failure();
    steps.push_back(*step);
  }
  FailureOr<std::vector<Field>> kind = emitKind();
  if (failed(kind))
    return failure();
  std::vector<Field> counts;
  for (const std::vector<Field> *list : {&inputs, &outputs, &buffers, &rowMaps, &steps})
    counts.push_back(Field::i32(list->size()));
  return Field::structure(
      {Field::address(data.addString("entry", model.getName())), Field::address(data.addArray("inputs", inputs)),
       Field::address(data.addArray("outputs", outputs)), Field::address(data.addArray("buffers", buffers)),
       Field::address(data.addArray("rowmaps", rowMaps)), Field::address(data.addArray("steps", steps)), counts[0],
       counts[1], counts[2], counts[3], counts[4], Field::i32(plan.getSlots()), (*kind)[0], (*kind)[1], (*kind)[2],
       Field::i32(0)});
}

LogicalResult reccc::emitPlan(ModuleOp module, const PlanOptions &options) {
  ConstantData data(module);
  SpaceTable spaces(data);
  WeightLayout weights(module);
  std::vector<Field> entries;
  int64_t stateHash = 0;
  for (auto model : module.getOps<ModelOp>()) {
    if (auto hash = model->getAttrOfType<IntegerAttr>(ModelOp::kStateHashAttr))
      stateHash = hash.getInt();
    FailureOr<Field> entry = EntryEmitter(model, data, spaces, weights).emit();
    if (failed(entry))
      return failure();
    entries.push_back(*entry);
  }
  bool embed = options.embedWeights && weights.getTotalBytes() > 0;
  if (embed)
    data.declareBytes(kWeightsSymbol, weights.getTotalBytes());
  StringRef modelName = module.getSymName().value_or("model");
  int64_t numEntries = entries.size(), numSpaces = spaces.getFields().size();
  data.addExported(
      options.symbol,
      Field::structure({Field::i32(RECRT_MODULE_MAGIC), Field::i32(RECRT_MODULE_ABI),
                        Field::address(data.addString("model", modelName)),
                        Field::address(data.addString("tool", options.toolVersion)),
                        Field::address(data.addArray("spaces", spaces.getFields())),
                        Field::address(data.addArray("entries", entries)),
                        Field::address(embed ? kWeightsSymbol.str() : std::string()),
                        Field::i64(weights.getTotalBytes()), Field::i64(static_cast<int64_t>(options.weightsHash)),
                        Field::i64(stateHash), Field::i32(numSpaces), Field::i32(numEntries),
                        Field::i32(options.isaLevels), Field::i32(0)}));
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<ModelOp, ParameterOp>(op))
      op.erase();
  // The plan is the one way in: objects of several models are linked into one program.
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (!function.isExternal())
      function.setLinkage(LLVM::Linkage::Internal);
  return success();
}
