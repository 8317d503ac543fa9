# SPDX-License-Identifier: Apache-2.0
"""Family embedding against NumPy: ids, action bits, buckets at each edge, calendar features."""
import numpy as np
import pytest

from program import HISTORY, Program, Value, assert_equal, jagged, offsets


def integers(program, name, values):
    """An i64 input over a history of exactly these values, in requests of at most 60 rows."""
    values = np.asarray(values, np.int64)
    program.history = np.array([len(part) for part in np.array_split(values, max(1, -(-len(values) // 50)))])
    program.candidates = np.zeros_like(program.history)
    ends = lambda lengths: np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    program.requests.update({"history.offsets": ends(program.history), "candidates.offsets": ends(program.candidates)})
    return program.input(name, HISTORY, values=values, element="i64")


def test_embedding(program):
    ids, numbers = program.input("ids", HISTORY, values=program.random.integers(0, 9, program.rows(HISTORY)), element="i64")
    t, table = program.parameter("t", 9, 4)
    program.output("y", program.op("recsys.embedding {0}, {1} out_of_range reject_request", [ids, t], jagged(HISTORY, [4])))
    assert_equal(program.run()["y"], table[numbers])


def test_embedding_clamps(mixed):
    ids, numbers = integers(mixed, "ids", [-(2**63), -1, 0, 1, 8, 9, 2**63 - 1])
    t, table = mixed.parameter("t", 9, 4)
    mixed.output("y", mixed.op("recsys.embedding {0}, {1} out_of_range clamp", [ids, t], jagged(HISTORY, [4])))
    assert_equal(mixed.run()["y"], table[np.clip(numbers, 0, 8)])


BAGS = {"sum": np.sum, "mean": np.mean, "max": np.max}


@pytest.mark.parametrize("kind", BAGS)
@pytest.mark.parametrize("padding", [None, 0, 4])
def test_embedding_bag(program, kind, padding):
    """Ids that are the padding do not count; a bag of nothing else is zeros."""
    ids, numbers = program.input("ids", HISTORY, [6], program.random.integers(0, 9, (program.rows(HISTORY), 6)), "i64")
    if padding is not None:
        numbers[::2, 3:] = padding
        numbers[::5] = padding
    t, table = program.parameter("t", 9, 4)
    form = f"recsys.embedding_bag {kind} {{0}}, {{1}}" + (f" padding {padding}" if padding is not None else "") + " out_of_range reject_request"
    program.output("y", program.op(form, [ids, t], jagged(HISTORY, [4])))
    bags = [row[row != padding] if padding is not None else row for row in numbers]
    expected = [BAGS[kind](table[bag], axis=0) if len(bag) else np.zeros(4) for bag in bags]
    assert_equal(program.run()["y"], np.array(expected).reshape(-1, 4))


def test_embedding_bag_clamps(mixed):
    """The padding is compared with the id as it came: one that is clamped to it counts."""
    ids, numbers = mixed.input("ids", HISTORY, [3], mixed.random.integers(-5, 14, (mixed.rows(HISTORY), 3)), "i64")
    t, table = mixed.parameter("t", 9, 4)
    form = "recsys.embedding_bag sum {0}, {1} padding 0 out_of_range clamp"
    mixed.output("y", mixed.op(form, [ids, t], jagged(HISTORY, [4])))
    assert_equal(mixed.run()["y"], (table[np.clip(numbers, 0, 8)] * (numbers != 0)[:, :, None]).sum(1))


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("kind", BAGS)
@pytest.mark.parametrize("padding", [None, 4])
def test_embedding_bags(program, kind, padding, mode):
    """Each row has a bag of its own size, some of none."""
    rows = program.rows(HISTORY)
    ends = offsets(program.random.choice([0, 0, 1, 2, 5, 7], rows))
    program.requests["genres.offsets"] = ends
    numbers = program.random.integers(0, 9, ends[-1])
    genres = f'#recsys.bags<"genres", of = {HISTORY}, max = 7>'
    program.arguments.append(("ids", Value("%ids", jagged(genres, [], "i64"))))
    program.requests["ids"] = numbers
    t, table = program.parameter("t", 9, 4)
    form = f"recsys.embedding_bags {kind} {{0}}, {{1}}" + (f" padding {padding}" if padding is not None else "") + " out_of_range reject_request"
    program.output("y", program.op(form, [program.arguments[-1][1], t], jagged(HISTORY, [4])))
    bags = [bag[bag != padding] if padding is not None else bag for bag in np.split(numbers, ends[1:-1])][:rows]
    expected = [BAGS[kind](table[bag], axis=0) if len(bag) else np.zeros(4) for bag in bags]
    assert_equal(program.run(mode)["y"], np.array(expected).reshape(-1, 4), 1e-12 if mode == "double" else 1e-5)


@pytest.mark.parametrize("dims", [[], [3]])
def test_to_float(program, dims):
    x, a = program.input("x", HISTORY, dims, program.random.integers(-(2**50), 2**50, (program.rows(HISTORY), *dims)), "i64")
    program.output("y", program.op("recsys.to_float {0}", [x], jagged(HISTORY, dims)))
    assert_equal(program.run()["y"], a.astype(float), 0)


def test_action_bits(program):
    actions, numbers = program.input("a", HISTORY, values=program.random.integers(0, 64, program.rows(HISTORY)), element="i64")
    watched, seconds = program.input("w", HISTORY, values=program.random.choice([0, 29, 30, 31, 119, 120, 500], program.rows(HISTORY)), element="i64")
    bits = program.op("recsys.threshold_bits {0}, {1} thresholds [30, 120] weights [8, 16]", [actions, watched], actions.type)
    t, table = program.parameter("t", 3, 4)
    program.output("bits", bits)
    program.output("y", program.op("recsys.action_bits {0}, {1} weights [1, 4, 16]", [bits, t], jagged(HISTORY, [12])))
    got = program.run()
    expected = numbers | np.where(seconds >= 30, 8, 0) | np.where(seconds >= 120, 16, 0)
    assert_equal(got["bits"], expected)
    on = (expected[:, None] & np.array([1, 4, 16])) > 0
    assert_equal(got["y"], np.where(on[:, :, None], table, 0).reshape(-1, 12))


@pytest.mark.parametrize("multiplier, addend, modulus, rows", [(1469086537, 99069248, 2**31 - 1, 64), (-7, -3, 1000, 9), (2**63 - 1, 2**63 - 1, 2**63 - 1, 1)])
def test_hash_ids(mixed, multiplier, addend, modulus, rows):
    """spec/systems.md 4, ids of 31 bits; beyond that the product wraps at 64 bits."""
    values = [0, 1, 7, 2**31 - 1, 2**31 - 2, 123456789, -1, -(2**63), 2**63 - 1, 2**40 + 3]
    ids, numbers = integers(mixed, "x", values)
    form = f"recsys.hash_ids {{0}} multiplier {multiplier} addend {addend} modulus {modulus} rows {rows}"
    mixed.output("y", mixed.op(form, [ids], ids.type))
    wrap = lambda x: (x + 2**63) % 2**64 - 2**63
    expected = [wrap(multiplier * int(x) + addend) % modulus % rows for x in numbers]
    assert_equal(mixed.run()["y"], np.array(expected, np.int64))


def log_bucket(x):
    """spec/hstu.md 1.3, in fp32."""
    return np.trunc(np.log(np.maximum(np.abs(x), 1).astype(np.float32)) / np.float32(0.301)).astype(np.int64)


def log_edges():
    """The least x of each bucket up to 2^31, by bisection over the buckets themselves."""
    edges, top = [], int(log_bucket(np.array([2**31]))[0])
    for bucket in range(1, top + 1):
        low, high = 0, 2**31
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if log_bucket(np.array([middle]))[0] >= bucket else (middle, high)
        edges.append(high)
    return edges


def test_bucketize_by_edges(mixed):
    """At each edge and beside it; a repeated edge skips a bucket."""
    edges = log_edges()
    assert len(set(edges)) < len(edges), "expected the small buckets to be skipped"
    ids, numbers = integers(mixed, "x", sorted({0, *(e + d for e in edges for d in (-1, 0, 1))}))
    mixed.output("y", mixed.op(f"recsys.bucketize {{0}} rule(#recsys.edges<[{', '.join(map(str, edges))}]>)", [ids], ids.type))
    assert_equal(mixed.run()["y"], log_bucket(numbers))


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("absent", [0, -1, 7])
def test_bucketize_by_vocabulary(mixed, absent, mode):
    known = [-4, 0, 1, 2, 30, 2**62]
    ids, numbers = integers(mixed, "x", sorted({-2**63, 2**63 - 1, *(one + d for one in known for d in (-1, 0, 1))}))
    mixed.output("y", mixed.op(f"recsys.bucketize {{0}} rule(#recsys.vocabulary<{known}, {absent}>)", [ids], ids.type))
    assert_equal(mixed.run(mode)["y"], [known.index(number) if number in known else absent for number in numbers.tolist()])


def sqrt_bucket(x, unit, last):
    """spec/hstu.md 2.3: conversion, division and root in fp32."""
    t = np.maximum(x.astype(np.float32), np.float32(1e-6)) / np.float32(unit)
    return np.minimum(np.trunc(np.sqrt(t)).astype(np.int64), last)


@pytest.mark.parametrize("unit, last", [(60, 2047), (60, 63), (1, 300)])
def test_bucketize_by_root(mixed, unit, last):
    """At each bucket's first whole number and beside it, below zero, and far beyond."""
    edges = [unit * k * k for k in range(0, min(last, 400) + 2)]
    values = sorted({-5, 2**31, 2**40, 2**62, *(e + d for e in edges for d in (-1, 0, 1))})
    ids, numbers = integers(mixed, "x", values)
    mixed.output("y", mixed.op(f"recsys.bucketize {{0}} rule(#recsys.sqrt_bucket<{unit}.0, {last}>)", [ids], ids.type))
    assert_equal(mixed.run()["y"], sqrt_bucket(numbers, unit, last))


def test_row_index(program):
    """Meta's reversed position (spec/hstu.md 2.3), without and with the clamp in the way."""
    space = f"#recsys.concat<{HISTORY}, #recsys.space<\"candidates\", max = 12>>"
    form = f"recsys.row_index affine_map<(d0)[s0] -> (s0 - d0 + 3, 9)> lengths [{HISTORY}]"
    program.output("y", program.op(form, [], jagged(space, [], "i64")))
    form = "recsys.row_index affine_map<(d0) -> ((d0 + 5) floordiv 3 + d0 mod 4)>"
    program.output("z", program.op(form, [], jagged(HISTORY, [], "i64")))
    got = program.run()
    rows = [np.arange(h + c) for h, c in zip(program.history, program.candidates)]
    expected = [np.minimum(h - d + 3, 9) for d, h in zip(rows, program.history)]
    assert_equal(got["y"], np.concatenate([*expected, np.zeros(0, int)]))
    rows = np.concatenate([*(np.arange(h) for h in program.history), np.zeros(0, int)])
    assert_equal(got["z"], (rows + 5) // 3 + rows % 4)


def calendar_angles(timestamps):
    """spec/hstu.md 2.4: the floor of the exact quotient of float32(ts), then fp32."""
    seconds = timestamps.astype(np.float32)
    angles = []
    for period, units in ((3600, 24), (86400, 7)):
        whole = np.array([int(s) // period for s in seconds.tolist()], object)  # exact integers
        phase = np.array([w % units for w in whole], np.float32) / np.float32(units)
        angles.append(phase * np.float32(2) * np.float32(3.14))
    return np.stack(angles, 1)


@pytest.mark.parametrize("mode", ["double", "f32"])
def test_calendar(tmp_path, mode):
    """Around full hours and days of recent years, and times before 1970."""
    program = Program(tmp_path, ([0], [0]))
    hours = [3600 * k for k in (0, 1, 23, 24, 167, 168, 461168, 461169, 500001, 543210)]
    values = sorted({h + d for h in hours for d in (-3600, -128, -65, -64, -1, 0, 1, 63, 64, 128)} | set(range(1_700_000_000, 1_700_090_000, 997)))
    ts, numbers = integers(program, "ts", values)
    form = "recsys.calendar_features {0} periods [3600.0, 86400.0] units [24.0, 7.0] two_pi 6.28"
    program.output("y", program.op(form, [ts], jagged(HISTORY, [4])))
    angles = calendar_angles(numbers)
    if mode == "double":
        angles = angles.astype(float)
    expected = np.stack([np.cos(angles), np.sin(angles)], 2).reshape(-1, 4)
    assert_equal(program.run(mode)["y"], expected, 1e-12 if mode == "double" else 2e-7)
