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
