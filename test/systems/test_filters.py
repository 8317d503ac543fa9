# SPDX-License-Identifier: Apache-2.0
"""Filtered rows beyond what they compute: user states, outputs of the host, requests of which nothing or all is kept."""
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import reference
from machine import BIN, HERE, call, compile_model

DESCRIPTION = (HERE / "valid_events.textproto").read_text()
STATES = 'entry_points { candidates: "candidates" }'


def execute(directory, *flags):
    done = call(BIN / "reccc-run", directory / "model.so", directory / "requests.safetensors", *flags, "-o", directory / "out.safetensors")
    assert done.returncode == 0, done.stderr
    return load_file(directory / "out.safetensors")


@pytest.mark.parametrize("seconds, allowed", [(0, 0), (0, 1), (500, 0), (500, 1)])
def test_all_and_nothing(tmp_path, seconds, allowed):
    """One thread and two give the same bits; offsets say how many rows are left."""
    assert compile_model(tmp_path, DESCRIPTION, reference.valid_events()).returncode == 0
    requests = load_file(tmp_path / "requests.safetensors")
    requests["seconds"][:] = seconds
    requests["allowed"][:] = allowed
    save_file(requests, tmp_path / "requests.safetensors")
    one, two = (execute(tmp_path, f"--threads={threads}") for threads in (1, 2))
    for name, value in one.items():
        assert value.tobytes() == two[name].tobytes(), name
    candidates = np.diff(requests["candidates.offsets"]) * allowed
    np.testing.assert_array_equal(np.diff(one["score.offsets"]), candidates)
    np.testing.assert_array_equal(np.diff(one["attended.offsets"]), np.minimum(np.diff(requests["history.offsets"]), 6) * (seconds > 0))
    if allowed:
        np.testing.assert_array_equal(one["kept_item"], requests["candidate"])


def test_filters_within_entry_points(tmp_path):
    """What is left of the user is pooled into the state; candidates are filtered at each scoring. The bits of the whole model."""
    done = compile_model(tmp_path, DESCRIPTION.replace('output { node: "attended" }', STATES), reference.valid_events())
    assert done.returncode == 0, done.stderr
    whole = execute(tmp_path)
    parts = execute(tmp_path, "--states")
    for name in ("score", "kept_item"):
        assert parts[name].tobytes() == whole[name].tobytes(), name


@pytest.mark.parametrize("change, message", [
    ('node { name: "each" attention { query: "kept_emb" key: "all_emb" value: "all_emb" heads: 1 mask { full {} } score { softmax {} factor: 1 } } }\n'
     'output { node: "each" }\n' + STATES, "the rows 'valid' are read here at each scoring"),
    ('entry_points { candidates: "candidates" append: "history" }', "no rows can be appended to 'history', because how many of them it keeps"),
])
def test_refused_states(tmp_path, change, message):
    done = compile_model(tmp_path, DESCRIPTION.replace('output { node: "attended" }', change), reference.valid_events())
    assert done.returncode == 1 and message in done.stderr, done.stderr
    assert "model.textproto:" in done.stderr.split("error:")[0].splitlines()[-1]
