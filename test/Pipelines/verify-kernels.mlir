// RUN: reccc-opt %s --reccc-verify-kernels --split-input-file --verify-diagnostics

#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
// expected-error@+1 {{has no memory plan (rectile.plan) after stage `kernels`}}
recsys.model @no_plan(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) {
  recsys.output %x : !row
}

// -----

#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @op_between_kernels(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) attributes {rectile.plan = #rectile.plan<buffers = [], rowmaps = [], slots = 0>} {
  // expected-error@+1 {{is not allowed in stage `kernels`, expected rectile.kernel, views and parameter expressions}}
  %0 = recsys.silu %x : (!row) -> !row
  recsys.output %0 : !row
}

// -----

#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
recsys.model @kernel_without_places(%x: !row {recsys.name = "x"}) -> (!row {recsys.name = "y"}) attributes {rectile.plan = #rectile.plan<buffers = [], rowmaps = [], slots = 0>} {
  // expected-error@+1 {{has no places (rectile.places) after stage `kernels`}}
  %0 = rectile.kernel rows (%a = %x : !row) -> (!row) {
    %1 = recsys.silu %a : (!row) -> !row
    rectile.yield %1 : !row
  }
  recsys.output %0 : !row
}
