// RUN: reccc-opt %s --split-input-file | FileCheck %s
// Row spaces parse to their normal form.

func.func private @s(!recsys.jagged<#recsys.space<"h", max = 50> x f32>)
// CHECK-LABEL: @concat_flattens
// CHECK-SAME: #recsys.concat<#recsys.space<"a", max = 1>, #recsys.space<"b", max = 2>, #recsys.space<"c", max = 3>>
func.func private @concat_flattens(!recsys.jagged<#recsys.concat<#recsys.concat<#recsys.space<"a", max = 1>, #recsys.space<"b", max = 2>>, #recsys.space<"c", max = 3>> x f32>)
