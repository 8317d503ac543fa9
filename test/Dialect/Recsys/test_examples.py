# SPDX-License-Identifier: Apache-2.0
"""Every op has an example in its documentation; each example parses, verifies, and prints to what it parses from."""
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OPT = ROOT / os.environ.get("RECCC_BUILD", "build") / "bin" / "reccc-opt"
DEFINITION = re.compile(r'^def \w+ *:\s*Rec\w+<"(\w+)".*?^}', re.M | re.S)
EXAMPLE = re.compile(r"```mlir\n(.*?)```", re.S)


def definitions():
    for file in sorted(ROOT.glob("include/reccc/Dialect/*/IR/*Ops.td")):
        for match in DEFINITION.finditer(file.read_text()):
            yield pytest.param(file.parts[-3].lower() + "." + match[1], EXAMPLE.findall(match[0]), id=f"{file.stem}-{match[1]}")


def opt(text, *flags):
    return subprocess.run([OPT, "--allow-unregistered-dialect", *flags, "-"], input=text, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name, examples", list(definitions()))
def test_example(name, examples):
    assert examples, f"{name} has no ```mlir example"
    for example in examples:
        assert name in example
        once = opt(example)
        assert once.returncode == 0, once.stderr
        again = opt(once.stdout)
        assert again.returncode == 0 and again.stdout == once.stdout, again.stderr
