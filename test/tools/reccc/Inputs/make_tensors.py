# SPDX-License-Identifier: Apache-2.0
"""make_tensors.py DIRECTORY: weights and two requests for run.mlir."""
import sys

import numpy as np
from safetensors.numpy import save_file

random = np.random.default_rng(7)
save_file({"norm.weight": random.normal(1, 0.1, 8).astype(np.float32), "norm.bias": random.normal(0, 0.1, 8).astype(np.float32),
           "head.weight": random.normal(0, 0.3, (8, 6)).astype(np.float32)}, sys.argv[1] + "/weights.safetensors")
save_file({"x": random.normal(size=(5, 8)).astype(np.float32), "history.offsets": np.array([0, 2, 5])}, sys.argv[1] + "/requests.safetensors")
