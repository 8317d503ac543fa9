# SPDX-License-Identifier: Apache-2.0
"""Family feature against NumPy."""
import numpy as np
import pytest

from program import CANDIDATES, HISTORY, assert_equal, jagged

REDUCE = {"sum": np.sum, "mean": np.mean, "max": np.max}
TRIANGLES = {"lower": (np.tril_indices, -1), "lower_diagonal": (np.tril_indices, 0), "upper": (np.triu_indices, 1), "upper_diagonal": (np.triu_indices, 0)}


def test_features(program):
    (x, a), (y, b) = program.input("x", HISTORY, [4]), program.input("y", HISTORY, [2])
    joined = program.op("recsys.concat_features {0}, {1}, {0}", [x, y], jagged(HISTORY, [10]))
    # The signature of three operands names all three.
    program.body[-1] = program.body[-1].replace(f"({x.type}, {y.type})", f"({x.type}, {y.type}, {x.type})")
    part = program.op("recsys.slice_features {0} offset 3 size 6", [joined], jagged(HISTORY, [6]))
    program.output("z", program.op("recsys.reshape_features {0}", [part], jagged(HISTORY, [3, 2])))
    assert_equal(program.run()["z"], np.concatenate([a, b, a], 1)[:, 3:9].reshape(-1, 3, 2).astype(float))


@pytest.mark.parametrize("dims, parts", [([6], []), ([6], [1]), ([6], [3]), ([3, 2], [3]), ([2, 3, 4], [2, 3]), ([6], [6])])
def test_scale_parts(program, dims, parts):
    (x, a), (f, b) = program.input("x", HISTORY, dims), program.input("f", HISTORY, parts)
    program.output("y", program.op("recsys.scale_parts {0}, {1}", [x, f], x.type))
    count = int(np.prod(parts))
    expected = a.astype(float).reshape(len(a), count, int(np.prod(dims)) // count) * b.astype(float).reshape(len(b), count, 1)
    assert_equal(program.run()["y"], expected.reshape(a.shape))


@pytest.mark.parametrize("dims", [[1], [7], [3, 5]])
def test_softmax(program, dims):
    x, a = program.input("x", CANDIDATES, dims)
    a *= 30
    program.output("y", program.op("recsys.softmax {0}", [x], x.type))
    a = a.astype(float)
    e = np.exp(a - a.max(-1, keepdims=True))
    assert_equal(program.run()["y"], e / e.sum(-1, keepdims=True))


@pytest.mark.parametrize("kind", REDUCE)
@pytest.mark.parametrize("dims, dim", [([5], 0), ([3, 4], 0), ([3, 4], 1), ([2, 3, 4], 1), ([1, 4], 0)])
def test_reduce_features(program, kind, dims, dim):
    x, a = program.input("x", HISTORY, dims)
    program.output("y", program.op(f"recsys.reduce_features {kind} {{0}} dim {dim}", [x], jagged(HISTORY, dims[:dim] + dims[dim + 1 :])))
    assert_equal(program.run()["y"], REDUCE[kind](a.astype(float), axis=dim + 1))


def test_max_keeps_nan(mixed):
    x, a = mixed.input("x", HISTORY, [3])
    a[1, 0] = a[2, 1] = a[3, 2] = np.nan
    mixed.output("y", mixed.op("recsys.reduce_features max {0} dim 0", [x], jagged(HISTORY, [])))
    assert np.isnan(mixed.run()["y"]).nonzero()[0].tolist() == [1, 2, 3]


def test_all_dots(program):
    (x, a), (y, b) = program.input("x", HISTORY, [3, 5]), program.input("y", HISTORY, [2, 5])
    program.output("z", program.op("recsys.feature_dots {0}, {1} pairs all", [x, y], jagged(HISTORY, [3, 2])))
    assert_equal(program.run()["z"], a.astype(float) @ b.astype(float).swapaxes(1, 2))


@pytest.mark.parametrize("pairs", TRIANGLES)
def test_triangles_of_dots(program, pairs):
    (x, a), (y, b) = program.input("x", HISTORY, [4, 5]), program.input("y", HISTORY, [4, 5])
    function, k = TRIANGLES[pairs]
    rows, columns = function(4, k)
    program.output("z", program.op(f"recsys.feature_dots {{0}}, {{1}} pairs {pairs}", [x, y], jagged(HISTORY, [len(rows)])))
    assert_equal(program.run()["z"], (a.astype(float) @ b.astype(float).swapaxes(1, 2))[:, rows, columns])
