# SPDX-License-Identifier: Apache-2.0
"""The generated pages under docs/reference are what their generators write now."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("generator", sorted(ROOT.glob("scripts/generate_*.py")), ids=lambda path: path.stem)
def test_reference_is_fresh(generator):
    done = subprocess.run([sys.executable, generator, "--check"], capture_output=True, text=True, cwd=ROOT,
                          env={**os.environ, "RECCC_BUILD": os.environ.get("RECCC_BUILD", "build")})
    assert done.returncode == 0, done.stdout + done.stderr
