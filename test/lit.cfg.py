# SPDX-License-Identifier: Apache-2.0
# IR and command-line tests. `lit test/Dialect` runs a folder; RECCC_BUILD says where the tools were built.
import os
import sys

import lit.formats

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.join(root, os.environ.get("RECCC_BUILD", "build"))
venv = os.path.join(root, ".venv", "bin", "python")

config.name = "reccc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["golden", "unit", "Inputs"]
config.test_source_root = os.path.join(root, "test")
config.test_exec_root = os.path.join(build, "test")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), "/usr/lib/llvm-22/bin", config.environment["PATH"]])
config.substitutions += [
    ("%python", venv if os.path.exists(venv) else sys.executable),
    ("%root", root),
    ("%golden", os.path.join(root, "test", "golden")),
]
