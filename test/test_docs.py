# SPDX-License-Identifier: Apache-2.0
"""Pages tell the truth: generated ones are what their generators write now, commands in pages work, models and IR in pages are read."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = (ROOT / os.environ.get("RECCC_BUILD", "build")).resolve()
ENVIRONMENT = {**os.environ, "RECCC_BUILD": str(BUILD), "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
PAGES = sorted(page for page in [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docs/rationale/*.md"), *ROOT.glob("examples/*/README.md")])


def blocks(*languages):
    """Each code block of a hand-written page in one of the languages."""
    return [pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
            for page in PAGES for number, (language, text) in enumerate(BLOCK.findall(page.read_text())) if language in languages]


def run(command, directory):
    return subprocess.run(command, cwd=directory, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("generator", sorted(ROOT.glob("scripts/generate_*.py")), ids=lambda path: path.stem)
def test_reference_is_fresh(generator):
    done = run([sys.executable, generator, "--check"], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", blocks("sh"))
def test_commands(text, tmp_path):
    """Lines run in order, in a folder where the repository's paths are; of ./dev only the command's name is checked."""
    for name in ("examples", "test", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    usage = run([ROOT / "dev"], ROOT).stdout
    for line in text.splitlines():
        command = line.split("#")[0].strip()
        if command.startswith("./dev"):
            assert f"./dev {command.split()[1]}" in usage, line
        elif command:
            done = run(["bash", "-c", command], tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.parametrize("text", blocks("textproto"))
def test_models(text, tmp_path):
    """Whole models compile to the first stage; parts of one (no `name:` of their own) are only read."""
    (tmp_path / "model.textproto").write_text(text)
    weights = ROOT / "test" / "golden" / "rb_sasrec" / "weights.safetensors"
    done = run(["reccc", "model.textproto", f"--weights={weights}", "--stop-after=model", "-o", "model.mlir"], tmp_path)
    assert done.returncode == 0 or not text.lstrip().startswith(("name:", "#")) and "RC200" not in done.stderr, done.stderr


@pytest.mark.parametrize("text", blocks("mlir"))
def test_ir(text, tmp_path):
    (tmp_path / "page.mlir").write_text(text)
    done = run(["reccc-opt", "page.mlir", "-o", "out.mlir"], tmp_path)
    assert done.returncode == 0, done.stderr
