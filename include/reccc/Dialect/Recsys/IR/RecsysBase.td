// SPDX-License-Identifier: Apache-2.0
// The recsys dialect and the base classes of its ops.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSBASE_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSBASE_TD

include "mlir/IR/OpBase.td"

def Recsys_Dialect : Dialect {
  let name = "recsys";
  let cppNamespace = "::mlir::recsys";
  let summary = "Recommender models on jagged rows";
  let description = [{
    Describes what a recommender model computes, on values whose type says which rows they have. A *row space* is a
    structural attribute; two values have equal offsets if and only if their row spaces are the same attribute. Weights
    never stand in the IR: a `recsys.parameter` names a tensor of the weights file.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class Recsys_Op<string mnemonic, list<Trait> traits = []> : Op<Recsys_Dialect, mnemonic, traits>;

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSBASE_TD
