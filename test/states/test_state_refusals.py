# SPDX-License-Identifier: Apache-2.0
"""What `reccc-run --states` says to wrong requests, files and models: a place, a reason, the documented exit code, and no output."""
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / os.environ.get("RECCC_BUILD", "build") / "bin"
EXAMPLES = ROOT / "examples"
HISTORY, CANDIDATES = [0, 5, 20], [0, 3, 9]
pytestmark = pytest.mark.xdist_group("refusals")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model with states, one with its weights in a file, and one without states."""
    folder = tmp_path_factory.mktemp("refusals")
    ranker = EXAMPLES / "04_user_states" / "ranker.textproto"
    for model, output, *flags in [(ranker, "kept.so"), (ranker, "apart.so", "--weights-file=apart.bin"),
                                  (EXAMPLES / "05_naive_rankers" / "naive_hstu.textproto", "plain.so")]:
        subprocess.run([TOOLS / "reccc", model, "--random-weights", "--cpu=native", "-o", output, *flags], check=True, cwd=folder)
    return folder


def requests(**changes):
    """Two users; a change replaces a tensor."""
    count, candidates = changes.pop("rows", HISTORY[-1]), changes.pop("slate", CANDIDATES[-1])
    tensors = {"history.offsets": HISTORY, "candidates.offsets": CANDIDATES, "item": np.arange(count), "action": np.zeros(count, np.int64),
               "candidate": np.arange(candidates), "country": [3, 4], "device": [1, 0], "hour": [5, 6]}
    tensors.update(changes)
    return {name: np.asarray(values, None if isinstance(values, np.ndarray) else np.int64) for name, values in tensors.items() if values is not None}


def offsets(history=None, candidates=None):
    return {name: values for name, values in [("history.offsets", history), ("candidates.offsets", candidates)] if values}


def run(folder, *arguments):
    done = subprocess.run([TOOLS / "reccc-run", *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def expect_refused(folder, arguments, code, message):
    (folder / "out.safetensors").write_text("as it was")
    given, text = run(folder, *arguments, "-o", "out.safetensors")
    assert (given, message in text) == (code, True), f"exit {given}: {text}"
    assert (folder / "out.safetensors").read_text() == "as it was"


REQUESTS = {
    "decreasing": (offsets([0, 25, 20]), 1, "'history.offsets' must not decrease: number 2 is 20 after 25"),
    "negative": (offsets([0, -7, 20]), 1, "'history.offsets' must not decrease: number 1 is -7 after 0"),
    "far": (offsets([0, 1 << 40, 20]), 1, "must not decrease"),
    "candidates decrease": (offsets(candidates=[0, 3000000, 9]), 1, "'candidates.offsets' must not decrease"),
    "begins late": (offsets([3, 5, 20]), 1, "expected 'history.offsets' to begin with 0, got 3"),
    "fewer requests": (offsets(candidates=[0, 9]), 1, "'candidates' are of 1 requests, those of 'history' of 2"),
    "more requests": (offsets(candidates=[0, 3, 6, 9]), 1, "'candidates' are of 3 requests, those of 'history' of 2"),
    "no offset": (offsets(candidates=[]) | {"candidates.offsets": np.zeros(0, np.int64)}, 1, "expected i64[requests + 1] offsets"),
    "huge total": (offsets([0, 5, 1 << 62]), 1, "input 'item' is i64[20], expected [4611686018427387904]"),
    "missing": ({"hour": None}, 1, "input 'hour' is missing"),
    "floats": ({"item": np.ones(20, np.float32)}, 1, "expected integers"),
    "over the bound": (offsets([0, 5, 1000]) | {"rows": 1000}, 4, "row space 'history', request 1: error: the model takes at most 512 rows"),
    "over a slice": (offsets(candidates=[0, 3, 300]) | {"slate": 300}, 4, "row space 'candidates', request 1: error: the model takes at most 256 rows"),
    "id of a candidate": ({"candidate": np.full(9, 2000)}, 1, "input 'candidate', request 0, row 0, element 0: error: expected an id in [0, 2000), got 2000"),
    "id of an event": ({"item": np.full(20, -1)}, 1, "input 'item', request 0, row 0, element 0: error: expected an id"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_wrong_requests(name, folder):
    changes, code, message = REQUESTS[name]
    save_file(requests(**changes), folder / "wrong.safetensors")
    expect_refused(folder, ["kept.so", "wrong.safetensors", "--states"], code, message)
    expect_refused(folder, ["kept.so", "wrong.safetensors", "--states"], code, "wrong.safetensors: ")


def test_a_state_that_outgrows_the_model(folder):
    save_file(requests(rows=600, **offsets([0, 5, 600])), folder / "long.safetensors")
    expect_refused(folder, ["kept.so", "long.safetensors", "--states", "--append=200"], 4,
                   "state 1: error: the model takes at most 512 rows of 'history', it would have 595; prefill it with the newest ones")


@pytest.mark.parametrize("keep, message", [(0, "the file is empty"), (4, "shorter than the header length field"), (-8, "do not lie within")])
def test_cut_files(keep, message, folder):
    save_file(requests(), folder / "good.safetensors")
    content = (folder / "good.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(content[:keep])
    expect_refused(folder, ["kept.so", "cut.safetensors", "--states"], 1, message)


MODELS = {
    "no states": (["plain.so", "--random-requests=2", "--states"], 1, "it has no entry 'prefill'; its first one is 'rank'"),
    "missing model": (["nothing.so", "good.safetensors", "--states"], 3, "nothing.so: error: cannot open the file"),
    "missing requests": (["kept.so", "nothing.safetensors", "--states"], 3, "nothing.safetensors: error: cannot open the file"),
    "missing weights": (["apart.so", "good.safetensors", "--states"], 3, "apart.so.weights: error: cannot open the file"),
    "wrong weights": (["apart.so", "good.safetensors", "--states", "--weights=good.safetensors"], 1, "expected packed weights that reccc wrote"),
    "slice 0": (["kept.so", "good.safetensors", "--states", "--slice=0"], 2, "--slice expects a number from 1 on, got '0'"),
    "slice of letters": (["kept.so", "good.safetensors", "--states", "--slice=7x"], 2, "--slice expects a number from 1 on, got '7x'"),
    "append below 0": (["kept.so", "good.safetensors", "--states", "--append=-1"], 2, "--append expects a number from 1 on, got '-1'"),
    "append too large": (["kept.so", "good.safetensors", "--states", "--append=99999999999999999999"], 2, "--append expects a number"),
    "slice alone": (["kept.so", "good.safetensors", "--slice=3"], 2, "--slice and --append need --states"),
    "with an entry": (["kept.so", "good.safetensors", "--states", "--entry=score"], 2, "--states excludes --profile, --entry and --compare"),
}


@pytest.mark.parametrize("name", MODELS)
def test_wrong_models_and_flags(name, folder):
    arguments, code, message = MODELS[name]
    save_file(requests(), folder / "good.safetensors")
    expect_refused(folder, arguments, code, message)


def test_corners_that_are_good(folder):
    """No rows, no candidates, no request; slices and appends wider than what there is."""
    for corner in [offsets([0, 0, 0], [0, 0, 0]) | {"rows": 0, "slate": 0}, offsets(candidates=[0, 0, 0]) | {"slate": 0},
                   offsets([0], [0]) | {"rows": 0, "slate": 0, "country": np.zeros(0, np.int64), "device": np.zeros(0, np.int64), "hour": np.zeros(0, np.int64)}, {}]:
        save_file(requests(**corner), folder / "corner.safetensors")
        for flags in ([], ["--slice=1", "--append=1"], ["--slice=1000000000", "--append=1000000000"]):
            assert run(folder, "kept.so", "corner.safetensors", "--states", *flags) == (0, "")
