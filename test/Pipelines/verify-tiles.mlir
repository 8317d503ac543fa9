// RUN: reccc-opt %s --reccc-verify-tiles --split-input-file --verify-diagnostics

#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
func.func private @kernel(%x: !row) {
  // expected-error@+1 {{is not allowed after stage `tiles`, expected rectile.dispatch}}
  %0 = rectile.kernel rows (%a = %x : !row) -> (!row) {
    rectile.yield %a : !row
  }
  return
}

// -----

#s = #recsys.space<"history", max = 50>
!row = !recsys.jagged<#s x 8xf32>
func.func private @dispatch_to_nobody(%x: !row) {
  // expected-error@+1 {{calls @nobody, expected a function of that name}}
  %0 = rectile.dispatch rows(%x) entries [@nobody, unit] {areas = [unit, unit], packings = [unit], spaces = [#s], space = #s,
      scratch = array<i64: 0, 0>, block = 16 : i64, columns = 0 : i64, heads = 0 : i64, k = 0 : i64, first_id = 0 : i64,
      operand_layouts = [#rectile.layout<stride = 8>], result_layouts = [#rectile.layout<stride = 8>]} : (!row) -> !row
  return
}
