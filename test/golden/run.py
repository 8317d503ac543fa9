#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs golden cases and compares every output with the numbers stored beside them.

    run.py [--build DIR] [--interpreter] [--stages] [--compiled] [CASE…]

The interpreter in double must give the stored values to 1e-9, inner values too, from the IR of every stage that it runs. Compiled code must keep the numeric contract: per
output, max|compiled - ref| <= max(2 max|naive - ref|, one unit in the last place of max|ref|), where ref is the interpreter in double and
naive the interpreter in the storage type. Prints one line for each output; exits with 1 when one is off or a case compared nothing.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace

import numpy as np
from safetensors.numpy import load_file

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ABSOLUTE = 1e-9
PRECISIONS = {"fp32": ("f32", 23), "bf16": ("bf16", 7)}  # mode of the interpreter, bits of the mantissa
STAGES = ("optimized", "quantized", "kernels")  # after `model`, those that the interpreter can run
AVX512 = {f"avx512{part}" for part in ("f", "bw", "cd", "dq", "vl")}
CPU = set(re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)[1].split())
LEVELS = ("v3", "v4") if AVX512 <= CPU else ("v3",)  # that this machine runs, weakest first
THREADS = (1, 2)


@dataclass
class Line:
    """One comparison."""

    case: str
    what: str
    output: str
    error: float
    allowed: float

    @property
    def ok(self):
        return bool(self.error <= self.allowed)  # NaN is not

    def __str__(self):
        verdict = "" if self.ok else "  WRONG"
        return f"{self.case:32} {self.what:16} {self.output:28} {self.error:10.3e} {self.allowed:10.3e}{verdict}"


HEADER = f"{'case':32} {'ran as':16} {'output':28} {'error':>10} {'allowed':>10}"


class Tools:
    """The tools of a build. Compiled models are kept beside them while the compiler stays the same file."""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.reccc, self.reccc_run = (self.build / "bin" / name for name in ("reccc", "reccc-run"))
        self.kept = None

    def keep(self):
        """The directory of the models that this compiler compiled; those of another are removed."""
        if not self.kept:
            everything = self.build / "golden"
            self.kept = everything / digest(self.reccc.read_bytes())
            for old in everything.glob("*"):
                if old != self.kept:
                    shutil.rmtree(old, ignore_errors=True)
            self.kept.mkdir(parents=True, exist_ok=True)
        return self.kept

    @staticmethod
    def call(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"exit {done.returncode} of {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def digest(*parts):
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:32]


@dataclass
class Run:
    """One description of a case with its requests and what they must give."""

    name: str
    model: pathlib.Path
    weights: pathlib.Path
    requests: pathlib.Path
    also: list
    expected: dict
    double_only: tuple = ()

    def also_flag(self):
        return [f"--also={','.join(self.also)}"] if self.also else []

    def interpret(self, tools, directory, mode, also=True, stage="model"):
        out = directory / f"{mode}.safetensors"
        extra = self.also_flag() if also else []
        tools.call(tools.reccc, self.model, "--weights", self.weights, f"--run={self.requests}", "--device=interpreter",
                   f"--mode={mode}", f"--stop-after={stage}", *extra, "-o", out)
        return load_file(out)


def cases():
    return sorted(path.parent.name for path in HERE.glob("*/model.textproto"))


def runs_of(case, directory):
    Tools.call(sys.executable, HERE / "adapt.py", HERE / case, directory)
    for run in json.loads((directory / "runs.json").read_text()):
        folder = directory / run["name"]
        label = case if run["name"] == "all" else f"{case}.{run['name']}"
        yield Run(label, HERE / case / run["model"], HERE / case / "weights.safetensors", folder / "requests.safetensors", run["also"],
                  load_file(folder / "expected.safetensors"), run["double_only"])


def distance(given, expected):
    """The greatest difference; infinite where shapes, NaN or infinities differ."""
    if given.shape != expected.shape:
        return np.inf
    if given.dtype.kind in "iu":
        return 0.0 if (given == expected).all() else np.inf
    given, expected = given.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(given) & np.isfinite(expected)
    if not np.array_equal(given[~finite], expected[~finite], equal_nan=True):
        return np.inf
    return float(np.abs(given - expected)[finite].max(initial=0.0))


def check_stored(run, what, outputs):
    for name, expected in sorted(run.expected.items()):
        if name not in outputs:
            raise RuntimeError(f"{run.name}: expected an output '{name}', got {', '.join(sorted(outputs))}")
        yield Line(run.name, what, name, distance(outputs[name], expected), ABSOLUTE)


def check_interpreter(run, tools, directory):
    """The stored values, inner ones too, by the interpreter in double."""
    yield from check_stored(run, "interpreter", run.interpret(tools, directory, "double"))


def check_stages(run, tools, directory):
    """What passes made of the model, in the interpreter. Without inner values as outputs more is dead and more is fused."""
    plain = run.interpret(tools, directory, "double", also=False)
    for stage in STAGES:
        yield from check_stored(run, stage, run.interpret(tools, directory, "double", stage=stage))
        outputs = run.interpret(tools, directory, "double", also=False, stage=stage)
        for name, expected in sorted(plain.items()):
            yield Line(run.name, f"{stage} plain", name, distance(outputs[name], expected), ABSOLUTE)


def unit_in_last_place(greatest, mantissa):
    return 2.0 ** (np.floor(np.log2(greatest)) - mantissa) if greatest > 0 else 0.0


def rank_error(ids, scores, reference_ids, reference_scores):
    """How far ids are from being a right order of the reference's scores, measured in scores. Scores of ids that the reference did not
    rank are at most that of its last."""
    worst = 0.0
    for row in zip(ids, scores, reference_ids, reference_scores):
        known = dict(zip(row[2].tolist(), row[3].tolist()))
        if len(set(row[0].tolist()) - {-1}) != (row[0] != -1).sum():
            return np.inf  # the same id twice
        for given, score, expected, right in zip(*row):
            if given == expected:
                continue
            if (given == -1) != (expected == -1):
                return np.inf
            worst = max(worst, abs(known[given] - right) if given in known else abs(score - right))
    return float(worst)


def check_outputs(run, what, outputs, reference, naive, mantissa):
    """Lines for all outputs of compiled code against the contract."""
    allowed = {}
    for name, value in reference.items():
        if value.dtype.kind == "f":
            greatest = float(np.abs(value[np.isfinite(value)]).max(initial=0.0))
            allowed[name] = max(2 * distance(naive[name], value), unit_in_last_place(greatest, mantissa))
    for name, value in sorted(reference.items()):
        if name.endswith(".offsets"):
            continue
        if name not in outputs:
            raise RuntimeError(f"{run.name}: expected an output '{name}', got {', '.join(sorted(outputs))}")
        scores = name.removesuffix(".ids") + ".scores"
        if name in allowed:
            yield Line(run.name, what, name, distance(outputs[name], value), allowed[name])
        elif name.endswith(".ids") and scores in reference:
            error = rank_error(outputs[name], outputs[scores], value, reference[scores])
            yield Line(run.name, what, name, error, 2 * allowed[scores])
        else:
            yield Line(run.name, what, name, distance(outputs[name], value), 0.0)


def compile_model(run, tools, precision, also=False):
    """All levels; only the best one with inner values as outputs, to save time."""
    flags = [f"--precision={precision}", *(run.also_flag() if also else [])]
    levels = LEVELS[-1:] if also else LEVELS
    flags.append("--cpu=" + ",".join(f"x86-64-{level}" for level in levels))
    name = digest(run.model.read_bytes(), run.weights.read_bytes(), " ".join(flags).encode())
    model = tools.keep() / f"{name}.so"
    if not model.exists():
        fresh = tools.keep() / f"{name}.{os.getpid()}.so"
        tools.call(tools.reccc, run.model, "--weights", run.weights, *flags, "-o", fresh)
        fresh.rename(model)
    return model


def execute(tools, model, requests, out, level, threads):
    tools.call(tools.reccc_run, model, requests, "--isa", level, "--threads", threads, "-o", out)
    return load_file(out)


def check_compiled(run, tools, directory):
    """Machine code on all levels and threads. The outputs as declared, then inner values too: this changes what is fused and dead."""
    run = replace(run, also=[name for name in run.also if name not in run.double_only])
    for also in (False, True):
        reference = run.interpret(tools, directory, "double", also)
        for precision, (mode, mantissa) in PRECISIONS.items():
            naive = run.interpret(tools, directory, mode, also)
            model = compile_model(run, tools, precision, also)
            for level in LEVELS[-1:] if also else LEVELS:
                for threads in THREADS:
                    outputs = execute(tools, model, run.requests, directory / "out.safetensors", level, threads)
                    what = f"{precision} {level} {threads}t{' +' if also else ''}"
                    yield from check_outputs(run, what, outputs, reference, naive, mantissa)


CHECKS = {"interpreter": check_interpreter, "stages": check_stages, "compiled": check_compiled}


def check(case, kind, tools):
    """All lines of a case; an error when there are none."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        lines = [line for run in runs_of(case, directory) for line in CHECKS[kind](run, tools, directory)]
    if not lines:
        raise RuntimeError(f"{case}: nothing was compared")
    return lines


def summarize(tools):
    """One line for each case: what it was compared with, and its largest error over the allowed one."""
    print(f"{'system':28} {'reference':44} {'interpreter':>12} {'compiled':>9}")
    wrong = 0
    for case in cases():
        worst = {kind: max(line.error / line.allowed if line.allowed else float(line.error > 0) for line in check(case, kind, tools))
                 for kind in ("interpreter", "compiled")}
        config = json.loads((HERE / case / "config.json").read_text())
        source = config.get("source") or config.get("repo", "")
        if isinstance(source, dict):
            source = source.get("repo") or source.get("paper") or ""
        bad = not all(ratio <= 1 for ratio in worst.values())
        wrong += bad
        print(f"{case:28} {str(source)[:44]:44} {worst['interpreter']:12.2g} {worst['compiled']:9.2f}{'  WRONG' if bad else ''}", flush=True)
    print(f"{wrong} wrong" if wrong else "all right: errors over allowed errors, at most 1")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=ROOT / "build")
    for kind in CHECKS:
        parser.add_argument(f"--{kind}", action="store_true", help=f"only this: {CHECKS[kind].__doc__.split('.')[0]}")
    parser.add_argument("--systems", action="store_true", help="a table of all cases, a line each")
    parser.add_argument("case", nargs="*", default=cases())
    arguments = parser.parse_args()
    if arguments.systems:
        sys.exit(summarize(Tools(arguments.build)))
    kinds = [kind for kind in CHECKS if getattr(arguments, kind)] or list(CHECKS)
    if not arguments.case:
        sys.exit("run.py: no case has a model.textproto")
    wrong = 0
    print(f"levels of this machine: {', '.join(LEVELS)}\n{HEADER}")
    for case in arguments.case:
        for kind in kinds:
            try:
                lines = check(case, kind, Tools(arguments.build))
            except RuntimeError as error:
                print(f"{case:32} {kind}: {error}")
                wrong += 1
                continue
            print(*lines, sep="\n", flush=True)
            wrong += sum(not line.ok for line in lines)
    print(f"{wrong} wrong" if wrong else "all right")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
