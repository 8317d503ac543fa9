#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random models and descriptions, by reccc-fuzz in several processes.

    run_fuzz.py --models=10000 [--descriptions=1000] [--seed=S] [--jobs=J] [--build DIR]

Prints each mismatch with its seed and leaves what replays it under <build>/fuzz/<kind>/<seed>. A process that dies or hangs is a mismatch
of the seed that it was at; the seeds behind it go on in a new process. Exits with 1 when there is any, with 2 when the command line is wrong.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHUNK = 25  # seeds of a process
SECONDS = 60  # that a seed may take
KINDS = ("models", "descriptions")


def run_process(build, kind, seed, count, compiled):
    """Runs seeds [seed, seed + count); returns what went wrong and how many seeds are done."""
    folder = build / "fuzz" / kind
    command = [build / "bin" / "reccc-fuzz", f"--{kind}={count}", f"--seed={seed}", f"--write={folder}", f"--compile={int(compiled)}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS * count)
        output, ended = done.stdout, done.returncode in (0, 1) and f"{count} {kind}," in done.stdout
        reason = f"exit {done.returncode}\n{done.stderr[-2000:]}"
    except subprocess.TimeoutExpired as late:
        output, ended, reason = (late.stdout or b"").decode(errors="replace"), False, f"no end after {SECONDS * count} s"
    wrong = re.findall(r"^mismatch, .*$", output, re.M)
    if ended:
        return wrong, count
    seeds = [int(number) for number in re.findall(r"^seed (\d+)$", output, re.M)]
    last = seeds[-1] if seeds else seed
    return wrong + [f"mismatch, seed {last}: the process dies: {reason}"], last - seed + 1


def run_seeds(build, kind, seed, count, compiled=True):
    wrong = []
    while count > 0:
        found, done = run_process(build, kind, seed, count, compiled)
        wrong += found
        seed, count = seed + done, count - done
    return wrong


def check(build, kind, count, seed, jobs):
    """All mismatches; the bar of ./dev reads the progress."""
    start, wrong = time.time(), []
    chunks = [(first, min(CHUNK, seed + count - first)) for first in range(seed, seed + count, CHUNK)]
    with ThreadPoolExecutor(jobs) as pool:
        done = 0
        for (_, size), found in zip(chunks, pool.map(lambda chunk: run_seeds(build, kind, *chunk), chunks)):
            done += size
            wrong += found
            for line in found:
                print(line, flush=True)
            print(f"\r[{done}/{count}] {kind}, {len(wrong)} mismatches, {time.time() - start:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"{count} {kind} from seed {seed}: {len(wrong)} mismatches, {time.time() - start:.0f} s", flush=True)
    return wrong


def number(least, most):
    def parse(text):
        if not re.fullmatch(r"\d{1,18}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least} to {most}, got '{text}'")
        return int(text)
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path)
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=number(0, 10**8), default=0, help="how many")
    parser.add_argument("--seed", type=number(0, 10**15), default=1, help="of the first")
    parser.add_argument("--jobs", type=number(1, 1024), default=os.cpu_count())
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    if not any(getattr(arguments, kind) for kind in KINDS):
        parser.error("nothing to do: expected --models=N, --descriptions=N or both")
    if not (build / "bin" / "reccc-fuzz").is_file():
        parser.error(f"{build}/bin/reccc-fuzz is not built: ./dev build reccc-fuzz makes it")
    wrong = [line for kind in KINDS if getattr(arguments, kind) > 0
             for line in check(build, kind, getattr(arguments, kind), arguments.seed, arguments.jobs)]
    if wrong:
        print(f"{len(wrong)} wrong; `reccc-fuzz --<kind>=1 --seed=<seed>` replays one, {build / 'fuzz'} holds its files")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
