// SPDX-License-Identifier: Apache-2.0
// Builds globals whose initializers are chains of insertvalue.
#include "ConstantData.h"

using namespace reccc;

Type ConstantData::typeOf(const Field &field) {
  MLIRContext *context = builder.getContext();
  if (field.width > 0)
    return IntegerType::get(context, field.width);
  if (field.width == 0)
    return LLVM::LLVMPointerType::get(context);
  if (field.width == -2)
    return LLVM::LLVMArrayType::get(typeOf(field.fields.front()), field.fields.size());
  SmallVector<Type> types;
  for (const Field &inner : field.fields)
    types.push_back(typeOf(inner));
  return LLVM::LLVMStructType::getLiteral(context, types);
}

Value ConstantData::build(const Field &field) {
  Type type = typeOf(field);
  if (field.width > 0)
    return LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, field.value));
  if (field.width == 0) {
    if (field.symbol.empty())
      return LLVM::ZeroOp::create(builder, loc, type);
    return LLVM::AddressOfOp::create(builder, loc, type, field.symbol);
  }
  Value aggregate = LLVM::UndefOp::create(builder, loc, type);
  for (auto [index, inner] : llvm::enumerate(field.fields))
    aggregate = LLVM::InsertValueOp::create(builder, loc, aggregate, build(inner),
                                            ArrayRef<int64_t>{static_cast<int64_t>(index)});
  return aggregate;
}

LLVM::GlobalOp ConstantData::addGlobal(StringRef name, const Field &value, LLVM::Linkage linkage) {
  auto global = LLVM::GlobalOp::create(builder, loc, typeOf(value), /*isConstant=*/true, linkage, name, Attribute());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&global.getInitializerRegion());
  LLVM::ReturnOp::create(builder, loc, build(value));
  return global;
}

std::string ConstantData::addArray(StringRef name, const std::vector<Field> &elements) {
  if (elements.empty())
    return {};
  std::string symbol = (".plan." + Twine(count++) + "." + name).str();
  addGlobal(symbol, Field::array(elements), LLVM::Linkage::Internal);
  return symbol;
}

std::string ConstantData::addString(StringRef name, StringRef text) {
  std::string symbol = (".plan." + Twine(count++) + "." + name).str();
  std::string terminated = text.str();
  terminated.push_back('\0');
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), terminated.size());
  LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, symbol,
                         builder.getStringAttr(terminated));
  return symbol;
}

void ConstantData::addExported(StringRef name, const Field &value) { addGlobal(name, value, LLVM::Linkage::External); }

void ConstantData::declareBytes(StringRef name, int64_t bytes) {
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes);
  auto global = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, LLVM::Linkage::External, name,
                                       Attribute(), /*alignment=*/64);
  global.setVisibility_(LLVM::Visibility::Hidden);
}
