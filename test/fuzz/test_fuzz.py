# SPDX-License-Identifier: Apache-2.0
"""Random models and descriptions of fixed seeds: see run_fuzz.py."""
import os
import subprocess
import sys

import pytest

import run_fuzz as run

BUILD = (run.ROOT / os.environ.get("RECCC_BUILD", "build")).resolve()
COUNTS = {"models": 200, "descriptions": 200}
# Descriptions make large models; of these the others run in the interpreter alone, after each pass.
COMPILED = {"models": 200, "descriptions": 50}


@pytest.mark.parametrize("kind, seed", [(kind, seed) for kind, count in COUNTS.items() for seed in range(1, count + 1, run.CHUNK)])
def test_seeds(kind, seed):
    wrong = run.run_seeds(BUILD, kind, seed, run.CHUNK, compiled=seed <= COMPILED[kind])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", COUNTS)
def test_everything_is_generated(kind):
    """Over twice the seeds above: every op of the dialect, kind of space and mask, keyword; every block, field and keyword of the schema."""
    done = subprocess.run([BUILD / "bin" / "reccc-fuzz", f"--{kind}={2 * COUNTS[kind]}", "--seed=1", "--coverage"], capture_output=True, text=True, timeout=300)
    missing = [line for line in done.stdout.splitlines() if line.startswith("in no ")]
    assert done.returncode == 0 and not missing, "\n".join([*missing, done.stderr])


@pytest.mark.parametrize("flags, message", [
    ("--models=-5", "from 0 to 100000000, got '-5'"),
    ("--models=1e3", "got '1e3'"),
    ("--models=", "got ''"),
    ("--models=99999999999999999999", "got '99999999999999999999'"),
    ("--models=1 --seed=-1", "argument --seed: expected a number"),
    ("--models=1 --jobs=0", "from 1 to 1024, got '0'"),
    ("--model=1", "unrecognized arguments"),
    ("--seed=3", "nothing to do: expected --models=N"),
    ("--models=1 --build=/no/such/folder", "is not built"),
])
def test_bad_command_lines(flags, message):
    done = subprocess.run([sys.executable, run.__file__, f"--build={BUILD}", *flags.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and message in done.stderr, done.stderr


@pytest.mark.parametrize("flags, code, message", [
    ("--models=-5", 2, "expected numbers from 0 to 2^53"),
    ("--models=1 --seed=9007199254740993", 2, "expected numbers from 0 to 2^53"),
    ("--seed=1", 2, "nothing to do"),
    ("--module=/dev/null", 1, "expected a module with one recsys.model"),
])
def test_bad_command_lines_of_the_tool(flags, code, message):
    done = subprocess.run([BUILD / "bin" / "reccc-fuzz", *flags.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == code and message in done.stderr, done.stderr
