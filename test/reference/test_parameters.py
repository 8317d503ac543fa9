# SPDX-License-Identifier: Apache-2.0
"""Parameter expressions against NumPy; `splat_rows` shows their values."""
import numpy as np
import pytest

from program import HISTORY, REQUEST, assert_equal, jagged, to_bf16

TENSOR = lambda *shape: "tensor<" + "x".join(map(str, shape)) + "xf32>"
EXPRESSIONS = {
    "slice": ("recsys.param_slice {0} dim 1 offset 2 size 3", [(4, 6)], (4, 3), lambda w: w[:, 2:5]),
    "slice_middle": ("recsys.param_slice {0} dim 1 offset 1 size 2", [(2, 4, 3)], (2, 2, 3), lambda w: w[:, 1:3]),
    "slice_rows": ("recsys.param_slice {0} dim 0 offset 1 size 1", [(4, 6)], (1, 6), lambda w: w[1:2]),
    "transpose": ("recsys.param_transpose {0}", [(4, 6)], (6, 4), lambda w: w.T),
    "reshape": ("recsys.param_reshape {0}", [(4, 6)], (3, 8), lambda w: w.reshape(3, 8)),
    "concat_columns": ("recsys.param_concat {0}, {1} dim 1", [(4, 6), (4, 2)], (4, 8), lambda a, b: np.concatenate([a, b], 1)),
    "concat_rows": ("recsys.param_concat {0}, {1} dim 0", [(1, 3), (2, 3)], (3, 3), lambda a, b: np.concatenate([a, b], 0)),
    "add": ("recsys.param_add {0}, {1}", [(4, 2), (4, 2)], (4, 2), np.add),
    "sub": ("recsys.param_sub {0}, {1}", [(4, 2), (4, 2)], (4, 2), np.subtract),
    "mul": ("recsys.param_mul {0}, {1}", [(4, 2), (4, 2)], (4, 2), np.multiply),
    "rsqrt": ("recsys.param_rsqrt {0} eps 9.0", [(4,)], (4,), lambda v: 1 / np.sqrt(v + 9)),
    "scale_rows": ("recsys.param_scale_rows {0}, {1}", [(4, 6), (4,)], (4, 6), lambda w, g: w * g[:, None]),
    "matmul": ("recsys.param_matmul {0}, {1}", [(5, 4), (4, 6)], (5, 6), lambda t, w: t @ w),
    "vecmat": ("recsys.param_vecmat {0}, {1}", [(4,), (4, 6)], (6,), lambda b, w: b @ w),
    "l2_norm": ("recsys.param_l2_norm {0} eps 1.0e-6", [(4, 6)], (4, 6), lambda w: w / np.maximum(np.sqrt((w**2).sum(1, keepdims=True)), 1e-6)),
}


def build(program, name):
    form, shapes, shape, function = EXPRESSIONS[name]
    program.input("x", HISTORY)  # says how many requests there are
    pairs = [program.parameter(f"p{i}", *each) for i, each in enumerate(shapes)]
    value = program.op(form, [value for value, _ in pairs], TENSOR(*shape))
    program.output("y", program.op("recsys.splat_rows {0}", [value], jagged(REQUEST, [int(np.prod(shape))])))
    return function(*(values for _, values in pairs)).reshape(1, -1)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expression(mixed, name):
    expected = build(mixed, name)
    got = mixed.run()["y"]
    assert_equal(got, np.broadcast_to(expected, got.shape))


@pytest.mark.parametrize("mode", ["f32", "bf16"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_are_rounded_once(mixed, name, mode):
    """Computed in double from the weights as they are; only the result is rounded."""
    expected = build(mixed, name).astype(np.float32)
    got = mixed.run(mode)["y"]
    np.testing.assert_array_equal(got, np.broadcast_to(to_bf16(expected) if mode == "bf16" else expected, got.shape))
