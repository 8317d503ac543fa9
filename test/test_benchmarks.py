# SPDX-License-Identifier: Apache-2.0
"""The command line of the benchmarks that measure ratios; what they measure is checked by ./dev bench --ratios itself."""
import subprocess
import sys
from pathlib import Path

import pytest

RATIOS = Path(__file__).resolve().parents[1] / "benchmarks" / "ratios.py"


@pytest.mark.parametrize("argument, message", [("--repeat=3", "unknown flag --repeat=3"), ("-h", "unknown flag -h"), ("no such row", "no row holds no such row")])
def test_ratios_refuses(argument, message):
    done = subprocess.run([sys.executable, RATIOS, argument], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert message in done.stderr and "\n  dead rows" in done.stderr
