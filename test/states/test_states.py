# SPDX-License-Identifier: Apache-2.0
"""Entry points of user states give what the whole model gives: in the interpreter to 1e-9, in machine code to the last bit."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test" / "golden"
sys.path.insert(0, str(GOLDEN))

import run  # noqa: E402

TOOLS = run.Tools(ROOT / os.environ.get("RECCC_BUILD", "build"))
BIN = ROOT / os.environ.get("RECCC_BUILD", "build") / "bin"
# Candidates appended; time and positions relative to the query; learned rows and a pool.
SYSTEMS = ["gr_mfalcon_kv", "gr_dlrm_hstu_kuairand", "pinfm_tiny"]


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def description(case, directory):
    # Positions and times of the others are relative to the query.
    append = 'append: "history"' if case == "gr_mfalcon_kv" else ""
    text = (GOLDEN / case / "model.textproto").read_text() + f'\nentry_points {{ candidates: "candidates" {append} }}\n'
    path = directory / "model.textproto"
    path.write_text(text)
    return path, f"--weights={GOLDEN / case / 'weights.safetensors'}"


def interpret(model, weights, entry, requests, directory):
    save_file({name: np.ascontiguousarray(value) for name, value in requests.items()}, directory / "in.safetensors")
    call(BIN / "reccc", model, weights, f"--run={directory / 'in.safetensors'}", "--device=interpreter", "--mode=double",
         "--stop-after=optimized", f"--entry={entry}", "-o", directory / "out.safetensors")
    return load_file(directory / "out.safetensors")


def jagged(tensors, name, requests):
    """The rows [first, last) of each request, packed, and their offsets."""
    offsets = tensors[f"{name[0]}.offsets"]
    parts = [tensors[name[1]][offsets[i] + first : offsets[i] + last] for i, (first, last) in enumerate(requests)]
    return np.concatenate(parts), np.cumsum([0] + [len(part) for part in parts])


def test_golden_mfalcon(tmp_path):
    """Prefilled once, three micro-batches: the keys, values and rows of Meta's code."""
    model, weights = description("gr_mfalcon_kv", tmp_path)
    given = load_file(GOLDEN / "gr_mfalcon_kv" / "requests.safetensors")
    expected = load_file(GOLDEN / "gr_mfalcon_kv" / "expected.safetensors")
    history = {"history_x": given["prefill.x.values"], "history.offsets": given["prefill.x.offsets"]}
    state = interpret(model, weights, "prefill", history, tmp_path)
    caches = [expected[f"prefill.{kind}_cache.{layer}"] for layer in range(3) for kind in "kv"]
    values = [state[f"state.{i}"] for i in range(6)]
    for cache in caches:  # a state has them in the order of its own
        assert min(np.abs(value.reshape(cache.shape) - cache).max() for value in values) < 1e-9
    state = {name: value for name, value in state.items() if not name.endswith(".offsets")}
    for step in ("mb0", "mb1", "mb2"):
        candidates = {"candidate_x": given[f"{step}.x.values"], "candidates.offsets": given[f"{step}.x.offsets"]}
        scored = interpret(model, weights, "score", {**state, **candidates, "history.offsets": history["history.offsets"]}, tmp_path)
        assert np.abs(scored["scored"] - expected[f"{step}.out"]).max() < 1e-9


def requests_of(case, directory):
    call(sys.executable, GOLDEN / "adapt.py", GOLDEN / case, directory)
    return sorted(directory.glob("*/requests.safetensors"))[0]


@pytest.mark.parametrize("case", SYSTEMS)
def test_interpreter(case, tmp_path):
    """@score after @prefill is @rank, all candidates at once and in slices."""
    model, weights = description(case, tmp_path)
    given = load_file(requests_of(case, tmp_path))
    whole = interpret(model, weights, "rank", given, tmp_path)
    state = interpret(model, weights, "prefill", given, tmp_path)
    offsets = given["candidates.offsets"]
    # What a request has one of is no candidate, however many requests there are.
    text = (tmp_path / "model.textproto").read_text()
    names = [line.split('name: "')[1].split('"')[0] for line in text.splitlines()
             if line.startswith("input") and 'rows: "candidates"' in line]
    assert names
    width = max(1, int(np.diff(offsets).max()) // 2)
    pieces = {name: [[] for _ in offsets[1:]] for name in whole if not name.endswith(".offsets")}
    for first in range(0, int(np.diff(offsets).max()), width):
        rows = [(min(first, n), min(first + width, n)) for n in np.diff(offsets)]
        sliced = {**given, **state}
        for name in names:
            sliced[name], sliced["candidates.offsets"] = jagged(given, ("candidates", name), rows)
        scored = interpret(model, weights, "score", sliced, tmp_path)
        for name, piece in pieces.items():
            for i, part in enumerate(np.split(scored[name], sliced["candidates.offsets"][1:-1])):
                piece[i].append(part)
    for name, piece in pieces.items():
        given_rows = np.concatenate([part for parts in piece for part in parts])
        assert np.abs(given_rows - whole[name]).max(initial=0) < 1e-9, name


def test_append_in_the_interpreter(tmp_path):
    """A history that comes in parts has the state of the whole, parts of no rows and states of no rows too."""
    model, weights = description("gr_mfalcon_kv", tmp_path)
    given = load_file(GOLDEN / "gr_mfalcon_kv" / "requests.safetensors")
    x, offsets = given["prefill.x.values"], given["prefill.x.offsets"]
    lengths = np.diff(offsets)
    whole = interpret(model, weights, "prefill", {"history_x": x, "history.offsets": offsets}, tmp_path)
    cuts = np.sort(np.random.default_rng(3).integers(0, lengths + 1, (3, len(lengths))), axis=0)
    cuts[0][0] = 0
    bounds = [*cuts, lengths]

    def rows(values, first, last):
        return [values[start + a : start + b] for start, a, b in zip(offsets, first, last)]

    def packed(parts):
        return np.concatenate(parts), np.cumsum([0] + [len(part) for part in parts])

    history, at = packed(rows(x, np.zeros_like(lengths), bounds[0]))
    state = interpret(model, weights, "prefill", {"history_x": history, "history.offsets": at}, tmp_path)
    for first, last in zip(bounds, bounds[1:]):
        more, more_at = packed(rows(x, first, last))
        values = {name: value for name, value in state.items() if not name.endswith(".offsets")}
        added = interpret(model, weights, "append", {**values, "history.offsets": at, "history_x": more, "history.new.offsets": more_at}, tmp_path)
        state = {}
        for name, value in values.items():
            pairs = zip(np.split(value, at[1:-1]), np.split(added[name], more_at[1:-1]))
            state[name] = np.concatenate([part for pair in pairs for part in pair])
        at = at + more_at
    for name, value in state.items():
        assert np.abs(value - whole[name]).max() < 1e-9, name


def same_bits(given, expected):
    assert set(given) == set(expected)
    for name, value in expected.items():
        assert given[name].tobytes() == value.tobytes(), name


def two_tokens(text):
    """Two rows of each event instead of their sum."""
    for before, after in {'add { input: "item_row" input: "action_row" }': 'interleave { input: ["item_row", "action_row"] }',
                          "entries: 515": "entries: 1027"}.items():
        assert before in text
        text = text.replace(before, after)
    return text


RANKER = (ROOT / "examples" / "04_user_states" / "ranker.textproto").read_text()
GROWING = {"example": RANKER, "two_tokens": two_tokens(RANKER),
           **{name: (pathlib.Path(__file__).parent / f"{name}.textproto").read_text() for name in ("tagged_events", "biased_history")}}


@pytest.mark.parametrize("system", GROWING)
def test_append_in_machine_code(system, tmp_path):
    """Any number of rows appended."""
    description = tmp_path / "model.textproto"
    description.write_text(GROWING[system])
    model = tmp_path / "model.so"
    call(BIN / "reccc", description, "--random-weights", "--cpu=x86-64-v3", "-o", model)

    def execute(*flags):
        call(BIN / "reccc-run", model, "--random-requests=6", *flags, "-o", tmp_path / "out.safetensors")
        return load_file(tmp_path / "out.safetensors")

    whole = execute()
    for flags in ([], ["--append=1"], ["--append=9", "--slice=70"], ["--append=10000", "--threads=1"]):
        same_bits(execute("--states", *flags), whole)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("case", SYSTEMS)
def test_machine_code(case, precision, tmp_path):
    """States are stored and read back. The same bits for slices of any size, on one thread and on two; in fp32 those of the whole model.
    In bf16 what is stored between kernels differs, so that the contract holds both."""
    model, weights = description(case, tmp_path)
    call(BIN / "reccc", model, weights, f"--precision={precision}", "--cpu=x86-64-v3", "-o", tmp_path / "model.so")

    def execute(*flags):
        call(BIN / "reccc-run", tmp_path / "model.so", *flags, "-o", tmp_path / "out.safetensors")
        return load_file(tmp_path / "out.safetensors")

    for seed in (1, 2):
        requests = [f"--random-requests={4 * seed}", f"--seed={seed}"]
        scored = execute(*requests, "--states")
        if precision == "fp32":
            same_bits(scored, execute(*requests))
        for slices in (["--slice=7"], ["--slice=100", "--threads=1"]):
            same_bits(execute(*requests, "--states", *slices), scored)
    golden = next(run.runs_of(case, tmp_path))
    mode, mantissa = run.PRECISIONS[precision]
    reference, naive = (golden.interpret(TOOLS, tmp_path, each, also=False) for each in ("double", mode))
    flags = ["--slice=3"] + (["--append=5"] if "append:" in model.read_text() else [])
    lines = list(run.check_outputs(golden, "states", execute(golden.requests, "--states", *flags), reference, naive, mantissa))
    wrong = [str(line) for line in lines if not line.ok]
    assert lines and not wrong, "\n".join([run.HEADER, *wrong])
