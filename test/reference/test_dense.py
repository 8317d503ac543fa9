# SPDX-License-Identifier: Apache-2.0
"""Family dense against NumPy."""
import math

import numpy as np
import pytest

from program import CANDIDATES, HISTORY, REQUEST, assert_equal, jagged, packed, per_request

ERF = np.vectorize(math.erf, otypes=[float])
ELEMENTWISE = {
    "silu": lambda x: x / (1 + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1 + ERF(x / np.sqrt(2))),
    "gelu tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "leaky_relu slope 0.2": lambda x: np.where(x > 0, x, 0.2 * x),
    "clamp low -1.5 high 4.0": lambda x: np.clip(x, -1.5, 4),
}


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_linear(program, transposed, bias):
    x, a = program.input("x", HISTORY, [6])
    w, b = program.parameter("w", *((5, 6) if transposed else (6, 5)))
    operands, expected = [x, w], a.astype(float) @ (b.T if transposed else b)
    if bias:
        c, d = program.parameter("c", 5)
        operands.append(c)
        expected = expected + d
    form = "recsys.linear " + ", ".join(f"{{{i}}}" for i in range(len(operands))) + (" transposed" if transposed else "")
    program.output("y", program.op(form, operands, jagged(HISTORY, [5])))
    assert_equal(program.run()["y"], expected)


@pytest.mark.parametrize("bias", [False, True])
def test_request_linear(program, bias):
    x, a = program.input("x", HISTORY, [6])
    w, b = program.input("w", REQUEST, [6, 3])
    operands = [x, w]
    if bias:
        c, d = program.input("c", REQUEST, [3])
        operands.append(c)
    else:
        d = np.zeros((len(b), 3))
    form = "recsys.request_linear {0}, {1}" + (", {2}" if bias else "")
    program.output("y", program.op(form, operands, jagged(HISTORY, [3])))
    a, b = a.astype(float), b.astype(float)
    parts = [rows @ b[r] + d[r] for r, rows in enumerate(per_request(a, program.history))]
    assert_equal(program.run()["y"], packed(parts, np.zeros((0, 3))))


@pytest.mark.parametrize("groups, affine", [(1, "no"), (1, "element"), (3, "no"), (3, "element"), (3, "group")])
def test_layer_norm(program, groups, affine):
    x, a = program.input("x", HISTORY, [3, 4])
    operands, w, b = [x], np.float64(1), np.float64(0)
    if affine != "no":
        shape = (3, 4) if affine == "element" else (3,)
        (wv, w), (bv, b) = program.parameter("w", *shape), program.parameter("b", *shape)
        operands += [wv, bv]
        w, b = (p.reshape(3, -1) for p in (w, b))
    form = "recsys.layer_norm {0}" + (" affine {1}, {2}" if affine != "no" else "") + f" eps 1.0e-2 groups {groups}"
    program.output("y", program.op(form, operands, jagged(HISTORY, [3, 4])))
    parts = a.astype(float).reshape(len(a), groups, 12 // groups)
    mean = parts.mean(2, keepdims=True)
    variance = ((parts - mean) ** 2).mean(2, keepdims=True)
    assert_equal(program.run()["y"], ((parts - mean) / np.sqrt(variance + 1e-2)).reshape(-1, 3, 4) * w + b)


@pytest.mark.parametrize("groups", [1, 2])
def test_l2_norm(program, groups):
    x, a = program.input("x", HISTORY, [2, 5])
    if len(a):
        a[0] = 0  # shorter than eps: divided by eps
        a[-1] *= 1e-8
    program.output("y", program.op(f"recsys.l2_norm {{0}} eps 1.0e-6 groups {groups}", [x], x.type))
    parts = a.astype(float).reshape(len(a), groups, 10 // groups)
    length = np.sqrt((parts**2).sum(2, keepdims=True))
    assert_equal(program.run()["y"], (parts / np.maximum(length, 1e-6)).reshape(-1, 2, 5))


@pytest.mark.parametrize("affine", [False, True])
def test_rms_norm(program, affine):
    x, a = program.input("x", HISTORY, [2, 5])
    operands, w = [x], np.float64(1)
    if affine:
        wv, w = program.parameter("w", 2, 5)
        operands.append(wv)
    program.output("y", program.op("recsys.rms_norm {0}" + (", {1}" if affine else "") + " eps 1.0e-2", operands, x.type))
    mean = (a.astype(float) ** 2).mean((1, 2), keepdims=True)
    assert_equal(program.run()["y"], a / np.sqrt(mean + 1e-2) * w)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(program, name):
    x, a = program.input("x", HISTORY, [3])
    a *= 8
    op, *attribute = name.split()
    program.output("y", program.op(" ".join([f"recsys.{op} {{0}}", *attribute]), [x], x.type))
    assert_equal(program.run()["y"], ELEMENTWISE[name](a.astype(float)))


@pytest.mark.parametrize("name, function", [("add", np.add), ("sub", np.subtract), ("mul", np.multiply)])
def test_binary(program, name, function):
    (x, a), (y, b) = program.input("x", CANDIDATES, [2, 3]), program.input("y", CANDIDATES, [2, 3])
    program.output("z", program.op(f"recsys.{name} {{0}}, {{1}}", [x, y], x.type))
    assert_equal(program.run()["z"], function(a.astype(float), b.astype(float)))


@pytest.mark.parametrize("name, function", [("add", np.add), ("sub", np.subtract)])
def test_integers_wrap(mixed, name, function):
    extremes = np.array([2**63 - 1, -(2**63), 0, 5, -1], np.int64)
    rows = mixed.rows(HISTORY)
    (x, a), (y, b) = (mixed.input(n, HISTORY, values=np.resize(np.roll(extremes, k), rows), element="i64") for k, n in enumerate("xy"))
    mixed.output("z", mixed.op(f"recsys.{name} {{0}}, {{1}}", [x, y], x.type))
    with np.errstate(over="ignore"):
        assert_equal(mixed.run()["z"], function(a, b))


def test_relu_keeps_nan(mixed):
    x, a = mixed.input("x", HISTORY, [1])
    a[2] = np.nan
    mixed.output("y", mixed.op("recsys.relu {0}", [x], x.type))
    assert np.isnan(mixed.run()["y"]).nonzero()[0].tolist() == [2]


@pytest.mark.parametrize("by_zero", ["ieee", "zero"])
def test_div(program, by_zero):
    (x, a), (y, b) = program.input("x", HISTORY, [3]), program.input("y", HISTORY, [3])
    b[::2, 1] = 0
    a[::4, 1] = 0
    program.output("z", program.op(f"recsys.div {{0}}, {{1}} by_zero {by_zero}", [x, y], x.type))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = a.astype(float) / b.astype(float)
    assert_equal(program.run()["z"], np.where(b == 0, 0, expected) if by_zero == "zero" else expected)


def test_exp(program):
    x, a = program.input("x", HISTORY, [4])
    a[:, :2] *= 100
    program.output("y", program.op("recsys.exp {0}", [x], x.type))
    with np.errstate(over="ignore"):
        assert_equal(program.run()["y"], np.exp(a.astype(float)))


def test_log(program):
    x, a = program.input("x", HISTORY, [4])
    a[:, :2] = np.exp(20 * a[:, :2])
    a[::3, 3] = 0
    program.output("y", program.op("recsys.log {0}", [x], x.type))
    with np.errstate(divide="ignore", invalid="ignore"):
        assert_equal(program.run()["y"], np.log(a.astype(float)))


def test_clamp_keeps_nan(mixed):
    x, a = mixed.input("x", HISTORY, [1])
    a[2] = np.nan
    mixed.output("y", mixed.op("recsys.clamp {0} low -1.0 high 1.0", [x], x.type))
    assert np.isnan(mixed.run()["y"]).nonzero()[0].tolist() == [2]


def test_scale(program):
    x, a = program.input("x", HISTORY, [3])
    program.output("y", program.op("recsys.scale {0} by 2.7", [x], x.type))
    program.output("z", program.op("recsys.scale {0} plus -1.5 by 2.7", [x], x.type))
    got = program.run()
    assert_equal(got["y"], a.astype(float) * 2.7)
    assert_equal(got["z"], (a.astype(float) - 1.5) * 2.7)
