# SPDX-License-Identifier: Apache-2.0
"""Where the examples of the ops' documentation come from, and how tests run them."""
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
    """(name, examples) of every op."""
    for file in sorted(ROOT.glob("include/reccc/Dialect/*/IR/*Ops.td")):
        for match in DEFINITION.finditer(file.read_text()):
            yield pytest.param(file.parts[-3].lower() + "." + match[1], EXAMPLE.findall(match[0]), id=f"{file.stem}-{match[1]}")


def opt(text, *flags):
    return subprocess.run([OPT, "--allow-unregistered-dialect", *flags, "-"], input=text, capture_output=True, text=True, timeout=120)
