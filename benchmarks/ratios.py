#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What rewrites of a model are worth, measured against what their operations say: `./dev bench --ratios`.

Each row compares a model with the same work done another way. The ideal ratio is that of the floating-point operations which the compiler counts in its own kernels; the measured
one that of times on one thread, in turns, with a bootstrap interval of 90 %. The lower half of a row is the faster form. Efficiency is measured over ideal, and at least 0.8.
Whoever else uses the machine can only add time: a row that misses is measured again, twice at most.
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
    model: Path
    flags: list = field(default_factory=list)


@dataclass
class Row:
    """`expected`: the ideal ratio that the papers' formulas give, where they give one; `reason`: why the efficiency is below the floor."""

    name: str
    slow: Side
    fast: Side
    lengths: dict
    inputs: dict  # name: (rows, width of floats, or None for ids below 1,000)
    expected: float = None
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


ROWS = [
    amortized(20, 500), amortized(100, 500), amortized(500, 500),
    bst("naive_bst", "BST, all rows read"), bst("naive_bst_target", "BST, the candidate's row read"),
    merged(4, 587.2 / 335.5), merged(8, None),
    Row("100 queries instead of 250, 500 tokens", Side(MODELS / "longer_queries_250.textproto"), Side(MODELS / "longer_queries_100.textproto"),
        {"tokens": 500}, {"merged": ("tokens", 128)}),
    Row("DIN's first layer, 200 events, 100 candidates", Side(MODELS / "din.textproto", ["--skip-pass=recsys-split-concat-linear"]), Side(MODELS / "din.textproto"),
        {"history": 200, "candidates": 100}, {"keys": ("history", 64), "query": ("candidates", 64)}),
    Row("dead rows, 3 layers, 1,024 events", Side(HERE / "models" / "hstu.textproto", ["--skip-pass=recsys-remove-dead-rows"]),
        Side(HERE / "models" / "hstu.textproto"), {"history": 1024, "candidates": 100}, {"history_x": ("history", 512), "candidate_x": ("candidates", 512)}),
]


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Program:
    def __init__(self, side, lengths, work, name):
        self.artifact, report = work / f"{name}.so", work / f"{name}.txt"
        text = ",".join(f"{rows}={count}" for rows, count in lengths.items())
        call(BUILD / "bin" / "reccc", side.model, "--random-weights", *side.flags, f"--explain={report}", f"--explain-lengths={text}", "-o", self.artifact)
        self.flops = float(re.search(r"([\d.]+) MFLOP .* stage kernels", report.read_text())[1])
        self.times = []

    def run(self, requests):
        text = call(BUILD / "bin" / "reccc-run", self.artifact, requests, "--threads=1", f"--repeat={REPEATS}")
        self.times.append(float(re.search(r"median ([\d.]+) ms", text)[1]))


def make_requests(row, path):
    rng, tensors = np.random.default_rng(3), {}
    for rows, count in row.lengths.items():
        tensors[f"{rows}.offsets"] = np.array([0, count])
    for name, (rows, width) in row.inputs.items():
        count = row.lengths[rows]
        tensors[name] = rng.integers(0, 1000, count) if width is None else rng.standard_normal((count, width)).astype(np.float32)
    save_file(tensors, path)


def measure(row, work):
    """Ideal and measured ratio, the interval of the latter, and milliseconds of both sides."""
    requests = work / "requests.safetensors"
    make_requests(row, requests)
    slow, fast = Program(row.slow, row.lengths, work, "slow"), Program(row.fast, row.lengths, work, "fast")
    for _ in range(ROUNDS):
        slow.run(requests)
        fast.run(requests)
    rng = np.random.default_rng(4)
    pairs = np.array([slow.times, fast.times])
    drawn = [np.divide(*np.median(pairs[:, rng.integers(0, ROUNDS, ROUNDS)], axis=1)) for _ in range(1000)]
    return slow.flops / fast.flops, np.divide(*np.median(pairs, axis=1)), np.percentile(drawn, [5, 95]), np.median(pairs, axis=1)


def main():
    wanted = sys.argv[1:]
    work = BUILD / "benchmarks" / "ratios"
    work.mkdir(parents=True, exist_ok=True)
    missed = []
    print(f"{'':42} {'ideal':>8} {'measured':>9} {'90 % interval':>17} {'efficiency':>10}   ms")
    for row in ROWS:
        if wanted and not any(word in row.name for word in wanted):
            continue
        for _ in range(ATTEMPTS):
            ideal, ratio, (low, high), (slow, fast) = measure(row, work)
            if ratio >= FLOOR * ideal or row.reason:
                break
        holds = ratio >= FLOOR * ideal and (row.expected is None or abs(ideal / row.expected - 1) < 0.01)
        if not holds and not row.reason:
            missed.append(row.name)
        note = "" if holds else f"   {row.reason or 'MISSED'}"
        print(f"{row.name:42} {ideal:8.2f} {ratio:9.2f} {low:8.2f} {high:8.2f} {ratio / ideal:10.2f}   {slow:.2f} : {fast:.2f}{note}", flush=True)
    print(f"missed: {', '.join(missed)}" if missed else "all ratios hold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
