// SPDX-License-Identifier: Apache-2.0
// Constant C data as globals of the llvm dialect: structs, arrays, strings, pointers between them.
#ifndef RECCC_LIB_CODEGEN_PLAN_CONSTANTDATA_H
#define RECCC_LIB_CODEGEN_PLAN_CONSTANTDATA_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "reccc/Support/LLVM.h"
#include <variant>
#include <vector>

namespace reccc {

/// A field: an integer with its width, the address of a symbol (empty: null), or nested fields (a struct, or an array
/// of pointers or integers).
struct Field {
  static Field i32(int64_t value) { return {value, 32, {}, {}}; }
  static Field i64(int64_t value) { return {value, 64, {}, {}}; }
  static Field address(std::string symbol) { return {0, 0, std::move(symbol), {}}; }
  static Field structure(std::vector<Field> fields) { return {0, -1, {}, std::move(fields)}; }
  static Field array(std::vector<Field> fields) { return {0, -2, {}, std::move(fields)}; }

  int64_t value;
  int width; // 0: address, -1: struct, -2: array
  std::string symbol;
  std::vector<Field> fields;
};

class ConstantData {
public:
  explicit ConstantData(ModuleOp module) : builder(OpBuilder::atBlockEnd(module.getBody())), loc(module.getLoc()) {}

  /// Adds a private global and returns its symbol; an empty array has none and is null.
  std::string addArray(StringRef name, const std::vector<Field> &elements);
  std::string addString(StringRef name, StringRef text);
  /// A global that other objects see.
  void addExported(StringRef name, const Field &value);
  /// A declaration of bytes that come with the object.
  void declareBytes(StringRef name, int64_t bytes);

private:
  Type typeOf(const Field &field);
  Value build(const Field &field);
  LLVM::GlobalOp addGlobal(StringRef name, const Field &value, LLVM::Linkage linkage);

  OpBuilder builder;
  Location loc;
  unsigned count = 0;
};

} // namespace reccc

#endif // RECCC_LIB_CODEGEN_PLAN_CONSTANTDATA_H
