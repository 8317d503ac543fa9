// The tool that tests of transforms rely on must itself fail when it should.
// RUN: reccc-equivalence %s --after=%s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(canonicalize,cse)' --seed=5
// RUN: sed -e 's/by 2.0/by 2.0000000001/' %s > %t.scaled.mlir
// RUN: not reccc-equivalence %s --after=%t.scaled.mlir 2>&1 | FileCheck %s --check-prefix=SCALED
// RUN: sed -e 's/s0 - d0/s0 - d0 + 1/' %s > %t.index.mlir
// RUN: not reccc-equivalence %s --after=%t.index.mlir 2>&1 | FileCheck %s --check-prefix=INDEX
// RUN: sed -e 's/by -1/by 1/' %s > %t.shifted.mlir
// RUN: not reccc-equivalence %s --after=%t.shifted.mlir 2>&1 | FileCheck %s --check-prefix=SCALED
// RUN: sed -e 's/recsys.name = "place"/recsys.name = "spot"/' %s > %t.name.mlir
// RUN: not reccc-equivalence %s --after=%t.name.mlir 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: sed -e 's/@rank/@other/' %s > %t.model.mlir
// RUN: not reccc-equivalence %s --after=%t.model.mlir 2>&1 | FileCheck %s --check-prefix=MODEL
// RUN: not reccc-equivalence %s 2>&1 | FileCheck %s --check-prefix=USAGE

// SCALED: @rank: output 'y' differs by
// INDEX: @rank: integers of output 'place' differ
// NAME: @rank: expected output 'place' of {{.*}}, got 'spot'
// MODEL: @rank: expected a model of this name
// USAGE: expected --pass-pipeline or --after

#history = #recsys.space<"history", max = 50>
recsys.parameter private @table : tensor<100x8xf32> from "table"

// Every id must be one of the table: ids reach it through a shift.
recsys.model @rank(%ids: !recsys.jagged<#history x i64> {recsys.name = "ids"}, %fill: !recsys.jagged<#recsys.request x i64> {recsys.name = "fill"})
    -> (!recsys.jagged<#history x 8xf32> {recsys.name = "y"}, !recsys.jagged<#history x i64> {recsys.name = "place"}) {
  %table = recsys.get_parameter @table : tensor<100x8xf32>
  %shifted = recsys.shift %ids, %fill by -1 : (!recsys.jagged<#history x i64>, !recsys.jagged<#recsys.request x i64>) -> !recsys.jagged<#history x i64>
  %x = recsys.embedding %shifted, %table out_of_range reject_request : (!recsys.jagged<#history x i64>, tensor<100x8xf32>) -> !recsys.jagged<#history x 8xf32>
  %y = recsys.scale %x by 2.0 : (!recsys.jagged<#history x 8xf32>) -> !recsys.jagged<#history x 8xf32>
  %place = recsys.row_index affine_map<(d0)[s0] -> (s0 - d0)> lengths [#history] : !recsys.jagged<#history x i64>
  recsys.output %y, %place : !recsys.jagged<#history x 8xf32>, !recsys.jagged<#history x i64>
}
