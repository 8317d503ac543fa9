#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What rewrites of a model are worth, measured against what their operations say: `./dev bench --ratios`.

Each row compares a model with the same work done another way. The ideal ratio is that of the floating-point operations which the compiler counts in its own kernels; the measured
one that of times on one thread, in turns, with a bootstrap interval of 90 %. The slower form stands first: the operations of each side, its time and GFLOP/s. Where the slower form
computes at a lower rate, a part of the measured ratio is the rate's. Efficiency is measured over ideal, and at least 0.8; a row that cannot be sure of that has a floor of its own, and says
why when it is below. Whoever else uses the machine can only add time: a row that is below 0.8 is measured again, twice at most.

    ratios.py [WORD…]     the rows whose names hold one of the words; all without
"""
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / os.environ.get("RECCC_BUILD", "build")
MODELS, EXAMPLES = HERE / "models" / "ratios", ROOT / "examples" / "05_naive_rankers"
FLOOR, REPEATS, ROUNDS, ATTEMPTS = 0.8, 5, 6, 3
NAIVE = ["--skip-pass=recsys-amortize-nests,recsys-remove-dead-rows"]


@dataclass
class Side:
    """`times`: how often the row needs it. With `slice` that many candidates at a time are scored against the user's state, which is
    made once (`makes_state`) or at hand."""

    model: Path
    flags: list = field(default_factory=list)
    lengths: dict = None  # other than those of the row
    times: int = 1
    slice: int = 0
    makes_state: bool = True


@dataclass
class Row:
    """`expected`: the ideal ratio that the papers' formulas give, where they give one. `floor`: of the efficiency; `reason`: why it is below FLOOR."""

    name: str
    slow: Side
    fast: Side
    lengths: dict
    inputs: dict  # name: (rows, width of floats, or None for ids below 1,000)
    expected: float = None
    floor: float = FLOOR
    reason: str = ""


HSTU_INPUTS = {"history_x": ("history", 64), "candidate_x": ("candidates", 64)}
BST_INPUTS = {"item": ("history", None), "candidate": ("candidates", None)}


def amortized(n, m):
    model = MODELS / "naive_hstu.textproto"
    return Row(f"amortized, {n} events, {m} candidates", Side(model, NAIVE), Side(model), {"history": n, "candidates": m}, HSTU_INPUTS)


def bst(name, what):
    model = EXAMPLES / f"{name}.textproto"
    return Row(what, Side(model, NAIVE), Side(model), {"history": 20, "candidates": 500}, BST_INPUTS)


def merged(size, expected):
    return Row(f"merging by {size}, 2,048 events", Side(MODELS / "longer_merge_1.textproto"), Side(MODELS / f"longer_merge_{size}.textproto"),
               {"history": 2048}, {"events": ("history", 32)}, expected)


def kept(what, n, m, width, makes_state=True):
    """Candidates in slices: the whole model for each slice, or slices against the state of the user."""
    model, slices = MODELS / "kept_hstu.textproto", m // width
    return Row(f"{what}, {n:,} events, {slices} x {width} candidates",
               Side(model, lengths={"history": n, "candidates": width}, times=slices), Side(model, slice=width, makes_state=makes_state),
               {"history": n, "candidates": m}, {"history_x": ("history", 256), "candidate_x": ("candidates", 256)})


ROWS = [
    amortized(20, 500), amortized(100, 500), amortized(500, 500),
    kept("state made", 2048, 100, 100), kept("state made", 2048, 512, 128), kept("state kept", 2048, 500, 500, makes_state=False),
    bst("naive_bst", "BST, all rows read"), bst("naive_bst_target", "BST, the candidate's row read"),
    merged(4, 587.2 / 335.5), merged(8, None),
    Row("100 queries instead of 250, 500 tokens", Side(MODELS / "longer_queries_250.textproto"), Side(MODELS / "longer_queries_100.textproto"),
        {"tokens": 500}, {"merged": ("tokens", 128)}),
    Row("DIN's first layer, 200 events, 100 candidates", Side(MODELS / "din.textproto", ["--skip-pass=recsys-split-concat-linear"]), Side(MODELS / "din.textproto"),
        {"history": 200, "candidates": 100}, {"keys": ("history", 64), "query": ("candidates", 64)}, floor=0.7,
        reason="multiplying is two thirds of the faster side's time; the rest, a product and two sums a pair, the second layer and the pool, is 2 % of its operations"),
    Row("dead rows, 3 layers, 1,024 events", Side(HERE / "models" / "hstu.textproto", ["--skip-pass=recsys-remove-dead-rows"]),
        Side(HERE / "models" / "hstu.textproto"), {"history": 1024, "candidates": 100}, {"history_x": ("history", 512), "candidate_x": ("candidates", 512)}),
]


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Program:
    """One side: its artifact and requests, millions of operations, and milliseconds of each round."""

    def __init__(self, side, row, work, name):
        self.side, self.artifact, self.requests, self.times = side, work / f"{name}.so", work / f"{name}.safetensors", []
        lengths, report = side.lengths or row.lengths, work / f"{name}.txt"
        make_requests(lengths, row.inputs, self.requests)
        counted = {**lengths, "candidates": side.slice} if side.slice else lengths
        text = ",".join(f"{rows}={count}" for rows, count in counted.items())
        call(BUILD / "bin" / "reccc", side.model, "--random-weights", *side.flags, f"--explain={report}", f"--explain-lengths={text}", "-o", self.artifact)
        flops = {entry: float(count) for count, entry in re.findall(r"([\d.]+) MFLOP .* @(\w+), stage kernels", report.read_text())}
        if side.slice:
            self.mflop = flops["prefill"] * side.makes_state + flops["score"] * lengths["candidates"] / side.slice
        else:
            self.mflop = flops["rank"] * side.times

    def run(self):
        states = ["--states", f"--slice={self.side.slice}"] if self.side.slice else []
        text = call(BUILD / "bin" / "reccc-run", self.artifact, self.requests, "--threads=1", f"--repeat={REPEATS}", *states)
        if states:
            making, scoring = map(float, re.findall(r"([\d.]+) ms to", text))
            self.times.append(making * self.side.makes_state + scoring)
        else:
            self.times.append(self.side.times * float(re.search(r"median ([\d.]+) ms", text)[1]))


def make_requests(lengths, inputs, path):
    rng, tensors = np.random.default_rng(3), {}
    for rows, count in lengths.items():
        tensors[f"{rows}.offsets"] = np.array([0, count])
    for name, (rows, width) in inputs.items():
        count = lengths[rows]
        tensors[name] = rng.integers(0, 1000, count) if width is None else rng.standard_normal((count, width)).astype(np.float32)
    save_file(tensors, path)


def measure(row, work):
    """Ideal and measured ratio, the interval of the latter, and of both sides millions of operations and milliseconds."""
    slow, fast = Program(row.slow, row, work, "slow"), Program(row.fast, row, work, "fast")
    for _ in range(ROUNDS):
        slow.run()
        fast.run()
    rng = np.random.default_rng(4)
    pairs = np.array([slow.times, fast.times])
    drawn = [np.divide(*np.median(pairs[:, rng.integers(0, ROUNDS, ROUNDS)], axis=1)) for _ in range(1000)]
    return slow.mflop / fast.mflop, np.divide(*np.median(pairs, axis=1)), np.percentile(drawn, [5, 95]), np.array([slow.mflop, fast.mflop]), np.median(pairs, axis=1)


def main():
    wanted = sys.argv[1:]
    flags = [word for word in wanted if word.startswith("-")]
    rows = [row for row in ROWS if not wanted or any(word in row.name for word in wanted)]
    if flags or not rows:
        names = "\n  ".join(row.name for row in ROWS)
        print(f"ratios.py: error: {'unknown flag ' + flags[0] if flags else 'no row holds ' + ' or '.join(wanted)}; expected words of these rows:\n  {names}", file=sys.stderr)
        return 2
    work = BUILD / "benchmarks" / "ratios"
    work.mkdir(parents=True, exist_ok=True)
    missed = []
    print(f"{'':45} {'ideal':>8} {'measured':>9} {'90 % interval':>17} {'efficiency':>10}   {'MFLOP':^19}   {'ms':^17}   GFLOP/s")
    for row in rows:
        for _ in range(ATTEMPTS):
            ideal, ratio, (low, high), mflop, times = measure(row, work)
            if ratio >= FLOOR * ideal:
                break
        wrong = []
        if ratio < row.floor * ideal:
            wrong.append(f"MISSED: efficiency below {row.floor}")
        note = f"below {FLOOR}: {row.reason}" if row.floor * ideal <= ratio < FLOOR * ideal else ""
        if row.expected is not None and abs(ideal / row.expected - 1) >= 0.01:
            wrong.append(f"MISSED: the formulas' ratio is {row.expected:.2f}")
        missed += [row.name] * bool(wrong)
        sides = [f"{a:8.{digits}f} : {b:<8.{digits}f}" for digits, (a, b) in ((1, mflop), (2, times), (1, mflop / times))]
        print(f"{row.name:45} {ideal:8.2f} {ratio:9.2f} {low:8.2f} {high:8.2f} {ratio / ideal:10.2f}   {'   '.join([*sides, note, *wrong]).rstrip()}", flush=True)
    print(f"missed: {', '.join(missed)}" if missed else "all ratios hold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
