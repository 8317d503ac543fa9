// A module whose outputs are all zero compares nothing.
// RUN: not reccc-equivalence %s --after=%s 2>&1 | FileCheck %s
// CHECK: @rank: no output has a number other than 0 to compare

recsys.model @rank(%x: !recsys.jagged<#recsys.request x 8xf32> {recsys.name = "x"}) -> (!recsys.jagged<#recsys.request x 8xf32> {recsys.name = "y"}) {
  %y = recsys.scale %x by 0.0 : (!recsys.jagged<#recsys.request x 8xf32>) -> !recsys.jagged<#recsys.request x 8xf32>
  recsys.output %y : !recsys.jagged<#recsys.request x 8xf32>
}
