# SPDX-License-Identifier: Apache-2.0
"""Small recsys models for the reference tests: written as text, run by the interpreter of `reccc`."""
import os
import subprocess
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
RECCC = ROOT / os.environ.get("RECCC_BUILD", "build") / "bin" / "reccc"

HISTORY_MAX, CANDIDATES_MAX = 60, 12
HISTORY = f'#recsys.space<"history", max = {HISTORY_MAX}>'
CANDIDATES = f'#recsys.space<"candidates", max = {CANDIDATES_MAX}>'
REQUEST = "#recsys.request"

# Lengths of (history, candidates) in each request.
BATCHES = {
    "mixed": ([7, 1, 12, 0, 5, 0, 2, HISTORY_MAX, 1, 3], [3, 0, 4, 2, 1, 0, 9, CANDIDATES_MAX, 1, 0]),
    "one_row": ([1], [1]),
    "no_rows": ([0, 0], [0, 0]),
    "no_requests": ([], []),
}


def offsets(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def concat(*spaces):
    return "#recsys.concat<" + ", ".join(spaces) + ">"


def to_bf16(x):
    """The nearest bf16 number, ties to even, as float32."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isnan(x), np.float32(np.nan), rounded)


class Failed(Exception):
    """The tool refused; holds what it printed."""


class Value:
    def __init__(self, name, type):
        self.name, self.type = name, type


class Program:
    """Builds one `recsys.model` and the requests and weights for it."""

    def __init__(self, tmp_path, lengths, seed=0):
        self.path = tmp_path
        self.history, self.candidates = (np.array(part, int) for part in lengths)
        self.random = np.random.default_rng(seed)
        self.arguments, self.parameters, self.body, self.results = [], [], [], []
        self.requests = {"history.offsets": offsets(self.history), "candidates.offsets": offsets(self.candidates)}
        self.weights = {}

    def rows(self, space):
        if space == HISTORY:
            return int(self.history.sum())
        if space == CANDIDATES:
            return int(self.candidates.sum())
        if space == REQUEST:
            return len(self.history)
        raise ValueError(space)

    def input(self, name, space, dims=(), values=None, element="f32"):
        shape = (self.rows(space), *dims)
        if values is None:
            values = self.random.standard_normal(shape).astype(np.float32)
        values = np.asarray(values, np.int64 if element == "i64" else np.float32).reshape(shape)
        value = Value("%" + name, jagged(space, dims, element))
        self.arguments.append((name, value))
        self.requests[name] = values
        return value, values

    def parameter(self, name, *shape, values=None):
        values = self.random.standard_normal(shape).astype(np.float32) if values is None else np.asarray(values, np.float32)
        type = "tensor<" + "x".join(map(str, values.shape)) + "xf32>"
        self.parameters.append((name, type))
        self.weights[name] = values
        value = Value("%" + name, type)
        self.body.append(f"%{name} = recsys.get_parameter @{name} : {type}")
        return value, values.astype(np.float64)

    def op(self, form, operands, *results):
        """`form` is the op's text with {0}, {1}… for operands; the types are added."""
        names = [f"%v{len(self.body)}_{i}" for i in range(len(results))]
        text = form.format(*(operand.name for operand in operands))
        types = ", ".join(operand.type for operand in operands)
        to = results[0] if len(results) == 1 else "(" + ", ".join(results) + ")"
        signature = f"({types}) -> {to}" if operands else to
        self.body.append(f"{', '.join(names)} = {text} : {signature}")
        values = [Value(name, type) for name, type in zip(names, results)]
        return values[0] if len(values) == 1 else values

    def output(self, name, value):
        self.results.append((name, value))

    def text(self):
        # At its stage already: no pass runs before the interpreter.
        lines = ['module attributes {recsys.stage = "model"} {']
        lines += [f'recsys.parameter private @{name} : {type} from "{name}"' for name, type in self.parameters]
        arguments = ", ".join(f'{v.name}: {v.type} {{recsys.name = "{n}"}}' for n, v in self.arguments)
        results = ", ".join(f'{v.type} {{recsys.name = "{n}"}}' for n, v in self.results)
        lines.append(f"recsys.model @main({arguments}) -> ({results}) {{")
        lines += ["  " + line for line in self.body]
        values, types = ", ".join(v.name for _, v in self.results), ", ".join(v.type for _, v in self.results)
        lines += [f"  recsys.output {values} : {types}", "}", "}"]
        return "\n".join(lines) + "\n"

    def run(self, mode="double"):
        """The outputs, by the interpreter or, in mode "compiled", by machine code."""
        model, weights, requests, out = (self.path / name for name in ("m.mlir", "w.safetensors", "r.safetensors", "o.safetensors"))
        model.write_text(self.text())
        save_file(self.weights, weights)
        save_file({name: np.ascontiguousarray(value) for name, value in self.requests.items()}, requests)
        device = "--device=cpu" if mode == "compiled" else "--device=interpreter"
        command = [RECCC, model, f"--weights={weights}", f"--run={requests}", device, "-o", out]
        if mode != "compiled":
            command.append(f"--mode={mode}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode == 1:
            raise Failed(done.stderr)
        assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return load_file(out)


def jagged(space, dims, element="f32"):
    return f"!recsys.jagged<{space} x " + "".join(f"{d}x" for d in dims) + f"{element}>"


def assert_equal(got, expected, tolerance=1e-12):
    """Absolute and relative `tolerance`; shapes equal, NaN and infinities in the same places."""
    expected = np.asarray(expected)
    assert got.shape == expected.shape, f"expected shape {expected.shape}, got {got.shape}"
    if expected.dtype.kind in "iu":
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got, expected)
    else:
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def per_request(values, lengths):
    """The rows of each request."""
    return np.split(values, offsets(lengths)[1:-1]) if len(lengths) else []


def packed(parts, like):
    """The opposite; `like` has the shape of no rows at all."""
    return np.concatenate(parts) if len(parts) else like[:0]
