# SPDX-License-Identifier: Apache-2.0
"""Example 02: an installed runtime, one object, one header; by CMake and by pkg-config. Both programs print what reccc-run computes."""
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "02_linking"
BUILD = ROOT / os.environ.get("RECCC_BUILD", "build")
MODEL = ROOT / "examples" / "01_movielens" / "sasrec.textproto"
WEIGHTS = ROOT / "test" / "golden" / "rb_sasrec" / "weights.safetensors"
ALLOWED = ("linux-vdso", "libc.so", "libm.so", "libpthreadpool", "libcpuinfo", "libstdc++", "libgcc_s", "ld-linux", "libfxdiv", "libdl.so", "libpthread.so")


def call(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    work = tmp_path_factory.mktemp("linking")
    (work / "models").mkdir()
    call("cmake", "--install", BUILD, "--component", "recrt", "--prefix", work / "recrt")
    call(BUILD / "bin" / "reccc", MODEL, f"--weights={WEIGHTS}", "-o", work / "models" / "sasrec.o")
    return work


@pytest.fixture(scope="module")
def expected(work):
    call(BUILD / "bin" / "reccc", MODEL, f"--weights={WEIGHTS}", "-o", work / "sasrec.so")
    save_file({"item": np.array([50, 172, 181, 1, 288]), "history.offsets": np.array([0, 4, 5])}, work / "requests.safetensors")
    call(BUILD / "bin" / "reccc-run", work / "sasrec.so", work / "requests.safetensors", "-o", work / "out.safetensors")
    ids = load_file(work / "out.safetensors")["topk_unseen.ids"].reshape(2, 10)
    return "".join(f"user {user}: {' '.join(map(str, row))}\n" for user, row in enumerate(ids.tolist()))


@pytest.mark.xdist_group("linking")
def test_cmake(work, expected):
    call("cmake", "-S", EXAMPLE, "-B", work / "cmake", f"-DCMAKE_PREFIX_PATH={work / 'recrt'}", f"-DMODEL_DIR={work / 'models'}")
    call("cmake", "--build", work / "cmake")
    assert call(work / "cmake" / "recommend") == expected
    libraries = [line.split()[0] for line in call("ldd", work / "cmake" / "recommend").splitlines()]
    assert all(any(name in library for name in ALLOWED) for library in libraries), libraries


@pytest.mark.xdist_group("linking")
def test_pkg_config(work, expected):
    folder = next((work / "recrt").rglob("recrt.pc")).parent
    flags = call("pkg-config", "--cflags", "--libs", "--static", "recrt", env={**os.environ, "PKG_CONFIG_PATH": str(folder)}).split()
    call("cc", f"-I{work / 'models'}", EXAMPLE / "recommend.c", work / "models" / "sasrec.o", *flags, "-o", work / "recommend")
    assert call(work / "recommend") == expected
