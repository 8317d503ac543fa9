# SPDX-License-Identifier: Apache-2.0
"""compare.py A B TOLERANCE: fails unless both files hold the same float tensors up to an absolute tolerance, and at least one."""
import sys

import numpy as np
from safetensors.numpy import load_file

a, b = load_file(sys.argv[1]), load_file(sys.argv[2])
floats = [name for name in a if a[name].dtype.kind == "f"]
if a.keys() != b.keys() or not floats:
    sys.exit(f"expected the same tensors, some of them floats, got {sorted(a)} and {sorted(b)}")
for name in floats:
    error = np.abs(a[name].astype(np.float64) - b[name].astype(np.float64)).max(initial=0)
    if not error <= float(sys.argv[3]):
        sys.exit(f"{name}: {error} > {sys.argv[3]}")
