# SPDX-License-Identifier: Apache-2.0
"""Random models and descriptions of fixed seeds: see run_fuzz.py."""
import os
import subprocess

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
    """Over the seeds above: every op of the dialect, kind of space and mask, keyword; every block, field and keyword of the schema."""
    done = subprocess.run([BUILD / "bin" / "reccc-fuzz", f"--{kind}={COUNTS[kind]}", "--seed=1", "--coverage"], capture_output=True, text=True, timeout=300)
    missing = [line for line in done.stdout.splitlines() if line.startswith("in no ")]
    assert done.returncode == 0 and not missing, "\n".join([*missing, done.stderr])
