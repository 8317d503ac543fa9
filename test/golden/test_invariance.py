# SPDX-License-Identifier: Apache-2.0
"""Neighbours in a batch: see invariance.py."""
import os

import numpy as np
import pytest

import invariance
import run

TOOLS = run.Tools(run.ROOT / os.environ.get("RECCC_BUILD", "build"))


@pytest.mark.parametrize("case", run.cases())
def test_neighbours(case):
    wrong = [f"{device}, {what}: requests {requests}" for device, what, requests in invariance.check(case, TOOLS) if requests]
    assert not wrong, "\n".join(wrong)


def test_one_bit_is_found():
    expected = {"y": [np.array([[1.0, 2.0]], np.float32), np.array([[3.0, np.nan]], np.float32)]}
    given = {"y": [rows.copy() for rows in expected["y"]]}
    assert invariance.differences(expected, given, [0, 1]) == []
    given["y"][1][0, 0] = np.nextafter(np.float32(3), np.float32(4))
    assert invariance.differences(expected, given, [0, 1]) == [1]
    assert invariance.differences(expected, given, [0, 1], skip=[1]) == []
    assert invariance.differences(expected, {"y": given["y"][::-1]}, [1, 0]) == [1]
