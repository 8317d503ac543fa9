// RUN: reccc-opt %s --recsys-remove-dead-rows | FileCheck %s
// RUN: reccc-equivalence %s --pass-pipeline='builtin.module(recsys.model(recsys-remove-dead-rows))' --seed=11
#a = #recsys.space<"a", max = 5>
#b = #recsys.space<"b", max = 5>
#h = #recsys.space<"history", max = 6>
#frame = #recsys.concat<#a, #b>
#own = #recsys.nest<#frame, #h>
#both = #recsys.nest<#frame, #recsys.concat<#h, #recsys.request>>
!frame = !recsys.jagged<#frame x 4xf32>
!own = !recsys.jagged<#own x 4xf32>
!both = !recsys.jagged<#both x 4xf32>

/// One row for each row of the frame is one segment behind the others, though the frame itself has two.
// CHECK-LABEL: recsys.model @remove_dead_rows_frame_of_two
// CHECK-SAME:    (%[[X:[a-z0-9]+]]: {{.*}} {recsys.name = "x"}, %[[Y:[a-z0-9]+]]: {{.*}} {recsys.name = "y"})
// CHECK:         %[[Z:[a-z0-9]+]] = recsys.concat_rows %[[X]], %[[Y]]
// CHECK:         %[[S:[a-z0-9]+]] = recsys.silu %[[Y]]
// CHECK-NEXT:    recsys.output %[[Z]], %[[S]]
recsys.model @remove_dead_rows_frame_of_two(%x: !own {recsys.name = "x"}, %y: !frame {recsys.name = "y"})
    -> (!both {recsys.name = "z"}, !frame {recsys.name = "last"}) {
  %z = recsys.concat_rows %x, %y : (!own, !frame) -> !both
  %t = recsys.concat_rows %x, %y : (!own, !frame) -> !both
  %s = recsys.silu %t : (!both) -> !both
  %l = recsys.slice_rows %s first 1 count 1 : (!both) -> !frame
  recsys.output %z, %l : !both, !frame
}
