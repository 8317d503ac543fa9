# SPDX-License-Identifier: Apache-2.0
"""Top-k against NumPy: ties, excluded ids, too few columns, NaN."""
import numpy as np
import pytest

from program import CANDIDATES, HISTORY, REQUEST, assert_equal, jagged, per_request


def top_k(record, k, first_id, excluded=()):
    kept = [j for j in range(len(record)) if first_id + j not in excluded]
    order = sorted(kept, key=lambda j: (np.isnan(record[j]), 0 if np.isnan(record[j]) else -record[j], j))[:k]
    missing = k - len(order)
    return [first_id + j for j in order] + [-1] * missing, [record[j] for j in order] + [-np.inf] * missing


def run(program, scores, values, k, first_id, rows, exclude=None, excluded=None):
    form = "recsys.top_k {0}" + (" exclude {1}" if exclude else "") + f" k {k} first_id {first_id}"
    space = scores.type.split(" x ")[0].removeprefix("!recsys.jagged<")
    ids, best = program.op(form, [scores] + ([exclude] if exclude else []), jagged(space, [k], "i64"), jagged(space, [k]))
    program.output("ids", ids)
    program.output("best", best)
    got = program.run()
    expected = [top_k(record, k, first_id, excluded[r] if excluded else ()) for r, record in zip(rows, values.astype(float))]
    assert_equal(got["ids"], np.array([e[0] for e in expected], np.int64).reshape(-1, k))
    assert_equal(got["best"], np.array([e[1] for e in expected], float).reshape(-1, k))


@pytest.mark.parametrize("k", [1, 5, 20, 25])
def test_ties_go_to_the_lower_id(program, k):
    scores, values = program.input("s", REQUEST, [20])
    values[:] = np.round(values)  # many equal ones
    run(program, scores, values, k, 0, range(len(values)))


@pytest.mark.parametrize("first_id", [0, 1, -3])
def test_exclude(program, first_id):
    scores, values = program.input("s", REQUEST, [20])
    values[:] = np.round(values)
    ids = program.random.integers(first_id - 2, first_id + 22, program.rows(HISTORY))
    seen, numbers = program.input("seen", HISTORY, values=ids, element="i64")
    run(program, scores, values, 10, first_id, range(len(values)), seen, [set(part) for part in per_request(numbers, program.history)])


def test_rows_of_a_jagged_space(program):
    scores, values = program.input("s", CANDIDATES, [6])
    seen, numbers = program.input("seen", HISTORY, values=program.random.integers(0, 6, program.rows(HISTORY)), element="i64")
    rows = np.repeat(np.arange(len(program.history)), program.candidates)
    run(program, scores, values, 4, 0, rows, seen, [set(part) for part in per_request(numbers, program.history)])


def test_nan_and_infinity(mixed):
    scores, values = mixed.input("s", REQUEST, [6])
    values[0] = [np.nan, -np.inf, 1, np.nan, np.inf, 1]
    values[1] = np.nan
    run(mixed, scores, values, 8, 0, range(len(values)))


def nearest(query, keys, k, first, best_first):
    """By the words of the op: the k greatest products, the earlier of equal ones; -1 for those that are missing."""
    products = keys[first:].astype(object) @ query.astype(object)
    places = sorted(range(len(products)), key=lambda place: (-products[place], place))[:k]
    places = [first + place for place in (places if best_first else sorted(places))]
    return places + [-1] * (k - len(places))


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("order", ["by_place", "best_first"])
@pytest.mark.parametrize("k, first, width", [(1, 0, 3), (4, 2, 3), (9, 0, 1)])
def test_nearest_rows(program, mode, order, k, first, width):
    rows = lambda name, space, most: program.input(
        name, space, [width], program.random.integers(-most, most + 1, (program.rows(space), width)), "i64")
    (q, queries), (s, keys) = rows("q", CANDIDATES, 2), rows("k", HISTORY, 2)  # many equal products
    program.output("y", program.op(f"recsys.nearest_rows {order} {{0}}, {{1}} k {k} from {first}", [q, s], jagged(CANDIDATES, [k], "i64")))
    expected = [nearest(query, some, k, first, order == "best_first")
                for some, asked in zip(per_request(keys, program.history), per_request(queries, program.candidates)) for query in asked]
    assert_equal(program.run(mode)["y"], np.array(expected, np.int64).reshape(-1, k))


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("scale", [0.65 / 127, 1.0, 700.0])
def test_nearest_rows_to_halves(program, mode, scale):
    """Numbers of the query that stand for fp16 ones, the greatest of which are cut off."""
    rows = lambda name, space: program.input(name, space, [3], program.random.integers(-127, 128, (program.rows(space), 3)), "i64")
    (q, queries), (s, keys) = rows("q", CANDIDATES), rows("k", HISTORY)
    program.output("y", program.op(f"recsys.nearest_rows best_first {{0}}, {{1}} k 3 from 0 half_scale {scale:e}", [q, s], jagged(CANDIDATES, [3], "i64")))
    halves = np.clip(queries.astype(np.float32) * np.float32(scale), -65504, 65504).astype(np.float16).astype(np.float64) * 2**24
    expected = [nearest(query.astype(np.int64), some, 3, 0, True)
                for some, asked in zip(per_request(keys, program.history), per_request(halves, program.candidates)) for query in asked]
    assert_equal(program.run(mode)["y"], np.array(expected, np.int64).reshape(-1, 3))


@pytest.mark.parametrize("mode", ["double", "compiled"])
def test_nearest_rows_of_themselves(program, mode):
    """Products of 64 bits wrap; a row is among its own keys."""
    x, values = program.input("x", HISTORY, [2], program.random.integers(-2**62, 2**62, (program.rows(HISTORY), 2)), "i64")
    program.output("y", program.op("recsys.nearest_rows best_first {0}, {1} k 3 from 0", [x, x], jagged(HISTORY, [3], "i64")))
    wrap = lambda number: (int(number) + 2**63) % 2**64 - 2**63
    expected = []
    for rows in per_request(values, program.history):
        for query in rows:
            products = [wrap(sum(int(a) * int(b) for a, b in zip(query, key))) for key in rows]
            places = sorted(range(len(products)), key=lambda place: (-products[place], place))[:3]
            expected.append(places + [-1] * (3 - len(places)))
    assert_equal(program.run(mode)["y"], np.array(expected, np.int64).reshape(-1, 3))
