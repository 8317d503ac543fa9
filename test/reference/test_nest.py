# SPDX-License-Identifier: Apache-2.0
"""Values over nests against NumPy: every outer row has the inner rows of its request, and ops work within each outer row."""
import numpy as np
import pytest

import program as programs
from program import CANDIDATES, HISTORY, REQUEST, concat, jagged, packed, per_request

NEST = f"#recsys.nest<{CANDIDATES}, {HISTORY}>"
SEQUENCE = f"#recsys.nest<{CANDIDATES}, {concat(HISTORY, REQUEST)}>"


@pytest.fixture(params=["double", "compiled"])
def mode(request):
    return request.param


def assert_equal(got, expected, mode):
    programs.assert_equal(got, expected, 1e-12 if mode == "double" else 3e-6)


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def instances(program, history, candidates):
    """(rows of the history, row of the candidate) for each candidate, in order."""
    rows = zip(per_request(history, program.history), per_request(candidates, program.candidates))
    return [(past, one[None]) for past, some in rows for one in some]


def sequences(program, width=3):
    """History and candidate, once for each candidate: the value in the program, and its rows."""
    (h, a), (c, b) = program.input("h", HISTORY, [width]), program.input("c", CANDIDATES, [width])
    repeated = program.op(f"recsys.repeat_rows {{0}} for ({CANDIDATES})", [h], jagged(NEST, [width]))
    value = program.op("recsys.concat_rows {0}, {1}", [repeated, c], jagged(SEQUENCE, [width]))
    return value, [np.concatenate(pair) for pair in instances(program, a.astype(float), b.astype(float))], (h, c)


def join(parts, width):
    return packed(parts, np.zeros((0, width)))


def test_one_sequence_for_each_candidate(program, mode):
    value, rows, _ = sequences(program)
    program.output("all", value)
    program.output("past", program.op("recsys.slice_rows {0} first 0 count 1", [value], jagged(NEST, [3])))
    program.output("own", program.op("recsys.slice_rows {0} first 1 count 1", [value], jagged(CANDIDATES, [3])))
    got = program.run(mode)
    assert_equal(got["all"], join(rows, 3), mode)
    assert_equal(got["past"], join([r[:-1] for r in rows], 3), mode)
    assert_equal(got["own"], join([r[-1:] for r in rows], 3), mode)


@pytest.mark.parametrize("kind", ["first", "last", "sum", "mean"])
def test_pool(program, mode, kind):
    value, rows, _ = sequences(program)
    program.output("y", program.op(f"recsys.pool {kind} {{0}}", [value], jagged(CANDIDATES, [3])))
    pool = {"first": lambda r: r[0], "last": lambda r: r[-1], "sum": lambda r: r.sum(0), "mean": lambda r: r.mean(0)}[kind]
    assert_equal(program.run(mode)["y"], join([pool(r)[None] for r in rows], 3), mode)


@pytest.mark.parametrize("by", [-1, 1])
def test_shift(program, mode, by):
    value, rows, (_, c) = sequences(program)
    program.output("y", program.op(f"recsys.shift {{0}}, {{1}} by {by}", [value, c], value.type))
    shifted = [np.concatenate([r[1:], r[-1:]] if by < 0 else [r[-1:], r[:-1]]) for r in rows]
    assert_equal(program.run(mode)["y"], join(shifted, 3), mode)


def test_takes(program, mode):
    value, rows, _ = sequences(program)
    inner = concat(HISTORY, REQUEST)
    for name in ("take_first", "take_last"):
        to = f"#recsys.nest<{CANDIDATES}, #recsys.{name}<{inner}, 4>>"
        program.output(name, program.op("recsys.take_rows {0}", [value], jagged(to, [3])))
    got = program.run(mode)
    assert_equal(got["take_first"], join([r[:4] for r in rows], 3), mode)
    assert_equal(got["take_last"], join([r[-4:] for r in rows], 3), mode)


def test_broadcasts(program, mode):
    (c, own), (r, shared) = program.input("c", CANDIDATES, [2]), program.input("r", REQUEST, [2])
    program.output("own", program.op("recsys.broadcast_rows {0}", [c], jagged(NEST, [2])))
    program.output("shared", program.op("recsys.broadcast_rows {0}", [r], jagged(NEST, [2])))
    got = program.run(mode)
    counts = np.repeat(program.history, program.candidates)
    assert_equal(got["own"], np.repeat(own, counts, 0).astype(float), mode)
    assert_equal(got["shared"], np.repeat(shared, program.history * program.candidates, 0).astype(float), mode)


def test_row_numbers_begin_at_each_outer_row(program, mode):
    program.output("y", program.op("recsys.row_index affine_map<(d0) -> (d0)>", [], jagged(SEQUENCE, [], "i64")))
    expected = [np.arange(n + 1) for n in np.repeat(program.history, program.candidates)]
    assert_equal(program.run(mode)["y"], packed(expected, np.zeros(0, np.int64)).astype(np.int64), mode)


def test_pad(program, mode):
    value, rows, _ = sequences(program)
    to = f"#recsys.nest<{CANDIDATES}, #recsys.rows<4>>"
    program.output("y", program.op("recsys.pad_rows {0}", [value], jagged(to, [3])))
    padded = [np.concatenate([r, np.zeros((4, 3))])[:4] for r in rows]
    assert_equal(program.run(mode)["y"], join(padded, 3), mode)


def grouped_numbers(ids, lengths, size, remainder):
    groups = [np.zeros(0, np.int64)]
    for numbers in per_request(ids, lengths):
        kept, missing = len(numbers) // size * size, np.zeros(-len(numbers) % size, np.int64)
        groups += {"pad_first": [missing, numbers], "pad_last": [numbers, missing], "drop_first": [numbers[len(numbers) - kept :]],
                   "drop_last": [numbers[:kept]]}[remainder]
    return np.concatenate(groups)


@pytest.mark.parametrize("remainder, filled", [("pad_first", False), ("pad_last", False), ("pad_first", True), ("pad_last", True),
                                               ("drop_first", False), ("drop_last", False)])
@pytest.mark.parametrize("size", [2, 5])
def test_group_and_fold(program, mode, remainder, size, filled):
    h, a = program.input("h", HISTORY, [3])
    groups = f"#recsys.group<{HISTORY}, {size}, {remainder}>"
    operands, fill, record = [h], "", np.zeros(3)
    if filled:
        w, record = program.parameter("w", 3)
        operands, fill = [h, w], " fill {1}"
    to = jagged(f"#recsys.nest<{groups}, #recsys.rows<{size}>>", [3])
    grouped = program.op(f"recsys.group_rows {remainder} {{0}}{fill} size {size}", operands, to)
    program.output("rows", grouped)
    program.output("folded", program.op("recsys.fold_rows {0}", [grouped], jagged(groups, [size, 3])))
    expected = []
    for rows in per_request(a.astype(float), program.history):
        if remainder.startswith("drop"):
            kept = len(rows) // size * size
            expected.append(rows[len(rows) - kept :] if remainder == "drop_first" else rows[:kept])
        else:
            missing = np.tile(record, (-len(rows) % size, 1))
            expected.append(np.concatenate([missing, rows] if remainder == "pad_first" else [rows, missing]))
    # Of integers the rows that are missing are 0.
    ids = None if filled else program.input("ids", HISTORY, values=program.random.integers(1, 99, program.rows(HISTORY)), element="i64")
    if ids:
        to = jagged(f"#recsys.nest<{groups}, #recsys.rows<{size}>>", [], "i64")
        program.output("numbers", program.op(f"recsys.group_rows {remainder} {{0}} size {size}", [ids[0]], to))
    got = program.run(mode)
    if ids:
        assert_equal(got["numbers"], grouped_numbers(ids[1], program.history, size, remainder), mode)
    rows = join(expected, 3)
    assert_equal(got["rows"], rows, mode)
    assert_equal(got["folded"], rows.reshape(-1, size, 3), mode)


def attention(program, query, sources, masks, to, score="softmax scale 5.0e-1"):
    """sources: (key and value, key mask or nothing); one head."""
    # Operands go in the order of the op: query, keys, values, masks.
    keys = [value for value, _ in sources]
    valid = [mask for _, mask in sources if mask is not None]
    names = [f"{{{1 + i}}}, {{{1 + len(keys) + i}}}" for i in range(len(keys))]
    number = 1 + 2 * len(keys)
    for i, (_, mask) in enumerate(sources):
        if mask is not None:
            names[i] += f" valid {{{number}}}"
            number += 1
    form = f"recsys.attention {{0}} sources [{' and '.join(names)}] masks {masks} score {score}"
    return program.op(form, [query, *keys, *keys, *valid], to)


def test_attention_within_each_candidate(program, mode):
    """BST: every row of [history, candidate] sees all of them."""
    value, rows, _ = sequences(program, 4)
    heads = program.op("recsys.reshape_features {0}", [value], jagged(SEQUENCE, [1, 4]))
    full = "[[#recsys.full, #recsys.full], [#recsys.full, #recsys.full]]"
    program.output("y", attention(program, heads, [(heads, None)], full, heads.type))
    expected = [softmax(0.5 * r @ r.T) @ r for r in rows]
    assert_equal(program.run(mode)["y"], join(expected, 4)[:, None], mode)


def test_candidates_read_the_history_of_their_request(program, mode):
    """Each candidate sees the shared history and itself, without a copy of the history."""
    (h, a), (c, b) = program.input("h", HISTORY, [1, 4]), program.input("c", CANDIDATES, [1, 4])
    y = attention(program, c, [(h, None), (c, None)], "[[#recsys.full, #recsys.self]]", c.type)
    program.output("y", y)
    expected = []
    for past, own in instances(program, a.astype(float)[:, 0], b.astype(float)[:, 0]):
        seen = np.concatenate([past, own])
        expected.append(softmax(0.5 * own @ seen.T) @ seen)
    assert_equal(program.run(mode)["y"], join(expected, 4)[:, None], mode)


def test_one_query_for_each_sequence(program, mode):
    """Only the candidate's row is computed; its keys are those of its own sequence, and shared ones of the request."""
    value, rows, (_, c) = sequences(program, 4)
    heads = program.op("recsys.reshape_features {0}", [value], jagged(SEQUENCE, [1, 4]))
    query = program.op("recsys.reshape_features {0}", [c], jagged(CANDIDATES, [1, 4]))
    shared, s = program.input("s", REQUEST, [1, 4])
    y = attention(program, query, [(heads, None), (shared, None)], "[[#recsys.full, #recsys.none, #recsys.full]]", query.type)
    program.output("y", y)
    context = np.repeat(s[:, 0].astype(float), program.candidates, 0)
    expected = []
    for r, extra in zip(rows, context):
        seen = np.concatenate([r[:-1], extra[None]])
        expected.append(softmax(0.5 * r[-1:] @ seen.T) @ seen)
    assert_equal(program.run(mode)["y"], join(expected, 4)[:, None], mode)


@pytest.mark.parametrize("score", ["softmax scale 5.0e-1", "silu scale 5.0e-1 divisor 1.0e+01"])
def test_key_mask(program, mode, score):
    h, a = program.input("h", HISTORY, [1, 4])
    valid, v = program.input("v", HISTORY, [], program.random.integers(0, 2, program.rows(HISTORY)), "i64")
    causal = "[[#recsys.interval<(d0) -> (), (d0) -> (d0 + 1)>]]"
    program.output("y", attention(program, h, [(h, valid)], causal, h.type, score))
    expected = []
    for rows, keep in zip(per_request(a.astype(float)[:, 0], program.history), per_request(v, program.history)):
        out = np.zeros_like(rows)
        for i in range(len(rows)):
            seen = rows[: i + 1][keep[: i + 1] != 0]
            scores = 0.5 * seen @ rows[i]
            if len(seen):
                out[i] = (softmax(scores) if score.startswith("softmax") else scores / (1 + np.exp(-scores)) / 10) @ seen
        expected.append(out)
    assert_equal(program.run(mode)["y"], join(expected, 4)[:, None], mode)


def test_transformer_inside_groups(program, mode):
    """InnerTrans of LONGER: rows of a group see one another."""
    h, a = program.input("h", HISTORY, [1, 4])
    groups = f"#recsys.group<{HISTORY}, 3, drop_last>"
    inside = jagged(f"#recsys.nest<{groups}, #recsys.rows<3>>", [1, 4])
    rows = program.op("recsys.group_rows drop_last {0} size 3", [h], inside)
    program.output("y", attention(program, rows, [(rows, None)], "[[#recsys.full]]", inside))
    expected = []
    for past in per_request(a.astype(float)[:, 0], program.history):
        for g in range(len(past) // 3):
            rows = past[3 * g : 3 * g + 3]
            expected.append(softmax(0.5 * rows @ rows.T) @ rows)
    assert_equal(program.run(mode)["y"], join(expected, 4)[:, None], mode)


@pytest.mark.parametrize("dims, element", [([3], "f32"), ([], "i64"), ([2], "i64")])
@pytest.mark.parametrize("count", [None, 1, 4])
def test_gather_rows(program, mode, count, dims, element):
    """Rows by place; zeros for places before the first and behind the last row."""
    numbers = program.random.integers(-9, 9, (program.rows(HISTORY), *dims)) if element == "i64" else None
    x, rows = program.input("x", HISTORY, dims, numbers, element)
    shape = [] if count is None else [count]
    places = program.random.integers(-2, 9, (program.rows(CANDIDATES), *shape))
    p, places = program.input("p", CANDIDATES, shape, places, "i64")
    space = CANDIDATES if count in (None, 1) else f"#recsys.nest<{CANDIDATES}, #recsys.rows<{count}>>"
    program.output("y", program.op("recsys.gather_rows {0}, {1}", [x, p], jagged(space, dims, element)))
    expected = [
        past[place] if 0 <= place < len(past) else np.zeros(dims, rows.dtype)
        for past, some in zip(per_request(rows, program.history), per_request(places, program.candidates)) for place in some.reshape(-1)
    ]
    assert_equal(program.run(mode)["y"], packed([np.stack(expected)] if expected else [], rows), mode)
