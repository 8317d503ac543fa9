# SPDX-License-Identifier: Apache-2.0
"""Requests and weights that are wrong are refused with a message that says what was expected and what came; nothing crashes."""
import numpy as np
import pytest

from program import HISTORY, HISTORY_MAX, Failed, jagged

I64 = lambda *values: np.array(values, np.int64)


@pytest.fixture
def model(mixed):
    x, _ = mixed.input("x", HISTORY, [3])
    ids, _ = mixed.input("ids", HISTORY, values=np.zeros(mixed.rows(HISTORY)), element="i64")
    t, _ = mixed.parameter("t", 9, 3)
    rows = mixed.op("recsys.embedding {0}, {1} out_of_range reject_request", [ids, t], x.type)
    mixed.output("y", mixed.op("recsys.add {0}, {1}", [x, rows], x.type))
    return mixed


def refused(program, *fragments):
    with pytest.raises(Failed) as failed:
        program.run()
    message = str(failed.value)
    assert "error:" in message
    for fragment in fragments:
        assert fragment in message, message


def test_the_model_runs_as_it_is(model):
    model.run()


@pytest.mark.parametrize("bad", [-1, 9, 2**63 - 1, -(2**63)])
def test_ids_out_of_range(model, bad):
    model.requests["ids"][9] = bad  # row 1 of the third request: [7, 1, 12, …]
    refused(model, f"expected ids in [0, 9), got {bad} in row 1 of request 2")


@pytest.mark.parametrize("change, fragments", [
    ({"history.offsets": None}, ["'history.offsets'", "there is none"]),
    ({"history.offsets": I64()}, ["i64[requests + 1]", "i64[0]"]),
    ({"history.offsets": I64(1, 2)}, ["to begin with 0, got 1"]),
    ({"history.offsets": I64(0, 5, 3)}, ["request 1", "5 to 3"]),
    ({"history.offsets": I64(0, HISTORY_MAX + 1)}, [f"0 to {HISTORY_MAX} rows in 'history'"]),
    ({"history.offsets": I64(0, -(2**63))}, ["request 0"]),
    ({"history.offsets": np.zeros(3, np.float32)}, ["f32[3]"]),
    ({"history.offsets": np.zeros((3, 1), np.int64)}, ["i64[3, 1]"]),
    ({"history.offsets": I64(0, 1)}, ["expected 'x' to be floats [1, 3] (1 requests of #recsys.space<\"history\""]),
    ({"x": None}, ["'x' or 'x.values'", "there is none"]),
    ({"x": np.zeros((91, 4), np.float32)}, ["[91, 3]", "f32[91, 4]"]),
    ({"x": np.zeros((91, 3), np.int64)}, ["floats [91, 3]", "i64[91, 3]"]),
    ({"ids": np.zeros(91, np.float32)}, ["i64 [91]", "f32[91]"]),
])
def test_bad_requests(model, change, fragments):
    for name, value in change.items():
        if value is None:
            del model.requests[name]
        else:
            model.requests[name] = value
    refused(model, "r.safetensors", *fragments)


def test_numbers_of_requests_that_differ(model):
    model.op("recsys.splat_rows {0}", [model.parameter("u", 2)[0]], jagged('#recsys.space<"candidates", max = 12>', [2]))
    model.requests["candidates.offsets"] = I64(0, 1)
    refused(model, "expected one number of requests, got 10 in 'history.offsets' and 1 in 'candidates.offsets'")


def test_offsets_of_inputs_must_agree(model):
    offsets = model.requests.pop("history.offsets")
    model.requests["x.offsets"] = offsets
    model.run()
    other = offsets.copy()
    other[1] -= 1
    model.requests["ids.offsets"] = other
    refused(model, "'ids.offsets' than in 'x.offsets'")


@pytest.mark.parametrize("change, fragments", [
    (None, ["expected the tensor 't'", "there is none"]),
    (np.zeros((9, 4), np.float32), ["expected 't' to be", "f32[9, 4]"]),
    (np.zeros((9, 3), np.int64), ["i64[9, 3]"]),
])
def test_bad_weights(model, change, fragments):
    if change is None:
        del model.weights["t"]
    else:
        model.weights["t"] = change
    refused(model, "w.safetensors", *fragments)


def test_values_that_are_too_large(mixed):
    """A few bytes of offsets must not make the interpreter take all memory."""
    huge = '#recsys.space<"huge", max = 2000000000>'
    mixed.requests["huge.offsets"] = I64(0, 2_000_000_000)
    mixed.output("y", mixed.op("recsys.splat_rows {0}", [mixed.parameter("t", 8)[0]], jagged(huge, [8])))
    refused(mixed, "interpret fewer requests at once")


def test_toeplitz_that_is_too_short(mixed):
    q, _ = mixed.input("q", HISTORY, [1, 2])
    w, _ = mixed.parameter("w", 9)
    form = "recsys.attention {0} sources [{0}, {0}] masks [[#recsys.full]] score silu scale 1.0 divisor 1.0 toeplitz({1}, 4)"
    value = mixed.op(form, [q, w], q.type)
    mixed.body[-1] = mixed.body[-1].replace(f"({q.type}, {w.type})", f"({q.type}, {q.type}, {q.type}, {w.type})")
    mixed.output("y", value)
    refused(mixed, "expected a toeplitz parameter that has a weight for row 0 and column 5, got 9 weights")
