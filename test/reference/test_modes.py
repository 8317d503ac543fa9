# SPDX-License-Identifier: Apache-2.0
"""The naive modes, bit by bit: one rounding for each multiply and each add, results rounded to the storage type."""
import numpy as np
import pytest

from program import HISTORY, REQUEST, assert_equal, jagged, to_bf16

STORE = {"f32": lambda x: np.asarray(x, np.float32), "bf16": to_bf16}


def dot_in_order(rows, matrix):
    """fp32, left to right."""
    sums = np.zeros((len(rows), matrix.shape[1]), np.float32)
    for i in range(matrix.shape[0]):
        sums = sums + rows[:, i : i + 1] * matrix[i]
    assert sums.dtype == np.float32
    return sums


@pytest.mark.parametrize("mode", STORE)
def test_linear_is_exact(mixed, mode):
    store = STORE[mode]
    x, a = mixed.input("x", HISTORY, [40])
    (w, _), (b, _) = mixed.parameter("w", 40, 7), mixed.parameter("b", 7)
    mixed.output("y", mixed.op("recsys.linear {0}, {1}, {2}", [x, w, b], jagged(HISTORY, [7])))
    expected = store(dot_in_order(store(a), store(mixed.weights["w"])) + store(mixed.weights["b"]))
    np.testing.assert_array_equal(mixed.run(mode)["y"], expected)


@pytest.mark.parametrize("mode", STORE)
def test_every_result_is_rounded(mixed, mode):
    """(x + y) * 3.1 + table[id], rounded four times."""
    store = STORE[mode]
    (x, a), (y, b) = mixed.input("x", HISTORY, [3]), mixed.input("y", HISTORY, [3])
    ids, numbers = mixed.input("ids", HISTORY, values=mixed.random.integers(0, 5, mixed.rows(HISTORY)), element="i64")
    t, _ = mixed.parameter("t", 5, 3)
    rows = mixed.op("recsys.embedding {0}, {1} out_of_range reject_request", [ids, t], x.type)
    scaled = mixed.op("recsys.scale {0} by 3.1", [mixed.op("recsys.add {0}, {1}", [x, y], x.type)], x.type)
    mixed.output("z", mixed.op("recsys.add {0}, {1}", [scaled, rows], x.type))
    expected = store(store(a) + store(b))
    expected = store(expected * np.float32(3.1))
    expected = store(expected + store(mixed.weights["t"])[numbers])
    np.testing.assert_array_equal(mixed.run(mode)["z"], expected)


@pytest.mark.parametrize("mode", STORE)
def test_attention_rounds_its_result_only(mixed, mode):
    """Scores, P and sums stay fp32: rounding P to bf16 would be far outside of the tolerance."""
    store = STORE[mode]
    (q, a), (k, b), (v, c) = (mixed.input(n, HISTORY, [1, 8]) for n in "qkv")
    form = "recsys.attention {0} sources [{1}, {2}] masks [[#recsys.full]] score silu scale 5.0e-1 divisor 4.0"
    mixed.output("y", mixed.op(form, [q, k, v], jagged(HISTORY, [1, 8])))
    a, b, c = (store(x)[:, 0] for x in (a, b, c))
    expected, begin = [], 0
    for rows in mixed.history:
        part = slice(begin, begin + rows)
        scores = np.float32(0.5) * dot_in_order(a[part], np.ascontiguousarray(b[part].T))
        weights = scores / (1 + np.exp(-scores)) / np.float32(4)
        expected.append(dot_in_order(weights, c[part]) if rows else c[part])
        begin += rows
    expected = np.concatenate(expected)[:, None]
    got = mixed.run(mode)["y"]
    if mode == "bf16":  # libm and NumPy differ by a bit of fp32, which seldom moves a bf16
        np.testing.assert_allclose(got, store(expected), rtol=2**-7)
        assert (got != store(expected)).mean() < 0.01
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_bf16_ties_to_even(mixed):
    """Halfway numbers, just beside them, infinities, NaN, and what rounds to infinity."""
    one = 1 + 2.0**-8  # halfway between 1 and the next bf16
    special = [one, one + 2.0**-7, np.nextafter(np.float32(one), np.float32(2)), -one, np.inf, -np.inf, np.nan, 3.4e38, 1e-40, 0.0]
    x, a = mixed.input("x", HISTORY, values=np.resize(np.array(special, np.float32), mixed.rows(HISTORY)))
    mixed.output("y", mixed.op("recsys.relu {0}", [mixed.op("recsys.scale {0} by 1.0", [x], x.type)], x.type))
    expected = to_bf16(a)
    assert expected[0] == 1 and expected[1] == 1 + 2.0**-6 and expected[2] == 1 + 2.0**-7 and np.isinf(expected[7])
    np.testing.assert_array_equal(mixed.run("bf16")["y"], np.where(expected < 0, 0, expected))


def test_double_sees_what_fp32_loses(mixed):
    x, a = mixed.input("x", REQUEST, [2], values=np.tile([1e8, 1.0], (mixed.rows(REQUEST), 1)))
    w, _ = mixed.parameter("w", values=[[1], [1]], *())
    mixed.output("y", mixed.op("recsys.linear {0}, {1}", [x, w], jagged(REQUEST, [1])))
    assert (mixed.run("double")["y"] == 1e8 + 1).all()
    assert (mixed.run("f32")["y"] == 1e8).all()


def test_typed_follows_the_types(mixed):
    """bf16 in the middle, f32 at the end."""
    x, a = mixed.input("x", HISTORY, [4])
    half = mixed.op("recsys.scale {0} by 1.7", [x], jagged(HISTORY, [4], "bf16"))
    mixed.output("y", mixed.op("recsys.scale {0} by 1.3", [half], x.type))
    mixed.output("half", half)
    got = mixed.run("typed")
    expected = to_bf16(a * np.float32(1.7))
    np.testing.assert_array_equal(got["half"], expected)
    np.testing.assert_array_equal(got["y"], expected * np.float32(1.3))
    assert_equal(mixed.run("double")["y"], a.astype(float) * 1.7 * 1.3)


def test_integers_are_the_same_in_every_mode(mixed):
    """Buckets of bf16 times would be nonsense."""
    x, a = mixed.input("x", HISTORY, values=mixed.random.integers(0, 2**31, mixed.rows(HISTORY)), element="i64")
    mixed.output("y", mixed.op("recsys.bucketize {0} rule(#recsys.sqrt_bucket<60.0, 2047>)", [x], x.type))
    outputs = [mixed.run(mode)["y"] for mode in ("double", "f32", "bf16", "typed")]
    for other in outputs[1:]:
        np.testing.assert_array_equal(outputs[0], other)
