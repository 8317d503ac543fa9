# SPDX-License-Identifier: Apache-2.0
"""Family sequence against NumPy."""
import numpy as np
import pytest

from program import CANDIDATES, HISTORY, HISTORY_MAX, REQUEST, assert_equal, concat, jagged, packed, per_request


def split(program, values, space):
    lengths = {HISTORY: program.history, CANDIDATES: program.candidates, REQUEST: np.ones(len(program.history), int)}[space]
    return per_request(values, lengths)


def join(parts, like):
    return packed(parts, np.asarray(like)).astype(np.asarray(like).dtype if np.asarray(like).dtype.kind == "i" else float)


@pytest.mark.parametrize("element, dims", [("f32", [3]), ("i64", [])])
def test_concat_and_slice(program, element, dims):
    values = lambda space: program.random.integers(-9, 9, (program.rows(space), *dims))
    (p, a), (h, b), (c, d) = (program.input(n, s, dims, values(s), element) for n, s in (("p", REQUEST), ("h", HISTORY), ("c", CANDIDATES)))
    space = concat(REQUEST, HISTORY, CANDIDATES)
    everything = program.op("recsys.concat_rows {0}, {1}, {2}", [p, h, c], jagged(space, dims, element))
    program.output("all", everything)
    for name, first, count, to in (
        ("front", 0, 1, REQUEST),
        ("middle", 1, 1, HISTORY),
        ("back", 2, 1, CANDIDATES),
        ("two", 1, 2, concat(HISTORY, CANDIDATES)),
    ):
        program.output(name, program.op(f"recsys.slice_rows {{0}} first {first} count {count}", [everything], jagged(to, dims, element)))
    got = program.run()
    parts = list(zip(split(program, a, REQUEST), split(program, b, HISTORY), split(program, d, CANDIDATES)))
    assert_equal(got["all"], join([np.concatenate(part) for part in parts], a))
    assert_equal(got["front"], join([part[0] for part in parts], a))
    assert_equal(got["middle"], join([part[1] for part in parts], a))
    assert_equal(got["back"], join([part[2] for part in parts], a))
    assert_equal(got["two"], join([np.concatenate(part[1:]) for part in parts], a))
    lengths = np.diff(got["all.offsets"])
    np.testing.assert_array_equal(lengths, 1 + program.history + program.candidates)


def test_neighbouring_constants_are_one_part(program):
    """Slices of rows<3> are addressed by the whole merged part."""
    (p, a), (h, b) = program.input("p", REQUEST, [2]), program.input("h", HISTORY, [2])
    space = concat("#recsys.rows<2>", HISTORY)
    everything = program.op("recsys.concat_rows {0}, {1}, {2}", [p, p, h], jagged(space, [2]))
    program.output("y", program.op("recsys.slice_rows {0} first 1 count 1", [everything], jagged(HISTORY, [2])))
    program.output("two", program.op("recsys.slice_rows {0} first 0 count 1", [everything], jagged("#recsys.rows<2>", [2])))
    got = program.run()
    assert_equal(got["y"], b.astype(float))
    assert_equal(got["two"], np.repeat(a, 2, 0).astype(float))


def test_interleave_and_deinterleave(program):
    (x, a), (y, b), (z, c) = (program.input(n, HISTORY, [3]) for n in "xyz")
    mixed = program.op("recsys.interleave {0}, {1}, {2}", [x, y, z], jagged(f"#recsys.interleave<{HISTORY}, 3>", [3]))
    program.output("mixed", mixed)
    for phase in range(3):
        program.output(f"p{phase}", program.op(f"recsys.deinterleave {{0}} phase {phase}", [mixed], x.type))
    got = program.run()
    expected = np.empty((3 * len(a), 3))
    for phase, values in enumerate((a, b, c)):
        expected[phase::3] = values
        assert_equal(got[f"p{phase}"], values.astype(float))
    assert_equal(got["mixed"], expected)


@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize("count", [1, 4])
def test_take(program, end, count):
    x, a = program.input("x", HISTORY, [2])
    program.output("y", program.op("recsys.take_rows {0}", [x], jagged(f"#recsys.take_{end}<{HISTORY}, {count}>", [2])))
    parts = [rows[:count] if end == "first" else rows[len(rows) - min(count, len(rows)) :] for rows in split(program, a, HISTORY)]
    assert_equal(program.run()["y"], join(parts, a))


def test_take_of_everything_is_the_same_space(program):
    x, a = program.input("x", CANDIDATES, [2])
    program.output("y", program.op("recsys.take_rows {0}", [x], jagged(f"#recsys.take_last<{CANDIDATES}, 12>", [2])))
    assert_equal(program.run()["y"], a.astype(float))


@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("element, dims", [("f32", [2]), ("i64", [])])
def test_shift(program, by, element, dims):
    values = lambda space: program.random.integers(-99, 99, (program.rows(space), *dims))
    (x, a), (f, fill) = (program.input(n, s, dims, values(s), element) for n, s in (("x", HISTORY), ("f", REQUEST)))
    program.output("y", program.op(f"recsys.shift {{0}}, {{1}} by {by}", [x, f], x.type))
    parts = []
    for r, rows in enumerate(split(program, a, HISTORY)):
        order = [*rows[1:], fill[r]] if by == -1 else [fill[r], *rows[:-1]]
        parts.append(np.array(order[: len(rows)], a.dtype).reshape(rows.shape))
    assert_equal(program.run()["y"], join(parts, a))


def test_broadcast(program):
    x, a = program.input("x", REQUEST, [2, 2])
    program.output("y", program.op("recsys.broadcast_rows {0}", [x], jagged(HISTORY, [2, 2])))
    assert_equal(program.run()["y"], np.repeat(a, program.history, 0).astype(float))


def test_splat(program):
    w, b = program.parameter("w", 1, 6)
    program.output("y", program.op("recsys.splat_rows {0}", [w], jagged(HISTORY, [2, 3])))
    assert_equal(program.run()["y"], np.broadcast_to(b.reshape(2, 3), (program.rows(HISTORY), 2, 3)))


@pytest.mark.parametrize("count", [2, 8])
def test_pad(program, count):
    x, a = program.input("x", HISTORY, [3])
    program.output("y", program.op("recsys.pad_rows {0}", [x], jagged(f"#recsys.rows<{count}>", [3])))
    expected = np.zeros((len(program.history), count, 3))
    for r, rows in enumerate(split(program, a, HISTORY)):
        expected[r, : min(count, len(rows))] = rows[:count]
    assert_equal(program.run()["y"], expected.reshape(-1, 3))


def test_mask_rows(program):
    x, a = program.input("x", HISTORY, [3])
    ids, numbers = program.input("ids", HISTORY, values=program.random.integers(0, 3, program.rows(HISTORY)), element="i64")
    a[numbers == 1] = np.nan  # what is masked is selected away, not multiplied by zero
    program.output("y", program.op("recsys.mask_rows {0}, {1} value 1", [x, ids], x.type))
    assert_equal(program.run()["y"], np.where((numbers == 1)[:, None], 0, a).astype(float))


def test_mask_short(program):
    x, a = program.input("x", HISTORY, [3])
    form = f"recsys.mask_short {{0}} spaces [{HISTORY}, {CANDIDATES}] min_rows 10"
    program.output("y", program.op(form, [x], x.type))
    keep = np.repeat(program.history + program.candidates >= 10, program.history)
    assert_equal(program.run()["y"], np.where(keep[:, None], a, 0).astype(float))


@pytest.mark.parametrize("kind", ["first", "last", "sum", "mean", "max"])
def test_pool(program, kind):
    x, a = program.input("x", HISTORY, [3])
    program.output("y", program.op(f"recsys.pool {kind} {{0}}", [x], jagged(REQUEST, [3])))
    reduce = {"first": lambda v: v[0], "last": lambda v: v[-1], "sum": lambda v: v.sum(0), "mean": lambda v: v.mean(0), "max": lambda v: v.max(0)}[kind]
    parts = [reduce(rows.astype(float)) if len(rows) else np.zeros(3) for rows in split(program, a, HISTORY)]
    assert_equal(program.run()["y"], np.array(parts).reshape(-1, 3))


SPACES = {
    f"#recsys.group<{HISTORY}, 4, pad_last>": lambda h, c: -(-h // 4),
    f"#recsys.group<{HISTORY}, 4, drop_last>": lambda h, c: h // 4,
    f"#recsys.nest<{CANDIDATES}, {HISTORY}>": lambda h, c: h * c,
    f"#recsys.nest<{CANDIDATES}, #recsys.rows<3>>": lambda h, c: 3 * c,
    f"#recsys.take_first<#recsys.group<{HISTORY}, 4, drop_last>, 2>": lambda h, c: np.minimum(h // 4, 2),
    concat(f"#recsys.interleave<{HISTORY}, 2>", REQUEST, f"#recsys.take_last<{HISTORY}, 3>"): lambda h, c: 2 * h + 1 + np.minimum(h, 3),
}


@pytest.mark.parametrize("space", SPACES)
def test_rows_of_derived_spaces(program, space):
    w, b = program.parameter("w", 2)
    program.output("y", program.op("recsys.splat_rows {0}", [w], jagged(space, [2])))
    got = program.run()
    np.testing.assert_array_equal(np.diff(got["y.offsets"]), SPACES[space](program.history, program.candidates))
    assert_equal(got["y"], np.broadcast_to(b, got["y"].shape))


@pytest.mark.parametrize("mode", ["double", "compiled"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
def test_filter_rows(program, kept, mode):
    """Rows whose flag is not 0, in order; what is over them, and the last three."""
    flags = np.where(program.random.random(program.rows(HISTORY)) < kept, program.random.choice([1, -7, 2**40], program.rows(HISTORY)), 0)
    x, a = program.input("x", HISTORY, [3])
    k, _ = program.input("k", HISTORY, values=flags, element="i64")
    g, b = program.input("g", REQUEST, [3])
    rows = f'#recsys.opaque<"valid", max = {HISTORY_MAX}>'
    places = program.op("recsys.filter_rows {0}", [k], jagged(rows, [], "i64"))
    valid = program.op("recsys.gather_rows {0}, {1}", [x, places], jagged(rows, [3]))
    all_of = program.op("recsys.broadcast_rows {0}", [g], jagged(rows, [3]))
    together = program.op("recsys.concat_rows {0}, {1}", [valid, all_of], jagged(concat(rows, rows), [3]))
    last = program.op("recsys.take_rows {0}", [valid], jagged(f"#recsys.take_last<{rows}, 3>", [3]))
    for name, value in (("places", places), ("valid", valid), ("together", together), ("last", last)):
        program.output(name, value)
    program.output("mean", program.op("recsys.pool mean {0}", [valid], jagged(REQUEST, [3])))
    got = program.run(mode)
    tolerance = 1e-12 if mode == "double" else 1e-6
    parts = [rows[flag != 0] for rows, flag in zip(split(program, a, HISTORY), split(program, flags, HISTORY))]
    assert_equal(got["places"], join([np.nonzero(flag)[0] for flag in split(program, flags, HISTORY)], flags))
    assert_equal(got["valid"], join(parts, a), tolerance)
    np.testing.assert_array_equal(np.diff(got["valid.offsets"]), [len(part) for part in parts])
    both = [np.concatenate([part, np.repeat(row[None], len(part), 0)]) for part, row in zip(parts, b)]
    assert_equal(got["together"], join(both, a), tolerance)
    assert_equal(got["last"], join([part[-3:] for part in parts], a), tolerance)
    means = np.array([part.astype(float).mean(0) if len(part) else np.zeros(3) for part in parts]).reshape(-1, 3)
    assert_equal(got["mean"], means, tolerance)
