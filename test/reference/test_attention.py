# SPDX-License-Identifier: Apache-2.0
"""Attention against NumPy: dense masks, scores and sums of one request at a time."""
import numpy as np
import pytest

import masks
from program import CANDIDATES, HISTORY, HISTORY_MAX, REQUEST, Program, assert_equal, concat, jagged, packed, per_request
from test_embedding import log_bucket, log_edges

CAUSAL = "#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>"


def attend(q, k, v, visible, weigh, scale=0.3, bias=None, add_first=False):
    """[rows, heads, width] of one request. `weigh` turns scores and visibility into P."""
    repeat = q.shape[1] // k.shape[1]
    k, v = (np.repeat(x, repeat, 1) for x in (k, v))
    scores = np.einsum("rha,cha->hrc", q, k)
    if bias is None:
        scores = scale * scores
    else:
        scores = scale * (scores + bias) if add_first else scale * scores + bias
    return np.einsum("hrc,chv->rhv", weigh(scores, visible), v)


def silu(divisor):
    return lambda scores, visible: np.where(visible, scores / (1 + np.exp(-scores)) / divisor, 0)


def softmax(scores, visible):
    scores = np.where(visible, scores, -np.inf)
    greatest = scores.max(-1, keepdims=True, initial=-np.inf)
    powers = np.exp(scores - np.where(np.isinf(greatest), 0, greatest))
    total = powers.sum(-1, keepdims=True)
    return np.divide(powers, total, out=np.zeros_like(powers), where=total > 0)


SCORES = {"silu": ("score silu scale 3.0e-1 divisor 2.0e+01", silu(20)), "softmax": ("score softmax scale 3.0e-1", softmax)}


def sequence(program, spaces, heads=2, source_heads=None, a=4, v=3):
    """Inputs q, k, v over each space, and over the concat of all of them. Values are float64, by request, concatenated."""
    inputs = {}
    for name, dims in (("q", [heads, a]), ("k", [source_heads or heads, a]), ("v", [source_heads or heads, v])):
        values, parts = [], []
        for number, space in enumerate(spaces):
            if space == "#recsys.rows<3>":
                lengths = np.full(len(program.history), 3)
                array = program.random.standard_normal((lengths.sum(), *dims)).astype(np.float32)
                value = program.op("recsys.pad_rows {0}", [wide(program, f"{name}{number}", array, dims)], jagged(space, dims))
            else:
                lengths = {HISTORY: program.history, CANDIDATES: program.candidates}[space]
                value, array = program.input(f"{name}{number}", space, dims)
            values.append(value)
            parts.append(per_request(array.astype(float), lengths))
        whole = values[0] if len(values) == 1 else program.op(
            "recsys.concat_rows " + ", ".join(f"{{{i}}}" for i in range(len(values))), values, jagged(concat(*spaces), dims))
        inputs[name] = (whole, [np.concatenate(rows) for rows in zip(*parts)], values)
    return inputs


def wide(program, name, array, dims):
    """An input over rows<3> cannot be over a base space: it comes as such."""
    value = program.input(name, REQUEST, dims)[0]
    value.type = jagged("#recsys.rows<3>", dims)
    program.requests[name] = array
    return value


def check(program, inputs, expected, mask_text, score_text, extra=(), bias_text="", mode="double"):
    q, k, v = (inputs[name] for name in "qkv")
    form = f"recsys.attention {{0}} sources [{{1}}, {{2}}] masks {mask_text} {score_text} {bias_text}"
    space, heads, width = q[0].type.split(" x ")[0].removeprefix("!recsys.jagged<"), *expected[1]
    program.output("y", program.op(form, [q[0], k[0], v[0], *extra], jagged(space, [heads, width])))
    assert_equal(program.run(mode)["y"], packed(expected[0], np.zeros((0, heads, width))), 1e-12 if mode == "double" else 3e-6)


def run_all(inputs, visible, weigh, heads=2, width=3, **options):
    parts = [attend(q, k, v, visible(r), weigh(r), **{n: f(r) if callable(f) else f for n, f in options.items()})
             for r, (q, k, v) in enumerate(zip(inputs["q"][1], inputs["k"][1], inputs["v"][1]))]
    return parts, (heads, width)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("window", [0, 1, 5])
def test_stu(program, score, window):
    inputs = sequence(program, [HISTORY, CANDIDATES])
    visible = lambda r: masks.meta(0, program.history[r], program.candidates[r], window)
    text, weigh = SCORES[score]
    check(program, inputs, run_all(inputs, visible, lambda r: weigh), masks.meta_ir(HISTORY, window), text)


@pytest.mark.parametrize("window", [0, 1, 5, 11])
def test_stu_with_prefix(program, window):
    inputs = sequence(program, ["#recsys.rows<3>", HISTORY, CANDIDATES])
    visible = lambda r: masks.meta(3, program.history[r], program.candidates[r], window)
    check(program, inputs, run_all(inputs, visible, lambda r: silu(20)), masks.meta_ir(HISTORY, window, 3), SCORES["silu"][0])


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("first, near", [(0, 1), (2, 3), (10, 4), (3, 100)])
def test_semi_local(program, score, first, near):
    inputs = sequence(program, [HISTORY, CANDIDATES])
    visible = lambda r: masks.semi_local(program.history[r], program.candidates[r], first, near)
    head = f"#recsys.interval<(d0) -> (), (d0) -> ({first}, d0 + 1)>"
    tail = f"#recsys.interval<(d0) -> (d0 - {near - 1}), (d0) -> (d0 + 1)>"
    text, weigh = SCORES[score]
    mask = f"[[#recsys.intervals<{head}, {tail}>, #recsys.none], [#recsys.full, #recsys.none]]"
    check(program, inputs, run_all(inputs, visible, lambda r: weigh), mask, text)


@pytest.mark.parametrize("group", [1, 2, 3])
def test_candidate_groups(program, group):
    inputs = sequence(program, [HISTORY, CANDIDATES])
    visible = lambda r: masks.nvidia_groups(0, program.history[r], program.candidates[r], group)
    within = f"#recsys.interval<(d0) -> ((d0 floordiv {group}) * {group}), (d0) -> (d0 + 1)>"
    mask = f"[[{CAUSAL}, #recsys.none], [#recsys.full, {within}]]"
    check(program, inputs, run_all(inputs, visible, lambda r: silu(20)), mask, SCORES["silu"][0])


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("mask, visible", [
    ("#recsys.full", lambda n: np.ones((n, n), bool)),
    ("#recsys.none", lambda n: np.zeros((n, n), bool)),
    ("#recsys.self", lambda n: np.eye(n, dtype=bool)),
    (CAUSAL, lambda n: np.tril(np.ones((n, n), bool))),
    # newest to oldest, without itself: the first row of a request sees nothing
    ("#recsys.interval<(d0) -> (d0 + 1), (d0) -> ()>", lambda n: np.triu(np.ones((n, n), bool), 1)),
    # the last five rows of the request
    (f"#recsys.interval<(d0)[s0] -> (s0 - 5), (d0)[s0] -> (), lengths = [{HISTORY}]>", lambda n: np.broadcast_to(np.arange(n) >= n - 5, (n, n))),
])
def test_masks_of_one_segment(program, score, mask, visible):
    inputs = sequence(program, [HISTORY])
    text, weigh = SCORES[score]
    check(program, inputs, run_all(inputs, lambda r: visible(program.history[r]), lambda r: weigh), f"[[{mask}]]", text)


@pytest.mark.parametrize("score", SCORES)
def test_grouped_heads(program, score):
    inputs = sequence(program, [HISTORY], heads=6, source_heads=2, a=2, v=5)
    visible = lambda r: np.tril(np.ones((program.history[r],) * 2, bool))
    text, weigh = SCORES[score]
    check(program, inputs, run_all(inputs, visible, lambda r: weigh, heads=6, width=5), f"[[{CAUSAL}]]", text)


def test_divisor_that_counts_rows(program):
    inputs = sequence(program, [HISTORY, CANDIDATES])
    visible = lambda r: masks.meta(0, program.history[r], program.candidates[r])
    weigh = lambda r: silu(max(1, program.history[r] + program.candidates[r]))
    check(program, inputs, run_all(inputs, visible, weigh), masks.meta_ir(HISTORY), f"score silu scale 3.0e-1 divisor_rows({concat(HISTORY, CANDIDATES)})")


@pytest.mark.parametrize("score", SCORES)
def test_two_sources(program, score):
    """Candidates read history and themselves from operands of their own, as after attention has been split."""
    inputs = sequence(program, [HISTORY, CANDIDATES])
    text, weigh = SCORES[score]
    (_, q, qs), (_, k, ks), (_, v, vs) = (inputs[name] for name in "qkv")
    form = f"recsys.attention {{0}} sources [{{1}}, {{3}} and {{2}}, {{4}}] masks [[#recsys.full, #recsys.self]] {text}"
    program.output("y", program.op(form, [qs[1], *ks, *vs], jagged(CANDIDATES, [2, 3])))
    parts = []
    for r, history in enumerate(program.history):
        visible = masks.meta(0, history, program.candidates[r])
        parts.append(attend(q[r], k[r], v[r], visible, weigh)[history:])
    assert_equal(program.run()["y"], packed(parts, np.zeros((0, 2, 3))))


@pytest.mark.parametrize("order", ["scale_then_add", "add_then_scale"])
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("position, time", [(True, False), (False, True), (True, True)])
def test_biases(program, order, score, position, time):
    """The research variant's bias (spec/hstu.md 1.3): position and time, row i with the time of item i + 1."""
    inputs = sequence(program, [HISTORY])
    rows = program.rows(HISTORY)
    text, weigh = SCORES[score]
    bias, extra, bias_text = [0] * len(program.history), [], ""
    if position:
        w, weights = program.parameter("pos", 2 * HISTORY_MAX - 1)
        extra.append(w)
        bias_text += f"toeplitz({{{len(extra) + 2}}}, {HISTORY_MAX - 1}) "
        index = lambda n: HISTORY_MAX - 1 + np.arange(n)[None, :] - np.arange(n)[:, None]
        bias = [b + weights[index(n)] for b, n in zip(bias, program.history)]
    if time:
        t, table = program.parameter("ts", 40)  # fewer than there are buckets: clamped
        stamps = np.sort(program.random.integers(0, 2**31, rows))
        k, keys = program.input("tk", HISTORY, values=stamps, element="i64")
        q, queries = program.input("tq", HISTORY, values=np.append(stamps[1:], 2**31)[:rows], element="i64")
        n = len(extra) + 3
        extra += [t, q, k]
        edges = ", ".join(map(str, log_edges()))
        bias_text += f"time_buckets({{{n}}}, {{{n + 1}}}, {{{n + 2}}}, #recsys.edges<[{edges}]>) "
        pairs = zip(per_request(queries, program.history), per_request(keys, program.history))
        bias = [b + table[np.minimum(log_bucket(q[:, None] - k[None, :]), 39)] for b, (q, k) in zip(bias, pairs)]
    visible = lambda r: np.tril(np.ones((program.history[r],) * 2, bool))
    expected = run_all(inputs, visible, lambda r: weigh, bias=lambda r: bias[r], add_first=order == "add_then_scale")
    check(program, inputs, expected, f"[[{CAUSAL}]]", text, extra, bias_text + f"order {order}")


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("one_place", [False, True])
def test_bias_of_history_and_candidates(program, one_place, mode):
    """Positions count through both; or all candidates stand behind the history."""
    inputs = sequence(program, [HISTORY, CANDIDATES])
    most = HISTORY_MAX + max(program.candidates, default=0)
    w, weights = program.parameter("pos", 2 * most - 1)
    text, weigh = SCORES["silu"]

    def bias(r):
        places = np.arange(program.history[r] + program.candidates[r])
        places = np.minimum(places, program.history[r]) if one_place else places
        return weights[most - 1 + places - places[:, None]]

    visible = lambda r: masks.meta(0, program.history[r], program.candidates[r])
    expected = run_all(inputs, visible, lambda r: weigh, bias=bias)
    check(program, inputs, expected, masks.meta_ir(HISTORY), text, [w], f"toeplitz({{3}}, {most - 1})" + " last_at_one_place" * one_place, mode)


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("one_place", [False, True])
@pytest.mark.parametrize("score", SCORES)
def test_bias_of_candidates_alone(program, score, one_place, mode):
    """The rows of the candidates are computed, their places count the history in front of them."""
    inputs = sequence(program, [HISTORY, CANDIDATES])
    most = HISTORY_MAX + max(program.candidates, default=0)
    w, weights = program.parameter("pos", 2 * most - 1)
    text, weigh = SCORES[score]
    parts = []
    for r, history in enumerate(program.history):
        q, k, v = (inputs[name][1][r] for name in "qkv")
        places = np.arange(len(q))
        places = np.minimum(places, history) if one_place else places
        visible = masks.meta(0, history, program.candidates[r])
        parts.append(attend(q, k, v, visible, weigh, bias=weights[most - 1 + places - places[:, None]])[history:])
    form = f"recsys.attention {{0}} sources [{{1}}, {{2}}] masks [[#recsys.full, #recsys.self]] {text} toeplitz({{3}}, {most - 1})"
    form += " last_at_one_place" * one_place + f" places affine_map<(d0)[s0] -> (d0 + s0)> place_lengths [{HISTORY}]"
    program.output("y", program.op(form, [inputs["q"][2][1], inputs["k"][0], inputs["v"][0], w], jagged(CANDIDATES, [2, 3])))
    assert_equal(program.run(mode)["y"], packed(parts, np.zeros((0, 2, 3))), 1e-12 if mode == "double" else 3e-6)


def test_infinite_values_that_are_not_visible_change_nothing(mixed):
    inputs = sequence(mixed, [HISTORY])
    visible = lambda r: np.tril(np.ones((mixed.history[r],) * 2, bool))
    expected = run_all(inputs, visible, lambda r: silu(20))
    last = mixed.requests["k0"], mixed.requests["v0"]
    expected[0][0][-1] = np.nan
    for array in last:
        array[6] = np.nan  # the last row of the first request, which only itself sees
    got = check_nan(mixed, inputs)
    assert_equal(got, packed(expected[0], np.zeros((0, 2, 3))))


def check_nan(program, inputs):
    q, k, v = (inputs[name][0] for name in "qkv")
    form = f"recsys.attention {{0}} sources [{{1}}, {{2}}] masks [[{CAUSAL}]] {SCORES['silu'][0]}"
    program.output("y", program.op(form, [q, k, v], jagged(HISTORY, [2, 3])))
    return program.run()["y"]


def test_softmax_of_large_scores(tmp_path):
    program = Program(tmp_path, ([3], [0]))
    inputs = sequence(program, [HISTORY])
    for name in ("q0", "k0"):
        program.requests[name] *= 1000
    for name in "qk":
        inputs[name] = (inputs[name][0], [1000 * part for part in inputs[name][1]], None)
    expected = run_all(inputs, lambda r: np.ones((3, 3), bool), lambda r: softmax)
    check(program, inputs, expected, "[[#recsys.full]]", SCORES["softmax"][0])


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("lower, upper", [(True, True), (True, False), (False, True)])
def test_tables(program, score, lower, upper, mode):
    """Bounds that the request gives for each row, in and far out of the segment."""
    inputs = sequence(program, [HISTORY])
    rows = program.rows(HISTORY)
    draw = lambda: np.where(program.random.random(rows) < 0.1, program.random.choice([-(2**63), -1, 2**31, 2**63 - 1], rows),
                            program.random.integers(-3, HISTORY_MAX + 5, rows))
    low, high = draw(), draw()
    high[::3] = np.maximum(high[::3], np.minimum(low[::3], 2**62) + program.random.integers(0, 9, len(low[::3])))
    bounds = [program.input(name, HISTORY, values=values, element="i64")[0]
              for name, values, used in (("low", low, lower), ("high", high, upper)) if used]
    numbers = ", ".join(f"{name} = {i}" for i, name in enumerate([n for n, used in (("lower", lower), ("upper", upper)) if used]))
    lows, highs = (per_request(x, program.history) for x in (low, high))

    def visible(r):
        column = np.arange(program.history[r])
        seen = np.ones((program.history[r],) * 2, bool)
        if lower:
            seen &= column >= lows[r][:, None]
        if upper:
            seen &= column < highs[r][:, None]
        return seen

    text, weigh = SCORES[score]
    expected = run_all(inputs, visible, lambda r: weigh)
    q, k, v = (inputs[name] for name in "qkv")
    names = ", ".join(f"{{{3 + i}}}" for i in range(len(bounds)))
    form = f"recsys.attention {{0}} sources [{{1}}, {{2}}] masks [[#recsys.table<{numbers}>]] {text} bounds({names})"
    program.output("y", program.op(form, [q[0], k[0], v[0], *bounds], jagged(HISTORY, [2, 3])))
    assert_equal(program.run(mode)["y"], packed(expected[0], np.zeros((0, 2, 3))), 1e-12 if mode == "double" else 1e-5)
