# SPDX-License-Identifier: Apache-2.0
"""Golden cases: see run.py."""
import os

import pytest

import run

TOOLS = run.Tools(run.ROOT / os.environ.get("RECCC_BUILD", "build"))


def test_there_are_cases():
    assert len(run.cases()) >= 7


def test_this_machine_runs_all_levels():
    if run.LEVELS != ("v3", "v4"):
        pytest.skip("no AVX-512: machine code of x86-64-v4 is compiled elsewhere, and not run here")


@pytest.mark.parametrize("kind", run.CHECKS)
@pytest.mark.parametrize("case", run.cases())
def test_case(case, kind):
    lines = run.check(case, kind, TOOLS)
    wrong = [str(line) for line in lines if not line.ok]
    assert not wrong, "\n".join([run.HEADER, *wrong])
