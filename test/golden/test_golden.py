# SPDX-License-Identifier: Apache-2.0
"""Golden cases: see run.py."""
import os

import pytest

import run

TOOLS = run.Tools(run.ROOT / os.environ.get("RECCC_BUILD", "build"))


def test_there_are_cases():
    assert len(run.cases()) >= 7


@pytest.mark.parametrize("kind", run.CHECKS)
@pytest.mark.parametrize("case", run.cases())
def test_case(case, kind):
    lines = run.check(case, kind, TOOLS)
    wrong = [str(line) for line in lines if not line.ok]
    assert not wrong, "\n".join([run.HEADER, *wrong])
