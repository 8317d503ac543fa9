# SPDX-License-Identifier: Apache-2.0
"""Systems against NumPy, held to the rules of the golden cases: see test/golden/run.py."""
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "golden"))

import reference  # noqa: E402
import run  # noqa: E402

TOOLS = run.Tools(run.ROOT / os.environ.get("RECCC_BUILD", "build"))


def write(path, tensors):
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
    return path


@pytest.mark.parametrize("kind", run.CHECKS)
@pytest.mark.parametrize("system", reference.SYSTEMS)
def test_system(system, kind, tmp_path):
    weights, requests, expected = reference.SYSTEMS[system]()
    case = run.Run(system, HERE / f"{system}.textproto", write(tmp_path / "weights.safetensors", weights),
                   write(tmp_path / "requests.safetensors", requests), sorted(expected), expected)
    lines = list(run.CHECKS[kind](case, TOOLS, tmp_path))
    wrong = [str(line) for line in lines if not line.ok]
    assert lines and not wrong, "\n".join([run.HEADER, *wrong])


def test_every_description_has_a_reference():
    assert {path.stem for path in HERE.glob("*.textproto")} == set(reference.SYSTEMS)
