# SPDX-License-Identifier: Apache-2.0
"""Example 04: the program compares the scores of each step with those of the whole model itself."""
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "04_user_states"
BUILD = ROOT / os.environ.get("RECCC_BUILD", "build")


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_program(tmp_path):
    call(BUILD / "bin" / "reccc", EXAMPLE / "ranker.textproto", "--random-weights", "--cpu=x86-64-v3", "-o", tmp_path / "ranker.o")
    call("cc", "-Wall", "-Werror", f"-I{tmp_path}", f"-I{ROOT / 'include'}", EXAMPLE / "serve.c", tmp_path / "ranker.o",
         BUILD / "lib" / "Runtime" / "librecrt.a", "-lpthreadpool", "-lstdc++", "-lm", "-ldl", "-lpthread", "-o", tmp_path / "serve")
    printed = call(tmp_path / "serve")
    assert printed.count("100 candidates") == 3
    assert "with one bit flipped: its" in printed
