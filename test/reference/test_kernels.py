# SPDX-License-Identifier: Apache-2.0
"""`rectile.kernel` computes what its body does."""
import numpy as np

from program import HISTORY, Value, assert_equal, jagged


def test_kernel(program):
    x, a = program.input("x", HISTORY, [4])
    (w, b), (c, d) = program.parameter("w", 4, 3), program.parameter("c", 3)
    wide, narrow = x.type, jagged(HISTORY, [3])
    program.body += [
        f"%k:2 = rectile.kernel gemm (%i = %x : {wide}, %m = %w : {w.type}, %n = %c : {c.type}) -> ({wide}, {narrow}) {{",
        f"  %0 = recsys.layer_norm %i eps 1.0e-5 : ({wide}) -> {wide}",
        f"  %1 = recsys.linear %0, %m, %n : ({wide}, {w.type}, {c.type}) -> {narrow}",
        f"  %2 = recsys.tanh %1 : ({narrow}) -> {narrow}",
        f"  rectile.yield %0, %2 : {wide}, {narrow}",
        "}",
    ]
    for name, index, type in (("normed", 0, wide), ("y", 1, narrow)):
        value = program.op("recsys.scale {0} by 2.0", [Value(f"%k#{index}", type)], type)
        program.output(name, value)
    got = program.run()
    a = a.astype(float)
    normed = (a - a.mean(1, keepdims=True)) / np.sqrt(a.var(1, keepdims=True) + 1e-5)
    assert_equal(got["normed"], 2 * normed)
    assert_equal(got["y"], 2 * np.tanh(normed @ b + d))
