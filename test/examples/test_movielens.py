# SPDX-License-Identifier: Apache-2.0
"""Example 01: its comparisons find differences, a damaged data set is refused, and the whole runs on the synthetic requests."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "01_movielens"
BUILD = ROOT / os.environ.get("RECCC_BUILD", "build")
# The last test needs what the one before it built.
pytestmark = pytest.mark.xdist_group("movielens")
sys.path.insert(0, str(EXAMPLE))

import checks  # noqa: E402
import movielens  # noqa: E402

SCORES = np.array([[0.1, 0.9, 0.5, 0.5 + 5e-6], [3.0, 2.0, 1.0, 0.0]])


def test_ranks():
    assert checks.ranks(SCORES, np.array([2, 3])).tolist() == [3, 4]
    hit, gain = checks.hit_and_gain(np.array([1, 2, 11]))
    assert hit == pytest.approx(2 / 3) and gain == pytest.approx((1 + 1 / np.log2(3)) / 3)


@pytest.mark.parametrize("stored, wrong", [([3, 4], 0), ([2, 4], 0), ([4, 4], 1), ([3, 3], 1), ([1, 1], 2)])
def test_wrong_ranks(stored, wrong):
    """Columns 2 and 3 of the first row are a tie: its target may be second or third."""
    assert checks.wrong_ranks(SCORES, np.array([2, 3]), np.array(stored)) == wrong


def test_wrong_values():
    stored = np.zeros((2, 2))
    assert checks.wrong_values(np.array([[0, 9e-6], [-9e-6, 0]]), stored) == 0
    assert checks.wrong_values(np.array([[0, 2e-5], [np.nan, 0]]), stored) == 2
    assert checks.wrong_values(np.zeros((2, 3)), stored) > 0


def test_wrong_ids():
    ids, scores = np.array([[4, 7, 9]]), np.array([[3.0, 2.0, 1.0]])
    assert checks.wrong_ids(ids, scores, ids, scores) == 0
    assert checks.wrong_ids(np.array([[7, 4, 9]]), np.array([[3.0, 2.999999, 1.0]]), ids, np.array([[3.0, 3.0, 1.0]])) == 0
    assert checks.wrong_ids(np.array([[4, 7, 8]]), np.array([[3.0, 2.0, 1.5]]), ids, scores) == 1


def test_metrics():
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    assert checks.auc(np.array([0.0, 1.0, 2.0, 1.0]), labels) == pytest.approx(3.5 / 4)
    assert checks.logloss(np.zeros(4), labels) == pytest.approx(np.log(2))


def test_damaged_data_is_refused(tmp_path):
    for name in movielens.FILES:
        (tmp_path / name).write_text("user\titem\n")
    with pytest.raises(RuntimeError, match="SHA-256"):
        movielens.fetch(tmp_path)


def test_synthetic_requests():
    done = subprocess.run([sys.executable, EXAMPLE / "run.py", "--build", BUILD, "--synthetic"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all stored results agree" in done.stdout and done.stdout.count("stored numbers") == 5


def test_serving_program_refuses_broken_requests(tmp_path):
    """Cut, empty and wrong files are errors of the serving program, never crashes. Runs after the program was built above."""
    serve = BUILD / "examples" / "01_movielens" / "serve"
    good = BUILD / "examples" / "01_movielens" / "synthetic" / "hstu_ranker" / "all" / "requests.safetensors"
    if not serve.exists() or not good.exists():
        pytest.skip("test_synthetic_requests has not built it")
    data = good.read_bytes()
    cases = {"empty": b"", "cut": data[: len(data) // 2], "header": data[:100], "huge": b"\xff" * 64, "renamed": data.replace(b"rating", b"ratinh", 1),
             "shape": data.replace(b'"shape": [', b'"shape": [9', 1), "text": b"not a file of tensors"}
    for name, content in cases.items():
        assert content != data
        path = tmp_path / name
        path.write_bytes(content)
        done = subprocess.run([serve, "hstu_ranker", path, tmp_path / "out"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and done.stderr, f"{name}: {done.returncode} {done.stderr}"
        assert not (tmp_path / "out").exists()
