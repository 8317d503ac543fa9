# SPDX-License-Identifier: Apache-2.0
"""Variants of the golden cases: their descriptions with other fields, held to NumPy by the rules of test/golden/run.py."""
import os
import re
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))

import run  # noqa: E402

TOOLS = run.Tools(run.ROOT / os.environ.get("RECCC_BUILD", "build"))


def description(case, *changes):
    """The description of a golden case with (old, new) texts exchanged; each must be there."""
    text = (GOLDEN / case / "model.textproto").read_text()
    for old, new in changes:
        assert old in text, f"{case}: no {old!r}"
        text = text.replace(old, new)
    return text


def without(text, *names):
    """A description without the rows, inputs and nodes, and the outputs of nodes, of these names."""
    kept, part, depth = [], [], 0
    for line in text.splitlines():
        part.append(line)
        code = re.sub(r'"[^"]*"|#.*', "", line)
        depth += code.count("{") - code.count("}")
        if depth == 0:
            head = " ".join(part[:2])
            if not any(f'name: "{name}"' in head or f'output {{ node: "{name}"' in head for name in names):
                kept += part
            part = []
    return "\n".join(kept) + "\n"


def golden_weights(case):
    return load_file(GOLDEN / case / "weights.safetensors")


def offsets_of(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def cut(values, offsets):
    """The rows of each request."""
    return [values[a:b] for a, b in zip(offsets, offsets[1:])]


def write(path, tensors):
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
    return path


def held(name, text, weights, requests, expected, directory, compiled=("fp32", "bf16")):
    """Compares `expected`, outputs and inner values, with the interpreter in double before and behind all passes, and outputs of machine code with
    the numeric contract."""
    model = directory / "model.textproto"
    model.write_text(text)
    case = run.Run(name, model, write(directory / "weights.safetensors", weights), write(directory / "requests.safetensors", requests),
                   sorted(expected), expected)
    lines = list(run.check_interpreter(case, TOOLS, directory))
    lines += run.check_stored(case, "kernels", case.interpret(TOOLS, directory, "double", stage="kernels"))
    if compiled:
        reference = case.interpret(TOOLS, directory, "double", also=False)
    for precision in compiled:
        mode, mantissa = run.PRECISIONS[precision]
        naive = case.interpret(TOOLS, directory, mode, also=False)
        TOOLS.call(TOOLS.reccc, model, "--weights", case.weights, f"--precision={precision}", f"--cpu=x86-64-{run.LEVELS[-1]}", "-o", directory / "model.so")
        outputs = run.execute(TOOLS, directory / "model.so", case.requests, directory / "out.safetensors", run.LEVELS[-1], 2)
        lines += run.check_outputs(case, precision, outputs, reference, naive, mantissa)
    wrong = [str(line) for line in lines if not line.ok]
    assert lines and not wrong, "\n".join([run.HEADER, *wrong])
