# SPDX-License-Identifier: Apache-2.0
"""Descriptions of this folder as machine code."""
import os
import subprocess
from pathlib import Path

from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
BIN = HERE.parents[1] / os.environ.get("RECCC_BUILD", "build") / "bin"


def call(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)


def compile_model(directory, text, data):
    """The description with its data (weights, requests, what is expected) beside it; returns the result of the compiler."""
    weights, requests, _ = data
    save_file(weights, directory / "weights.safetensors")
    save_file(requests, directory / "requests.safetensors")
    (directory / "model.textproto").write_text(text)
    return call(BIN / "reccc", directory / "model.textproto", f"--weights={directory / 'weights.safetensors'}", "--cpu=x86-64-v3",
                "-o", directory / "model.so")
