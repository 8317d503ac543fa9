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


def test_l2_norm(program):
    x, a = program.input("x", HISTORY, [2, 5])
    if len(a):
        a[0] = 0  # shorter than eps: divided by eps
        a[-1] *= 1e-8
    program.output("y", program.op("recsys.l2_norm {0} eps 1.0e-6", [x], x.type))
    length = np.sqrt((a.astype(float) ** 2).sum((1, 2), keepdims=True))
    assert_equal(program.run()["y"], a / np.maximum(length, 1e-6))


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


def test_scale(program):
    x, a = program.input("x", HISTORY, [3])
    program.output("y", program.op("recsys.scale {0} by 2.7", [x], x.type))
    assert_equal(program.run()["y"], a.astype(float) * 2.7)


def test_features(program):
    (x, a), (y, b) = program.input("x", HISTORY, [4]), program.input("y", HISTORY, [2])
    joined = program.op("recsys.concat_features {0}, {1}, {0}", [x, y], jagged(HISTORY, [10]))
    # The signature of three operands names all three.
    program.body[-1] = program.body[-1].replace(f"({x.type}, {y.type})", f"({x.type}, {y.type}, {x.type})")
    part = program.op("recsys.slice_features {0} offset 3 size 6", [joined], jagged(HISTORY, [6]))
    program.output("z", program.op("recsys.reshape_features {0}", [part], jagged(HISTORY, [3, 2])))
    assert_equal(program.run()["z"], np.concatenate([a, b, a], 1)[:, 3:9].reshape(-1, 3, 2).astype(float))
