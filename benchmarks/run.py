#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks with their floors: `./dev bench`.

kernels   the fp32 GEMM reaches 60 % of the FMA peak that is probed between its runs
W1        three HSTU layers, one request of 1,024 history rows and 100 candidates, one thread: 40 % of the peak; only operations that are executed count
W2        eight requests of mixed lengths: two threads are 1.6 times as fast as one
arena     memory of activations at 4,096 history rows: at most 2.2 times that at 2,048

Prints the figures; exits with 1 when a floor is missed. Whoever else uses the machine can only add time: models count with the least of several rounds, one and two threads
in turns, and the kernels are measured again, twice at most, when they miss.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WIDTH, HEADS, LAYERS, CANDIDATES = 512, 4, 3, 100
W1 = [1024]
W2 = [274, 217, 435, 268, 151, 338, 791, 573]
ROUNDS = 4
ATTEMPTS = 3
FLOORS = {"W1": 0.4, "threads": 1.6, "arena": 2.2}


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def weights(path):
    """Random weights at the scale of a trained model."""
    rng, tensors = np.random.default_rng(1), {}
    for layer in range(LAYERS):
        for name, shape in {"_uvqk_weight": (WIDTH, 4 * WIDTH), "_uvqk_beta": (4 * WIDTH,), "_output_weight": (WIDTH, WIDTH)}.items():
            tensors[f"layers.{layer}.{name}"] = (rng.standard_normal(shape) / np.sqrt(WIDTH)).astype(np.float32)
        for name in ("input", "output"):
            tensors[f"layers.{layer}._{name}_norm_weight"] = np.ones(WIDTH, np.float32)
            tensors[f"layers.{layer}._{name}_norm_bias"] = np.zeros(WIDTH, np.float32)
    save_file(tensors, path)


def requests(path, histories):
    rng = np.random.default_rng(2)
    count = len(histories)
    save_file({
        "history.offsets": np.concatenate([[0], np.cumsum(histories)]).astype(np.int64),
        "candidates.offsets": np.arange(count + 1, dtype=np.int64) * CANDIDATES,
        "history_x": rng.standard_normal((sum(histories), WIDTH)).astype(np.float32),
        "candidate_x": rng.standard_normal((count * CANDIDATES, WIDTH)).astype(np.float32),
    }, path)


def executed(histories):
    """Floating-point operations of the dot products that run. The last layer computes the candidates' rows alone; of the history it needs keys and values."""
    total = 0
    for history in histories:
        rows, to_candidates = history + CANDIDATES, CANDIDATES * (history + 1)
        pairs = history * (history + 1) // 2 + to_candidates
        full = rows * WIDTH * 5 * WIDTH + pairs * 2 * WIDTH
        last = history * WIDTH * 2 * WIDTH + CANDIDATES * WIDTH * 5 * WIDTH + to_candidates * 2 * WIDTH
        total += 2 * ((LAYERS - 1) * full + last)
    return total


class Model:
    def __init__(self, build, work):
        self.runner, self.work, self.artifact = build / "bin" / "reccc-run", work, work / "hstu.so"
        weights(work / "weights.safetensors")
        call(build / "bin" / "reccc", HERE / "models" / "hstu.textproto", f"--weights={work / 'weights.safetensors'}", "-o", self.artifact)

    def run(self, histories, threads, repeat):
        """Median milliseconds, and bytes of activations."""
        path = self.work / "requests.safetensors"
        requests(path, histories)
        text = call(self.runner, self.artifact, path, f"--threads={threads}", f"--repeat={repeat}")
        return float(re.search(r"median ([\d.]+) ms", text)[1]), int(re.search(r"\((\d+) for activations\)", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / os.environ.get("RECCC_BUILD", "build"))
    options = parser.parse_args()
    build = options.build.resolve()
    work = build / "benchmarks" / "models"
    work.mkdir(parents=True, exist_ok=True)
    level = "x86-64-v4" if "avx512vl" in Path("/proc/cpuinfo").read_text() else "x86-64-v3"
    missed = []

    def floor(name, holds):
        if not holds:
            missed.append(name)
        return "" if holds else "   MISSED"

    print(f"kernels, {level}, fp32", flush=True)
    for _ in range(ATTEMPTS):
        kernels = subprocess.run([build / "bin" / "kernel-bench", f"--cpu={level}", "--check"], stdout=subprocess.PIPE, text=True)
        print(kernels.stdout, end="", flush=True)
        if kernels.returncode == 0:
            break
    floor("kernels", kernels.returncode == 0)
    peak = float(re.search(r"peak ([\d.]+) GFLOP/s", kernels.stdout)[1]) if "peak" in kernels.stdout else float("inf")

    model = Model(build, work)
    milliseconds = min(model.run(W1, 1, 15)[0] for _ in range(ROUNDS))
    rate = executed(W1) / milliseconds * 1e-6
    print(f"W1, one thread: {milliseconds:.1f} ms, {rate:.1f} GFLOP/s executed, {rate / peak:.1%} of peak (floor {FLOORS['W1']:.0%})"
          f"{floor('W1', rate / peak >= FLOORS['W1'])}")
    one, two = (min(times) for times in zip(*((model.run(W2, 1, 9)[0], model.run(W2, 2, 9)[0]) for _ in range(ROUNDS))))
    print(f"W2: {one:.1f} ms with one thread, {two:.1f} ms with two: {one / two:.2f} times as fast (floor {FLOORS['threads']})"
          f"{floor('threads', one / two >= FLOORS['threads'])}")
    small, large = model.run([2048], 1, 1)[1], model.run([4096], 1, 1)[1]
    print(f"activations: {small / 2**20:.1f} MiB at 2,048 history rows, {large / 2**20:.1f} MiB at 4,096: {large / small:.2f} times (at most {FLOORS['arena']})"
          f"{floor('arena', large / small <= FLOORS['arena'])}")
    print(f"floors missed: {', '.join(missed)}" if missed else "all floors hold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
