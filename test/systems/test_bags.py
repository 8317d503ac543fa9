# SPDX-License-Identifier: Apache-2.0
"""Bags of rows beyond what they compute: user states, and requests whose offsets are damaged."""
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import reference
from machine import BIN, HERE, call, compile_model

DESCRIPTION = (HERE / "item_tags.textproto").read_text()


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bags")
    done = compile_model(directory, DESCRIPTION.replace('output { node: "tag_mean" }', 'entry_points { candidates: "candidates" }'), reference.item_tags())
    assert done.returncode == 0, done.stderr
    return directory


def execute(directory, requests, *flags):
    done = call(BIN / "reccc-run", directory / "model.so", *requests, *flags, "-o", directory / "out.safetensors")
    assert done.returncode == 0, done.stderr
    return load_file(directory / "out.safetensors")


@pytest.mark.parametrize("random", [False, True])
def test_states(directory, random):
    """Bags of the user are in the state, joined; those of candidates come with each slice. The bits of the whole model."""
    requests = ["--random-requests=5"] if random else [directory / "requests.safetensors"]
    whole = execute(directory, requests)["score"]
    assert len(whole)
    for flags in ([], ["--slice=1"], ["--slice=3", "--threads=1"]):
        assert execute(directory, requests, "--states", *flags)["score"].tobytes() == whole.tobytes()


@pytest.mark.parametrize("change, message", [
    ('entry_points { candidates: "candidates" append: "history" }', "no rows can be appended to 'history', because the rows 1 of the state read the new rows here"),
    ('node { name: "tag_row" embedding { ids: "tag" table: "tags" } }\nnode { name: "q" slice_features { input: "users" offset: 0 size: 6 } }\n'
     'node { name: "seen" attention { query: "q" key: "tag_row" value: "tag_row" heads: 1 mask { full {} } score { softmax {} factor: 1 } } }\n'
     'output { node: "seen" }\nentry_points { candidates: "candidates" }', "rows of the bags 'tags' are read here at each scoring"),
])
def test_refused_states(tmp_path, change, message):
    done = compile_model(tmp_path, DESCRIPTION.replace('output { node: "tag_mean" }', change), reference.item_tags())
    assert done.returncode == 1 and message in done.stderr, done.stderr


I64 = lambda *values: np.array(values, np.int64)
ENDS = reference.item_tags()[1]["tags.offsets"]


def changed(index, value):
    offsets = ENDS.copy()
    offsets[index] = value
    return offsets


@pytest.mark.parametrize("offsets, message", [
    (ENDS[:-1], f"the offsets of row space 'tags' are of {len(ENDS) - 2} bags, expected one for each of the {len(ENDS) - 1} rows of 'history'"),
    (np.append(ENDS, ENDS[-1]), f"are of {len(ENDS)} bags, expected one for each of the {len(ENDS) - 1} rows of 'history'"),
    (changed(0, 1), "expected 'tags.offsets' to begin with 0, got 1"),
    (changed(7, ENDS[6] - 1), f"'tags.offsets' must not decrease: number 7 is {ENDS[6] - 1} after {ENDS[6]}"),
    (changed(5, -(2**63)), "must not decrease: number 5 is -9223372036854775808"),
    (changed(-1, ENDS[-1] - 1), None),
    (changed(-1, 2**62), None),
    (np.where(np.arange(len(ENDS)) > 3, ENDS + 10, ENDS),
     f"row space 'tags', bag 3: error: the model takes at most 9 rows in a bag, got {ENDS[4] - ENDS[3] + 10}"),
    (I64(0), "are of 0 bags"),
    (np.zeros(0, np.int64), "'tags.offsets' is i64[0], expected i64[rows of history + 1] offsets"),
    (ENDS.astype(np.float32), "expected i64[rows of history + 1] offsets"),
    (None, "row space 'tags' has no offsets: expected a tensor 'tags.offsets'"),
])
def test_damaged_offsets(directory, tmp_path, offsets, message):
    """Refused with the place, by the runtime and by the interpreter; nothing crashes."""
    requests = load_file(directory / "requests.safetensors")
    if offsets is None:
        del requests["tags.offsets"]
    else:
        requests["tags.offsets"] = offsets
        # The tensor has the rows of the last offset, so that it is the runtime that finds the mistake.
        if message and offsets.size and offsets.dtype == np.int64:
            requests["tag"] = np.resize(requests["tag"], max(int(offsets[-1]), 0))
    save_file(requests, tmp_path / "requests.safetensors")
    for flags in ([], ["--states"]):
        done = call(BIN / "reccc-run", directory / "model.so", tmp_path / "requests.safetensors", *flags, "-o", tmp_path / "out.safetensors")
        assert done.returncode in (1, 4) and (message is None or message in done.stderr), done.stderr
        assert not (tmp_path / "out.safetensors").exists()
    done = call(BIN / "reccc", directory / "model.textproto", f"--weights={directory / 'weights.safetensors'}", "--device=interpreter",
                f"--run={tmp_path / 'requests.safetensors'}", "--entry=rank", "-o", tmp_path / "out.safetensors")
    assert done.returncode == 1 and "tags" in done.stderr, done.stderr
