# SPDX-License-Identifier: Apache-2.0
"""Example 05: what the compiler says of rankers that are written naively, counted again by hand; and that it changes no bit of them."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "05_naive_rankers"
GOLDEN = ROOT / "test" / "golden"
RECCC = ROOT / os.environ.get("RECCC_BUILD", "build") / "bin" / "reccc"


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def explain(name):
    """The report, and MFLOP by the moment they were counted at."""
    text = call(RECCC, EXAMPLE / name, "--explain")
    return text, {when: float(flops) for flops, when in re.findall(r"([\d.]+) MFLOP .* @rank, (stage \w+|after [\w-]+)", text)}


def test_hstu_is_amortized():
    """Row 5 of the headline numbers: n = 2,048 events, m = 1,024 candidates, d = 512; 5 d^2 multiplications a row, 2 d a pair, causal."""
    text, flops = explain("naive_hstu.textproto")
    n, m, d, layers = 2048, 1024, 512, 2
    head = m * d
    naive = layers * m * ((n + 1) * 5 * d * d + (n + 1) * (n + 2) / 2 * 2 * d)
    amortized = layers * ((n + m) * 5 * d * d + (n * (n + 1) / 2 + m * (n + 1)) * 2 * d)
    assert flops["stage model"] == pytest.approx(2e-6 * (naive + head), rel=1e-6)
    assert naive / amortized == pytest.approx(595, abs=1)
    # Nobody reads the history's rows of the last layer: no attention and no output there, and in the end nothing but keys and values.
    for when, width in {"after recsys-amortize-nests": 4 * d, "stage optimized": 2 * d}.items():
        last = n * width * d + m * 5 * d * d + m * (n + 1) * 2 * d
        assert flops[when] == pytest.approx(2e-6 * (amortized / layers * (layers - 1) + last + head), rel=1e-6)
    assert "recsys.attention computes history rows once, not for each of candidates rows" in text
    assert "differs from one to the next" not in text


@pytest.mark.parametrize("name", ["naive_bst", "naive_bst_target"])
def test_bst_is_refused_after_attention(name):
    text, flops = explain(f"{name}.textproto")
    lines = (EXAMPLE / f"{name}.textproto").read_text().splitlines()
    line = {key: next(i for i, text in enumerate(lines, 1) if f'name: "{key}"' in text) for key in ("states", "target")}
    refusal = re.search(rf"{name}.textproto:(\d+):\d+ \(states.layers.0.attention\): recsys.attention and what follows compute history rows for each "
                        rf"of candidates rows: key 1 differs from one to the next, because of .*{name}.textproto:(\d+):\d+ \(target\)", text)
    assert refusal and [int(group) for group in refusal.groups()] == [line["states"], line["target"]]
    assert f"{name}.textproto:{line['states']}:23 (states.layers.0.query): history rows: user, candidates rows: candidates" in text
    assert f"{name}.textproto:{line['states']}:23 (states.layers.0.attention): history rows: cross, candidates rows: cross" in text
    n, m, d, inner = 20, 500, 64, 128
    projections, rest, pair = 3 * d * d, d * d + 2 * d * inner, 2 * d
    naive = m * ((n + 1) * (projections + rest) + (n + 1) ** 2 * pair)
    if name == "naive_bst":
        # What rows of the history read of one another is summed once; each candidate adds itself.
        head, optimized = 2 * d, (n + m) * projections + m * (n + 1) * rest + (n * n + m * n + m * (n + 1)) * pair
        amortized = (n + m) * projections + m * ((n + 1) * rest + (n + 1) ** 2 * pair)
        assert flops["after recsys-amortize-nests"] == pytest.approx(2e-6 * (amortized + m * head), abs=1e-3)
        assert "recsys.attention sums over history rows once, and each of candidates rows goes on from there" in text
    else:
        head, optimized = d, n * 2 * d * d + m * (projections + rest + (n + 1) * pair)
    assert flops["stage model"] == pytest.approx(2e-6 * (naive + m * head), rel=1e-6)
    assert flops["stage optimized"] == pytest.approx(2e-6 * (optimized + m * head), abs=1e-3)


def scores(tmp_path, description, *flags):
    folder, out = description.parent, tmp_path / "out.safetensors"
    call(sys.executable, GOLDEN / "adapt.py", folder, tmp_path)
    requests = tmp_path / json.loads((tmp_path / "runs.json").read_text())[0]["name"] / "requests.safetensors"
    call(RECCC, description, f"--weights={folder / 'weights.safetensors'}", f"--run={requests}", "--strict-fp", *flags, "-o", out)
    return {name: value for name, value in load_file(out).items() if not name.endswith(".offsets")}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("case", ["hstu_naive_tiny/naive", "bst_20x6/model"])
def test_strict_changes_no_bit(tmp_path, case, precision):
    description = GOLDEN / f"{case}.textproto"
    forms = [scores(tmp_path, description, f"--precision={precision}", *flags) for flags in ([], ["--skip-pass=recsys-amortize-nests"])]
    if case.endswith("naive"):  # the same ranker, amortized by hand
        forms.append(scores(tmp_path, description.parent / "model.textproto", f"--precision={precision}"))
    for form in forms[1:]:
        assert form.keys() == forms[0].keys()
        for name, value in form.items():
            assert value.tobytes() == forms[0][name].tobytes(), name
            assert np.isfinite(value).all()
